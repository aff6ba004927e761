/** Stretches of time that may overlap each other, and whether any of them meets another: in the time of a search. */

export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface SpanTable {
  /** Does one of them have a moment of `[fromNs, toNs]`? */
  meets(fromNs: number, toNs: number): boolean;
  /** The last end of all; -Infinity when there are none. */
  readonly lastNs: number;
}

export function spanTable(spans: readonly Span[]): SpanTable {
  const ordered = [...spans].sort((one, other) => one.fromNs - other.fromNs || 0);
  const starts = Float64Array.from(ordered, ({ fromNs }) => fromNs);
  // The last end of all that begin no later: if it is before the stretch asked for, so are all of theirs.
  const ends = new Float64Array(ordered.length);
  let lastNs = Number.NEGATIVE_INFINITY;
  for (const [i, { toNs }] of ordered.entries()) {
    if (toNs > lastNs) lastNs = toNs;
    ends[i] = lastNs;
  }
  return {
    lastNs,
    meets(fromNs, toNs) {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((starts[middle] ?? 0) <= toNs) low = middle + 1;
        else high = middle;
      }
      return low > 0 && (ends[low - 1] ?? 0) >= fromNs;
    },
  };
}
