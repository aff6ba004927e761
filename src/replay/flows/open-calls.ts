/**
 * Sends and receives of one queue that are under way: what they may yet turn out to have done. Their evidence is read
 * only where it is asked for, since few calls outlast what happens beside them.
 */
import { fits } from "./evidence.js";
import { accepts, type Selector } from "./selection.js";
import type { Rank, Received, Sent } from "./types.js";

/** A call under way, as its entry tells: the message that it sends, or the ones that it asks for. */
export type Attempt =
  | { readonly does: "send"; readonly sent: Sent | null }
  | { readonly does: "receive"; readonly selector: Selector };

export interface OpenCall {
  readonly fromNs: number;
  readonly tid: number;
  readonly does: "send" | "receive";
  /** To be asked only while it is under way. */
  readonly attempt: () => Attempt;
}

/** In order. */
export interface Beginnings {
  readonly sends: readonly number[];
  readonly receives: readonly number[];
}

export interface OpenCalls {
  readonly count: number;
  enter(call: OpenCall): void;
  leave(tid: number): void;
  /** Since when the oldest one is under way; infinite: there is none. */
  oldestNs(): number;
  /** When those began that had by then; `like`: only what may send such a message, or take it. */
  began(byNs: number, like: Received | null): Beginnings;
  /** May a send under way be the one whose message this receive got? */
  mayHaveSent(received: Received): boolean;
  /** May a receive under way have been given a message of this rank before `atNs`? */
  mayTake(rank: Rank | null, atNs: number): boolean;
}

export function openCalls(): OpenCalls {
  /** In the order in which they began. */
  const all = new Map<number, OpenCall & { known: Attempt | null }>();
  const attemptOf = (one: OpenCall & { known: Attempt | null }): Attempt => {
    one.known ??= one.attempt();
    return one.known;
  };
  const some = (atNs: number, isIt: (attempt: Attempt) => boolean, does: OpenCall["does"]): boolean => {
    for (const one of all.values()) {
      if (one.fromNs >= atNs) return false;
      if (one.does === does && isIt(attemptOf(one))) return true;
    }
    return false;
  };
  return {
    get count() {
      return all.size;
    },
    enter(call) {
      all.delete(call.tid);
      all.set(call.tid, { ...call, known: null });
    },
    leave(tid) {
      all.delete(tid);
    },
    oldestNs() {
      for (const one of all.values()) return one.fromNs;
      return Number.POSITIVE_INFINITY;
    },
    began(byNs, like) {
      const sends: number[] = [];
      const receives: number[] = [];
      for (const one of all.values()) {
        if (one.fromNs > byNs) break;
        if (like !== null && !concerns(attemptOf(one), like)) continue;
        (one.does === "send" ? sends : receives).push(one.fromNs);
      }
      return { sends, receives };
    },
    mayHaveSent: (received) => some(received.toNs, (attempt) => concerns(attempt, received), "send"),
    mayTake: (rank, atNs) => some(atNs, (attempt) => mayTake(attempt, rank), "receive"),
  };
}

/** May it send the message that this receive got, or take one like it? */
function concerns(attempt: Attempt, received: Received): boolean {
  if (attempt.does === "receive") return mayTake(attempt, received.rank);
  return attempt.sent === null || fits(attempt.sent, received);
}

function mayTake(attempt: Attempt, rank: Rank | null): boolean {
  return attempt.does === "receive" && accepts(attempt.selector, rank);
}
