/**
 * Bytes kept in memory, never more than asked for: in blocks that are used again, so that the bound holds whenever the
 * garbage collector comes.
 */

/** Bytes that are kept, until they are freed. */
export interface Kept {
  readonly lengthBytes: number;
  readonly blocks: readonly number[];
}

const BLOCK_BYTES = 8 << 10;
/** Memory is taken from the system by the slab, when it is needed. */
const SLAB_BYTES = 8 << 20;
const SLAB_BLOCKS = SLAB_BYTES / BLOCK_BYTES;

export class BlockStore {
  readonly #blocksMax: number;
  readonly #slabs: Uint8Array[] = [];
  readonly #free: number[] = [];
  #made = 0;

  constructor(limitBytes: number) {
    this.#blocksMax = Math.floor(limitBytes / BLOCK_BYTES);
  }

  /** In whole blocks. */
  get usedBytes(): number {
    return (this.#made - this.#free.length) * BLOCK_BYTES;
  }

  /** null: there is no room. */
  put(bytes: Uint8Array): Kept | null {
    const count = Math.ceil(bytes.length / BLOCK_BYTES);
    if (count > this.#free.length + this.#blocksMax - this.#made) return null;
    const blocks: number[] = [];
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const block = this.#free.pop() ?? this.#made++;
      this.#place(block).set(bytes.subarray(at, at + BLOCK_BYTES));
      blocks.push(block);
    }
    return { lengthBytes: bytes.length, blocks };
  }

  /** A copy. */
  get({ lengthBytes, blocks }: Kept): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    blocks.forEach((block, i) => {
      const at = i * BLOCK_BYTES;
      bytes.set(this.#place(block).subarray(0, Math.min(BLOCK_BYTES, lengthBytes - at)), at);
    });
    return bytes;
  }

  /** Once. */
  free({ blocks }: Kept): void {
    this.#free.push(...blocks);
  }

  #place(block: number): Uint8Array {
    const index = Math.floor(block / SLAB_BLOCKS);
    while (this.#slabs.length <= index) this.#slabs.push(new Uint8Array(SLAB_BYTES));
    const at = (block % SLAB_BLOCKS) * BLOCK_BYTES;
    return this.#slabs[index]?.subarray(at, at + BLOCK_BYTES) ?? new Uint8Array(0);
  }
}
