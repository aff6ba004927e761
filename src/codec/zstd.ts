/**
 * One-shot zstd, in both directions: one frame with content size and checksum, nothing before or after it.
 *
 * Refuses streaming, dictionaries, skippable frames, and frames that do not say how long their content is.
 * Goes through zstd-napi's binding: its `decompress()` allocates whatever size a frame declares, and returns
 * part of a truncated frame without an error, leaving the shared context broken for the next caller.
 */
import zstd from "zstd-napi/binding.js";
import { CodecError } from "./error.js";

const { CCtx, CParameter, compressBound, DCtx, findFrameCompressedSize, getFrameContentSize } = zstd;
type Compressor = InstanceType<typeof CCtx>;

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
/** Level 1: the recorder compresses on the thread that also drains; higher levels gain little on records. */
const DEFAULT_LEVEL = 1;

const compressors = new Map<number, Compressor>();
let decompressor: InstanceType<typeof DCtx> | null = null;

function compressorOf(level: number): Compressor {
  const known = compressors.get(level);
  if (known) return known;
  const context = new CCtx();
  context.setParameter(CParameter.compressionLevel, level);
  context.setParameter(CParameter.contentSizeFlag, 1);
  context.setParameter(CParameter.checksumFlag, 1);
  compressors.set(level, context);
  return context;
}

/** One zstd frame holding `bytes`, with content size and checksum. */
export function compress(bytes: Uint8Array, level: number = DEFAULT_LEVEL): Uint8Array {
  const room = new Uint8Array(compressBound(bytes.length));
  const used = compressorOf(level).compress2(room, bytes);
  return room.subarray(0, used);
}

/**
 * The content of the one zstd frame that `stored` is. Allocates exactly `rawBytes`, which the caller has held
 * against its limits.
 *
 * @throws CodecError when `stored` is not one whole frame of exactly `rawBytes`.
 */
export function decompress(stored: Uint8Array, rawBytes: number): Uint8Array {
  if (!MAGIC.every((byte, i) => stored[i] === byte)) throw new CodecError("zstd", "no zstd frame");
  const frameBytes = guarded(() => findFrameCompressedSize(stored));
  if (frameBytes !== stored.length) {
    throw new CodecError("zstd", `the zstd frame has ${frameBytes} bytes, ${stored.length} are stored`);
  }
  const contentBytes = guarded(() => getFrameContentSize(stored));
  if (contentBytes !== rawBytes) {
    throw new CodecError("zstd", `the zstd frame declares ${contentBytes} bytes, its header ${rawBytes}`);
  }
  const raw = new Uint8Array(rawBytes);
  const got = guarded(() => {
    decompressor ??= new DCtx();
    return decompressor.decompress(raw, stored);
  });
  if (got !== rawBytes) throw new CodecError("zstd", `${got} bytes came out of zstd, expected ${rawBytes}`);
  return raw;
}

/** A context that has thrown may throw again at its next, innocent, use: it is not used any more. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    decompressor = null;
    throw new CodecError("zstd", `zstd: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
