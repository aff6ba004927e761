/**
 * What was written, or taken, counted: what a summary says of it.
 */
import type { ChunkContext, Gap } from "../format/types.js";

export interface Written {
  readonly records: bigint;
  readonly chunks: number;
  readonly gaps: number;
  readonly counts: ChunkContext["counts"];
  /** Entries and exits that gaps tell of. */
  readonly lostInGaps: bigint;
  /** The same of the planes' records. */
  readonly planesLostInGaps: bigint;
}

export class Tally {
  readonly #counts = new Map<number, { entries: number; exits: number }>();
  #records = 0n;
  #chunks = 0;
  #gaps = 0;
  #lostInGaps = 0n;
  #planesLostInGaps = 0n;

  chunk(context: ChunkContext): void {
    this.#chunks++;
    this.#records += BigInt(context.records);
    this.#addCounts(context.counts);
  }

  gap(gap: Gap): void {
    this.#gaps++;
    if (gap.plane === "planes") this.#planesLostInGaps += gap.lost;
    else this.#lostInGaps += gap.lost;
  }

  add(more: Written): void {
    this.#records += more.records;
    this.#chunks += more.chunks;
    this.#gaps += more.gaps;
    this.#lostInGaps += more.lostInGaps;
    this.#planesLostInGaps += more.planesLostInGaps;
    this.#addCounts(more.counts);
  }

  #addCounts(counts: ChunkContext["counts"]): void {
    for (const { event, entries, exits } of counts) {
      const sum = this.#counts.get(event) ?? { entries: 0, exits: 0 };
      this.#counts.set(event, { entries: sum.entries + entries, exits: sum.exits + exits });
    }
  }

  get chunks(): number {
    return this.#chunks;
  }

  get written(): Written {
    const counts = [...this.#counts].map(([event, count]) => ({ event, ...count }));
    return {
      records: this.#records,
      chunks: this.#chunks,
      gaps: this.#gaps,
      counts: counts.sort((a, b) => a.event - b.event),
      lostInGaps: this.#lostInGaps,
      planesLostInGaps: this.#planesLostInGaps,
    };
  }
}

/** Both together. */
export function added(a: Written, b: Written): Written {
  const tally = new Tally();
  tally.add(a);
  tally.add(b);
  return tally.written;
}
