/**
 * One capture's records straight into latency groups: no object for a record, none for a call. Judges by the same
 * rules as the pass that makes calls (pairing.ts).
 */
import { eventById } from "../catalog/events.js";
import type { IndexEntry, Problem } from "../format/types.js";
import { chunkPlan } from "./chunk-plan.js";
import {
  type CallFilter,
  errorNumber,
  passesComm,
  passesQueue,
  passesResult,
  passesWindow,
} from "./filter.js";
import { addDuration } from "./histogram.js";
import type { Dimension, Group, GroupTable } from "./latency-groups.js";
import { captureLoss, lossLedger } from "./losses.js";
import { nameTable } from "./names.js";
import {
  enter,
  forgetIdle,
  isSameTask,
  isWithoutEntry,
  judgeEntry,
  judgeExit,
  leave,
  newTaskPhase,
  Phase,
  type TaskPhase,
  Verdict,
} from "./pairing.js";
import { recordProblem } from "./pairs.js";
import type { QueueNamer } from "./queue-name.js";
import { callQueue } from "./queues.js";
import {
  emptyHead,
  HeadResult,
  headProblem,
  headReader,
  type RecordLayouts,
  RecordType,
  readRet,
} from "./records.js";
import type { ReplayCapture } from "./source.js";
import { endNs } from "./time.js";
import type { CallQueue } from "./types.js";

export interface LatencyPass {
  readonly layouts: RecordLayouts;
  readonly baseNs: bigint;
  readonly filter: CallFilter;
  readonly by: readonly Dimension[];
  readonly groups: GroupTable;
  readonly nameOf: QueueNamer;
  readonly onProblem: (problem: Problem) => void;
}

interface Task extends TaskPhase {
  readonly tid: number;
  tgid: number;
  /** Bytes of the open call's entry; only when queues matter. */
  entry: Uint8Array[];
  /** The group of the last call counted, and what it holds for. */
  group: Group | null;
  groupEvent: number;
  groupChunk: number;
  /** Names as an earlier chunk had them, for a call that goes across. */
  keptComm: string | null;
  keptQueue: CallQueue | null;
}

/** Counts every call of the capture that passes the filter. */
export function countLatencies(capture: ReplayCapture, pass: LatencyPass): void {
  const { layouts, baseNs, filter, by, groups } = pass;
  const losses = lossLedger(capture, baseNs);
  const names = nameTable(baseNs);
  const loss = captureLoss(capture);
  const plan = chunkPlan(capture, filter, baseNs, loss.whole && loss.lost === 0);
  const readHead = headReader(layouts, baseNs);
  const head = emptyHead();
  const tasks = new Map<number, Task>();
  const needsQueue = filter.queues !== null || by.includes("queue");
  const needsComm = filter.comms !== null || by.includes("comm");
  const isByEventAlone = by.length === 1 && by[0] === "event" && !needsQueue && !needsComm;
  const hasHeadFilter = filter.events !== null || filter.pids !== null || filter.tids !== null;
  const hasWindow = filter.fromNs !== null || filter.toNs !== null;
  const hasResultFilter = filter.failed || filter.errnos !== null;
  const leastNs = filter.minDurationNs;
  const groupOfEvent: (Group | undefined)[] = [];
  let chunk = 0;
  const untilNs = Number(endNs(capture) - baseNs);

  const isWanted = (
    task: Task,
    event: number,
    enterNs: number | null,
    endedNs: number,
    ret: number | null,
  ) => {
    if (hasHeadFilter) {
      if (filter.events !== null && !filter.events.has(event)) return false;
      if (filter.pids !== null && !filter.pids.has(task.tgid)) return false;
      if (filter.tids !== null && !filter.tids.has(task.tid)) return false;
    }
    if (hasWindow && !passesWindow(filter, enterNs, endedNs)) return false;
    return !hasResultFilter || passesResult(filter, ret);
  };

  const queueOf = (task: Task, enterNs: number | null, exitNs: number | null, exit: Uint8Array | null) => {
    const evidence = {
      entry: enterNs === null ? null : task.entry,
      exit: exit === null ? null : [exit],
      enterNs,
      exitNs,
      kept: { comm: null, queueName: task.keptQueue?.name ?? null },
    };
    return callQueue(evidence, eventById(task.event), layouts, names, pass.nameOf);
  };

  /** The group of the call that the task is in, or just left; null when a filter on names keeps it out. */
  const namedGroup = (task: Task, enterNs: number | null, exitNs: number | null, exit: Uint8Array | null) => {
    const isCached = task.groupChunk === chunk && task.groupEvent === task.event && !needsQueue;
    if (isCached && (!needsComm || names.isCommFixed(task.tid))) return task.group;
    const comm = needsComm
      ? (names.comm(task.tid, task.startLow, task.startHigh, exitNs ?? enterNs ?? 0) ?? task.keptComm)
      : null;
    const queue = needsQueue ? queueOf(task, enterNs, exitNs, exit) : null;
    const isIn = passesComm(filter, comm) && passesQueue(filter, queue);
    task.group = isIn
      ? groups.find({ event: task.event, tgid: task.tgid, comm, queue: queue?.name ?? queue?.key ?? null })
      : null;
    task.groupEvent = task.event;
    task.groupChunk = chunk;
    return task.group;
  };

  const groupOf = (task: Task, enterNs: number | null, exitNs: number | null, exit: Uint8Array | null) => {
    if (!isByEventAlone) return namedGroup(task, enterNs, exitNs, exit);
    let group = groupOfEvent[task.event];
    if (group === undefined) {
      group = groups.find({ event: task.event, tgid: 0, comm: null, queue: null });
      groupOfEvent[task.event] = group;
    }
    return group;
  };

  const countUnfinished = (task: Task, endedNs: number, isInFlight: boolean) => {
    if (leastNs !== null && !(isInFlight && untilNs - task.enterNs >= leastNs)) return;
    if (!isWanted(task, task.event, task.enterNs, endedNs, null)) return;
    const group = groupOf(task, task.enterNs, null, null);
    if (group === null) return;
    if (isInFlight) group.inFlight++;
    else group.uncertain++;
  };

  const taskOf = (): Task => {
    const known = tasks.get(head.tid);
    if (known !== undefined && isSameTask(known, head)) return known;
    if (known !== undefined && known.phase === Phase.INSIDE) countUnfinished(known, head.timeNs, false);
    const task: Task = {
      ...newTaskPhase(head),
      tid: head.tid,
      tgid: head.tgid,
      entry: [],
      group: null,
      groupEvent: -1,
      groupChunk: -1,
      keptComm: null,
      keptQueue: null,
    };
    tasks.set(head.tid, task);
    return task;
  };

  const onEntry = (task: Task, records: Uint8Array, offset: number) => {
    const verdict = judgeEntry(task, head);
    if (verdict === Verdict.PART) {
      if (needsQueue) task.entry.push(records.slice(offset, offset + head.sizeBytes));
      return;
    }
    if (verdict === Verdict.REOPENS) countUnfinished(task, head.timeNs, false);
    enter(task, head);
    task.tgid = head.tgid;
    task.keptComm = null;
    task.keptQueue = null;
    if (needsQueue) task.entry = [records.subarray(offset, offset + head.sizeBytes)];
  };

  const onExit = (task: Task, records: Uint8Array, view: DataView, offset: number) => {
    const verdict = judgeExit(task, head, losses);
    if (verdict === Verdict.PART) return;
    const isPaired = verdict === Verdict.CLOSES;
    const isAlone = !isPaired && isWithoutEntry(task, head);
    if (verdict === Verdict.LONE_REOPENS) countUnfinished(task, head.timeNs, false);
    const enterNs = isPaired ? task.enterNs : null;
    if (!isPaired) {
      task.keptComm = null;
      task.keptQueue = null;
    }
    leave(task, head);
    const exitNs = head.timeNs;
    if (leastNs !== null && (enterNs === null || exitNs - enterNs < leastNs)) return;
    const ret = readRet(view, offset, layouts);
    if (!isWanted(task, head.event, enterNs, exitNs, ret)) return;
    const bytes = needsQueue ? records.subarray(offset, offset + head.sizeBytes) : null;
    const group = groupOf(task, enterNs, exitNs, bytes);
    if (group === null) return;
    if (enterNs === null) {
      if (isAlone) group.noEntry++;
      else group.uncertain++;
      return;
    }
    addDuration(group.histogram, exitNs - enterNs);
    if (ret < 0) {
      const error = errorNumber(ret);
      if (error !== 0) group.errors.set(error, (group.errors.get(error) ?? 0) + 1);
    }
  };

  const countRecords = (records: Uint8Array, onDamage: (message: string) => void) => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let offset = 0; offset < records.byteLength; offset += head.sizeBytes) {
      const result = readHead(view, offset, head);
      if (result !== HeadResult.RECORD) {
        losses.damage();
        onDamage(headProblem(view, offset, layouts));
        if (result === HeadResult.STOP) return;
        continue;
      }
      losses.see(head);
      const task = taskOf();
      if (head.type === RecordType.ENTRY) onEntry(task, records, offset);
      else onExit(task, records, view, offset);
    }
  };

  /** Open calls take along what they need of the chunk that ends. */
  const settle = () => {
    if (needsComm || needsQueue) {
      for (const task of tasks.values()) {
        if (task.phase !== Phase.INSIDE) continue;
        task.keptComm ??= names.comm(task.tid, task.startLow, task.startHigh, task.enterNs);
        if (needsQueue && task.keptQueue === null) {
          task.entry = task.entry.map((part) => part.slice());
          task.keptQueue = queueOf(task, task.enterNs, null, null);
        }
      }
    }
    forgetIdle(tasks, () => true);
  };

  const isOpen = (beforeNs: number) => {
    for (const task of tasks.values())
      if (task.phase === Phase.INSIDE && task.enterNs < beforeNs) return true;
    return false;
  };

  const isNeeded = (entry: IndexEntry) => {
    const isRead = plan(entry, isOpen) === "read";
    if (!isRead) losses.skip();
    return isRead;
  };
  for (const item of capture.chunks(isNeeded)) {
    if ("problem" in item) {
      losses.damage();
      pass.onProblem(item.problem);
      continue;
    }
    if (!isNeeded(item.entry)) continue;
    chunk++;
    if (needsComm || needsQueue) names.load(item.body);
    countRecords(item.body.records, (message) => pass.onProblem(recordProblem(item.entry, message)));
    settle();
  }
  for (const task of tasks.values()) {
    if (task.phase !== Phase.INSIDE) continue;
    countUnfinished(task, Number.POSITIVE_INFINITY, !losses.after(task.enterNs));
  }
}
