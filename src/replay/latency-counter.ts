/**
 * Which group a call is counted in, and which calls the filter keeps out. Names are looked up only when they matter,
 * and once for all calls of a task that must have the same.
 */
import { eventById } from "../catalog/events.js";
import {
  type CallFilter,
  errorNumber,
  passesComm,
  passesQueue,
  passesResult,
  passesWindow,
} from "./filter.js";
import { addDuration } from "./histogram.js";
import { findItem } from "./items.js";
import type { Dimension, Group, GroupTable } from "./latency-groups.js";
import type { NameTable } from "./names.js";
import { Phase, type TaskPhase } from "./pairing.js";
import type { QueueNamer } from "./queue-name.js";
import { callQueue } from "./queues.js";
import { ItemKind, type RecordHead, type RecordLayouts } from "./records.js";
import type { CallQueue } from "./types.js";

/** A task as this pass knows it. */
export interface LatencyTask extends TaskPhase {
  readonly tid: number;
  tgid: number;
  /** Entry records of the open call; only when queues matter. */
  entry: Uint8Array[];
  /** By event: the group of the calls counted in this chunk; null: a filter on names keeps them out. */
  groups: (Group | null | undefined)[];
  groupsChunk: number;
  /** Whose groups these are: the queue item of the entry, when queues matter. */
  groupsQueue: Uint8Array | null;
  /** Names as an earlier chunk had them, for a call that goes across. */
  keptComm: string | null;
  keptQueue: CallQueue | null;
}

/** Shared by all tasks that have none; never added to. */
const NO_PARTS: Uint8Array[] = [];
const NO_GROUPS: LatencyTask["groups"] = [];

export function newLatencyTask(head: RecordHead): LatencyTask {
  // Written out: spreading costs more than all the rest where there are many tasks.
  return {
    startLow: head.startLow,
    startHigh: head.startHigh,
    phase: Phase.OUTSIDE,
    call: 0.5, // doubles from the start, see emptyHead
    event: 0,
    abi: 0,
    mux: 0,
    isNumbered: false,
    isWhole: false,
    enterNs: 0.5,
    exitNs: 0.5,
    tid: head.tid,
    tgid: head.tgid,
    entry: NO_PARTS,
    groups: NO_GROUPS,
    groupsChunk: -1,
    groupsQueue: null,
    keptComm: null,
    keptQueue: null,
  };
}

export interface CounterOptions {
  readonly layouts: RecordLayouts;
  readonly filter: CallFilter;
  readonly by: readonly Dimension[];
  readonly groups: GroupTable;
  readonly nameOf: QueueNamer;
  readonly names: NameTable;
  /** The capture's end: how long a call in flight has lasted is told by it. */
  readonly untilNs: number;
}

export interface LatencyCounter {
  readonly needsQueue: boolean;
  readonly needsNames: boolean;
  /** Other names hold from now on. */
  nextChunk(): void;
  /** The call that the task just left; `enterNs` null: without its entry. `exit`: the record, when queues matter. */
  left(
    task: LatencyTask,
    enterNs: number | null,
    ret: number,
    isAlone: boolean,
    exit: Uint8Array | null,
  ): void;
  /** The call that the task is in, whose exit is not in the capture. */
  unfinished(task: LatencyTask, endedNs: number, isInFlight: boolean): void;
  /** An open call takes along what it needs of a chunk that ends. */
  keep(task: LatencyTask): void;
}

export function latencyCounter(options: CounterOptions): LatencyCounter {
  const { filter, untilNs } = options;
  const hasHeadFilter = filter.events !== null || filter.pids !== null || filter.tids !== null;
  const hasWindow = filter.fromNs !== null || filter.toNs !== null;
  const hasResultFilter = filter.failed || filter.errnos !== null;
  const leastNs = filter.minDurationNs;
  const finder = groupFinder(options);

  const isWanted = (task: LatencyTask, enterNs: number | null, endedNs: number, ret: number | null) => {
    if (hasHeadFilter) {
      if (filter.events !== null && !filter.events.has(task.event)) return false;
      if (filter.pids !== null && !filter.pids.has(task.tgid)) return false;
      if (filter.tids !== null && !filter.tids.has(task.tid)) return false;
    }
    if (hasWindow && !passesWindow(filter, enterNs, endedNs)) return false;
    return !hasResultFilter || passesResult(filter, ret);
  };

  return {
    needsQueue: finder.needsQueue,
    needsNames: finder.needsComm || finder.needsQueue,
    nextChunk: finder.nextChunk,
    left(task, enterNs, ret, isAlone, exit) {
      const { exitNs } = task;
      if (leastNs !== null && (enterNs === null || exitNs - enterNs < leastNs)) return;
      if (!isWanted(task, enterNs, exitNs, ret)) return;
      const group = finder.find(task, enterNs, exitNs, exit);
      if (group === null) return;
      if (enterNs === null) {
        if (isAlone) group.noEntry++;
        else group.uncertain++;
        return;
      }
      addDuration(group.histogram, exitNs - enterNs);
      const error = ret < 0 ? errorNumber(ret) : 0;
      if (error !== 0) group.errors.set(error, (group.errors.get(error) ?? 0) + 1);
    },
    unfinished(task, endedNs, isInFlight) {
      if (leastNs !== null && !(isInFlight && untilNs - task.enterNs >= leastNs)) return;
      if (!isWanted(task, task.enterNs, endedNs, null)) return;
      const group = finder.find(task, task.enterNs, null, null);
      if (group === null) return;
      if (isInFlight) group.inFlight++;
      else group.uncertain++;
    },
    keep: finder.keep,
  };
}

interface GroupFinder extends Pick<LatencyCounter, "nextChunk" | "keep"> {
  readonly needsComm: boolean;
  readonly needsQueue: boolean;
  /** The group of the call that the task is in, or just left; null when a filter on names keeps it out. */
  find(
    task: LatencyTask,
    enterNs: number | null,
    exitNs: number | null,
    exit: Uint8Array | null,
  ): Group | null;
}

function groupFinder({ layouts, filter, by, groups, nameOf, names }: CounterOptions): GroupFinder {
  const needsQueue = filter.queues !== null || by.includes("queue");
  const needsComm = filter.comms !== null || by.includes("comm");
  const isByEventAlone =
    by.includes("event") &&
    by.every((one) => one === "event" || one === "layer") &&
    !needsQueue &&
    !needsComm;
  const groupOfEvent: (Group | undefined)[] = [];
  let chunk = 0;

  const commOf = (task: LatencyTask, atNs: number) =>
    names.comm(task.tid, task.startLow, task.startHigh, atNs) ?? task.keptComm;

  const queueOf = (
    task: LatencyTask,
    enterNs: number | null,
    exitNs: number | null,
    exit: Uint8Array | null,
  ) => {
    const evidence = {
      entry: enterNs === null ? null : task.entry,
      exit: exit === null ? null : [exit],
      enterNs,
      exitNs,
      kept: { comm: null, queueName: task.keptQueue?.name ?? null },
    };
    return callQueue(evidence, eventById(task.event), layouts, names, nameOf);
  };

  const byEvent = (event: number): Group => {
    let group = groupOfEvent[event];
    if (group === undefined) {
      group = groups.find({ event, tgid: 0, comm: null, queue: null, layer: "kernel" });
      groupOfEvent[event] = group;
    }
    return group;
  };

  return {
    needsComm,
    needsQueue,
    nextChunk: () => {
      chunk++;
    },
    find(task, enterNs, exitNs, exit) {
      if (isByEventAlone) return byEvent(task.event);
      const item = needsQueue && enterNs !== null ? queueIdentity(task.entry[0], layouts) : null;
      if (task.groupsChunk !== chunk || !isSameBytes(item, task.groupsQueue)) {
        task.groups = [];
        task.groupsChunk = chunk;
        task.groupsQueue = item?.slice() ?? null; // a view would keep its whole chunk
      }
      const isFixed = (!needsQueue || item !== null) && (!needsComm || names.isCommFixed(task.tid));
      const known = isFixed ? task.groups[task.event] : undefined;
      if (known !== undefined) return known;
      const comm = needsComm ? commOf(task, exitNs ?? enterNs ?? 0) : null;
      const queue = needsQueue ? queueOf(task, enterNs, exitNs, exit) : null;
      const isIn = passesComm(filter, comm) && passesQueue(filter, queue);
      const facts = {
        event: task.event,
        tgid: task.tgid,
        comm,
        queue: queue?.name ?? queue?.key ?? null,
        layer: "kernel",
      } as const;
      const group = isIn ? groups.find(facts) : null;
      if (isFixed) task.groups[task.event] = group;
      return group;
    },
    keep(task) {
      if (task.phase !== Phase.INSIDE || !(needsComm || needsQueue)) return;
      task.keptComm ??= commOf(task, task.enterNs);
      if (!needsQueue || task.keptQueue !== null) return;
      task.entry = task.entry.map((part) => part.slice());
      task.keptQueue = queueOf(task, task.enterNs, null, null);
    },
  };
}

/**
 * The bytes that tell which queue an entry met; null when it met none, or a socket: those are called by their
 * addresses, which change.
 */
function queueIdentity(record: Uint8Array | undefined, layouts: RecordLayouts): Uint8Array | null {
  if (record === undefined) return null;
  const { kind, generation, sizeBytes } = layouts.queue;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const at = findItem(view, 0, record.byteLength, layouts, ItemKind.QUEUE, sizeBytes);
  if (at < 0 || view.getUint8(at + kind) === QUEUE_SOCKET) return null;
  return record.subarray(at, at + generation + 8);
}

/** enum mt_queue_kind. */
const QUEUE_SOCKET = 3;

function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  if (a === b) return true;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return a.length === b.length;
}
