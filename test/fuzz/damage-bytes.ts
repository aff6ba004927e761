/** What happens to files by themselves: bits flip, stretches go, come twice, are cut off. Checksums are left as they were. */
import type { Random } from "./random.js";

export interface ByteDamage {
  readonly name: string;
  /** `place`: gives where, at random. */
  apply(bytes: Uint8Array, random: Random, place: () => number): Uint8Array;
}

export const BYTE_DAMAGE: readonly ByteDamage[] = [
  {
    name: "flip a bit",
    apply: (bytes, random, place) => {
      const at = place();
      return replaced(bytes, at, [(bytes[at] ?? 0) ^ (1 << random.int(8))]);
    },
  },
  {
    name: "set a byte",
    apply: (bytes, random, place) => replaced(bytes, place(), [random.int(256)]),
  },
  {
    name: "noise",
    apply: (bytes, random, place) => replaced(bytes, place(), random.bytes(1 + random.int(64))),
  },
  {
    name: "zeros",
    apply: (bytes, random, place) => replaced(bytes, place(), new Uint8Array(1 + random.int(4096))),
  },
  { name: "cut off", apply: (bytes, _random, place) => bytes.slice(0, place()) },
  {
    name: "cut off near the end",
    apply: (bytes, random) => bytes.slice(0, bytes.length - 1 - random.int(Math.min(bytes.length, 300))),
  },
  {
    name: "cut out",
    apply: (bytes, random, place) => {
      const [from, to] = stretch(bytes, random, place());
      return joined(bytes.subarray(0, from), bytes.subarray(to));
    },
  },
  {
    name: "bytes put in",
    apply: (bytes, random, place) => {
      const at = place();
      return joined(bytes.subarray(0, at), random.bytes(1 + random.int(64)), bytes.subarray(at));
    },
  },
  {
    name: "repeat",
    apply: (bytes, random, place) => {
      const [from, to] = stretch(bytes, random, place());
      return joined(bytes.subarray(0, to), bytes.subarray(from));
    },
  },
  {
    name: "swap",
    apply: (bytes, random, place) => {
      const [from, to] = stretch(bytes, random, place());
      const middle = from + random.int(to - from);
      return joined(
        bytes.subarray(0, from),
        bytes.subarray(middle, to),
        bytes.subarray(from, middle),
        bytes.subarray(to),
      );
    },
  },
  { name: "bytes behind", apply: (bytes, random) => joined(bytes, random.bytes(1 + random.int(100))) },
  {
    name: "lines ended otherwise",
    apply: (bytes) => bytes.filter((byte) => byte !== 0x0d),
  },
];

function stretch(bytes: Uint8Array, random: Random, from: number): [number, number] {
  const most = random.oneIn(3) ? bytes.length : 64;
  return [from, Math.min(bytes.length, from + 1 + random.int(most))];
}

function replaced(bytes: Uint8Array, at: number, by: ArrayLike<number>): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < by.length && at + i < copy.length; i++) copy[at + i] = by[i] ?? 0;
  return copy;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
