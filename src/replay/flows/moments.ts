/** Moments at which a queue was seen empty, in order and bounded: forgetting the oldest only loses evidence. */
import type { Reading } from "./readings.js";

export interface Moments {
  add(reading: Reading): void;
  /**
   * The record's time of the last one that had been read by `atNs`, or began at one of `own`; null: none is known. The
   * entries of a send and a receive are read before these do anything, however late that is.
   */
  lastBy(atNs: number, own: readonly number[]): number | null;
  /** Was it surely empty at some moment between the two? */
  liesBetween(fromNs: number, toNs: number): boolean;
  /** The record's time of the first one that is not before `atNs`; null: none is known. */
  firstFrom(atNs: number): number | null;
}

const MOST = 4096;

export function moments(): Moments {
  let known: Reading[] = [];
  /** How many begin not after this. */
  const countUpTo = (atNs: number): number => {
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((known[middle]?.atNs ?? 0) <= atNs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const indexFrom = (atNs: number): number => {
    let at = countUpTo(atNs);
    while (at > 0 && known[at - 1]?.atNs === atNs) at--;
    return at;
  };
  return {
    add(reading) {
      if (reading.atNs >= (known.at(-1)?.atNs ?? Number.NEGATIVE_INFINITY)) known.push(reading);
      else known.splice(countUpTo(reading.atNs), 0, reading);
      if (known.length > 2 * MOST) known = known.slice(-MOST);
    },
    // Neither of the two looks far: of each cpu one reading at most is under way at a time.
    lastBy(atNs, own) {
      for (let at = countUpTo(atNs) - 1; at >= 0; at--) {
        const reading = known[at] as Reading;
        if (reading.readByNs <= atNs || own.includes(reading.atNs)) return reading.atNs;
      }
      return null;
    },
    liesBetween(fromNs, toNs) {
      for (let at = indexFrom(fromNs); at < known.length; at++) {
        const reading = known[at] as Reading;
        if (reading.atNs > toNs) return false;
        if (reading.readByNs <= toNs) return true;
      }
      return false;
    },
    firstFrom: (atNs) => known[indexFrom(atNs)]?.atNs ?? null,
  };
}
