/**
 * Frames and their contexts, in columns: 40 bytes a frame beside its context. What a capture has of frames, what its index
 * says of them, and what a pass over it found.
 */
import type { FrameEntry } from "./frame.js";

export interface FrameTable {
  readonly length: number;
  readonly contextsBytes: number;
  /** The frame of a place from 0 to `length` - 1. Makes an object: it is not kept. */
  entry(place: number): FrameEntry;
  type(place: number): number;
  flags(place: number): number;
  offset(place: number): number;
  /** A view. */
  context(place: number): Uint8Array;
}

export interface FrameTableBuilder extends FrameTable {
  add(entry: FrameEntry, context: Uint8Array): void;
  /** No more will be added: gives back the room that was kept for more. */
  end(): FrameTable;
}

const FIRST_ROWS = 16;
const FIRST_BYTES = 512;
/** Columns of 32 bits: type, flags, context length, stored length, raw length. */
const NARROW = 5;
/** Columns of 64: sequence, offset, where the context begins. */
const WIDE = 3;

/** `contextBytes` of an entry has to be the length of its context. */
export function frameTable(): FrameTableBuilder {
  let narrow = new Uint32Array(FIRST_ROWS * NARROW);
  let wide = new Float64Array(FIRST_ROWS * WIDE);
  let contexts = new Uint8Array(FIRST_BYTES);
  let [length, contextsBytes] = [0, 0];

  const resize = (rows: number, bytes: number) => {
    if (rows * WIDE !== wide.length) {
      const [before, widerBefore] = [narrow, wide];
      narrow = new Uint32Array(rows * NARROW);
      narrow.set(before.subarray(0, length * NARROW));
      wide = new Float64Array(rows * WIDE);
      wide.set(widerBefore.subarray(0, length * WIDE));
    }
    if (bytes === contexts.length) return;
    const before = contexts.subarray(0, contextsBytes);
    contexts = new Uint8Array(bytes);
    contexts.set(before);
  };
  const u32 = (place: number, column: number) => narrow[place * NARROW + column] as number;
  const u53 = (place: number, column: number) => wide[place * WIDE + column] as number;

  const table: FrameTableBuilder = {
    get length() {
      return length;
    },
    get contextsBytes() {
      return contextsBytes;
    },
    entry: (place) => ({
      type: u32(place, 0),
      flags: u32(place, 1),
      contextBytes: u32(place, 2),
      storedBytes: u32(place, 3),
      rawBytes: u32(place, 4),
      sequence: u53(place, 0),
      offset: u53(place, 1),
    }),
    type: (place) => u32(place, 0),
    flags: (place) => u32(place, 1),
    offset: (place) => u53(place, 1),
    context: (place) => contexts.subarray(u53(place, 2), u53(place, 2) + u32(place, 2)),
    add({ type, flags, contextBytes, storedBytes, rawBytes, sequence, offset }, context) {
      const rows = wide.length / WIDE;
      const needed = contextsBytes + context.length;
      if (length === rows || needed > contexts.length) {
        const bytes = Math.max(contexts.length, needed > contexts.length ? 2 * needed : 0);
        resize(length === rows ? 2 * rows : rows, bytes);
      }
      const [at, wideAt] = [length * NARROW, length * WIDE];
      narrow[at] = type;
      narrow[at + 1] = flags;
      narrow[at + 2] = contextBytes;
      narrow[at + 3] = storedBytes;
      narrow[at + 4] = rawBytes;
      wide[wideAt] = sequence;
      wide[wideAt + 1] = offset;
      wide[wideAt + 2] = contextsBytes;
      if (context.length > 0) contexts.set(context, contextsBytes);
      contextsBytes += context.length;
      length++;
    },
    end() {
      resize(length, contextsBytes);
      return table;
    },
  };
  return table;
}
