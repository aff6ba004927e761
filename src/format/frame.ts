/**
 * The 40 bytes before every frame's body, and the body's checksum. Spec: "Frames".
 *
 * A frame is header, context, payload as stored, zeros up to a multiple of 8. Knows no frame's content.
 */
import { crc32 } from "../codec/crc32.js";
import { aligned, safeU64, startsWith, viewOf } from "./bytes.js";
import type { Limits } from "./limits.js";
import { FrameType } from "./types.js";

export const FRAME_HEADER_BYTES = 40;

/** The low byte: a reader that does not know a set bit does not know the frame. The high byte: may be ignored. */
export const FrameFlag = { CRITICAL: 1, ZSTD: 2 } as const;
const UNKNOWN_FLAGS = 0xff & ~(FrameFlag.CRITICAL | FrameFlag.ZSTD);

export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  /** 0 for the first frame of the file, then one more each. */
  readonly sequence: number;
  readonly contextBytes: number;
  /** The payload as it is in the file. */
  readonly storedBytes: number;
  /** The payload when decompressed. */
  readonly rawBytes: number;
  /** Of all that follows the header, the padding included. */
  readonly bodyCrc: number;
}

/** A frame and its place. */
export interface FrameEntry extends Omit<FrameHeader, "bodyCrc"> {
  readonly offset: number;
}

/** The frame whose header is at `offset`. */
export function entryAt(offset: number, header: FrameHeader): FrameEntry {
  const { type, flags, sequence, contextBytes, storedBytes, rawBytes } = header;
  return { type, flags, sequence, contextBytes, storedBytes, rawBytes, offset };
}

/** Bytes of the whole frame, header and padding included. */
export function frameBytes(header: { contextBytes: number; storedBytes: number }): number {
  return FRAME_HEADER_BYTES + aligned(header.contextBytes + header.storedBytes);
}

export interface FrameParts {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly context: Uint8Array;
  readonly stored: Uint8Array;
  readonly rawBytes: number;
}

export function encodeFrame(sync: Uint8Array, parts: FrameParts): Uint8Array {
  const contextBytes = parts.context.length;
  const storedBytes = parts.stored.length;
  const bytes = new Uint8Array(frameBytes({ contextBytes, storedBytes }));
  const view = viewOf(bytes);
  bytes.set(sync, 0);
  view.setUint16(8, parts.type, true);
  view.setUint16(10, parts.flags, true);
  view.setUint32(12, contextBytes, true);
  view.setBigUint64(16, BigInt(parts.sequence), true);
  view.setUint32(24, storedBytes, true);
  view.setUint32(28, parts.rawBytes, true);
  bytes.set(parts.context, FRAME_HEADER_BYTES);
  bytes.set(parts.stored, FRAME_HEADER_BYTES + contextBytes);
  view.setUint32(32, crc32(bytes.subarray(FRAME_HEADER_BYTES)), true);
  view.setUint32(36, crc32(bytes.subarray(0, 36)), true);
  return bytes;
}

/** null: these bytes are no frame header (too few, another marker, or a checksum that does not match). */
export function parseFrameHeader(bytes: Uint8Array, sync: Uint8Array): FrameHeader | null {
  if (bytes.length < FRAME_HEADER_BYTES || !startsWith(bytes, sync)) return null;
  const view = viewOf(bytes);
  if (crc32(bytes.subarray(0, 36)) !== view.getUint32(36, true)) return null;
  const sequence = safeU64(view, 16);
  if (sequence === null) return null;
  return {
    type: view.getUint16(8, true),
    flags: view.getUint16(10, true),
    contextBytes: view.getUint32(12, true),
    sequence,
    storedBytes: view.getUint32(24, true),
    rawBytes: view.getUint32(28, true),
    bodyCrc: view.getUint32(32, true),
  };
}

/** Whether `body` (all after the header, with padding) is what the header was written for. */
export function bodyMatches(header: FrameHeader, body: Uint8Array): boolean {
  return crc32(body) === header.bodyCrc;
}

/** What bounds the payload of each type; any other: `otherBytes`. */
const PAYLOAD_LIMITS: Readonly<Partial<Record<number, keyof Limits>>> = {
  [FrameType.HOST]: "metadataBytes",
  [FrameType.BTF]: "btfBytes",
  [FrameType.CLOCKS]: "metadataBytes",
  [FrameType.INVENTORY]: "inventoryBytes",
  [FrameType.CHUNK]: "chunkBytes",
  [FrameType.GAP]: "metadataBytes",
  [FrameType.SUMMARY]: "metadataBytes",
  [FrameType.ORIGIN]: "metadataBytes",
};

type Lengths = Pick<FrameHeader, "type" | "flags" | "contextBytes" | "storedBytes" | "rawBytes">;

/** What in a frame's lengths is beyond the limits, or null. Nothing of the body is read before this. */
export function excessOf(header: Lengths, limits: Limits): string | null {
  const most = limits[PAYLOAD_LIMITS[header.type] ?? "otherBytes"];
  if (header.contextBytes > limits.contextBytes) {
    return `context length ${header.contextBytes}, at most ${limits.contextBytes} allowed`;
  }
  if (header.storedBytes > most) return `stored length ${header.storedBytes}, at most ${most} allowed`;
  return header.rawBytes > most ? `raw length ${header.rawBytes}, at most ${most} allowed` : null;
}

/** What contradicts itself in a frame's header, or null. */
export function contradictionOf(header: Lengths): string | null {
  if ((header.flags & FrameFlag.ZSTD) === 0 && header.storedBytes !== header.rawBytes) {
    return `not compressed, but stored length ${header.storedBytes} and raw length ${header.rawBytes} differ`;
  }
  return null;
}

/** Whether this reader knows what the frame means. */
export function isKnown(header: { type: number; flags: number }): boolean {
  return (
    header.type >= FrameType.HOST && header.type <= FrameType.ORIGIN && (header.flags & UNKNOWN_FLAGS) === 0
  );
}

export function isCritical(header: { flags: number }): boolean {
  return (header.flags & FrameFlag.CRITICAL) !== 0;
}
