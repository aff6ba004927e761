/** Numbers of records that wait for the verdict on their call. Bounded: what no call ever asks for is forgotten. */
import type { Bits } from "./bits.js";

export interface Pending {
  note(key: string, number: number): void;
  /** The call of this key has ended: its records are kept, or not. */
  settle(key: string, isKept: boolean): void;
  /** To be called at each chunk. Forgets what was noted some chunks ago, but for the keys that `isNeeded`. */
  age(isNeeded: (key: string) => boolean): void;
}

/** Keys that are needed, and may still be too many: those that came first go. */
const MOST = 1 << 20;
/** An exit whose last part is missing is given out two chunks later. */
const KEPT_AGES = 4;

export function pending(kept: Bits): Pending {
  const waiting = new Map<string, { readonly numbers: number[]; readonly age: number }>();
  let age = 0;
  return {
    note(key, number) {
      const known = waiting.get(key);
      if (known === undefined) waiting.set(key, { numbers: [number], age });
      else known.numbers.push(number);
    },
    settle(key, isKept) {
      if (isKept) for (const number of waiting.get(key)?.numbers ?? []) kept.add(number);
      waiting.delete(key);
    },
    age(isNeeded) {
      age++;
      for (const [key, { age: noted }] of waiting) {
        if (waiting.size > MOST || (noted < age - KEPT_AGES && !isNeeded(key))) waiting.delete(key);
      }
    },
  };
}
