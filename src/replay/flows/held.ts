/** Receives of one queue that wait for the calls beside them to end, in order of exit. */
import { compareNumbers } from "../ordered.js";
import type { Received } from "./types.js";

export interface HeldReceives {
  readonly count: number;
  add(received: Received): void;
  /** The one that ended first; by then, where a time is given. */
  take(beforeNs?: number): Received | undefined;
  /** Is there one with this evidence? */
  hasKey(key: string | null): boolean;
  /** When those with this evidence began, in order; `null`: those with too little of it to tell. */
  keyedSince(key: string | null): readonly number[];
  /** Is there one beside this one that may have got what this one got, and has not the evidence to tell? */
  hasOddBeside(received: Received): boolean;
  /** How many were under way when this one ended, and may have got what it may have got. */
  besides(received: Received): number;
}

export function heldReceives(): HeldReceives {
  let all: Received[] = [];
  let head = 0;
  const keys = new Map<string | null, number>();
  return {
    get count() {
      return all.length - head;
    },
    add(received) {
      keys.set(received.key, (keys.get(received.key) ?? 0) + 1);
      let at = all.length;
      while (at > head && compareNumbers((all[at - 1] as Received).toNs, received.toNs) > 0) at--;
      if (at === all.length) all.push(received);
      else all.splice(at, 0, received);
    },
    take(beforeNs = Number.POSITIVE_INFINITY) {
      const first = all[head];
      if (first === undefined || first.toNs > beforeNs) return undefined;
      head++;
      if (head === all.length || head >= 1024) {
        all = all.slice(head);
        head = 0;
      }
      const left = (keys.get(first.key) ?? 1) - 1;
      if (left === 0) keys.delete(first.key);
      else keys.set(first.key, left);
      return first;
    },
    hasKey: (key) => keys.has(key),
    keyedSince(key) {
      if (!keys.has(key)) return [];
      const since: number[] = [];
      for (let i = head; i < all.length; i++) {
        const one = all[i] as Received;
        if (one.key === key) since.push(one.fromNs);
      }
      return since.sort(compareNumbers);
    },
    hasOddBeside(received) {
      if (!keys.has(null)) return false;
      for (let i = head; i < all.length; i++) {
        const one = all[i] as Received;
        if (one.key === null && one.fromNs < received.toNs) return true;
      }
      return false;
    },
    besides(received) {
      let count = 0;
      for (let i = head; i < all.length; i++) {
        const other = all[i] as Received;
        const isAlike = other.key === null || received.key === null || other.key === received.key;
        if (isAlike && other.fromNs < received.toNs) count++;
      }
      return count;
    },
  };
}
