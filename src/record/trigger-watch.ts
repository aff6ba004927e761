/** Which triggers have fired, and when each may fire again. */
import type { FiredTrigger, TapeHandle } from "./tape.js";

export interface TriggerWatch {
  /**
   * Those that have fired since the last time. Each is then held off until `holdOffNs` after it fired: the call of
   * look() that comes later than that makes it ready again. `nowNs`: CLOCK_BOOTTIME, as the records' times.
   */
  look(nowNs: bigint): readonly FiredTrigger[];
}

export function watchTriggers(
  tape: Pick<TapeHandle, "firedTriggers" | "rearmTrigger">,
  holdOffNs: bigint,
): TriggerWatch {
  const heldUntilNs = new Map<number, bigint>();
  return {
    look(nowNs) {
      for (const [index, untilNs] of heldUntilNs) {
        if (nowNs < untilNs) continue;
        heldUntilNs.delete(index);
        tape.rearmTrigger(index);
      }
      const fired = tape.firedTriggers();
      for (const { index, timeNs } of fired) heldUntilNs.set(index, timeNs + holdOffNs);
      return fired;
    },
  };
}
