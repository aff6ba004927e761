/**
 * KERNEL records on their way to the calls that they belong to. They come before the exit of their call, often before
 * its entry, and are held until the call ends. Bounded: what is given up is told as a loss of the planes.
 */
import type { KernelRecord } from "./planes.js";
import type { RecordHead } from "./records.js";

export interface HeldKernelRecords {
  hold(record: KernelRecord): void;
  /** Those of the task's call of this number, in order of time; older ones of the task are forgotten. */
  take(task: TaskKey, call: number | null): readonly KernelRecord[];
  /** Forgets what is older than this of tasks that are in no call. */
  forget(beforeNs: number, isInside: (tid: number) => boolean): void;
}

/** Shared by all calls without any. */
export const NO_KERNEL_RECORDS: readonly KernelRecord[] = [];

/** Held at a time, and bytes of their evidence. */
const MAX_HELD = 262_144;
const MAX_HELD_BYTES = 1 << 27;

/** One tid's, in the order in which its tasks made them; those before `head` are gone. */
interface Line {
  records: KernelRecord[];
  head: number;
}

type TaskKey = Pick<RecordHead, "tid" | "startLow" | "startHigh">;

/** `onGivenUp`: a record was not held, there are too many. */
export function heldKernelRecords(onGivenUp: () => void): HeldKernelRecords {
  const byTid = new Map<number, Line>();
  let held = 0;
  let heldBytes = 0;
  const shorten = (tid: number, line: Line) => {
    if (line.head === line.records.length) {
      byTid.delete(tid);
    } else if (line.head > 1024 && line.head * 2 > line.records.length) {
      line.records = line.records.slice(line.head);
      line.head = 0;
    }
  };
  const dropWhile = (tid: number, line: Line, is: (one: KernelRecord) => boolean) => {
    for (let one = line.records[line.head]; one !== undefined && is(one); one = line.records[line.head]) {
      line.head++;
      held--;
      heldBytes -= evidenceBytes(one);
    }
    shorten(tid, line);
  };
  return {
    hold(record) {
      if (held >= MAX_HELD || heldBytes >= MAX_HELD_BYTES) {
        onGivenUp();
        return;
      }
      held++;
      heldBytes += evidenceBytes(record);
      const line = byTid.get(record.tid);
      if (line === undefined) byTid.set(record.tid, { records: [record], head: 0 });
      else line.records.push(record);
    },
    take(task, call) {
      const line = byTid.get(task.tid);
      if (line === undefined || call === null) return NO_KERNEL_RECORDS;
      const own: KernelRecord[] = [];
      dropWhile(task.tid, line, (one) => {
        const age = compareStarts(one, task);
        if (age > 0 || (age === 0 && (one.call ?? 0) > call)) return false;
        if (age === 0 && one.call === call) own.push(one);
        return true;
      });
      return own.length === 0 ? NO_KERNEL_RECORDS : own;
    },
    forget(beforeNs, isInside) {
      for (const [tid, line] of byTid)
        if (!isInside(tid)) dropWhile(tid, line, (one) => one.timeNs < beforeNs);
    },
  };
}

function evidenceBytes(record: KernelRecord): number {
  return record.evidence?.bytes.byteLength ?? 0;
}

function compareStarts(a: TaskKey, b: TaskKey): number {
  return (a.startHigh >>> 0) - (b.startHigh >>> 0) || (a.startLow >>> 0) - (b.startLow >>> 0);
}
