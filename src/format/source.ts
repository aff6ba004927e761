/** Where a capture's bytes come from. The format reads through this only and does no I/O itself. */
export interface ByteSource {
  /** For messages: the path as the user gave it. */
  readonly name: string;
  /** null: not known before its end was reached. */
  readonly sizeBytes: number | null;
  /** `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Uint8Array;
}

/** A source over bytes in memory. */
export function memorySource(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: (offset, length) =>
      bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length)),
  };
}
