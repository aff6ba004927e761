/**
 * A capture taken apart so that any piece can be changed, and put together again with right checksums, lengths and
 * offsets, unless a change asks for a lie. Reads sound captures only: the fuzzer's seeds.
 */
import { crc32 } from "node:zlib";
import { encodeMsgpack } from "../../src/codec/msgpack.js";
import { compress, decompress } from "../../src/codec/zstd.js";
import { indexBody } from "../../src/format/bodies.js";
import { FRAME_HEADER_BYTES, FrameFlag, frameBytes, parseFrameHeader } from "../../src/format/frame.js";
import { TRAILER_BYTES } from "../../src/format/trailer.js";
import { FrameType } from "../../src/format/types.js";

export interface ModelFrame {
  type: number;
  flags: number;
  sequence: number;
  context: Uint8Array;
  /** Decompressed. */
  payload: Uint8Array;
  /** As in the file; absent: what `payload` and `flags` make of it. */
  stored?: Uint8Array;
  /** Another marker than the capture's. */
  sync?: Uint8Array;
  /** What the header says against the truth. */
  lies: {
    contextBytes?: number;
    storedBytes?: number;
    rawBytes?: number;
    bodyCrc?: number;
    headerCrc?: number;
  };
}

export interface Model {
  /** The file header; its checksum is made new. */
  header: Uint8Array;
  headerCrcLie: boolean;
  /** All of them, INDEX and SUMMARY too. */
  frames: ModelFrame[];
  /** Sequences are made new, from 0. */
  renumber: boolean;
  /** The INDEX frame's payload is made new. */
  reindex: boolean;
  trailer: boolean;
  trailerLies: { index?: bigint; summary?: bigint; file?: bigint; flags?: number; crc?: number };
}

export function parseModel(bytes: Uint8Array): Model {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(12, true);
  const sync = bytes.slice(48, 56);
  const frames: ModelFrame[] = [];
  let at = headerBytes;
  for (let found = headerAt(bytes, at, sync); found !== null; found = headerAt(bytes, at, sync)) {
    const contextAt = at + FRAME_HEADER_BYTES;
    const storedAt = contextAt + found.contextBytes;
    const stored = bytes.slice(storedAt, storedAt + found.storedBytes);
    const isZstd = (found.flags & FrameFlag.ZSTD) !== 0;
    const { type, flags, sequence } = found;
    const payload = isZstd ? decompress(stored, found.rawBytes) : stored;
    frames.push({ type, flags, sequence, context: bytes.slice(contextAt, storedAt), payload, lies: {} });
    at += frameBytes(found);
  }
  return {
    header: bytes.slice(0, headerBytes),
    headerCrcLie: false,
    frames,
    renumber: true,
    reindex: true,
    trailer: bytes.length === at + TRAILER_BYTES,
    trailerLies: {},
  };
}

function headerAt(bytes: Uint8Array, at: number, sync: Uint8Array) {
  return parseFrameHeader(bytes.subarray(at, at + FRAME_HEADER_BYTES), sync);
}

export function copyModel(model: Model): Model {
  return {
    ...model,
    header: model.header.slice(),
    frames: model.frames.map(copyFrame),
    trailerLies: { ...model.trailerLies },
  };
}

export function copyFrame(frame: ModelFrame): ModelFrame {
  return {
    ...frame,
    context: frame.context.slice(),
    payload: frame.payload.slice(),
    lies: { ...frame.lies },
  };
}

export function buildModel(model: Model): Uint8Array {
  const parts: Uint8Array[] = [sealedHeader(model)];
  const sync = model.header.subarray(48, 56);
  const lines: {
    type: number;
    flags: number;
    offset: bigint;
    storedBytes: number;
    rawBytes: number;
    context: Uint8Array;
  }[] = [];
  let end = model.header.length;
  let index: number | null = null;
  let summary: number | null = null;
  for (const [i, frame] of model.frames.entries()) {
    if (frame.type === FrameType.INDEX) {
      index = end;
      if (model.reindex) frame.payload = encodeMsgpack(indexBody.encode({ frames: lines }, ""));
    }
    if (frame.type === FrameType.SUMMARY) summary = end;
    const sequence = model.renumber ? i : frame.sequence;
    const { bytes, storedBytes } = frameBytesOf(frame, sequence, sync);
    const { type, flags, context, payload } = frame;
    lines.push({ type, flags, offset: BigInt(end), storedBytes, rawBytes: payload.length, context });
    parts.push(bytes);
    end += bytes.length;
  }
  if (model.trailer) parts.push(trailerOf(model, index, summary, end + TRAILER_BYTES));
  return new Uint8Array(Buffer.concat(parts));
}

function sealedHeader(model: Model): Uint8Array {
  const header = model.header.slice();
  const view = new DataView(header.buffer);
  const crcAt = header.length - 4;
  view.setUint32(crcAt, crc32(header.subarray(0, crcAt)) ^ (model.headerCrcLie ? 1 : 0), true);
  return header;
}

function frameBytesOf(
  frame: ModelFrame,
  sequence: number,
  sync: Uint8Array,
): { bytes: Uint8Array; storedBytes: number } {
  const { context, payload, lies } = frame;
  const isZstd = (frame.flags & FrameFlag.ZSTD) !== 0;
  const stored = frame.stored ?? (isZstd ? compress(payload) : payload);
  const storedBytes = stored.length;
  const bytes = new Uint8Array(frameBytes({ contextBytes: context.length, storedBytes }));
  const view = new DataView(bytes.buffer);
  bytes.set(frame.sync ?? sync, 0);
  view.setUint16(8, frame.type, true);
  view.setUint16(10, frame.flags, true);
  view.setUint32(12, lies.contextBytes ?? context.length, true);
  view.setBigUint64(16, BigInt.asUintN(64, BigInt(sequence)), true);
  view.setUint32(24, lies.storedBytes ?? storedBytes, true);
  view.setUint32(28, lies.rawBytes ?? payload.length, true);
  bytes.set(context, FRAME_HEADER_BYTES);
  bytes.set(stored, FRAME_HEADER_BYTES + context.length);
  view.setUint32(32, lies.bodyCrc ?? crc32(bytes.subarray(FRAME_HEADER_BYTES)), true);
  view.setUint32(36, lies.headerCrc ?? crc32(bytes.subarray(0, 36)), true);
  return { bytes, storedBytes };
}

function trailerOf(
  model: Model,
  index: number | null,
  summary: number | null,
  fileBytes: number,
): Uint8Array {
  const { trailerLies: lies } = model;
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(model.header.subarray(32, 48), 0);
  view.setBigUint64(16, lies.index ?? BigInt(index ?? 0), true);
  view.setBigUint64(24, lies.summary ?? BigInt(summary ?? 0), true);
  view.setBigUint64(32, lies.file ?? BigInt(fileBytes), true);
  view.setUint32(40, lies.flags ?? (index === null ? 0 : 1) | (summary === null ? 0 : 2), true);
  view.setUint32(44, lies.crc ?? crc32(bytes.subarray(0, 44)), true);
  bytes.set(model.header.subarray(0, 8).toReversed(), 48);
  return bytes;
}
