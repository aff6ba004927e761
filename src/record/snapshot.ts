/**
 * A snapshot: what the flight recorder holds, as a capture of its own. Frame by frame, and the recording goes on
 * meanwhile; what is written is given back at once.
 */
import type { ClockTriple, Gap } from "../format/types.js";
import { type Boundary, contextSince, startingClocks } from "./boundary.js";
import type { FlightRing, KeptFrame, Segment, SegmentStart } from "./flight-ring.js";
import type { FixedMetadata, OpenPart, OutputFile } from "./output.js";
import { type SinkError, SinkFullError } from "./sink.js";
import { type CaptureSpan, type HowEnded, recursionGaps, summaryAt } from "./summary.js";

export interface SnapshotWork {
  readonly ring: FlightRing;
  /** At least one, the oldest first. They are released, whatever happens. */
  readonly segments: readonly Segment[];
  readonly end: Boundary;
  readonly how: HowEnded;
  readonly recordingId: string;
  readonly number: number;
  readonly metadata: FixedMetadata;
  /** What is known to be missing at the end. */
  readonly lastGaps: readonly Gap[];
  /** Called after each chunk with its bytes. */
  readonly written: (bytes: number) => void;
}

export interface Snapshot extends OutputFile {
  readonly part: OpenPart;
  readonly spanNs: bigint;
  /** The disk was full: the newest records are missing, and the file is whole. */
  readonly cut: SinkFullError | null;
}

/** Throws SinkError: the file came to nothing. */
export async function writeSnapshot(work: SnapshotWork, part: OpenPart): Promise<Snapshot> {
  const snapshot = new SnapshotWriter(work, part);
  const left = [...work.segments];
  let cut: SinkFullError | null = null;
  try {
    await snapshot.begin();
    for (let segment = left[0]; segment !== undefined && cut === null; segment = left[0]) {
      cut = await snapshot.segment(segment);
      left.shift();
      work.ring.release(segment);
    }
    cut ??= await snapshot.endInventory();
    await snapshot.finish(cut);
  } finally {
    for (const segment of left) work.ring.release(segment);
  }
  await part.sink.close();
  const { written, bytes } = part.writer;
  const { sink, captureId } = part;
  const spanNs = work.end.now.boottimeNs - snapshot.span.startNs;
  return { name: sink.name, captureId, records: written.records, bytes, part, spanNs, cut };
}

class SnapshotWriter {
  readonly #work: SnapshotWork;
  readonly #part: OpenPart;
  readonly #first: Segment;
  #lastNs: bigint | null = null;
  /** Of the clocks' last reading in the file. */
  #readNs = -1n;
  /** That the memory had no room for: the ring has gaps for them. */
  #unkept = 0n;

  constructor(work: SnapshotWork, part: OpenPart) {
    const [first] = work.segments;
    if (first === undefined) throw new Error("a snapshot of nothing");
    this.#work = work;
    this.#part = part;
    this.#first = first;
  }

  get #start(): SegmentStart {
    return this.#first.start;
  }

  get span(): CaptureSpan {
    const { clocks, now, totals, firstRecord } = this.#start;
    const startNs = clocks[0]?.boottimeNs ?? now.boottimeNs;
    return { startNs, before: firstRecord === 0n ? null : totals };
  }

  begin(): Promise<void> {
    const { metadata, ring, recordingId, number } = this.#work;
    const recording = { id: recordingId, part: number, firstRecord: this.#start.firstRecord };
    this.#readNs = this.#start.clocks.at(-1)?.boottimeNs ?? -1n;
    return this.#part.writer.begin({
      host: { ...metadata.host, recording },
      clocks: startingClocks(this.#start.clocks),
      btf: metadata.btf,
      inventory: ring.payload(this.#first.inventory),
    });
  }

  async segment(segment: Segment): Promise<SinkFullError | null> {
    const { writer } = this.#part;
    try {
      if (segment !== this.#first) {
        await this.#clocks(segment.start.clocks);
        await writer.inventory(this.#work.ring.payload(segment.inventory));
      }
      for (const frame of segment.frames) await this.#frame(frame);
      return null;
    } catch (error) {
      return fullDisk(error);
    }
  }

  /** A segment begins with readings that are from before it, and that the file may have already. */
  async #clocks(triples: readonly ClockTriple[]): Promise<void> {
    const more = triples.filter(({ boottimeNs }) => boottimeNs > this.#readNs);
    this.#readNs = more.at(-1)?.boottimeNs ?? this.#readNs;
    if (more.length > 0) await this.#part.writer.clocks(more);
  }

  async #frame(frame: KeptFrame): Promise<void> {
    const { writer } = this.#part;
    if (frame.type === "gap") {
      if (frame.gap.cause === "output" && frame.gap.plane !== "planes") this.#unkept += frame.gap.lost;
      return writer.gap(frame.gap);
    }
    if (frame.type === "clocks") return this.#clocks(frame.triples);
    const payload = this.#work.ring.payload(frame.payload);
    await writer.chunk(contextSince(this.#start, frame.context), payload);
    this.#lastNs = frame.context.lastTimeNs ?? this.#lastNs;
    this.#work.written(payload.stored.length);
  }

  async endInventory(): Promise<SinkFullError | null> {
    try {
      await this.#part.writer.inventory(this.#work.end.inventory);
      return null;
    } catch (error) {
      return fullDisk(error);
    }
  }

  finish(cut: SinkFullError | null): Promise<void> {
    const { end, how, lastGaps } = this.#work;
    const { writer } = this.#part;
    const missing = end.firstRecord - this.#start.firstRecord - writer.written.records - this.#unkept;
    const output: readonly Gap[] =
      missing > 0n ? [{ cpu: null, fromNs: this.#lastNs, toNs: null, lost: missing, cause: "output" }] : [];
    const gaps = [...recursionGaps(this.span, end.totals), ...output, ...lastGaps];
    const ended = cut === null ? how : { ...how, ended: "disk_full" };
    return writer.finish({ ...end.now, reason: "end" }, gaps, (written) =>
      summaryAt(this.span, end, written, ended),
    );
  }
}

function fullDisk(error: unknown): SinkFullError {
  if (error instanceof SinkFullError) return error;
  throw error as SinkError;
}
