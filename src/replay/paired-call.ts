/**
 * A call with the records that tell of it, and the task that makes it, while records go by. Pairs nothing: pairs.ts
 * does, by the rules of pairing.ts.
 */
import { findItem } from "./items.js";
import { NO_KERNEL_RECORDS } from "./kernel-records.js";
import { taskKeyText } from "./names.js";
import { Phase, type TaskPhase } from "./pairing.js";
import type { KernelRecord } from "./planes.js";
import { ItemKind, RecordFlag, type RecordHead, type RecordLayouts } from "./records.js";
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
  /** All parts of the entry, of the exit, are there. Of a part that was lost nobody knows what it held. */
  readonly isEntryWhole: boolean;
  readonly isExitWhole: boolean;
  /** What the kernel did inside it, in order of time. Empty also when nobody asked, or no hook told. */
  readonly kernel: readonly KernelRecord[];
  /** Names as they were when an earlier chunk ended; later chunks need not have them. */
  readonly kept: KeptNames | null;
}

export interface KeptNames {
  readonly comm: string | null;
  readonly queueName: string | null;
}

/** A task as the pass over the records knows it. */
export interface Task extends TaskPhase {
  readonly tid: number;
  readonly key: string;
  tgid: number;
  cpu: number;
  restartOf: number | null;
  entry: Uint8Array[];
  /** No part of the entry is missing up to the last one seen. */
  isEntryGapless: boolean;
  kept: KeptNames | null;
  /** An exit whose last part has not come yet. */
  leaving: Leaving | null;
  interrupted: { readonly call: number; readonly args: Uint8Array; readonly like: Alike } | null;
}

export interface Leaving {
  readonly call: PairedCall & { isExitWhole: boolean; kernel: PairedCall["kernel"] };
  readonly exit: Uint8Array[];
  /** No part is missing up to the last one seen. */
  isGapless: boolean;
  /** Nothing was heard of it since an earlier chunk. */
  isOld: boolean;
}

type Alike = Pick<TaskPhase, "event" | "abi" | "mux">;

/** Shared by all tasks that are in no call; never added to. */
export const NO_PARTS: Uint8Array[] = [];

export function newTask(head: RecordHead): Task {
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
    key: taskKeyText(head),
    tgid: head.tgid,
    cpu: head.cpu,
    restartOf: null,
    entry: NO_PARTS,
    isEntryGapless: false,
    kept: null,
    leaving: null,
    interrupted: null,
  };
}

/** A call by its exit record; with the entry that the task has open when it is `complete`. */
export function finished(
  task: Task,
  head: RecordHead,
  state: "complete" | "no_entry" | "uncertain",
  ret: number,
  exit: readonly Uint8Array[],
): Leaving["call"] {
  const isPaired = state === "complete";
  // Written out, as in `unfinished`: spreading objects here costs more than all the rest of the pass.
  return {
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
    isEntryWhole: isPaired && task.isWhole && task.isEntryGapless,
    isExitWhole: false, // until its last part comes
    kernel: NO_KERNEL_RECORDS,
    kept: task.kept,
  };
}

/** A call whose exit is not in the capture. */
export function unfinished(
  task: Readonly<Task>,
  state: "in_flight" | "uncertain",
  endedNs: number,
  lastedNs: number | null = null,
  kernel: readonly KernelRecord[] = NO_KERNEL_RECORDS,
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
    isEntryWhole: task.isWhole && task.isEntryGapless,
    isExitWhole: false,
    kernel,
    kept: task.kept,
  };
}

function numberOf(head: RecordHead): number | null {
  return (head.flags & RecordFlag.NO_NUMBER) === 0 ? head.call : null;
}

/** Hands over the call whose exit was waiting for further parts, if there is one. `isLast`: the last one came. */
export function finishExit(task: Task, out: PairedCall[], isLast = false): void {
  if (task.leaving === null) return;
  task.leaving.call.isExitWhole = isLast && task.leaving.isGapless;
  out.push(task.leaving.call);
  task.leaving = null;
}

/** What has to be known of an interrupted call to see its restart; null when it is not. */
export function interruptedCall(task: Task, args: Uint8Array | null): Task["interrupted"] {
  if (args === null || !task.isNumbered) return null;
  const { call, event, abi, mux } = task;
  return { call, args: args.slice(), like: { event, abi, mux } };
}

/**
 * Which call an entry begins anew. The program in the kernel saw the kernel decide it (MT_FLAG_RESTART); a program
 * that calls again by itself after EINTR looks the same but for that, and is no restart. Calls that a signal handler
 * makes may come in between.
 */
export function restartOf(task: Task, head: RecordHead, args: Uint8Array | null): number | null {
  const before = task.interrupted;
  if ((head.flags & RecordFlag.RESTART) === 0 || before === null || args === null) return null;
  const { event, abi, mux } = before.like;
  if (event !== head.event || abi !== head.abi || mux !== head.mux) return null;
  return before.args.every((byte, index) => byte === args[index]) ? before.call : null;
}

/** The raw arguments in a call's first entry record; null when they are not known. */
export function entryArgs(record: Uint8Array | undefined, layouts: RecordLayouts): Uint8Array | null {
  if (record === undefined || !hasArgs(record, layouts)) return null;
  const from = layouts.record.sizeBytes + layouts.entry.args;
  return record.subarray(from, from + 8 * layouts.entry.argCount);
}

/** The raw arguments that an exit carries when its entry is not in the capture; null when it does not. */
export function exitArgs(
  record: Uint8Array,
  view: DataView,
  offset: number,
  layouts: RecordLayouts,
): Uint8Array | null {
  const { sizeBytes, args, argCount } = layouts.entry;
  const at = findItem(view, offset, record.byteLength, layouts, ItemKind.ARGS, sizeBytes);
  if (at < 0 || !hasArgs(record, layouts)) return null;
  return record.subarray(at - offset + args, at - offset + args + 8 * argCount);
}

/** False when the multiplexer's operands could not be read: the zeros in the record then mean nothing. */
function hasArgs(record: Uint8Array, layouts: RecordLayouts): boolean {
  return ((record[layouts.record.flags] ?? 0) & RecordFlag.ARGS_UNKNOWN) === 0;
}
