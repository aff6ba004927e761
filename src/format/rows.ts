/**
 * Many values of one kind, each made when it is asked for, and not kept: as objects, the frames of a long recording would
 * take ten times the memory of what they are made from. What an array can, as far as readers ask for it.
 */
export type Rows<T> = Iterable<T> &
  Pick<
    readonly T[],
    "length" | "at" | "map" | "flatMap" | "filter" | "find" | "findLast" | "findIndex" | "reduce"
  >;

/** `make`: the value of a place from 0 to `length` - 1. */
export function lazyRows<T>(length: number, make: (place: number) => T): Rows<T> {
  function* all(): Generator<T> {
    for (let i = 0; i < length; i++) yield make(i);
  }
  const placeOf = (is: (value: T) => boolean) => {
    for (let i = 0; i < length; i++) if (is(make(i))) return i;
    return -1;
  };
  const at = (place: number) => {
    const i = place < 0 ? length + place : place;
    return i >= 0 && i < length ? make(i) : undefined;
  };
  // The signatures of an array's methods have more forms than are used.
  const methods = {
    map: <U>(change: (value: T, i: number) => U) => Array.from({ length }, (_, i) => change(make(i), i)),
    flatMap: <U>(change: (value: T) => U | readonly U[]) =>
      Array.from({ length }, (_, i) => change(make(i))).flat(),
    filter: (is: (value: T) => boolean) => {
      const found: T[] = [];
      for (const value of all()) if (is(value)) found.push(value);
      return found;
    },
    find: (is: (value: T) => boolean) => {
      const place = placeOf(is);
      return place < 0 ? undefined : make(place);
    },
    findLast: (is: (value: T) => boolean) => {
      for (let i = length - 1; i >= 0; i--) {
        const value = make(i);
        if (is(value)) return value;
      }
      return undefined;
    },
    findIndex: placeOf,
    reduce: <U>(add: (sum: U, value: T) => U, first: U) => {
      let sum = first;
      for (const value of all()) sum = add(sum, value);
      return sum;
    },
  };
  return { length, at, [Symbol.iterator]: all, ...methods } as unknown as Rows<T>;
}

/** One behind the other. */
export function joinedRows<T>(all: readonly Rows<T>[]): Rows<T> {
  const starts: number[] = [];
  let length = 0;
  for (const rows of all) {
    starts.push(length);
    length += rows.length;
  }
  /** The last that begins at a place or before it. */
  const holderOf = (place: number) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] as number) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return lazyRows(length, (place) => {
    const holder = holderOf(place);
    return all[holder]?.at(place - (starts[holder] as number)) as T;
  });
}
