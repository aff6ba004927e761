/**
 * A recording into files: one, or one after the other (rotation), each complete in itself. In one file it goes on behind
 * itself when a capture has as many frames as it may (sections.ts).
 *
 * A new file begins when the present one would grow beyond its size with another chunk as large as the last and with
 * its end, or when it is old enough. It is begun before the old one is ended, so that a full disk leaves the old one
 * whole; and the old one is brought to the disk aside, since nobody may wait for that.
 */
import type { ClockTriple, Inventory } from "../format/types.js";
import { type Boundary, contextSince, startingClocks } from "./boundary.js";
import { inventoryIntervalMs, inventoryValues } from "./inventory-pace.js";
import { gapsAtEnd } from "./losses.js";
import type {
  FixedMetadata,
  OpenPart,
  Output,
  OutputEnd,
  OutputFile,
  PartSource,
  RecordingEnd,
  SectionSource,
  TakenBatch,
} from "./output.js";
import { SinkError, SinkFullError, SinkGoneError } from "./sink.js";
import { type CaptureSpan, recursionGaps, summaryAt, summaryAtEnd } from "./summary.js";
import { added, Tally, type Written } from "./tally.js";

export interface RotationLimits {
  readonly maxBytes: number | null;
  readonly maxAgeMs: number | null;
}

export interface Rotation extends RotationLimits {
  readonly source: PartSource;
}

/** Small files come faster than a disk takes them one by one. */
const CLOSINGS_MAX = 8;

export class FileOutput implements Output {
  readonly #metadata: FixedMetadata;
  readonly #rotation: Rotation | null;
  readonly #sections: SectionSource | null;
  readonly #recordingId: string;
  readonly #earlier = new Tally();
  #earlierBytes = 0;
  #files: OutputFile[] = [];
  #part: OpenPart;
  #number = 1;
  #start: Boundary | null = null;
  #begunMs = 0;
  #fileBegunMs = 0;
  /** In the last inventory of the file, and about how many values there are in all of them. */
  #inventory = { queues: 0, usedValues: 0 };
  #lastChunkBytes = 0;
  #lastNs: bigint | null = null;
  /** The files before are on their way to the disk: `closings` of them. */
  #closing: Promise<unknown> = Promise.resolve();
  #closings = 0;

  /** `first`: its file header may be written already. `sections`: without rotation, where captures may follow each other. */
  constructor(
    first: OpenPart,
    metadata: FixedMetadata,
    rotation: Rotation | null,
    sections: SectionSource | null = null,
  ) {
    this.#sections = sections;
    this.#part = first;
    this.#recordingId = first.captureId;
    this.#metadata = metadata;
    this.#rotation = rotation;
  }

  get inventoryMs(): number | null {
    const { queues, usedValues } = this.#inventory;
    return inventoryIntervalMs(performance.now() - this.#fileBegunMs, queues, usedValues);
  }

  #noteInventory({ queues }: Inventory): void {
    const usedValues = this.#inventory.usedValues + inventoryValues(queues.length);
    this.#inventory = { queues: queues.length, usedValues };
  }

  get written(): Written {
    return added(this.#earlier.written, this.#part.writer.written);
  }

  get bytes(): number {
    return this.#earlierBytes + this.#part.writer.bytes;
  }

  async begin(start: Boundary): Promise<void> {
    await this.#beginPart(this.#part, this.#number, start);
    await this.#part.sink.sync();
    this.#start = start;
    this.#begunMs = performance.now();
    this.#fileBegunMs = this.#begunMs;
  }

  async #beginPart(part: OpenPart, number: number, start: Boundary): Promise<void> {
    const { host, btf } = this.#metadata;
    const recording = { id: this.#recordingId, part: number, firstRecord: start.firstRecord };
    this.#noteInventory(start.inventory);
    await part.writer.begin({
      host: this.#rotation === null && this.#sections === null ? host : { ...host, recording },
      clocks: startingClocks(start.clocks),
      btf,
      inventory: start.inventory,
    });
  }

  async take({ gaps, chunk }: TakenBatch): Promise<void> {
    const { writer, sink } = this.#part;
    // Else the next file, or the next capture, is due by then.
    if (this.#rotation === null && writer.isAtItsLimit && this.#sections?.hasRoom !== true) {
      throw new SinkError(
        `${sink.name}: holds as many chunks as a file may: record with --max-age or --max-size to go on in further files`,
      );
    }
    for (const gap of gaps) await writer.gap(gap);
    if (chunk === null) return;
    const before = writer.bytes;
    await writer.chunk(contextSince(this.#started(), chunk.context), chunk.body);
    this.#lastChunkBytes = writer.bytes - before;
    this.#lastNs = chunk.context.lastTimeNs ?? this.#lastNs;
  }

  clocks(triples: readonly ClockTriple[]): Promise<void> {
    return this.#part.writer.clocks(triples);
  }

  inventory(inventory: Inventory): Promise<void> {
    this.#noteInventory(inventory);
    return this.#part.writer.inventory(inventory);
  }

  sync(): Promise<void> {
    return this.#part.sink.sync();
  }

  isDue({ nowMs }: { readonly nowMs: number }): boolean {
    if (this.#rotation === null) return this.#part.writer.isAtItsLimit && this.#sections?.hasRoom === true;
    const { maxBytes, maxAgeMs } = this.#rotation;
    const { writer } = this.#part;
    const isOld = maxAgeMs !== null && nowMs - this.#begunMs >= maxAgeMs;
    // One chunk at least, however small the files are to be.
    const isFull =
      maxBytes !== null && this.#lastChunkBytes > 0 && writer.bytesAtEnd + this.#lastChunkBytes > maxBytes;
    return isOld || isFull || writer.isAtItsLimit;
  }

  async cross(boundary: Boundary): Promise<void> {
    const rotation = this.#rotation;
    if (rotation === null) return this.#goOn(boundary);
    if (this.#closings >= CLOSINGS_MAX) await this.#closing;
    const old = this.#part;
    const span = this.#span();
    const next = rotation.source.next(this.#number + 1);
    try {
      await this.#beginPart(next, this.#number + 1, boundary);
    } catch (error) {
      rotation.source.takeBack(next);
      throw error;
    }
    await this.#change(old, next, boundary, () => this.#finishPart(old, span, boundary));
    this.#fileBegunMs = this.#begunMs;
    this.#files.push(fileOf(old));
    this.#closeAside(old, rotation.source);
  }

  /** In the same file. */
  async #goOn(boundary: Boundary): Promise<void> {
    const section = this.#sections?.next(this.#number + 1);
    if (section === undefined) return;
    const old = this.#part;
    const span = this.#span();
    await this.#beginPart(section.part, this.#number + 1, boundary);
    try {
      await this.#change(old, section.part, boundary, () => this.#endPart(old, span, boundary));
    } finally {
      await section.taken();
    }
  }

  /** The next part takes over, whatever becomes of the end of the old one. */
  async #change(
    old: OpenPart,
    next: OpenPart,
    boundary: Boundary,
    finish: () => Promise<void>,
  ): Promise<void> {
    this.#part = next;
    this.#number++;
    this.#start = boundary;
    this.#begunMs = performance.now();
    this.#lastChunkBytes = 0;
    try {
      await finish();
    } finally {
      this.#earlier.add(old.writer.written);
      this.#earlierBytes += old.writer.bytes;
    }
  }

  #closeAside(old: OpenPart, source: PartSource): void {
    this.#closings++;
    this.#closing = Promise.all([this.#closing, old.sink.close().catch(unlessGone)]).then(() => {
      this.#closings--;
      const kept = source.written(old);
      if (kept !== null) this.#files = this.#files.slice(Math.max(this.#files.length + 1 - kept, 0));
    });
    // Whoever waits for it is told; nobody may be waiting yet.
    this.#closing.catch(() => {});
  }

  async #finishPart(part: OpenPart, span: CaptureSpan, boundary: Boundary): Promise<void> {
    await part.writer.inventory(boundary.inventory).catch(unlessFull);
    await this.#endPart(part, span, boundary);
  }

  #endPart({ writer }: OpenPart, span: CaptureSpan, boundary: Boundary): Promise<void> {
    return writer.finish(
      { ...boundary.now, reason: "end" },
      recursionGaps(span, boundary.totals),
      (written) => summaryAt(span, boundary, written, { ended: "rotation" }),
    );
  }

  async end(end: RecordingEnd): Promise<OutputEnd> {
    const { writer, sink } = this.#part;
    const closed = await failureOf(() => this.#closing);
    const looked = end.failed ? null : await failureOf(() => writer.inventory(end.boundary.inventory));
    const ended = await failureOf(() => this.#finishLast(end));
    const synced = await failureOf(() => sink.close());
    const finished = closed === null && ended === null && synced === null;
    return {
      finished,
      failure: closed ?? looked ?? ended ?? synced,
      files: [...this.#files, this.#rotation === null ? this.#onlyFile() : fileOf(this.#part)],
      heldNs: null,
    };
  }

  #finishLast(end: RecordingEnd): Promise<void> {
    const span = this.#span();
    const { now, totals } = end.boundary;
    const { lostInGaps, planesLostInGaps } = this.#earlier.written;
    const earlier = { lost: lostInGaps, planesLost: planesLostInGaps };
    const gaps = [...recursionGaps(span, totals), ...gapsAtEnd(end.lost, this.#lastNs)];
    return this.#part.writer.finish({ ...now, reason: "end" }, gaps, (written) =>
      summaryAtEnd(span, end, written, earlier, { ended: end.ended }),
    );
  }

  #onlyFile(): OutputFile {
    const { sink } = this.#part;
    return {
      name: sink.name,
      captureId: this.#recordingId,
      records: this.written.records,
      bytes: this.bytes,
    };
  }

  #span(): CaptureSpan {
    const { now, clocks, totals } = this.#started();
    const startNs = clocks[0]?.boottimeNs ?? now.boottimeNs;
    return { startNs, before: this.#number === 1 ? null : totals };
  }

  #started(): Boundary {
    if (this.#start === null) throw new Error("the output was not begun");
    return this.#start;
  }
}

function fileOf({ sink, captureId, writer }: OpenPart): OutputFile {
  return { name: sink.name, captureId, records: writer.written.records, bytes: writer.bytes };
}

async function failureOf(work: () => Promise<unknown>): Promise<SinkError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return error;
  }
}

/** Files before this one are no longer ours to hold on to. */
function unlessGone(error: unknown): void {
  if (!(error instanceof SinkGoneError)) throw error;
}

/** Without its last inventory a capture is still whole. */
function unlessFull(error: unknown): void {
  if (!(error instanceof SinkFullError)) throw error;
}
