/**
 * A damaged file header, made anew from what the rest of the file says: the marker of the frame that comes first, whose own
 * checksum proves it, and the capture id in the trailer. Refuses to guess: without that frame nothing is mended.
 */
import { randomBytes } from "node:crypto";
import { encodeFileHeader, FILE_HEADER_BYTES } from "../format/file-header.js";
import { FRAME_HEADER_BYTES, parseFrameHeader } from "../format/frame.js";
import type { ByteSource } from "../format/source.js";
import { parseTrailer, TRAILER_BYTES } from "../format/trailer.js";

export interface Mended {
  readonly source: ByteSource;
  /** null: no trailer tells it, and the id is a new one. */
  readonly captureId: Uint8Array | null;
}

const SYNC_BYTES = 8;

/** null: no frame stands where the first one should. Headers longer than this version's are not mended. */
export function mendedHeader(source: ByteSource): Mended | null {
  const first = source.read(FILE_HEADER_BYTES, FRAME_HEADER_BYTES);
  if (first.length < FRAME_HEADER_BYTES) return null;
  const sync = first.slice(0, SYNC_BYTES);
  if (parseFrameHeader(first, sync)?.sequence !== 0) return null;
  const captureId = idInTrailer(source);
  const header = encodeFileHeader(captureId ?? randomBytes(16), sync);
  return {
    captureId,
    source: {
      name: source.name,
      sizeBytes: source.sizeBytes,
      read(offset, length) {
        const bytes = source.read(offset, length);
        if (offset >= header.length || bytes.length === 0) return bytes;
        const mended = bytes.slice();
        mended.set(header.subarray(offset, offset + bytes.length));
        return mended;
      },
    },
  };
}

function idInTrailer(source: ByteSource): Uint8Array | null {
  const at = (source.sizeBytes ?? 0) - TRAILER_BYTES;
  if (at < FILE_HEADER_BYTES) return null;
  const bytes = source.read(at, TRAILER_BYTES);
  const id = bytes.slice(0, 16);
  const trailer = parseTrailer(bytes, id);
  // Of a capture that is joined behind, the trailer tells another length.
  return trailer !== null && trailer.fileBytes === source.sizeBytes ? id : null;
}
