/**
 * Which triggers have fired, and when each may fire again. The kernel asks them when a call begins or ends; of a call that
 * does not end only its entry is known, so calls that are still open are looked at here.
 */
import type { FiredTrigger, OpenCall, TapeHandle } from "./tape.js";
import type { LatencyTrigger, Trigger } from "./triggers.js";

export interface TriggerWatch {
  /**
   * Those that have fired since the last time. Each is then held off until `holdOffNs` after it fired: the first look
   * that is no earlier makes it ready again. `nowNs`: CLOCK_BOOTTIME, as the records' times.
   */
  look(nowNs: bigint): readonly FiredTrigger[];
}

type WatchedTape = Pick<TapeHandle, "firedTriggers" | "rearmTrigger" | "openCalls">;

/** Entries are drained within some ten milliseconds; a call as short as that ends before anybody would have looked. */
export const OPEN_LEAST_NS = 1e9;
const OPEN_EVERY_NS = 500_000_000n;

export function watchTriggers(
  tape: WatchedTape,
  triggers: readonly Trigger[],
  holdOffNs: bigint,
): TriggerWatch {
  const heldUntilNs = new Map<number, bigint>();
  const openCalls = watchOpenCalls(tape, triggers);
  return {
    look(nowNs) {
      for (const [index, untilNs] of heldUntilNs) {
        if (nowNs < untilNs) continue;
        heldUntilNs.delete(index);
        tape.rearmTrigger(index);
      }
      return [...tape.firedTriggers(), ...openCalls(nowNs)].filter(({ index, timeNs }) => {
        if (heldUntilNs.has(index)) return false;
        heldUntilNs.set(index, timeNs + holdOffNs);
        return true;
      });
    },
  };
}

/**
 * At each look the calls whose time ran out since the last one, so that each is told of once, however long it stays open.
 * A call whose exit was lost looks open until its task's next one.
 */
function watchOpenCalls(tape: WatchedTape, triggers: readonly Trigger[]) {
  const patient = triggers.flatMap((trigger, index) =>
    trigger.kind === "latency" && trigger.overNs >= OPEN_LEAST_NS ? [{ trigger, index }] : [],
  );
  let lookedNs: bigint | null = null;
  return (nowNs: bigint): readonly FiredTrigger[] => {
    if (patient.length === 0 || (lookedNs !== null && nowNs - lookedNs < OPEN_EVERY_NS)) return [];
    const sinceNs = lookedNs;
    lookedNs = nowNs;
    if (sinceNs === null) return [];
    const calls = tape.openCalls();
    return patient.flatMap(({ trigger, index }) => {
      const call = oldestBetween(calls, trigger, sinceNs, nowNs);
      return call === null ? [] : [firedWhileOpen(call, index, nowNs)];
    });
  };
}

/** The oldest call of the trigger's that had taken its time by `nowNs`, and not yet by `sinceNs`. */
function oldestBetween(
  calls: readonly OpenCall[],
  { events, overNs }: LatencyTrigger,
  sinceNs: bigint,
  nowNs: bigint,
): OpenCall | null {
  const ids = new Set(events.map(({ id }) => id));
  const over = BigInt(overNs);
  return calls
    .filter(({ event, enterNs }) => ids.has(event) && enterNs + over >= sinceNs && enterNs + over < nowNs)
    .reduce<OpenCall | null>(
      (oldest, call) => (oldest !== null && oldest.enterNs <= call.enterNs ? oldest : call),
      null,
    );
}

function firedWhileOpen(
  { tid, startNs, event, enterNs }: OpenCall,
  index: number,
  nowNs: bigint,
): FiredTrigger {
  return {
    index,
    timeNs: nowNs,
    tid,
    tgid: null,
    startNs,
    call: null,
    event,
    phase: "open",
    value: nowNs - enterNs,
    met: null,
  };
}
