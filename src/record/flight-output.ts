/**
 * A flight recorder: the newest stretch of time in bounded memory, and a capture of it in a file of its own whenever one
 * is asked for, and at the end. Nothing is written before.
 *
 * A snapshot that fails does not end the recording. While one is written, nothing that it still needs is dropped: where
 * the memory does not last meanwhile, the session waits for the disk.
 */
import { setTimeout as delay } from "node:timers/promises";
import { packChunk, packInventory } from "../format/packed.js";
import type { ChunkContext, ClockTriple, Gap, Inventory } from "../format/types.js";
import type { BlockStore } from "./block-store.js";
import type { Boundary } from "./boundary.js";
import { FlightRing } from "./flight-ring.js";
import { gapsAtEnd } from "./losses.js";
import type {
  FixedMetadata,
  Moment,
  Output,
  OutputEnd,
  OutputFile,
  PartSource,
  RecordingEnd,
  TakenBatch,
} from "./output.js";
import { SinkError } from "./sink.js";
import { type Snapshot, type SnapshotWork, writeSnapshot } from "./snapshot.js";
import type { SnapshotRequests } from "./snapshot-requests.js";
import type { HowEnded } from "./summary.js";
import { Tally, type Written } from "./tally.js";

export interface FlightParts {
  readonly windowNs: bigint;
  readonly limitBytes: number;
  readonly store: BlockStore;
  readonly metadata: FixedMetadata;
  /** The capture id of the first snapshot. */
  readonly recordingId: string;
  readonly source: PartSource;
  readonly requests: SnapshotRequests;
  /** Of each snapshot, as soon as it is on the disk or has failed. `reasons`: who asked. */
  readonly done: (outcome: Snapshot | SinkError, reasons: readonly string[]) => void;
  /** The memory does not last for the window: once. */
  readonly short: (heldNs: bigint) => void;
  readonly chunkWritten: (bytes: number) => void;
}

const SEGMENT_MAX_MS = 10_000;
/** An inventory takes some milliseconds. */
const SEGMENT_MIN_MS = 1000;
/** A segment of a full memory comes no sooner than this after the one before. */
const FULL_SEGMENT_MIN_MS = 250;
const HELD_POLL_MS = 1;
/** From the moment when a snapshot is asked for to the one when all of it is through the rings. */
const LATE_NS = 1_000_000_000n;

export class FlightOutput implements Output {
  readonly inventoryMs = null;
  readonly #parts: FlightParts;
  readonly #ring: FlightRing;
  readonly #segmentMs: number;
  readonly #tally = new Tally();
  #files: OutputFile[] = [];
  #number = 1;
  #begunMs = 0;
  #lastNs: bigint | null = null;
  #unkept = 0n;
  #heldNs: bigint | null = null;
  /** Of the first snapshot that failed. */
  #failure: SinkError | null = null;
  /** The snapshot that is being written. */
  #writing: Promise<void> | null = null;

  constructor(parts: FlightParts) {
    this.#parts = parts;
    this.#ring = new FlightRing(parts.store, parts.limitBytes);
    const quarterMs = Number(parts.windowNs / 4_000_000n);
    this.#segmentMs = Math.min(Math.max(quarterMs, SEGMENT_MIN_MS), SEGMENT_MAX_MS);
  }

  get written(): Written {
    return this.#tally.written;
  }

  /** In memory. */
  get bytes(): number {
    return this.#ring.usedBytes;
  }

  async begin(start: Boundary): Promise<void> {
    await this.#beginSegment(start);
  }

  async take({ gaps, chunk }: TakenBatch): Promise<void> {
    for (const gap of gaps) this.#addGap(gap);
    if (chunk === null) return;
    const { context, body } = chunk;
    const packed = packChunk(body);
    while (!this.#ring.addChunk(context, packed)) {
      if (await this.#makeRoom()) continue;
      for (const gap of unkept(context, body.planes !== undefined, this.#lastNs)) this.#addGap(gap);
      this.#unkept += BigInt(context.records);
      return;
    }
    this.#tally.chunk(context);
    this.#lastNs = context.lastTimeNs ?? this.#lastNs;
  }

  #addGap(gap: Gap): void {
    this.#ring.add({ type: "gap", gap });
    this.#tally.gap(gap);
  }

  /** False: there is none to be had. */
  async #makeRoom(): Promise<boolean> {
    const dropped = this.#ring.dropOldest();
    if (dropped === "held" && this.#writing !== null) {
      await delay(HELD_POLL_MS);
      return true;
    }
    if (dropped !== "dropped") return false;
    this.#noteShort();
    return true;
  }

  #noteShort(): void {
    const [first, last] = [this.#ring.startNs, this.#lastNs];
    if (first === null || last === null || last - first >= this.#parts.windowNs) return;
    if (this.#heldNs === null) this.#parts.short(last - first);
    if (this.#heldNs === null || last - first < this.#heldNs) this.#heldNs = last - first;
  }

  async clocks(triples: readonly ClockTriple[]): Promise<void> {
    this.#ring.add({ type: "clocks", triples });
  }

  async inventory(): Promise<void> {}

  async sync(): Promise<void> {}

  isDue(moment: Moment): boolean {
    const ageMs = moment.nowMs - this.#begunMs;
    if (ageMs >= this.#segmentMs) return true;
    if (this.#ring.isSegmentFull && ageMs >= FULL_SEGMENT_MIN_MS) return true;
    return this.#writing === null && this.#parts.requests.isReady(moment);
  }

  async cross(boundary: Boundary, moment: Moment): Promise<void> {
    await this.#beginSegment(boundary);
    const { requests } = this.#parts;
    if (this.#writing !== null || !requests.isReady(moment)) return;
    const reasons = requests.take();
    const how = { ended: "snapshot", trigger: reasons.join("; ") };
    this.#writing = this.#write(boundary, how, [], reasons).then(() => {
      this.#writing = null;
    });
    // A bug in there ends the recording when it is waited for, not the process at once.
    this.#writing.catch(() => {});
  }

  async #beginSegment(boundary: Boundary): Promise<void> {
    const { inventory, ...start } = boundary;
    const packed = packInventory(inventory);
    let isBegun = this.#ring.begin(start, packed);
    while (!isBegun && (await this.#makeRoom())) isBegun = this.#ring.begin(start, packed);
    if (!isBegun && !this.#ring.begin(start, packInventory(withoutQueues(inventory)))) {
      throw new SinkError("the flight recorder's memory is used up by an inventory: give more --last-memory");
    }
    this.#begunMs = performance.now();
    this.#ring.forgetBefore(boundary.now.boottimeNs - this.#parts.windowNs - LATE_NS);
  }

  /** False: there is no file, or it has no end. Throws nothing but bugs. */
  async #write(
    end: Boundary,
    how: HowEnded,
    lastGaps: readonly Gap[],
    reasons: readonly string[],
  ): Promise<boolean> {
    const { metadata, recordingId, source, done, chunkWritten } = this.#parts;
    const [ring, number] = [this.#ring, this.#number];
    const segments = ring.closedSegments();
    const work: SnapshotWork = {
      ...{ ring, segments, end, how, recordingId, number, metadata, lastGaps },
      written: chunkWritten,
    };
    try {
      const snapshot = await intoNewFile(source, work);
      this.#number++;
      this.#files.push(snapshot);
      const kept = source.written(snapshot.part);
      if (kept !== null) this.#files = this.#files.slice(Math.max(this.#files.length - kept, 0));
      this.#failure ??= snapshot.cut;
      done(snapshot, reasons);
      return true;
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      this.#failure ??= error;
      done(error, reasons);
      return false;
    }
  }

  async end(end: RecordingEnd): Promise<OutputEnd> {
    const { requests } = this.#parts;
    await this.#writing;
    const reasons = [...requests.take(), "exit"];
    await this.#beginSegment(end.boundary);
    const output = end.lost.output - this.#unkept;
    const lastGaps = gapsAtEnd({ output: output > 0n ? output : 0n, planesOutput: 0n }, this.#lastNs);
    const how = { ended: end.ended, trigger: reasons.join("; ") };
    const finished = await this.#write(end.boundary, how, lastGaps, reasons);
    return { finished, failure: this.#failure, files: this.#files, heldNs: this.#heldNs };
  }
}

async function intoNewFile(source: PartSource, work: SnapshotWork): Promise<Snapshot> {
  let part: ReturnType<PartSource["next"]>;
  try {
    part = source.next(work.number);
  } catch (error) {
    for (const segment of work.segments) work.ring.release(segment);
    throw error;
  }
  try {
    return await writeSnapshot(work, part);
  } catch (error) {
    source.takeBack(part);
    throw error;
  }
}

function withoutQueues(inventory: Inventory): Inventory {
  const missing = [{ what: "queues", why: "the flight recorder's memory has no room for them" }];
  return { ...inventory, queues: [], namespaces: [], everyDescriptor: false, missing };
}

function unkept(context: ChunkContext, hasPlanes: boolean, fromNs: bigint | null): readonly Gap[] {
  const gap = { cpu: null, fromNs, toNs: context.lastTimeNs, cause: "output" } as const;
  const planes = { ...gap, lost: 0n, plane: "planes", atLeast: true } as const;
  return [{ ...gap, lost: BigInt(context.records) }, ...(hasPlanes ? [planes] : [])];
}
