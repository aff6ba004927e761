/** Lists in order of a number: where something belongs, and how much is below it. */

/** By number; infinite ones too. */
export function compareNumbers(one: number, other: number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** How many of these, in order, are below. */
export function countBelow(sorted: readonly number[], limit: number): number {
  return countWhile(sorted, (value) => value < limit);
}

/** So many are not above. */
export function countUpTo(sorted: readonly number[], limit: number): number {
  return countWhile(sorted, (value) => value <= limit);
}

/** How many from the first one on are in. */
function countWhile<T>(sorted: readonly T[], isIn: (value: T) => boolean, from = 0): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isIn(sorted[middle] as T)) low = middle + 1;
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

/** Values in order of a number, that come nearly in order and go nearly from the front: cheap however many there are. */
export interface OrderedList<T> extends Iterable<T> {
  readonly length: number;
  add(value: T): void;
  /** Nothing when it is not there. */
  remove(value: T): void;
  /** How many from the first one on are in. */
  countWhile(isIn: (value: T) => boolean): number;
}

const COMPACT_FROM = 1024;

export function orderedList<T>(orderOf: (one: T) => number): OrderedList<T> {
  let all: T[] = [];
  let head = 0;
  return {
    get length() {
      return all.length - head;
    },
    add(value) {
      insertInOrder(all, value, orderOf, head);
    },
    remove(value) {
      const at = all.indexOf(value, head);
      if (at < 0) return;
      // What is in front of it moves up: few values, since it is one of the first.
      all.copyWithin(head + 1, head, at);
      head++;
      if (head < COMPACT_FROM || head < all.length / 2) return;
      all = all.slice(head);
      head = 0;
    },
    countWhile(isIn) {
      return Math.max(countWhile(all, isIn, head) - head, 0);
    },
    *[Symbol.iterator]() {
      for (let at = head; at < all.length; at++) yield all[at] as T;
    },
  };
}
