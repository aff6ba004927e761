/**
 * The rules by which entries and exits become calls. Shared by every pass over records: this file judges, the
 * passes keep what they need. A task has at most one call open, and pairs are made by its call number, so losses
 * elsewhere change nothing; where only order could pair, a possible loss in between makes it uncertain.
 */
import { HELD_LIMITS } from "../format/limits.js";
import type { EarlyCalls } from "./early-calls.js";
import type { LossLedger } from "./losses.js";
import { RecordFlag, type RecordHead } from "./records.js";

/** Where a task is, as its records tell. */
export const Phase = { OUTSIDE: 0, INSIDE: 1, LEFT: 2, GIVEN_UP: 3 } as const;

/**
 * What the rules need of a task. `INSIDE`: the fields tell of the open call. `LEFT`: of the call that just ended,
 * since further parts of its exit may follow. `GIVEN_UP`: of an open call that was told of as uncertain already.
 * Overwritten in place, one object a task.
 */
export interface TaskPhase {
  startLow: number;
  startHigh: number;
  phase: number;
  call: number;
  event: number;
  abi: number;
  mux: number;
  isNumbered: boolean;
  /** The entry's last part was seen. */
  isWhole: boolean;
  enterNs: number;
  exitNs: number;
}

/** Is the record of the task that this state belongs to? Tids recur; with the start time they do not. */
export function isSameTask(task: TaskPhase, head: RecordHead): boolean {
  return task.startLow === head.startLow && task.startHigh === head.startHigh;
}

/**
 * - `PART`: goes on with the entry or exit before it
 * - `OPENS`: an entry; nothing was open
 * - `REOPENS`: an entry; the open call ended, its exit is not in the capture
 * - `CLOSES`: an exit of the open call
 * - `LONE`: an exit; nothing was open
 * - `LONE_REOPENS`: an exit of another call than the open one, whose own exit is not in the capture
 * - `LATE`: an exit of a call that was given up: there is nothing more to tell
 */
export const Verdict = {
  PART: 0,
  OPENS: 1,
  REOPENS: 2,
  CLOSES: 3,
  LONE: 4,
  LONE_REOPENS: 5,
  LATE: 6,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Judges an entry record. Changes nothing; `enter` does. */
export function judgeEntry(task: TaskPhase, head: RecordHead): Verdict {
  if (task.phase !== Phase.INSIDE) return Verdict.OPENS;
  if (head.part > 0 && head.timeNs === task.enterNs && isSameCall(task, head)) return Verdict.PART;
  return Verdict.REOPENS;
}

/** Judges an exit record. Changes nothing; `leave` does. */
export function judgeExit(task: TaskPhase, head: RecordHead, losses: LossLedger): Verdict {
  if (task.phase === Phase.INSIDE) {
    return isExitOf(task, head, losses) ? Verdict.CLOSES : Verdict.LONE_REOPENS;
  }
  if (task.phase === Phase.LEFT && head.part > 0 && head.timeNs === task.exitNs && isSameCall(task, head)) {
    return Verdict.PART;
  }
  if (task.phase === Phase.GIVEN_UP && isExitOf(task, head, losses)) return Verdict.LATE;
  return Verdict.LONE;
}

/** Is a lone exit one whose entry the kernel programs never saw, or before this capture? Otherwise its entry was lost. */
export function isWithoutEntry(task: TaskPhase, head: RecordHead, early: EarlyCalls): boolean {
  if (task.phase === Phase.OUTSIDE && early.take(head)) return true;
  if ((head.flags & RecordFlag.NO_ENTRY) === 0) return false;
  // Without memory for the task's state the program cannot have known of the entry that we do see.
  return !(task.phase === Phase.INSIDE && !task.isNumbered && task.event === head.event);
}

/** The task is now inside the call of this entry record. */
export function enter(task: TaskPhase, head: RecordHead): void {
  task.phase = Phase.INSIDE;
  task.call = head.call;
  task.event = head.event;
  task.abi = head.abi;
  task.mux = head.mux;
  task.isNumbered = (head.flags & RecordFlag.NO_NUMBER) === 0;
  task.isWhole = (head.flags & RecordFlag.LAST) !== 0;
  task.enterNs = head.timeNs;
}

/** The task has left the call of this exit record. */
export function leave(task: TaskPhase, head: RecordHead): void {
  task.phase = Phase.LEFT;
  task.call = head.call;
  task.event = head.event;
  task.abi = head.abi;
  task.mux = head.mux;
  task.isNumbered = (head.flags & RecordFlag.NO_NUMBER) === 0;
  task.exitNs = head.timeNs;
}

/** Keeps memory from growing with the file. To be called now and then; open calls are never forgotten. */
export function forgetIdle<T extends TaskPhase>(tasks: Map<number, T>, isIdle: (task: T) => boolean): void {
  if (tasks.size <= HELD_LIMITS.idleTasks) return;
  // Forgotten, the exit of a call that was given up would pass for another call's: so these are kept longer.
  const isFull = tasks.size > HELD_LIMITS.givenUpTasks;
  for (const [tid, task] of tasks) {
    const isNeeded = task.phase === Phase.INSIDE || (task.phase === Phase.GIVEN_UP && !isFull);
    if (!isNeeded && isIdle(task)) tasks.delete(tid);
  }
}

/**
 * Keeps memory from growing with the open calls of a hostile capture. To be called at each chunk's end: the calls to
 * give up, which are then uncertain: too many of them, the oldest; too much evidence, those with most of it.
 */
export function giveUpCalls<T extends TaskPhase>(
  tasks: ReadonlyMap<number, T>,
  bytesOf: (task: T) => number,
  most: number = HELD_LIMITS.openCalls,
): T[] {
  let open = 0;
  let bytes = 0;
  for (const task of tasks.values()) {
    if (task.phase !== Phase.INSIDE) continue;
    open++;
    bytes += bytesOf(task);
  }
  const given: T[] = [];
  const giveUp = (order: (a: T, b: T) => number, isEnough: () => boolean) => {
    const inside = [...tasks.values()].filter((task) => task.phase === Phase.INSIDE);
    for (const task of inside.sort(order)) {
      if (isEnough()) break;
      given.push(task);
      open--;
      bytes -= bytesOf(task);
      task.phase = Phase.GIVEN_UP;
    }
  };
  // Down to half at a time: sorting for one more call each would take for ever.
  if (open > most)
    giveUp(
      (a, b) => a.enterNs - b.enterNs,
      () => open <= most / 2,
    );
  if (bytes > HELD_LIMITS.openBytes)
    giveUp(
      (a, b) => bytesOf(b) - bytesOf(a),
      () => bytes <= HELD_LIMITS.openBytes / 2,
    );
  return given;
}

function isSameCall(task: TaskPhase, head: RecordHead): boolean {
  return (
    task.call === head.call &&
    task.event === head.event &&
    task.abi === head.abi &&
    task.mux === head.mux &&
    task.isNumbered === ((head.flags & RecordFlag.NO_NUMBER) === 0)
  );
}

function isExitOf(task: TaskPhase, head: RecordHead, losses: LossLedger): boolean {
  if (!isSameCall(task, head) || head.timeNs < task.enterNs) return false;
  // After an exec a task may carry the key of its leader and a call number that the leader had used, so a number
  // alone does not outweigh what the program says of the entry. An entry of several parts may be lost in part.
  if ((head.flags & RecordFlag.NO_ENTRY) !== 0) return false;
  if ((head.flags & RecordFlag.ENTRY_LOST) !== 0 && task.isWhole) return false;
  return task.isNumbered || !losses.between(task.enterNs, head.timeNs);
}
