/**
 * Durations in log-linear buckets: 128 to each power of two, so a percentile is within 0.4 % of the truth; count,
 * sum, least and greatest are exact. Own code because a group costs 1 KiB for each power of two that occurs in it,
 * where general libraries allocate their whole range, and there can be a group for each queue of a host.
 */

const SUB_BITS = 7;
const SUB_COUNT = 2 ** SUB_BITS;
/** Rows of the printed histogram for each power of two. */
const ROWS_BITS = 2;
/** A sum below this grows exactly by any duration. */
const SUM_LIMIT = 2 ** 52;

export interface Histogram {
  count: number;
  minNs: number;
  maxNs: number;
  /** Sum of the durations is `sumBefore + sumNs`. */
  sumNs: number;
  sumBefore: bigint;
  /** [0]: durations below 128 ns, one bucket each. [n]: from 2^(n+6) on, 128 buckets of equal width. */
  readonly octaves: (Float64Array | undefined)[];
}

export function newHistogram(): Histogram {
  return { count: 0, minNs: Number.POSITIVE_INFINITY, maxNs: -1, sumNs: 0, sumBefore: 0n, octaves: [] };
}

/** Counts a duration: a whole number of ns from 0 to 2^53. */
export function addDuration(histogram: Histogram, durationNs: number): void {
  histogram.count++;
  if (durationNs < histogram.minNs) histogram.minNs = durationNs;
  if (durationNs > histogram.maxNs) histogram.maxNs = durationNs;
  histogram.sumNs += durationNs;
  if (histogram.sumNs >= SUM_LIMIT) {
    histogram.sumBefore += BigInt(histogram.sumNs);
    histogram.sumNs = 0;
  }
  let octave = 0;
  let sub = durationNs;
  if (durationNs >= SUB_COUNT) {
    // Bit operations see 32 bits only: a long duration is judged by its upper part.
    const shifted = durationNs < 0x80000000 ? 0 : 22;
    const upper = shifted === 0 ? durationNs : Math.floor(durationNs / 0x400000);
    const exponent = 31 - Math.clz32(upper);
    octave = exponent + shifted - SUB_BITS + 1;
    sub = (upper >>> (exponent - SUB_BITS)) & (SUB_COUNT - 1);
  }
  let buckets = histogram.octaves[octave];
  if (buckets === undefined) {
    buckets = new Float64Array(SUB_COUNT);
    while (histogram.octaves.length < octave) histogram.octaves.push(undefined);
    histogram.octaves[octave] = buckets;
  }
  buckets[sub] = (buckets[sub] ?? 0) + 1;
}

/** Exact up to the rounding of the division; null of nothing. */
export function meanNs(histogram: Histogram): number | null {
  if (histogram.count === 0) return null;
  if (histogram.sumBefore === 0n) return histogram.sumNs / histogram.count;
  const sum = histogram.sumBefore + BigInt(histogram.sumNs);
  const count = BigInt(histogram.count);
  return Number(sum / count) + Number(sum % count) / histogram.count;
}

/**
 * Of the durations in order, the one of which `quantile` (0..1) are not greater, by nearest rank: the middle of its
 * bucket, never outside the least and the greatest. null of nothing.
 */
export function quantileNs(histogram: Histogram, quantile: number): number | null {
  if (histogram.count === 0) return null;
  const rank = Math.max(1, Math.ceil(quantile * histogram.count));
  let seen = 0;
  for (const [low, high, count] of buckets(histogram, SUB_BITS)) {
    seen += count;
    if (seen < rank) continue;
    const middle = Math.floor((low + high - 1) / 2);
    return Math.min(Math.max(middle, histogram.minNs), histogram.maxNs);
  }
  return histogram.maxNs;
}

/** Rows for people: `[low, high, count]`, durations from low up to but not high; four to each power of two, no empty ones. */
export function histogramRows(histogram: Histogram): [number, number, number][] {
  return [...buckets(histogram, ROWS_BITS)];
}

/** Buckets that are not empty, in order, with `2^bits` to each power of two. */
function* buckets(histogram: Histogram, bits: number): Generator<[number, number, number]> {
  let row: [number, number, number] | null = null;
  for (const [octave, counts] of histogram.octaves.entries()) {
    for (let sub = 0; sub < (counts?.length ?? 0); sub++) {
      const count = counts?.[sub] ?? 0;
      if (count === 0) continue;
      const low = octave === 0 ? sub : (SUB_COUNT + sub) * 2 ** (octave - 1);
      const [from, to] = bucketAround(low, bits);
      if (row !== null && row[0] === from) row[2] += count;
      else {
        if (row !== null) yield row;
        row = [from, to, count];
      }
    }
  }
  if (row !== null) yield row;
}

function bucketAround(value: number, bits: number): [number, number] {
  if (value < 2 ** bits) return [value, value + 1];
  const width = 2 ** (Math.floor(Math.log2(value)) - bits);
  const low = Math.floor(value / width) * width;
  return [low, low + width];
}
