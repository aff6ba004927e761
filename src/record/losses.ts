/**
 * What was lost, by cause and by event. Recorded and lost together are what happened, exactly.
 */
import type { Gap, Summary } from "../format/types.js";
import type { Written } from "./tally.js";
import type { Totals } from "./tape.js";

export interface LossByCause {
  readonly ringFull: bigint;
  readonly noScratch: bigint;
  readonly recursion: bigint;
  /** Taken from the kernel and not written. */
  readonly output: bigint;
  /** KERNEL and LIBC records, by whatever cause. They are no part of `total`: no call is incomplete for them. */
  readonly planes: bigint;
  /** Of those, taken from the kernel and not written. */
  readonly planesOutput: bigint;
}

export interface EventCounts {
  readonly entries: bigint;
  readonly exits: bigint;
}

/** What the kernel programs put into the ring and what is in the file must be the same: the rest is lost. */
export function lossByCause(totals: Totals, written: Written, planesOutput: bigint): LossByCause {
  const output = totals.recorded - written.records;
  return {
    ringFull: totals.lostRingFull,
    noScratch: totals.lostNoScratch,
    recursion: totals.lostRecursion,
    output: output > 0n ? output : 0n,
    planes: totals.planesLost + totals.planesSkipped + planesOutput,
    planesOutput,
  };
}

/** What was lost since `before`; null: since the start. */
export function lostByEvent(
  totals: Totals,
  before: Totals | null,
  unwritten: ReadonlyMap<number, EventCounts>,
): Summary["lostByEvent"] {
  return totals.lostEntries.flatMap((lostEntries, event) => {
    const more = unwritten.get(event) ?? { entries: 0n, exits: 0n };
    const entries = lostEntries - (before?.lostEntries[event] ?? 0n) + more.entries;
    const exits = (totals.lostExits[event] ?? 0n) - (before?.lostExits[event] ?? 0n) + more.exits;
    return entries + exits === 0n ? [] : [{ event, entries, exits }];
  });
}

/** A gap between two records does not tell its cause: it is known while only one can be meant. */
export function kernelCause(totals: Totals): Gap["cause"] {
  return totals.lostNoScratch === 0n ? "ring_full" : "unknown";
}

/** What was taken and not written. `lastNs`: time of the last record that was written. */
export function gapsAtEnd(
  lost: Pick<LossByCause, "output" | "planesOutput">,
  lastNs: bigint | null,
): readonly Gap[] {
  const gaps: Gap[] = [];
  if (lost.output > 0n) {
    gaps.push({ cpu: null, fromNs: lastNs, toNs: null, lost: lost.output, cause: "output" });
  }
  if (lost.planesOutput > 0n) {
    gaps.push({
      cpu: null,
      fromNs: lastNs,
      toNs: null,
      lost: lost.planesOutput,
      cause: "output",
      plane: "planes",
    });
  }
  return gaps;
}

export function total(lost: LossByCause): bigint {
  return lost.ringFull + lost.noScratch + lost.recursion + lost.output;
}

export function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((all, number) => all + number, 0n);
}
