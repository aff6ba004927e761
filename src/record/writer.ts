/**
 * The capture's frames in the order in which they must come: metadata, then chunks with the gaps between them,
 * then what ends a capture. Keeps room for that end from the beginning, and counts what the summary says.
 */
import type { Encoder } from "../format/encoder.js";
import type {
  BtfFrame,
  ChunkBody,
  ChunkContext,
  ClockTriple,
  Gap,
  HostInfo,
  Inventory,
  Summary,
} from "../format/types.js";
import { type Sink, SinkFullError } from "./sink.js";

export interface CaptureMetadata {
  readonly host: HostInfo;
  readonly clocks: readonly ClockTriple[];
  readonly btf: readonly BtfFrame[];
  readonly inventory: Inventory;
}

/** What the summary says of what was written. */
export interface Written {
  readonly records: bigint;
  readonly chunks: number;
  readonly gaps: number;
  readonly counts: ChunkContext["counts"];
}

/** Every method throws SinkError; SinkFullError leaves whole frames and the room for finish(). */
export class CaptureWriter {
  readonly #sink: Sink;
  readonly #encoder: Encoder;
  readonly #counts = new Map<number, { entries: number; exits: number }>();
  #isOpen = false;
  #records = 0n;
  #chunks = 0;
  #gaps = 0;

  constructor(sink: Sink, encoder: Encoder) {
    this.#sink = sink;
    this.#encoder = encoder;
  }

  get bytes(): number {
    return this.#sink.writtenBytes;
  }

  get written(): Written {
    const counts = [...this.#counts].map(([event, count]) => ({ event, ...count }));
    return {
      records: this.#records,
      chunks: this.#chunks,
      gaps: this.#gaps,
      counts: counts.sort((a, b) => a.event - b.event),
    };
  }

  /**
   * The file header alone, for long set-ups: a recorder that is killed in one leaves a capture without records, and
   * no empty file.
   */
  async open(): Promise<void> {
    if (this.#isOpen) return;
    await this.#sink.reserve(this.#encoder.finishBytesAtMost());
    await this.#sink.write(this.#encoder.fileHeader());
    this.#isOpen = true;
  }

  /** Everything that a reader needs before the first chunk; on the disk when this returns. */
  async begin(metadata: CaptureMetadata): Promise<void> {
    const encoder = this.#encoder;
    await this.open();
    await this.#append(encoder.host(metadata.host));
    await this.#append(encoder.clocks(metadata.clocks));
    for (const btf of metadata.btf) await this.#append(encoder.btf(btf));
    await this.#append(encoder.inventory(metadata.inventory));
    await this.#sink.sync();
  }

  async chunk(context: ChunkContext, body: ChunkBody): Promise<void> {
    await this.#append(this.#encoder.chunk(context, body));
    this.#chunks++;
    this.#records += BigInt(context.records);
    for (const { event, entries, exits } of context.counts) {
      const sum = this.#counts.get(event) ?? { entries: 0, exits: 0 };
      this.#counts.set(event, { entries: sum.entries + entries, exits: sum.exits + exits });
    }
  }

  async gap(gap: Gap): Promise<void> {
    await this.#append(this.#encoder.gap(gap));
    this.#gaps++;
  }

  clocks(triples: readonly ClockTriple[]): Promise<void> {
    return this.#append(this.#encoder.clocks(triples));
  }

  inventory(inventory: Inventory): Promise<void> {
    return this.#append(this.#encoder.inventory(inventory));
  }

  /** The end, in the room that was kept for it: the last clock triple, gaps known only now, the summary. */
  async finish(
    end: ClockTriple,
    lastGaps: readonly Gap[],
    summary: (written: Written) => Summary,
  ): Promise<void> {
    await this.#sink.write(this.#encoder.clocks([end]));
    for (const gap of lastGaps) {
      await this.#sink.write(this.#encoder.gap(gap));
      this.#gaps++;
    }
    await this.#sink.write(this.#encoder.finish(summary(this.written)));
  }

  /** The encoder's index remembers every frame, also one that there was no room for. */
  async #append(frame: Uint8Array): Promise<void> {
    try {
      await this.#sink.reserve(frame.length + this.#encoder.finishBytesAtMost());
      await this.#sink.write(frame);
    } catch (error) {
      if (error instanceof SinkFullError) this.#encoder.retract();
      throw error;
    }
  }
}
