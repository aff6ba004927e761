/**
 * Looks for the next frame of a capture, or the next capture, byte by byte: where damage makes it necessary. Spec:
 * "Reading without the index". Yields what it needs and is resumed with the bytes, as the scan that it is a part of.
 */
import { startsWith } from "./bytes.js";
import { FILE_HEADER_BYTES, isFileHeader, MAGIC } from "./file-header.js";
import { FRAME_HEADER_BYTES, parseFrameHeader } from "./frame.js";
import type { Limits } from "./limits.js";
import { parseTrailer, TRAILER_BYTES } from "./trailer.js";

/** Resume with these bytes; with fewer only at the end of the file. */
export interface Need {
  readonly kind: "need";
  readonly offset: number;
  readonly length: number;
}

type Search<T> = Generator<Need, T, Uint8Array>;

/** What is fixed for one scan, and the bytes that turned out wrong: `searchBytes` bounds them. */
export interface SearchState {
  readonly offset: number;
  readonly sync: Uint8Array;
  readonly captureId: Uint8Array;
  /** null: unknown until the end is reached. */
  readonly sizeBytes: number | null;
  readonly limits: Limits;
  wasted: number;
}

/** What looking at one place for a file header counts for, of `searchBytes`: it is read and its checksum made. */
const HEADER_SEARCH_BYTES = 64 * 1024;

/** How much is looked through at a time. */
const WINDOW_BYTES = 64 * 1024;

export function* need(offset: number, length: number): Search<Uint8Array> {
  return yield { kind: "need", offset, length };
}

/** Whether another capture's file header is at `offset`. */
export function* captureAt(start: SearchState, offset: number): Search<boolean> {
  const fixed = yield* need(offset, FILE_HEADER_BYTES);
  if (fixed.length < FILE_HEADER_BYTES || !startsWith(fixed, MAGIC)) return false;
  if (start.wasted > start.limits.searchBytes) return false;
  const is = isFileHeader(yield* need(offset, start.limits.fileHeaderBytes), start.limits);
  // Headers made to overlap must not make the search read each byte a hundred times.
  if (!is) start.wasted += HEADER_SEARCH_BYTES;
  return is;
}

export type Found =
  /** A frame or the trailer starts here. */
  | { readonly at: number; readonly end: null; readonly isCapture?: false }
  /** There is none before the end of the file, or before the next capture's file header. */
  | { readonly at: null; readonly end: number; readonly isCapture: boolean };

/** The first place from `from` on where a frame starts, or the trailer at the capture's end. */
export function* search(start: SearchState, from: number): Search<Found> {
  for (let offset = from; ; offset += WINDOW_BYTES) {
    // Enough over the window that a header which starts in it is whole.
    const window = yield* need(offset, WINDOW_BYTES + FRAME_HEADER_BYTES);
    const frameAt = headerIn(window, start.sync);
    const capture = yield* nextCaptureIn(start, offset, window.subarray(0, frameAt ?? window.length));
    if (capture !== null) return yield* trailerBefore(start, from, offset + capture, true);
    if (frameAt !== null) return { at: offset + frameAt, end: null };
    if (window.length < WINDOW_BYTES + FRAME_HEADER_BYTES) {
      return yield* trailerBefore(start, from, offset + window.length, false);
    }
  }
}

function* trailerBefore(start: SearchState, from: number, end: number, isCapture: boolean): Search<Found> {
  const at = end - TRAILER_BYTES;
  const isThere = at >= from && parseTrailer(yield* need(at, TRAILER_BYTES), start.captureId) !== null;
  return isThere ? { at, end: null } : { at: null, end, isCapture };
}

/** The first place from `from` on where another capture begins; null: none does. */
export function* nextCapture(start: SearchState, from: number): Search<number | null> {
  for (let offset = from; ; offset += WINDOW_BYTES) {
    const window = yield* need(offset, WINDOW_BYTES + MAGIC.length);
    const at = yield* nextCaptureIn(start, offset, window);
    if (at !== null) return offset + at;
    if (window.length < WINDOW_BYTES + MAGIC.length) return null;
  }
}

/** Where in the window, which starts at `offset`, another capture begins. */
function* nextCaptureIn(start: SearchState, offset: number, window: Uint8Array): Search<number | null> {
  const buffer = Buffer.from(window.buffer, window.byteOffset, window.byteLength);
  for (let at = buffer.indexOf(MAGIC); at !== -1; at = buffer.indexOf(MAGIC, at + 1)) {
    if (start.wasted > start.limits.searchBytes) return null;
    if (yield* captureAt(start, offset + at)) return at;
  }
  return null;
}

function headerIn(window: Uint8Array, sync: Uint8Array): number | null {
  const buffer = Buffer.from(window.buffer, window.byteOffset, window.byteLength);
  for (let at = buffer.indexOf(sync); at !== -1; at = buffer.indexOf(sync, at + 1)) {
    if (parseFrameHeader(window.subarray(at), sync) !== null) {
      return at;
    }
  }
  return null;
}
