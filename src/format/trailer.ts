/**
 * The last 56 bytes of a finished capture: where the index and the summary are. Spec: "Trailer".
 */
import { crc32 } from "../codec/crc32.js";
import { equalBytes, viewOf } from "./bytes.js";
import { MAGIC } from "./file-header.js";

export const TRAILER_BYTES = 56;
const END_MAGIC = MAGIC.slice().reverse();
const HAS_INDEX = 1;
const HAS_SUMMARY = 2;

export interface Trailer {
  /** Offset of the INDEX frame; null: the capture was finished without one. */
  readonly indexOffset: number | null;
  readonly summaryOffset: number | null;
  /** From the file's start to the trailer's end. */
  readonly fileBytes: number;
}

export function encodeTrailer(captureId: Uint8Array, trailer: Trailer): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = viewOf(bytes);
  bytes.set(captureId, 0);
  view.setBigUint64(16, BigInt(trailer.indexOffset ?? 0), true);
  view.setBigUint64(24, BigInt(trailer.summaryOffset ?? 0), true);
  view.setBigUint64(32, BigInt(trailer.fileBytes), true);
  const flags =
    (trailer.indexOffset === null ? 0 : HAS_INDEX) | (trailer.summaryOffset === null ? 0 : HAS_SUMMARY);
  view.setUint32(40, flags, true);
  view.setUint32(44, crc32(bytes.subarray(0, 44)), true);
  bytes.set(END_MAGIC, 48);
  return bytes;
}

/** null: these 56 bytes are not the trailer of this capture. */
export function parseTrailer(bytes: Uint8Array, captureId: Uint8Array): Trailer | null {
  if (bytes.length !== TRAILER_BYTES || !equalBytes(bytes.subarray(48), END_MAGIC)) return null;
  const view = viewOf(bytes);
  if (crc32(bytes.subarray(0, 44)) !== view.getUint32(44, true)) return null;
  if (!equalBytes(bytes.subarray(0, 16), captureId)) return null;
  const flags = view.getUint32(40, true);
  // Beyond 2^53 no longer exact, but no place in any file either.
  const at = (offset: number): number => Number(view.getBigUint64(offset, true));
  return {
    indexOffset: (flags & HAS_INDEX) === 0 ? null : at(16),
    summaryOffset: (flags & HAS_SUMMARY) === 0 ? null : at(24),
    fileBytes: at(32),
  };
}
