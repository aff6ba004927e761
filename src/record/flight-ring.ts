/**
 * The newest stretch of a recording, in memory: segments, each from one boundary to the next. The oldest go when what
 * comes after them covers the window, or when the memory is used up. A capture begins at a boundary, since it needs the
 * inventory and the calls in flight of just that place.
 */
import type { PackedPayload } from "../format/packed.js";
import type { ChunkContext, ClockTriple, Gap } from "../format/types.js";
import type { BlockStore, Kept } from "./block-store.js";
import type { Boundary } from "./boundary.js";

interface KeptPayload {
  readonly kept: Kept;
  readonly rawBytes: number;
}

export type KeptFrame =
  | { readonly type: "chunk"; readonly context: ChunkContext; readonly payload: KeptPayload }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "clocks"; readonly triples: readonly ClockTriple[] };

export type SegmentStart = Omit<Boundary, "inventory">;

export interface Segment {
  readonly start: SegmentStart;
  readonly inventory: KeptPayload;
  readonly frames: KeptFrame[];
  bytes: number;
  /** The ring, and snapshots that are not done with it. */
  users: number;
}

/** Segments are so much of the memory at most, so that little more than this goes at once. */
const SEGMENTS_IN_MEMORY = 8;

export class FlightRing {
  readonly #store: BlockStore;
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];

  constructor(store: BlockStore, limitBytes: number) {
    this.#store = store;
    this.#segmentBytes = limitBytes / SEGMENTS_IN_MEMORY;
  }

  get usedBytes(): number {
    return this.#store.usedBytes;
  }

  /** The newest segment has its share of the memory. */
  get isSegmentFull(): boolean {
    return (this.#segments.at(-1)?.bytes ?? 0) >= this.#segmentBytes;
  }

  /** Where the oldest segment begins; null: there is none. */
  get startNs(): bigint | null {
    return startNs(this.#segments[0]);
  }

  /** Begins the next segment. False: there is no room. */
  begin(start: SegmentStart, inventory: PackedPayload): boolean {
    const payload = this.#keep(inventory);
    if (payload === null) return false;
    this.#segments.push({ start, inventory: payload, frames: [], bytes: payload.kept.lengthBytes, users: 1 });
    return true;
  }

  /** False: there is no room. */
  addChunk(context: ChunkContext, packed: PackedPayload): boolean {
    const payload = this.#keep(packed);
    if (payload === null) return false;
    this.#newest().bytes += payload.kept.lengthBytes;
    this.add({ type: "chunk", context, payload });
    return true;
  }

  add(frame: KeptFrame): void {
    this.#newest().frames.push(frame);
  }

  #newest(): Segment {
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new Error("no segment was begun");
    return segment;
  }

  #keep({ stored, rawBytes }: PackedPayload): KeptPayload | null {
    const kept = this.#store.put(stored);
    return kept === null ? null : { kept, rawBytes };
  }

  /** Forgets what nobody needs for records from `beginNs` on. */
  forgetBefore(beginNs: bigint): void {
    for (let next = startNs(this.#segments[1]); next !== null && next <= beginNs; ) {
      if (this.dropOldest() !== "dropped") return;
      next = startNs(this.#segments[1]);
    }
  }

  /** Makes room. `held`: a snapshot needs the oldest segment; `newest`: there is none but the newest. */
  dropOldest(): "dropped" | "held" | "newest" {
    const oldest = this.#segments[0];
    if (oldest === undefined || this.#segments.length < 2) return "newest";
    if (oldest.users > 1) return "held";
    this.#segments.shift();
    this.release(oldest);
    return "dropped";
  }

  /** All but the newest, for a snapshot that gives each back by release(). */
  closedSegments(): Segment[] {
    const closed = this.#segments.slice(0, -1);
    for (const segment of closed) segment.users++;
    return closed;
  }

  release(segment: Segment): void {
    segment.users--;
    if (segment.users > 0) return;
    this.#store.free(segment.inventory.kept);
    for (const frame of segment.frames) {
      if (frame.type === "chunk") this.#store.free(frame.payload.kept);
    }
  }

  payload({ kept, rawBytes }: KeptPayload): PackedPayload {
    return { stored: this.#store.get(kept), rawBytes };
  }
}

function startNs(segment: Segment | undefined): bigint | null {
  return segment?.start.clocks[0]?.boottimeNs ?? null;
}
