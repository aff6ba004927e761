/** Moments at which a queue was seen empty, in order and bounded: forgetting the oldest only loses evidence. */

export interface Moments {
  add(atNs: number): void;
  /** The last one that is not after `atNs`; null: none is known. */
  lastUpTo(atNs: number): number | null;
  /** The first one that is not before `atNs`; null: none is known. */
  firstFrom(atNs: number): number | null;
}

const MOST = 4096;

export function moments(): Moments {
  let known: number[] = [];
  /** How many are not after this. */
  const countUpTo = (atNs: number): number => {
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((known[middle] ?? 0) <= atNs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add(atNs) {
      if (atNs >= (known.at(-1) ?? Number.NEGATIVE_INFINITY)) known.push(atNs);
      else known.splice(countUpTo(atNs), 0, atNs);
      if (known.length > 2 * MOST) known = known.slice(-MOST);
    },
    lastUpTo: (atNs) => known[countUpTo(atNs) - 1] ?? null,
    firstFrom(atNs) {
      let at = countUpTo(atNs);
      while (at > 0 && known[at - 1] === atNs) at--;
      return known[at] ?? null;
    },
  };
}
