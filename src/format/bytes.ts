/** Little helpers for bytes that several parts of the format need. */

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** `prefix`: a few bytes, for which no call out of JavaScript is worth it. */
export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** The least multiple of 8 that is not below `length`. */
export function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** A sum of what a stranger's file says may be more than a u64 holds: then the most that it holds. */
export function atMostU64(value: bigint): bigint {
  return value > U64_MAX ? U64_MAX : value;
}

/** A u64 as a number, or null beyond 2^53 - 1: no offset or count of a real file is there. */
export function safeU64(view: DataView, offset: number): number | null {
  const value = view.getBigUint64(offset, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}
