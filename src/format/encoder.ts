/**
 * Frames as bytes, in the order in which they are asked for. No I/O: whoever holds the file writes what is
 * returned. Remembers where each frame went, for the index.
 */
import { randomBytes } from "node:crypto";
import { encodeMsgpack } from "../codec/msgpack.js";
import { btfBody, clocksBody, gapBody, hostBody, originBody, summaryBody } from "./bodies.js";
import { concatBytes } from "./bytes.js";
import { encodeChunkContext } from "./chunk-context.js";
import { encodeFileHeader } from "./file-header.js";
import {
  encodeFrame,
  excessOf,
  FRAME_HEADER_BYTES,
  FrameFlag,
  type FrameHeader,
  frameBytes,
  parseFrameHeader,
} from "./frame.js";
import { indexWriter } from "./index-lines.js";
import { LIMITS, type Limits } from "./limits.js";
import { type PackedPayload, pack, packChunk, packInventory } from "./packed.js";
import type { Field } from "./schema.js";
import { encodeTrailer, TRAILER_BYTES } from "./trailer.js";
import {
  type BtfFrame,
  type ChunkBody,
  type ChunkContext,
  type ClockTriple,
  FrameType,
  type Gap,
  type HostInfo,
  type Inventory,
  type Origin,
  type Summary,
} from "./types.js";

export interface EncoderOptions {
  /** 16 random bytes: a UUID. */
  readonly captureId: Uint8Array;
  /** 8 bytes before every frame; random unless given. */
  readonly sync?: Uint8Array;
  /** false: nothing is compressed, so that the bytes depend on the values alone. */
  readonly compress?: boolean;
  /** What its readers will accept; LIMITS unless given. */
  readonly limits?: Limits;
  /** The file header of the capture that this one is made from, as it is. Its id and marker must be those above. */
  readonly header?: Uint8Array;
}

/** Each method returns the bytes to append to the file. They throw SchemaError or RangeError for values that no capture may hold. */
export interface Encoder {
  fileHeader(): Uint8Array;
  host(host: HostInfo): Uint8Array;
  btf(btf: BtfFrame): Uint8Array;
  clocks(clocks: readonly ClockTriple[]): Uint8Array;
  inventory(inventory: Inventory): Uint8Array;
  chunk(context: ChunkContext, body: ChunkBody): Uint8Array;
  /** The same of payloads that were packed before. */
  packedInventory(payload: PackedPayload): Uint8Array;
  packedChunk(context: ChunkContext, payload: PackedPayload): Uint8Array;
  gap(gap: Gap): Uint8Array;
  origin(origin: Origin): Uint8Array;
  /** A whole frame of a capture with the same marker, as it is. Its sequence must be that of the next frame. */
  verbatim(frame: Uint8Array): Uint8Array;
  /** A few frames more, and readers would not read on (limits.ts): the capture should end. */
  readonly isAtItsLimit: boolean;
  /** What of the limits is used up. */
  readonly used: Pick<Limits, "frames" | "contextsBytes">;
  /** Takes back the frame encoded last: it could not be written whole and the file was cut back to before it. */
  retract(): void;
  /** Index, summary and trailer. Nothing may be encoded after. */
  finish(summary: Summary): Uint8Array;
  /** What `finish` may need now, and before it a last CLOCKS and some GAP frames: the space to reserve. */
  finishBytesAtMost(): number;
}

/** msgpack bytes of an index line without its context: six keys, five integers, heads. */
const INDEX_LINE_BYTES = 96;
/** A map, six keys and their values; the index around the lines has three more. */
const INDEX_LINE_VALUES = 13;
/** A summary holds at most 32 events twice; `ended` is short. */
const SUMMARY_BYTES = 8 * 1024;
/** A last CLOCKS frame and a hundred GAP frames with their lines in the index. */
const LAST_FRAMES_BYTES = 32 * 1024;

export function createEncoder(options: EncoderOptions): Encoder {
  const sync = options.sync ?? randomBytes(8);
  const limits = options.limits ?? LIMITS;
  const compressed = options.compress !== false;
  const header = options.header ?? encodeFileHeader(options.captureId, sync);
  const lines = indexWriter();
  let end = header.length;
  let contextsBytes = 0;
  /** Of the frame encoded last: its bytes, and those of its context. */
  let last: { readonly bytes: number; readonly contextBytes: number } | null = null;
  let finished = false;

  function frame(type: number, critical: boolean, context: Uint8Array, payload: PackedPayload): Uint8Array {
    if (finished) throw new Error("the capture is finished, nothing can be encoded after it");
    const isClosing = type === FrameType.INDEX || type === FrameType.SUMMARY;
    if (!isClosing && lines.length >= limits.frames - CLOSING_FRAMES) {
      throw new RangeError(`a capture has at most ${limits.frames} frames: finish it and begin a new one`);
    }
    const { stored, rawBytes } = payload;
    const flags = (critical ? FrameFlag.CRITICAL : 0) | (stored.length < rawBytes ? FrameFlag.ZSTD : 0);
    const lengths = { type, flags, storedBytes: stored.length, rawBytes };
    const excess = excessOf({ ...lengths, contextBytes: context.length }, limits);
    if (excess !== null) throw new RangeError(`frame of type ${type}: ${excess}`);
    const bytes = encodeFrame(sync, { type, flags, sequence: lines.length, context, stored, rawBytes });
    add(bytes, lengths, context);
    return bytes;
  }

  function add(
    bytes: Uint8Array,
    lengths: Pick<FrameHeader, "type" | "flags" | "storedBytes" | "rawBytes">,
    context: Uint8Array,
  ): void {
    lines.add({ ...lengths, offset: end }, context);
    last = { bytes: bytes.length, contextBytes: context.length };
    end += bytes.length;
    contextsBytes += context.length;
  }

  function plain<T>(type: number, critical: boolean, field: Field<T>, value: T): Uint8Array {
    return frame(type, critical, NOTHING, pack(encodeMsgpack(field.encode(value, "")), compressed));
  }

  /** An index that no reader would accept is left out: it is only a cache. */
  function index(): Uint8Array | null {
    if (lines.length * INDEX_LINE_VALUES + 3 > limits.indexItems) return null;
    const payload = lines.payload();
    if (payload.length > limits.otherBytes) return null;
    return frame(FrameType.INDEX, false, NOTHING, pack(payload, compressed));
  }

  const packedInventory = (payload: PackedPayload) => frame(FrameType.INVENTORY, false, NOTHING, payload);
  const packedChunk = (context: ChunkContext, payload: PackedPayload) =>
    frame(FrameType.CHUNK, true, encodeChunkContext(context), payload);

  return {
    fileHeader: () => header,
    host: (host) => plain(FrameType.HOST, true, hostBody, host),
    btf: (btf) => plain(FrameType.BTF, true, btfBody, btf),
    clocks: (clocks) => plain(FrameType.CLOCKS, true, clocksBody, { clocks }),
    inventory: (inventory) => packedInventory(packInventory(inventory, compressed)),
    gap: (gap) => plain(FrameType.GAP, true, gapBody, gap),
    origin: (origin) => plain(FrameType.ORIGIN, false, originBody, origin),
    chunk: (context, body) => packedChunk(context, packChunk(body, compressed)),
    packedInventory,
    packedChunk,
    verbatim(bytes) {
      const found = parseFrameHeader(bytes, sync);
      if (found === null || frameBytes(found) !== bytes.length || found.sequence !== lines.length) {
        throw new RangeError(`these ${bytes.length} bytes are not frame ${lines.length} of the capture`);
      }
      const { type, flags, storedBytes, rawBytes } = found;
      const context = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + found.contextBytes);
      add(bytes, { type, flags, storedBytes, rawBytes }, context);
      return bytes;
    },
    get isAtItsLimit() {
      return (
        lines.length + LAST_FRAMES > limits.frames ||
        contextsBytes + limits.contextBytes > limits.contextsBytes
      );
    },
    get used() {
      return { frames: lines.length, contextsBytes };
    },
    retract() {
      if (last === null || finished) throw new Error("there is no frame to take back");
      lines.retract();
      end -= last.bytes;
      contextsBytes -= last.contextBytes;
      last = null;
    },
    finish(summary) {
      const indexOffset = end;
      const indexFrame = index();
      const summaryOffset = end;
      const summaryFrame = plain(FrameType.SUMMARY, false, summaryBody, summary);
      finished = true;
      const trailer = encodeTrailer(options.captureId, {
        indexOffset: indexFrame === null ? null : indexOffset,
        summaryOffset,
        fileBytes: end + TRAILER_BYTES,
      });
      return concatBytes([...(indexFrame === null ? [] : [indexFrame]), summaryFrame, trailer]);
    },
    finishBytesAtMost: () =>
      lines.length * INDEX_LINE_BYTES +
      contextsBytes +
      3 * FRAME_HEADER_BYTES +
      SUMMARY_BYTES +
      LAST_FRAMES_BYTES +
      TRAILER_BYTES,
  };
}

/** What may come after a capture has been told that it is at its limit: the last clocks, inventory and gaps. */
const LAST_FRAMES = 1024;
/** INDEX and SUMMARY: whatever else is full, a capture can be finished. */
const CLOSING_FRAMES = 2;

const NOTHING = new Uint8Array(0);
