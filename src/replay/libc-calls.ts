/**
 * LIBC records → calls of the C library's functions: pairs by task and sequence, one for each call that the program
 * made. What a function calls to be carried out (mq_send its mq_timedsend) is a part of it and not told again; what a
 * signal handler calls meanwhile is. A call near which records may be missing is uncertain, whatever was found of it.
 */
import { libcFunctionById } from "../catalog/libc.js";
import type { LibcRecord } from "./planes.js";
import type { PlanesState } from "./planes-state.js";

/** `ret` null: not known. */
export interface LibcCall {
  readonly function: number;
  /** Of the last system call that was made inside; 0: none was, or it is not known. */
  readonly event: number;
  readonly tid: number;
  readonly tgid: number;
  readonly startLow: number;
  readonly startHigh: number;
  /** Its return is there, and nothing was lost around it. */
  readonly state: "complete" | "in_flight" | "uncertain";
  /** null: its entry is not in the capture. */
  readonly enteredNs: number | null;
  /** When it returned, or was seen to be over; null: not up to the capture's end. */
  readonly endedNs: number | null;
  readonly ret: number | null;
  /** The task's recorded system calls of these numbers were made inside: `(from, to]`; null: not known. */
  readonly calls: readonly [from: number, to: number] | null;
}

export interface LibcCalls {
  /** To be told of each LIBC record in the file's order. */
  see(record: LibcRecord): void;
  /** The records are over. `isWhole`: and nothing that came after them is missing. */
  end(isWhole: boolean): void;
}

interface Open {
  readonly record: LibcRecord;
  /** A part of the call below it on the stack. */
  readonly isInternal: boolean;
  /** The task called something else since: it waits in a signal handler, or left this one by longjmp. */
  isDoubtful: boolean;
}

/** Tasks with open calls that are kept; of the oldest beyond that nothing more is known. */
const MAX_TASKS = 65_536;
/** Calls in one another: more are not of signal handlers but of damage. */
const MAX_DEPTH = 64;

/** Tells `onCall` of each call when it is over. `state` has seen each record before `see` is told of it. */
export function libcCalls(
  state: Pick<PlanesState, "lostBetween">,
  onCall: (call: LibcCall) => void,
): LibcCalls {
  const tasks = new Map<string, Open[]>();

  const unfinished = ({ record, isInternal }: Open, endedNs: number | null, isInFlight: boolean) => {
    if (isInternal) return;
    onCall({
      ...taskOf(record),
      state: isInFlight ? "in_flight" : "uncertain",
      enteredNs: record.timeNs,
      endedNs,
      ret: null,
      calls: null,
    });
  };

  const entered = (stack: Open[], record: LibcRecord) => {
    const same = stack.findIndex((one) => one.record.sequence === record.sequence);
    if (same >= 0) for (const one of stack.splice(same)) unfinished(one, record.timeNs, false);
    if (stack.length === MAX_DEPTH)
      for (const one of stack.splice(0, 1)) unfinished(one, record.timeNs, false);
    const outer = stack.at(-1);
    const isInternal = outer !== undefined && isPartOf(record, outer.record);
    if (!isInternal) for (const one of stack) one.isDoubtful = true;
    stack.push({ record, isInternal, isDoubtful: false });
  };

  const returned = (stack: Open[], record: LibcRecord) => {
    const at = stack.findLastIndex((one) => isReturnOf(record, one.record));
    if (at < 0) {
      if (isReturnWithin(record, stack.at(-1)?.record)) return;
      const unknown = { enteredNs: null, endedNs: record.timeNs, ret: resultOf(record), calls: null };
      onCall({ ...taskOf(record), state: "uncertain", ...unknown });
      return;
    }
    const [call, ...left] = stack.splice(at);
    for (const one of left) unfinished(one, record.timeNs, false);
    if (call === undefined || call.isInternal) return;
    const enteredNs = call.record.timeNs;
    onCall({
      ...taskOf(record),
      state: state.lostBetween(enteredNs, record.timeNs) ? "uncertain" : "complete",
      enteredNs,
      endedNs: record.timeNs,
      ret: resultOf(record),
      calls: [call.record.lastCall, record.lastCall],
    });
  };

  return {
    see(record) {
      const key = `${record.tid}:${record.startHigh}:${record.startLow}`;
      const stack = tasks.get(key) ?? [];
      if (record.phase === "entered") entered(stack, record);
      else returned(stack, record);
      if (stack.length === 0) tasks.delete(key);
      else tasks.set(key, stack);
      if (tasks.size <= MAX_TASKS) return;
      for (const [oldest, calls] of tasks) {
        for (const one of calls) unfinished(one, record.timeNs, false);
        tasks.delete(oldest);
        return;
      }
    },
    end(isWhole) {
      for (const stack of tasks.values())
        for (const one of stack) {
          const isKnown =
            isWhole && !one.isDoubtful && !state.lostBetween(one.record.timeNs, Number.POSITIVE_INFINITY);
          unfinished(one, null, isKnown);
        }
      tasks.clear();
    },
  };
}

function taskOf({ function: id, event, tid, tgid, startLow, startHigh }: LibcRecord) {
  return { function: id, event, tid, tgid, startLow, startHigh };
}

/** An `int` is the low half of the register. */
function resultOf({ function: id, ret }: LibcRecord): number | null {
  if (ret === null) return null;
  return libcFunctionById(id)?.returns === "ssize_t" ? ret : ret | 0;
}

/** Made by the function itself: it is one that it is carried out by, and no system call came in between. */
function isPartOf(record: LibcRecord, outer: LibcRecord): boolean {
  const name = libcFunctionById(record.function)?.name;
  const through = libcFunctionById(outer.function)?.through ?? [];
  return name !== undefined && through.includes(name) && outer.lastCall === record.lastCall;
}

function isReturnOf(record: LibcRecord, entered: LibcRecord): boolean {
  return (
    entered.sequence === record.sequence &&
    entered.function === record.function &&
    entered.timeNs <= record.timeNs
  );
}

/** The return of a part whose entry is missing: the call that it is a part of tells of it. */
function isReturnWithin(record: LibcRecord, outer: LibcRecord | undefined): boolean {
  const name = libcFunctionById(record.function)?.name;
  const through = libcFunctionById(outer?.function ?? 0)?.through ?? [];
  return outer !== undefined && name !== undefined && through.includes(name);
}
