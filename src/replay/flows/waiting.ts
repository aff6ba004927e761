/**
 * The messages of one queue that were sent and not yet received, as far as is known. Those with the same rank, length
 * and payload lie together, so that a receive looks at few.
 */

import { type OrderedList, orderedList } from "../ordered.js";
import { fits, placeNs, preference } from "./evidence.js";
import type { Received, Sent } from "./types.js";

export interface Waiting {
  readonly sent: Sent;
  /** Another message with the same evidence was on this queue before. */
  isRepeated: boolean;
  /** An earlier receive may have got this one in place of the one that it was given. */
  isContested: boolean;
  /** So may one that nothing but order tells apart: it may be gone, but which receive got what is said otherwise. */
  isMaybeTaken: boolean;
}

export interface WaitingSends {
  readonly count: number;
  add(waiting: Waiting): void;
  /** Nothing when it is not there. */
  remove(sent: Sent): void;
  /** Somebody may have got it in place of another that is like it. */
  markTaken(sent: Sent): void;
  /** Those that a receive may have got, best first. `isPartial`: there were too many to look at. */
  candidates(
    received: Received,
    mayBeThere: (sent: Sent) => boolean,
  ): { readonly found: readonly Waiting[]; readonly isPartial: boolean };
  /** In the order in which they came to be known. */
  all(): Iterable<Waiting>;
}

/** Candidates that are looked at closely, and messages that are looked through for them. */
const MOST_FOUND = 64;
const MOST_LOOKED_AT = 4096;

export function waitingSends(): WaitingSends {
  const all = new Map<Sent, Waiting>();
  const alike = new Map<string, OrderedList<Waiting>>();
  /** Of these something is not known, so that they may be like any other. */
  const odd = new Set<Waiting>();
  return {
    get count() {
      return all.size;
    },
    add(waiting) {
      all.set(waiting.sent, waiting);
      const { key } = waiting.sent;
      if (key === null) {
        odd.add(waiting);
        return;
      }
      let list = alike.get(key);
      if (list === undefined) {
        list = orderedList(({ sent }) => placeNs(sent));
        alike.set(key, list);
      }
      list.add(waiting);
    },
    remove(sent) {
      const waiting = all.get(sent);
      if (waiting === undefined) return;
      all.delete(sent);
      odd.delete(waiting);
      const { key } = sent;
      const list = key === null ? undefined : alike.get(key);
      if (key === null || list === undefined) return;
      list.remove(waiting);
      if (list.length === 0) alike.delete(key);
    },
    markTaken(sent) {
      const one = all.get(sent);
      if (one !== undefined) one.isMaybeTaken = true;
    },
    candidates(received, mayBeThere) {
      const found: Waiting[] = [];
      let looked = 0;
      let isPartial = false;
      const lists = received.key === null ? [all.values()] : [alike.get(received.key) ?? [], odd];
      for (const list of lists) {
        for (const waiting of list) {
          if (++looked > MOST_LOOKED_AT || found.length >= MOST_FOUND) {
            isPartial = looked > MOST_LOOKED_AT;
            break;
          }
          if (fits(waiting.sent, received) && mayBeThere(waiting.sent)) found.push(waiting);
        }
      }
      const byPreference = preference(received);
      found.sort((one, other) => byPreference(one.sent, other.sent));
      return { found, isPartial };
    },
    all: () => all.values(),
  };
}
