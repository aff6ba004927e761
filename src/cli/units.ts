/**
 * Durations and sizes as users write them.
 */

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  "": 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Nanoseconds of "10", "2.5s", "250ms", "3min", "1h"; seconds without a unit. null: not a duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?\s*([a-zµ]*)$/.exec(text.trim());
  const unit = UNIT_NS[match?.[3] ?? "?"];
  if (match === null || unit === undefined) return null;
  const fraction = (match[2] ?? "").padEnd(9, "0");
  const ns = BigInt(match[1] ?? "0") * unit + (BigInt(fraction) * unit) / 1_000_000_000n;
  return ns <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ns) : null;
}

/** Bytes of "4096", "64K", "16M", "1GiB"; units are powers of 1024. null: not a size. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15})\s*([bkmg]?)(?:i?b)?$/i.exec(text.trim());
  const unit = UNIT_BYTES[(match?.[2] ?? "?").toLowerCase()];
  if (match === null || unit === undefined) return null;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : null;
}
