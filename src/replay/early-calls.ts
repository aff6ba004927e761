/**
 * Calls that were under way when a part of a recording began: their entries are in an earlier part, so that an exit
 * without an entry is no loss. Told by the first inventory of the part, `in_flight`.
 */
import { RecordFlag, type RecordHead } from "./records.js";
import type { ReplayCapture } from "./source.js";

export interface EarlyCalls {
  /** Is this the exit of such a call? Each is asked for once. */
  take(head: RecordHead): boolean;
}

const NONE: EarlyCalls = { take: () => false };

/** Nothing for a capture that begins with its recording: the programs themselves mark exits there. */
export function earlyCalls(capture: Pick<ReplayCapture, "host" | "inventories" | "origins">): EarlyCalls {
  const isLaterPart = (capture.host?.recording?.firstRecord ?? 0n) > 0n;
  if (!isLaterPart && (capture.origins ?? []).length === 0) return NONE;
  const [first] = capture.inventories();
  const calls = new Map<string, number>();
  for (const { tid, startNs: taskNs, event } of first?.inFlight ?? []) {
    calls.set(`${tid} ${taskNs & 0xffffffffn} ${taskNs >> 32n}`, event);
  }
  if (calls.size === 0) return NONE;
  return {
    take(head) {
      // The programs know that there was an entry, and that its record was lost.
      if ((head.flags & RecordFlag.ENTRY_LOST) !== 0) return false;
      const key = `${head.tid} ${head.startLow >>> 0} ${head.startHigh >>> 0}`;
      return calls.get(key) === head.event && calls.delete(key);
    },
  };
}
