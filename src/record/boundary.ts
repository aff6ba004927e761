/**
 * A place between two batches, where one capture of a recording may end and another begin: what both say there, and how
 * a capture counts from there on.
 */
import type { ChunkContext, ClockTriple, Inventory } from "../format/types.js";
import type { Totals } from "./tape.js";

export interface Boundary {
  /** Readings in order of time; the first is not later than the records to come, as far as that can be known. */
  readonly clocks: readonly ClockTriple[];
  /** A reading taken here. */
  readonly now: ClockTriple;
  readonly inventory: Inventory;
  /** Number of the next record in the recording. */
  readonly firstRecord: bigint;
  /** Since the recording's start, by cpu. */
  readonly lost: ReadonlyMap<number, bigint>;
  /** What the kernel counted up to now, which may be further than the batches taken. */
  readonly totals: Totals;
  /** Time of the last record before; null: there was none. */
  readonly lastNs: bigint | null;
}

/** A chunk's context as a capture has it that began at `start`. */
export function contextSince(
  start: Pick<Boundary, "firstRecord" | "lost">,
  context: ChunkContext,
): ChunkContext {
  return {
    ...context,
    firstRecord: context.firstRecord - start.firstRecord,
    lost: context.lost
      .map(({ cpu, records }) => ({ cpu, records: records - (start.lost.get(cpu) ?? 0n) }))
      .filter(({ records }) => records > 0n),
  };
}

/** `CLOCKS` of a capture that begins with these readings. */
export function startingClocks(clocks: readonly ClockTriple[]): readonly ClockTriple[] {
  return clocks.map((triple, i) => (i === 0 ? { ...triple, reason: "start" } : triple));
}

/** One a second, and a minute is more than any batch is late. */
const READINGS_MAX = 120;
/** When no batch is waiting, what is still to come is younger than this: a batch closes after half a second. */
const LATE_NS = 2_000_000_000n;

/** The readings of late, so that a capture begun now has one from before its first record. */
export class ClockReadings {
  readonly #readings: ClockTriple[];

  constructor(first: ClockTriple) {
    this.#readings = [first];
  }

  add(triple: ClockTriple): void {
    this.#readings.push(triple);
    if (this.#readings.length > READINGS_MAX) this.#readings.shift();
  }

  /** For records after `lastNs`; `isIdle`: no batch is waiting. */
  before(lastNs: bigint | null, now: ClockTriple, isIdle: boolean): readonly ClockTriple[] {
    const idleNs = isIdle ? now.boottimeNs - LATE_NS : 0n;
    const recordNs = lastNs ?? 0n;
    const boundNs = recordNs > idleNs ? recordNs : idleNs;
    const first = this.#readings.findLastIndex(({ boottimeNs }) => boottimeNs <= boundNs);
    return this.#readings.slice(Math.max(first, 0));
  }
}
