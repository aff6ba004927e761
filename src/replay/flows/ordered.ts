/** Lists in order of a number: where something belongs, and how much is below it. */
import { compareNumbers } from "./evidence.js";

/** How many of these, in order, are below. */
export function countBelow(sorted: readonly number[], limit: number): number {
  return countWhile(sorted, (value) => value < limit);
}

/** So many are not above. */
export function countUpTo(sorted: readonly number[], limit: number): number {
  return countWhile(sorted, (value) => value <= limit);
}

function countWhile(sorted: readonly number[], isIn: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isIn(sorted[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Values come nearly in order. `least`: it belongs behind so many in any case. */
export function insertInOrder<T>(list: T[], value: T, orderOf: (one: T) => number, least = 0): void {
  const order = orderOf(value);
  let at = list.length;
  while (at > least && compareNumbers(orderOf(list[at - 1] as T), order) > 0) at--;
  list.splice(at, 0, value);
}
