/**
 * The capture's frames in the order in which they must come: metadata, then chunks with the gaps between them,
 * then what ends a capture. Keeps room for that end from the beginning, and counts what the summary says.
 */
import type { Encoder } from "../format/encoder.js";
import type { PackedPayload } from "../format/packed.js";
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
import { Tally, type Written } from "./tally.js";

export interface CaptureMetadata {
  readonly host: HostInfo;
  readonly clocks: readonly ClockTriple[];
  readonly btf: readonly BtfFrame[];
  readonly inventory: Inventory | PackedPayload;
}

/** Every method throws SinkError; SinkFullError leaves whole frames and the room for finish(). */
export class CaptureWriter {
  readonly #sink: Sink;
  readonly #encoder: Encoder;
  readonly #tally = new Tally();
  #isOpen = false;

  constructor(sink: Sink, encoder: Encoder) {
    this.#sink = sink;
    this.#encoder = encoder;
  }

  get bytes(): number {
    return this.#sink.writtenBytes;
  }

  /** With what the end takes: how large the file would be if it ended now, at most. */
  get bytesAtEnd(): number {
    return this.#sink.writtenBytes + this.#encoder.finishBytesAtMost();
  }

  /** Readers would soon not read on: the capture should end here. */
  get isAtItsLimit(): boolean {
    return this.#encoder.isAtItsLimit;
  }

  /** Of what readers take of a file. */
  get used(): Encoder["used"] {
    return this.#encoder.used;
  }

  get written(): Written {
    return this.#tally.written;
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

  /** Everything that a reader needs before the first chunk. */
  async begin(metadata: CaptureMetadata): Promise<void> {
    const encoder = this.#encoder;
    await this.open();
    await this.#append(encoder.host(metadata.host));
    await this.#append(encoder.clocks(metadata.clocks));
    for (const btf of metadata.btf) await this.#append(encoder.btf(btf));
    await this.inventory(metadata.inventory);
  }

  async chunk(context: ChunkContext, body: ChunkBody | PackedPayload): Promise<void> {
    const encoder = this.#encoder;
    await this.#append("stored" in body ? encoder.packedChunk(context, body) : encoder.chunk(context, body));
    this.#tally.chunk(context);
  }

  async gap(gap: Gap): Promise<void> {
    await this.#append(this.#encoder.gap(gap));
    this.#tally.gap(gap);
  }

  clocks(triples: readonly ClockTriple[]): Promise<void> {
    return this.#append(this.#encoder.clocks(triples));
  }

  inventory(inventory: Inventory | PackedPayload): Promise<void> {
    const encoder = this.#encoder;
    return this.#append(
      "stored" in inventory ? encoder.packedInventory(inventory) : encoder.inventory(inventory),
    );
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
      this.#tally.gap(gap);
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
