/** Chance from a seed: the same seed and number give the same input on every machine. */

export interface Random {
  /** 0 to `below` - 1. */
  int(below: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<T>(values: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** The `number`th stream of `seed`. */
export function randomOf(seed: number, number: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (below: number) => (below <= 1 ? 0 : next() % below);
  return {
    int,
    oneIn: (times) => int(times) === 0,
    pick: <T>(values: readonly T[]): T => {
      if (values.length === 0) throw new RangeError("nothing to pick from");
      return values[int(values.length)] as T;
    },
    bytes: (length) => Uint8Array.from({ length }, () => int(256)),
  };
}

/** Where programs go wrong: signs, widths, 2^53, what looks like a length. */
const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 15n, 16n, 64n, 255n, 256n, 4095n, 4096n, 65_535n, 65_536n],
  ...[0x7fffffffn, 0x80000000n, 0xfffffffen, 0xffffffffn, 0x100000000n],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
  ...[8_640_000_000_000_000_000n, 16n * 1024n * 1024n, 64n * 1024n * 1024n],
];

export function oddNumber(random: Random): bigint {
  if (random.oneIn(4)) return BigInt(random.int(256));
  if (random.oneIn(4)) return (BigInt(random.int(0x100000000)) << 32n) | BigInt(random.int(0x100000000));
  return random.pick(NUMBERS);
}

/** What must not reach a terminal, and what programs take for something else. */
const TEXTS: readonly string[] = [
  "",
  "\u001b[31mred\u001b[0m\u0007",
  "\u001b]0;title\u0007\r\n",
  "\u009b2J\u0085\u0090",
  "\u202eabc\u2066x\u2069\u200b\u200d\ufeff",
  "a\nb\r\nc\td\u000b\u000c\u2028\u2029",
  "\u0000",
  "\\x1b\\",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "../../etc/passwd",
  "%s%n",
  "\u{e0001}\u{e0041}\u{10ffff}\ufffe",
  "\u00ad\u034f\u061c\u115f\u3164",
  "-1",
  "NaN",
  "1e309",
  "18446744073709551616",
];

export function oddText(random: Random): string {
  if (random.oneIn(8)) return random.pick(TEXTS).repeat(1 + random.int(2000));
  return random.pick(TEXTS);
}
