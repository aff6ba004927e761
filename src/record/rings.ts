/**
 * How large the kernel's rings are: each cpu has its own, out of one amount of memory that the user names.
 */
import { errorCode } from "./errors.js";

/**
 * 300 000 records/s of some 250 bytes from one core fill 75 MB/s: 16 MiB bridge a pause of 0.2 s, the batches behind
 * it another 0.1 s. The rings count in the recorder's resident memory, so a few cpus do not get more.
 */
const DEFAULT_BYTES = 32 << 20;
const DEFAULT_LEAST_BYTES = 1 << 20;
const DEFAULT_MOST_BYTES = 16 << 20;
/** What the programs' side takes (native/load.c). */
export const LEAST_RING_BYTES = 4096;
const MOST_BYTES = 2 ** 30;
/** A kernel that refuses rings of this size lacks more than a smaller one would help. */
const RETRY_LEAST_BYTES = 256 << 10;
/** The kernel and the libc plane write less than the calls do: a ring of their own, besides the others. */
const PLANES_SHARE = 8;
const PLANES_MOST_BYTES = 2 ** 28;

/** Bytes of each cpu's ring, a power of two, out of `bufferBytes` for all; null: by default. */
export function ringBytesOf(bufferBytes: number | null, cpus: number): number {
  const share = powerOfTwo((bufferBytes ?? DEFAULT_BYTES) / cpus);
  return bufferBytes === null
    ? clamp(share, DEFAULT_LEAST_BYTES, DEFAULT_MOST_BYTES)
    : clamp(share, LEAST_RING_BYTES, MOST_BYTES);
}

/** Bytes of the planes' one ring, a power of two. */
export function planesBytesOf(bufferBytes: number | null): number {
  return clamp(
    powerOfTwo((bufferBytes ?? DEFAULT_BYTES) / PLANES_SHARE),
    LEAST_RING_BYTES,
    PLANES_MOST_BYTES,
  );
}

/**
 * Opens with rings of `ringBytes`, or with the half, a quarter and so on where the kernel refuses them. `open` then
 * throws with the code ENOSPC; what else it throws, and the last refusal, is thrown on.
 */
export function openWithRings<T>(open: (ringBytes: number) => T, ringBytes: number): T {
  for (let bytes = ringBytes; ; bytes /= 2) {
    try {
      return open(bytes);
    } catch (error) {
      if (errorCode(error) !== "ENOSPC" || bytes / 2 < RETRY_LEAST_BYTES) throw error;
    }
  }
}

/** The largest that is no larger; 0 below 1. */
function powerOfTwo(bytes: number): number {
  return bytes < 1 ? 0 : 2 ** Math.floor(Math.log2(bytes));
}

function clamp(bytes: number, least: number, most: number): number {
  return Math.min(Math.max(bytes, least), most);
}
