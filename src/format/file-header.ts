/**
 * The first 64 bytes: what the file is, which reader it needs, and the marker that starts every frame.
 * Spec: "File header".
 */
import { crc32 } from "../codec/crc32.js";
import { startsWith, viewOf } from "./bytes.js";
import type { Limits } from "./limits.js";
import { CaptureError } from "./problem.js";
import type { ByteSource } from "./source.js";

/** As in PNG: the high bit shows a 7-bit channel, CR LF and LF show line-end translation, ^Z ends `type`. */
export const MAGIC = Uint8Array.of(0x89, 0x4d, 0x54, 0x50, 0x0d, 0x0a, 0x1a, 0x0a);
export const FILE_HEADER_BYTES = 64;
export const MAJOR = 1;
export const MINOR = 3;
/** Incompatible feature bits that this reader knows: none exists yet. */
const KNOWN_INCOMPATIBLE = 0n;

export interface FileHeader {
  readonly major: number;
  readonly minor: number;
  readonly headerBytes: number;
  readonly compatible: bigint;
  readonly captureId: Uint8Array;
  readonly sync: Uint8Array;
}

export function encodeFileHeader(captureId: Uint8Array, sync: Uint8Array): Uint8Array {
  if (captureId.length !== 16) throw new RangeError(`captureId has ${captureId.length} bytes, not 16`);
  if (sync.length !== 8) throw new RangeError(`sync has ${sync.length} bytes, not 8`);
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC, 0);
  view.setUint16(8, MAJOR, true);
  view.setUint16(10, MINOR, true);
  view.setUint32(12, FILE_HEADER_BYTES, true);
  bytes.set(captureId, 32);
  bytes.set(sync, 48);
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true);
  return bytes;
}

/**
 * Whether a capture begins with these bytes (of which there should be `fileHeaderBytes`): magic and checksum, or a
 * major whose checksum may be elsewhere.
 */
export function isFileHeader(bytes: Uint8Array, limits: Limits): boolean {
  if (bytes.length < FILE_HEADER_BYTES || !startsWith(bytes, MAGIC)) return false;
  const view = viewOf(bytes);
  if (view.getUint16(8, true) > MAJOR) return true;
  const headerBytes = view.getUint32(12, true);
  if (headerBytes < FILE_HEADER_BYTES || headerBytes > limits.fileHeaderBytes || headerBytes % 8 !== 0)
    return false;
  if (headerBytes > bytes.length) return false;
  return crc32(bytes.subarray(0, headerBytes - 4)) === view.getUint32(headerBytes - 4, true);
}

/** @throws CaptureError when this is no capture, a damaged header, or one that a newer reader is needed for. */
export function readFileHeader(source: ByteSource, limits: Limits): FileHeader {
  const fixed = source.read(0, FILE_HEADER_BYTES);
  const { name } = source;
  if (fixed.length === 0) throw new CaptureError("empty_file", `${name}: the file is empty, not a capture`);
  if (!startsWith(fixed, MAGIC.subarray(0, fixed.length))) {
    throw new CaptureError(
      "not_a_capture",
      `${name}: not a msgtape capture (it starts ${hex(fixed)}, not ${hex(MAGIC)})`,
    );
  }
  if (fixed.length < FILE_HEADER_BYTES) {
    throw damaged(
      name,
      `the file ends after ${fixed.length} bytes, expected at least ${FILE_HEADER_BYTES}; nothing was recorded in it`,
    );
  }
  const view = viewOf(fixed);
  const major = view.getUint16(8, true);
  const headerBytes = view.getUint32(12, true);
  // The place of the CRC may be another in another major: so this is said first.
  if (major > MAJOR) {
    throw new CaptureError(
      "newer_major",
      `${name}: written in format ${major}.${view.getUint16(10, true)}, this msgtape reads up to ${MAJOR}.x: use a newer msgtape`,
      { offset: 8 },
    );
  }
  if (headerBytes < FILE_HEADER_BYTES || headerBytes > limits.fileHeaderBytes || headerBytes % 8 !== 0) {
    throw damaged(
      name,
      `header length ${headerBytes}, expected ${FILE_HEADER_BYTES} to ${limits.fileHeaderBytes} in steps of 8`,
    );
  }
  const whole = headerBytes === FILE_HEADER_BYTES ? fixed : source.read(0, headerBytes);
  if (whole.length < headerBytes) {
    throw damaged(name, `the file ends inside its header of ${headerBytes} bytes`);
  }
  const crc = viewOf(whole).getUint32(headerBytes - 4, true);
  if (crc32(whole.subarray(0, headerBytes - 4)) !== crc) throw damaged(name, "its checksum does not match");
  if (major !== MAJOR) {
    throw new CaptureError("not_a_capture", `${name}: format version ${major} was never used`, { offset: 8 });
  }
  const unknown = view.getBigUint64(16, true) & ~KNOWN_INCOMPATIBLE;
  if (unknown !== 0n) {
    throw new CaptureError(
      "unknown_feature",
      `${name}: needs feature bits 0x${unknown.toString(16)} that this msgtape does not know: use a newer msgtape`,
      { offset: 16 },
    );
  }
  return {
    major,
    minor: view.getUint16(10, true),
    headerBytes,
    compatible: view.getBigUint64(24, true),
    captureId: whole.slice(32, 48),
    sync: whole.slice(48, 56),
  };
}

/** As every command writes it, so that their answers can be joined by it. */
export function captureIdText(captureId: Uint8Array): string {
  const hex = Buffer.from(captureId).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function damaged(name: string, what: string): CaptureError {
  return new CaptureError("file_header_damaged", `${name}: the file header is damaged: ${what}`, {
    offset: 0,
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString("hex");
}
