/**
 * One bounded pass over a capture that makes calls out of records, with their raw evidence. Decodes no argument
 * and looks at no filter. Calls come in the order of the records that end them; those that never end come last.
 *
 * Memory: open calls, one small state for each task seen lately, one chunk.
 */
import { isRestart } from "../catalog/errno.js";
import { HELD_LIMITS } from "../format/limits.js";
import type { IndexEntry, Problem } from "../format/types.js";
import type { ChunkPlan } from "./chunk-plan.js";
import { type EarlyCalls, earlyCalls } from "./early-calls.js";
import { NO_KERNEL_RECORDS } from "./kernel-records.js";
import type { LossLedger } from "./losses.js";
import type { NameTable } from "./names.js";
import {
  entryArgs,
  exitArgs,
  finishExit,
  finished,
  interruptedCall,
  type KeptNames,
  NO_PARTS,
  newTask,
  type PairedCall,
  restartOf,
  type Task,
  unfinished,
} from "./paired-call.js";
import {
  enter,
  forgetIdle,
  giveUpCalls,
  isSameTask,
  isWithoutEntry,
  judgeEntry,
  judgeExit,
  leave,
  Phase,
  Verdict,
} from "./pairing.js";
import { type PlanesOptions, planesPass } from "./planes-pass.js";
import {
  emptyHead,
  HeadResult,
  headProblem,
  headReader,
  RecordFlag,
  type RecordHead,
  type RecordLayouts,
  RecordType,
  readRet,
} from "./records.js";
import type { ReplayCapture } from "./source.js";
import { endNs } from "./time.js";

/** What a pass needs beside the capture. */
export interface PassOptions {
  readonly layouts: RecordLayouts;
  /** CLOCK_BOOTTIME at 0 of the times given out. */
  readonly baseNs: bigint;
  readonly losses: LossLedger;
  readonly names: NameTable;
  /** Names of a call that stays open at a chunk's end. */
  readonly keep: (open: {
    task: Pick<PairedCall, "tid" | "startLow" | "startHigh">;
    atNs: number;
    entry: readonly Uint8Array[];
  }) => KeptNames;
  /** Told of each entry as it goes by: the task is in that call from now on. Further parts may follow. */
  readonly onEntry?: (task: Readonly<Task>) => void;
  /** With it, calls come with their KERNEL records; without it planes are not read. */
  readonly planes?: PlanesOptions;
  readonly plan: ChunkPlan;
  readonly onProblem: (problem: Problem) => void;
}

/** More tasks than a chunk of any recording has: relief is needed before its end. */
export const CROWD = 2 * (HELD_LIMITS.openCalls + HELD_LIMITS.idleTasks);

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
  const planes = options.planes === undefined ? null : planesPass(options.planes);
  const kernelOf = (task: Task) => planes?.of(task, task.isNumbered ? task.call : null) ?? NO_KERNEL_RECORDS;
  const step = recordStep({
    layouts,
    losses,
    tasks,
    out,
    kernelOf,
    onEntry: options.onEntry,
    early: earlyCalls(capture),
  });

  let crowd = CROWD;
  /** Gives up the calls that are too many to be held, and forgets tasks not heard of lately. */
  const relieve = () => {
    for (const task of giveUpCalls(tasks, entryBytes)) {
      out.push(unfinished(task, "uncertain", head.timeNs, null, kernelOf(task)));
      task.entry = NO_PARTS;
      task.kept = null;
    }
    forgetIdle(tasks, (task) => task.leaving === null);
  };

  const isWanted = (entry: IndexEntry) => {
    const isRead = options.plan(entry, isOpen) === "read";
    if (!isRead) {
      losses.skip();
      planes?.damage();
    }
    return isRead;
  };
  for (const item of capture.chunks(isWanted)) {
    if ("problem" in item) {
      losses.damage();
      planes?.damage();
      options.onProblem(item.problem);
      continue;
    }
    if (!isWanted(item.entry)) continue;
    names.load(item.body);
    planes?.load(item.body, (message) => options.onProblem(recordProblem(item.entry, message)));
    const { records } = item.body;
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let offset = 0; offset < records.byteLength; offset += head.sizeBytes) {
      const result = readHead(view, offset, head);
      if (result !== HeadResult.RECORD) {
        losses.damage();
        const wrong = headProblem(view, offset, layouts);
        if (wrong !== null) options.onProblem(recordProblem(item.entry, wrong));
        if (result === HeadResult.STOP) break;
        continue;
      }
      losses.see(head);
      step(head, records.subarray(offset, offset + head.sizeBytes), view, offset);
      if (tasks.size > crowd) {
        relieve();
        crowd = Math.max(CROWD, tasks.size + CROWD / 2);
      }
      if (out.length > 0) {
        yield* out;
        out.length = 0;
      }
    }
    settle(tasks, options, out);
    relieve();
    planes?.forget(head.timeNs, (tid) => tasks.get(tid)?.phase === Phase.INSIDE);
  }
  for (const task of tasks.values()) finishExit(task, out);
  yield* out;
  yield* neverEnded(tasks, losses, Number(endNs(capture) - options.baseNs), kernelOf);
}

export function recordProblem(entry: IndexEntry, message: string): Problem {
  return { code: "record_invalid", offset: Number(entry.offset), frame: null, message };
}

/** Makes the function that takes one record and puts the calls that it ends into `out`. */
function recordStep({
  layouts,
  losses,
  tasks,
  out,
  kernelOf,
  onEntry: tellEntry,
  early,
}: {
  layouts: RecordLayouts;
  losses: LossLedger;
  tasks: Map<number, Task>;
  out: PairedCall[];
  kernelOf: (task: Task) => PairedCall["kernel"];
  onEntry: PassOptions["onEntry"];
  early: EarlyCalls;
}): (head: RecordHead, bytes: Uint8Array, view: DataView, offset: number) => void {
  const taskOf = (head: RecordHead): Task => {
    const known = tasks.get(head.tid);
    if (known !== undefined && isSameTask(known, head)) return known;
    if (known !== undefined) {
      // The tid is somebody else's now, so that task is gone and whatever it had open ended unseen.
      finishExit(known, out);
      if (known.phase === Phase.INSIDE) giveUp(known, head.timeNs);
    }
    const task = newTask(head);
    tasks.set(head.tid, task);
    return task;
  };

  const giveUp = (task: Task, timeNs: number) => {
    out.push(unfinished(task, "uncertain", timeNs, null, kernelOf(task)));
  };

  const onEntry = (task: Task, head: RecordHead, bytes: Uint8Array) => {
    const verdict = judgeEntry(task, head);
    if (verdict === Verdict.PART) {
      if (head.part !== task.entry.length) task.isEntryGapless = false;
      task.entry.push(task.kept === null ? bytes : bytes.slice());
      if ((head.flags & RecordFlag.LAST) !== 0) task.isWhole = true;
      return;
    }
    if (verdict === Verdict.REOPENS) giveUp(task, head.timeNs);
    enter(task, head);
    task.tgid = head.tgid;
    task.cpu = head.cpu;
    task.entry = [bytes];
    task.isEntryGapless = head.part === 0;
    task.kept = null;
    task.restartOf = restartOf(task, head, entryArgs(bytes, layouts));
    if (task.restartOf !== null) task.interrupted = null;
    tellEntry?.(task);
  };

  const onExit = (task: Task, head: RecordHead, bytes: Uint8Array, view: DataView, offset: number) => {
    const verdict = judgeExit(task, head, losses);
    const isLast = (head.flags & RecordFlag.LAST) !== 0;
    if (verdict === Verdict.PART) {
      const { leaving } = task;
      if (leaving === null) return; // given out already: its parts are too far apart
      if (head.part !== leaving.exit.length) leaving.isGapless = false;
      leaving.exit.push(bytes.slice()); // a view would keep its whole chunk
      leaving.isOld = false;
      if (isLast) finishExit(task, out, true);
      return;
    }
    finishExit(task, out);
    if (verdict === Verdict.LATE) {
      leave(task, head);
      return;
    }
    const isPaired = verdict === Verdict.CLOSES;
    const state = isPaired ? "complete" : isWithoutEntry(task, head, early) ? "no_entry" : "uncertain";
    if (verdict === Verdict.LONE_REOPENS) giveUp(task, head.timeNs);
    const args = isPaired ? entryArgs(task.entry[0], layouts) : exitArgs(bytes, view, offset, layouts);
    if (!isPaired) {
      task.restartOf = null; // only an entry tells
      task.kept = null;
    }
    const ret = readRet(view, offset, layouts);
    const exit = [bytes];
    const call = finished(task, head, state, ret, exit);
    leave(task, head);
    call.kernel = kernelOf(task);
    task.entry = NO_PARTS;
    if (isRestart(-ret)) task.interrupted = interruptedCall(task, args);
    task.leaving = { call, exit, isGapless: head.part === 0, isOld: false };
    if (isLast) finishExit(task, out, true);
  };

  return (head, bytes, view, offset) => {
    const task = taskOf(head);
    if (head.type === RecordType.ENTRY) {
      finishExit(task, out); // no further part of it can come
      onEntry(task, head, bytes);
    } else onExit(task, head, bytes, view, offset);
  };
}

function entryBytes(task: Task): number {
  let bytes = 0;
  for (const part of task.entry) bytes += part.byteLength;
  return bytes;
}

/** At a chunk's end: open calls take along what they need of it. */
function settle(tasks: Map<number, Task>, options: PassOptions, out: PairedCall[]): void {
  for (const task of tasks.values()) {
    // The parts of an exit follow each other closely: after a whole chunk without it the last one was lost.
    if (task.leaving?.isOld) finishExit(task, out);
    if (task.leaving !== null) {
      task.leaving.isOld = true;
      task.leaving.exit[0] = task.leaving.exit[0]?.slice() ?? new Uint8Array(0);
    }
    if (task.phase === Phase.INSIDE && task.kept === null) {
      task.entry = task.entry.map((part) => part.slice());
      task.kept = options.keep({ task, atNs: task.enterNs, entry: task.entry });
    }
  }
}

/** The calls that are open when the records end, in order of entry. */
function neverEnded(
  tasks: ReadonlyMap<number, Task>,
  losses: LossLedger,
  untilNs: number,
  kernelOf: (task: Task) => PairedCall["kernel"],
): PairedCall[] {
  return [...tasks.values()]
    .filter((task) => task.phase === Phase.INSIDE)
    .sort((a, b) => a.enterNs - b.enterNs)
    .map((task) =>
      losses.after(task.enterNs)
        ? unfinished(task, "uncertain", Number.POSITIVE_INFINITY, null, kernelOf(task))
        : unfinished(task, "in_flight", Number.POSITIVE_INFINITY, untilNs - task.enterNs, kernelOf(task)),
    );
}
