/**
 * zstd frames spelled by hand (RFC 8878), of raw and RLE blocks without a checksum: their bytes depend on no library,
 * and they may say what no compressor would.
 */
import { join, le } from "../format/support.js";

/** A block of these bytes, or of one byte so many times. At most 128 KiB. */
export type Block = Uint8Array | { readonly byte: number; readonly times: number };

function block(content: Block, isLast: boolean): Uint8Array {
  const isRaw = content instanceof Uint8Array;
  const size = isRaw ? content.length : content.times;
  const head = le((isLast ? 1 : 0) | (isRaw ? 0 : 2) | (size << 3), 4).slice(0, 3);
  return join(head, isRaw ? content : [content.byte]);
}

export interface ZstdFrame {
  readonly blocks: readonly Block[];
  /** Declared content size; null: none is declared. */
  readonly content: number | null;
  /** With the flag, and these four bytes, right or not. */
  readonly checksum?: readonly [number, number, number, number];
  readonly dictionary?: number;
}

export function zstdFrame({ blocks, content, checksum, dictionary }: ZstdFrame): Uint8Array {
  // Single segment with a content size of 4 bytes; without one a window of 128 KiB is declared instead.
  const flags = (content === null ? 0 : 0xa0) | (checksum ? 4 : 0) | (dictionary === undefined ? 0 : 3);
  return join(
    [0x28, 0xb5, 0x2f, 0xfd, flags],
    content === null ? [7 << 3] : [],
    dictionary === undefined ? [] : le(dictionary, 4),
    content === null ? [] : le(content, 4),
    ...blocks.map((one, i) => block(one, i === blocks.length - 1)),
    checksum ?? [],
  );
}

/** So many equal bytes, in as many blocks as it takes. */
export function runs(byte: number, length: number): Block[] {
  const blocks: Block[] = [];
  for (let left = length; left > 0; left -= 131_072) blocks.push({ byte, times: Math.min(left, 131_072) });
  return blocks;
}

/** The bytes as a frame of one raw block. */
export function stored(bytes: Uint8Array): Uint8Array {
  return zstdFrame({ blocks: [bytes], content: bytes.length });
}
