/**
 * One bounded pass over a capture that makes calls out of records, with their raw evidence. Decodes no argument
 * and looks at no filter. Calls come in the order of the records that end them; those that never end come last.
 *
 * Memory: open calls, one small state for each task seen lately, one chunk.
 */
import { isRestart } from "../catalog/errno.js";
import type { IndexEntry, Problem } from "../format/types.js";
import type { ChunkPlan } from "./chunk-plan.js";
import { findItem } from "./items.js";
import type { LossLedger } from "./losses.js";
import { type NameTable, taskKeyText } from "./names.js";
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
import {
  emptyHead,
  HeadResult,
  headProblem,
  headReader,
  ItemKind,
  RecordFlag,
  type RecordHead,
  type RecordLayouts,
  RecordType,
  readRet,
} from "./records.js";
import type { ReplayCapture } from "./source.js";
import { endNs } from "./time.js";
import type { CallState } from "./types.js";

/** A call and the records that tell of it, whole, in order of their parts; null: not in the capture. */
export interface PairedCall {
  readonly tid: number;
  readonly startLow: number;
  readonly startHigh: number;
  /** Task key, as JSON has it. */
  readonly task: string;
  readonly tgid: number;
  readonly cpu: number;
  readonly event: number;
  readonly abi: number;
  readonly mux: number;
  readonly call: number | null;
  readonly enterNs: number | null;
  readonly exitNs: number | null;
  /** When it is known to have ended: its exit, else what proved it; infinite for calls that never end. */
  readonly endedNs: number;
  /** The duration; of a call still open at the end, how long it had lasted by then. null: not known. */
  readonly lastedNs: number | null;
  readonly ret: number | null;
  readonly state: CallState;
  readonly restartOf: number | null;
  readonly entry: readonly Uint8Array[] | null;
  readonly exit: readonly Uint8Array[] | null;
  /** Names as they were when an earlier chunk ended; later chunks need not have them. */
  readonly kept: KeptNames | null;
}

export interface KeptNames {
  readonly comm: string | null;
  readonly queueName: string | null;
}

/** What a pass needs beside the capture. */
export interface PassOptions {
  readonly layouts: RecordLayouts;
  /** CLOCK_BOOTTIME at 0 of the times given out. */
  readonly baseNs: bigint;
  readonly losses: LossLedger;
  readonly names: NameTable;
  /** Names of a call that stays open at a chunk's end. */
  readonly keep: (open: { task: TaskIdentity; atNs: number; entry: readonly Uint8Array[] }) => KeptNames;
  readonly plan: ChunkPlan;
  readonly onProblem: (problem: Problem) => void;
}

export interface TaskIdentity {
  readonly tid: number;
  readonly startLow: number;
  readonly startHigh: number;
}

interface Task extends TaskPhase {
  readonly tid: number;
  readonly key: string;
  tgid: number;
  cpu: number;
  restartOf: number | null;
  entry: Uint8Array[];
  kept: KeptNames | null;
  /** An exit whose last part has not come yet. */
  leaving: { readonly call: PairedCall; readonly exit: Uint8Array[] } | null;
  interrupted: { readonly call: number; readonly args: Uint8Array; readonly like: Alike } | null;
}

const NONE: Uint8Array[] = [];

type Alike = Pick<TaskPhase, "event" | "abi" | "mux">;

export function* pairs(capture: ReplayCapture, options: PassOptions): Generator<PairedCall> {
  const { layouts, losses, names } = options;
  const readHead = headReader(layouts, options.baseNs);
  const head = emptyHead();
  const tasks = new Map<number, Task>();
  const out: PairedCall[] = [];
  const isOpen = (beforeNs: number) => {
    for (const task of tasks.values())
      if (task.phase === Phase.INSIDE && task.enterNs < beforeNs) return true;
    return false;
  };
  const step = recordStep(layouts, losses, tasks, out);

  const isWanted = (entry: IndexEntry) => {
    const isRead = options.plan(entry, isOpen) === "read";
    if (!isRead) losses.skip();
    return isRead;
  };
  for (const item of capture.chunks(isWanted)) {
    if ("problem" in item) {
      losses.damage();
      options.onProblem(item.problem);
      continue;
    }
    if (!isWanted(item.entry)) continue;
    names.load(item.body);
    const { records } = item.body;
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let offset = 0; offset < records.byteLength; offset += head.sizeBytes) {
      const result = readHead(view, offset, head);
      if (result !== HeadResult.RECORD) {
        losses.damage();
        options.onProblem(recordProblem(item.entry, headProblem(view, offset, layouts)));
        if (result === HeadResult.STOP) break;
        continue;
      }
      losses.see(head);
      step(head, records.subarray(offset, offset + head.sizeBytes), view, offset);
      if (out.length > 0) {
        yield* out;
        out.length = 0;
      }
    }
    settle(tasks, options);
  }
  for (const task of tasks.values()) finishExit(task, out);
  yield* out;
  yield* neverEnded(tasks, losses, Number(endNs(capture) - options.baseNs));
}

export function recordProblem(entry: IndexEntry, message: string): Problem {
  return { code: "record", offset: Number(entry.offset), frame: null, message };
}

/** Makes the function that takes one record and puts the calls that it ends into `out`. */
function recordStep(
  layouts: RecordLayouts,
  losses: LossLedger,
  tasks: Map<number, Task>,
  out: PairedCall[],
): (head: RecordHead, bytes: Uint8Array, view: DataView, offset: number) => void {
  const taskOf = (head: RecordHead): Task => {
    const known = tasks.get(head.tid);
    if (known !== undefined && isSameTask(known, head)) return known;
    if (known !== undefined) {
      // The tid is somebody else's now, so that task is gone and whatever it had open ended unseen.
      finishExit(known, out);
      if (known.phase === Phase.INSIDE) out.push(unfinished(known, "uncertain", head.timeNs));
    }
    const task: Task = {
      ...newTaskPhase(head),
      tid: head.tid,
      key: taskKeyText(head),
      tgid: head.tgid,
      cpu: head.cpu,
      restartOf: null,
      entry: [],
      kept: null,
      leaving: null,
      interrupted: null,
    };
    tasks.set(head.tid, task);
    return task;
  };

  const onEntry = (task: Task, head: RecordHead, bytes: Uint8Array) => {
    const verdict = judgeEntry(task, head);
    if (verdict === Verdict.PART) {
      task.entry.push(task.kept === null ? bytes : bytes.slice());
      if ((head.flags & RecordFlag.LAST) !== 0) task.isWhole = true;
      return;
    }
    if (verdict === Verdict.REOPENS) out.push(unfinished(task, "uncertain", head.timeNs));
    enter(task, head);
    task.tgid = head.tgid;
    task.cpu = head.cpu;
    task.entry = [bytes];
    task.kept = null;
    task.restartOf = restartOf(task, head, entryArgs(bytes, layouts));
    task.interrupted = null;
  };

  const onExit = (task: Task, head: RecordHead, bytes: Uint8Array, view: DataView, offset: number) => {
    const verdict = judgeExit(task, head, losses);
    if (verdict === Verdict.PART) {
      task.leaving?.exit.push(bytes);
      if ((head.flags & RecordFlag.LAST) !== 0) finishExit(task, out);
      return;
    }
    const isPaired = verdict === Verdict.CLOSES;
    const state = isPaired ? "complete" : isWithoutEntry(task, head) ? "no_entry" : "uncertain";
    if (verdict === Verdict.LONE_REOPENS) out.push(unfinished(task, "uncertain", head.timeNs));
    const args = isPaired
      ? entryArgs(task.entry[0] ?? bytes, layouts)
      : exitArgs(bytes, view, offset, layouts);
    if (!isPaired) {
      task.restartOf = args === null ? null : restartOf(task, head, args);
      task.kept = null;
    }
    const ret = readRet(view, offset, layouts);
    const exit = [bytes];
    // Written out, as in `unfinished`: spreading objects here costs more than all the rest of the pass.
    const call: PairedCall = {
      tid: task.tid,
      startLow: task.startLow,
      startHigh: task.startHigh,
      task: task.key,
      tgid: head.tgid,
      cpu: head.cpu,
      event: head.event,
      abi: head.abi,
      mux: head.mux,
      call: numberOf(head),
      enterNs: isPaired ? task.enterNs : null,
      exitNs: head.timeNs,
      endedNs: head.timeNs,
      lastedNs: isPaired ? head.timeNs - task.enterNs : null,
      ret,
      state,
      restartOf: task.restartOf,
      entry: isPaired ? task.entry : null,
      exit,
      kept: task.kept,
    };
    leave(task, head);
    task.entry = NONE;
    task.interrupted =
      args !== null && task.isNumbered && isRestart(-ret)
        ? { call: head.call, args: args.slice(), like: { event: head.event, abi: head.abi, mux: head.mux } }
        : null;
    if ((head.flags & RecordFlag.LAST) !== 0) out.push(call);
    else task.leaving = { call, exit };
  };

  return (head, bytes, view, offset) => {
    const task = taskOf(head);
    const isPart = head.part > 0 && head.type === RecordType.EXIT && task.leaving !== null;
    // Any other record of the task proves that no further part of its exit is in the capture.
    if (!isPart) finishExit(task, out);
    if (head.type === RecordType.ENTRY) onEntry(task, head, bytes);
    else onExit(task, head, bytes, view, offset);
  };
}

function finishExit(task: Task, out: PairedCall[]): void {
  if (task.leaving === null) return;
  out.push(task.leaving.call);
  task.leaving = null;
}

/** A call whose exit is not in the capture. */
function unfinished(
  task: Task,
  state: "in_flight" | "uncertain",
  endedNs: number,
  lastedNs: number | null = null,
): PairedCall {
  return {
    tid: task.tid,
    startLow: task.startLow,
    startHigh: task.startHigh,
    task: task.key,
    tgid: task.tgid,
    cpu: task.cpu,
    event: task.event,
    abi: task.abi,
    mux: task.mux,
    call: task.isNumbered ? task.call : null,
    enterNs: task.enterNs,
    exitNs: null,
    endedNs,
    lastedNs,
    ret: null,
    state,
    restartOf: task.restartOf,
    entry: task.entry,
    exit: null,
    kept: task.kept,
  };
}

function numberOf(head: RecordHead): number | null {
  return (head.flags & RecordFlag.NO_NUMBER) === 0 ? head.call : null;
}

/**
 * The kernel begins an interrupted call anew as a call of its own with the same arguments, right after it: so only
 * the very next call can be one. What a program repeats by itself after EINTR looks the same, and is linked too.
 */
function restartOf(task: Task, head: RecordHead, args: Uint8Array): number | null {
  const before = task.interrupted;
  if (before === null || (head.flags & RecordFlag.NO_NUMBER) !== 0 || head.call !== before.call + 1)
    return null;
  const { event, abi, mux } = before.like;
  if (event !== head.event || abi !== head.abi || mux !== head.mux) return null;
  return before.args.every((byte, index) => byte === args[index]) ? before.call : null;
}

function entryArgs(record: Uint8Array, layouts: RecordLayouts): Uint8Array {
  const from = layouts.record.sizeBytes + layouts.entry.args;
  return record.subarray(from, from + 8 * layouts.entry.argCount);
}

/** The arguments that an exit carries when its entry is not in the capture. */
function exitArgs(
  record: Uint8Array,
  view: DataView,
  offset: number,
  layouts: RecordLayouts,
): Uint8Array | null {
  const { sizeBytes, args, argCount } = layouts.entry;
  const at = findItem(view, offset, record.byteLength, layouts, ItemKind.ARGS, sizeBytes);
  if (at < 0) return null;
  return record.subarray(at - offset + args, at - offset + args + 8 * argCount);
}

/** At a chunk's end: open calls take along what they need of it, and tasks not heard of lately are forgotten. */
function settle(tasks: Map<number, Task>, options: PassOptions): void {
  for (const task of tasks.values()) {
    if (task.phase === Phase.INSIDE && task.kept === null) {
      task.entry = task.entry.map((part) => part.slice());
      task.kept = options.keep({ task, atNs: task.enterNs, entry: task.entry });
    }
  }
  forgetIdle(tasks, (task) => task.leaving === null);
}

function neverEnded(tasks: ReadonlyMap<number, Task>, losses: LossLedger, untilNs: number): PairedCall[] {
  return [...tasks.values()]
    .filter((task) => task.phase === Phase.INSIDE)
    .sort((a, b) => a.enterNs - b.enterNs)
    .map((task) =>
      losses.after(task.enterNs)
        ? unfinished(task, "uncertain", Number.POSITIVE_INFINITY)
        : unfinished(task, "in_flight", Number.POSITIVE_INFINITY, untilNs - task.enterNs),
    );
}
