/** A growing set of small numbers, one bit each. */
export interface Bits {
  add(number: number): void;
  has(number: number): boolean;
}

export function bits(): Bits {
  let bytes = new Uint8Array(4096);
  return {
    add(number) {
      const at = number >>> 3;
      if (at >= bytes.length) {
        const larger = new Uint8Array(Math.max(at + 1, 2 * bytes.length));
        larger.set(bytes);
        bytes = larger;
      }
      bytes[at] = (bytes[at] ?? 0) | (1 << (number & 7));
    },
    has: (number) => ((bytes[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0,
  };
}
