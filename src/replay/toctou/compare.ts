/**
 * Copies of the same memory at different times, compared byte by byte: the one taken at entry, the one that the kernel
 * made, the one taken at exit. Bytes that a copy does not have are unknown and never equal. Knows no event.
 */

/** From this byte up to, not including, that one. */
export type Range = readonly [fromBytes: number, toBytes: number];

/** These ranges (null: all of `wantedBytes`) without those bytes. `covered` in order of their beginnings. */
export function without(
  ranges: readonly Range[] | null,
  wantedBytes: number,
  covered: readonly Range[],
): readonly Range[] | null {
  if (covered.length === 0) return ranges;
  return (ranges ?? [[0, wantedBytes] as const]).flatMap(([from, to]) => {
    const left: Range[] = [];
    let at = from;
    for (const [start, end] of covered) {
      if (start > at) left.push([at, Math.min(start, to)]);
      at = Math.max(at, end);
      if (at >= to) break;
    }
    if (at < to) left.push([at, to]);
    return left.filter(([one, other]) => one < other);
  });
}

/** Bytes that begin `atBytes` behind the start of the memory that is judged. */
export interface Copy {
  readonly bytes: Uint8Array;
  readonly atBytes: number;
}

export interface Copies {
  /** Bytes that there are to know. */
  readonly wantedBytes: number;
  /** Those that count; null: all. */
  readonly ranges: readonly Range[] | null;
  readonly entry: Copy | null;
  readonly kernel: Copy | null;
  readonly exit: Copy | null;
}

export type KernelUsed = "before" | "after" | "mixed" | "unknown";

export type Judged =
  | { readonly verdict: "same" | "unknown" }
  | { readonly verdict: "changed"; readonly firstDiffBytes: number; readonly kernelUsed: KernelUsed };

/** `same` needs the entry's and the exit's copy to be whole; a kernel's copy that is there must agree with both. */
export function judge(copies: Copies): Judged {
  const { entry, kernel, exit } = copies;
  const pairs: readonly (readonly [Copy | null, Copy | null])[] = [
    [entry, exit],
    [entry, kernel],
    [kernel, exit],
  ];
  let first = Number.POSITIVE_INFINITY;
  for (const [one, other] of pairs) {
    if (one !== null && other !== null) first = Math.min(first, firstDifference(copies, one, other));
  }
  if (first !== Number.POSITIVE_INFINITY) {
    return { verdict: "changed", firstDiffBytes: first, kernelUsed: kernelUsed(copies) };
  }
  return { verdict: isWhole(copies, entry) && isWhole(copies, exit) ? "same" : "unknown" };
}

/**
 * Which value the kernel had, as far as its copy tells: the one at entry (`before`), the one at exit (`after`), or
 * neither as a whole (`mixed`). Where one end is not known, a copy that differs from the other end tells that the
 * change came after it, or before it.
 */
export function kernelUsed(copies: Copies): KernelUsed {
  const { entry, kernel, exit } = copies;
  if (kernel === null) return "unknown";
  if (entry === null || exit === null) {
    if (exit !== null && firstDifference(copies, kernel, exit) < Number.POSITIVE_INFINITY) return "before";
    return entry !== null && firstDifference(copies, entry, kernel) < Number.POSITIVE_INFINITY
      ? "after"
      : "unknown";
  }
  let isEntry = true;
  let isExit = true;
  let differs = false;
  for (const at of places(copies)) {
    const before = byteAt(entry, at);
    const after = byteAt(exit, at);
    if (before === null || after === null) continue;
    const used = byteAt(kernel, at);
    if (before !== after) differs = true;
    if (used === null) {
      if (before !== after) return "unknown";
      continue;
    }
    if (used !== before) isEntry = false;
    if (used !== after) isExit = false;
  }
  if (!differs) return isEntry ? "unknown" : "mixed";
  return isEntry ? "before" : isExit ? "after" : "mixed";
}

/** Offset of the first byte that both copies have and that differs; infinite: none. */
export function firstDifference(
  copies: Pick<Copies, "ranges" | "wantedBytes">,
  one: Copy,
  other: Copy,
): number {
  for (const [from, to] of copies.ranges ?? [[0, copies.wantedBytes] as const]) {
    const start = Math.max(from, one.atBytes, other.atBytes);
    const end = Math.min(to, one.atBytes + one.bytes.length, other.atBytes + other.bytes.length);
    for (let at = start; at < end; at++) {
      if (one.bytes[at - one.atBytes] !== other.bytes[at - other.atBytes]) return at;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function isWhole({ wantedBytes, ranges }: Copies, copy: Copy | null): boolean {
  if (copy === null) return false;
  return (ranges ?? [[0, wantedBytes] as const]).every(
    ([from, to]) => copy.atBytes <= from && copy.atBytes + copy.bytes.length >= to,
  );
}

function* places({ wantedBytes, ranges, entry, exit }: Copies): Generator<number> {
  const known = Math.min(wantedBytes, Math.max(entry?.bytes.length ?? 0, exit?.bytes.length ?? 0));
  for (const [from, to] of ranges ?? [[0, known] as const]) {
    for (let at = from; at < Math.min(to, known); at++) yield at;
  }
}

function byteAt({ bytes, atBytes }: Copy, at: number): number | null {
  return bytes[at - atBytes] ?? null;
}
