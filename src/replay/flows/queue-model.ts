/**
 * One queue as far as calls tell of it: which message each receive got. Receives are held until the calls that overlap
 * with them have ended, then settled in order of exit. What two answers fit is said to be ambiguous; what was lost,
 * what was there before, and what others may have done makes order prove nothing until the queue was seen empty.
 */
import type { LossLedger } from "../losses.js";
import { depths } from "./depths.js";
import { compareNumbers, fits, isAhead, isTelling } from "./evidence.js";
import { heldReceives } from "./held.js";
import { moments } from "./moments.js";
import { accepts, type Selector } from "./selection.js";
import type { Flow, FlowSink, Party, Received, Sent } from "./types.js";
import { type Waiting, waitingSends } from "./waiting.js";

export interface QueueModelOptions {
  readonly losses: Pick<LossLedger, "between" | "after">;
  readonly sink: FlowSink;
  /** Has this queue had a message with this evidence before? Notes that it has now. */
  readonly isRepeated: (key: string) => boolean;
  /** The kernel's hooks tell of every message that these two could share: they do not. */
  readonly excludes: (sent: Sent, received: Received) => boolean;
  /** So many messages without two alike: then payloads tell them apart here. Absent: 8. */
  readonly enoughKinds?: number;
  /** By the kernel's hooks nobody has taken it. */
  readonly isSurelyThere: (sent: Sent) => boolean;
}

/** The end of a send or receive, with the depth that it saw then. */
export interface Ending {
  readonly atNs: number | null;
  readonly tid: number;
  readonly depth: number | null;
  /** `enter` was called for it. */
  readonly isCounted: boolean;
  readonly does: "send" | "receive";
  /** What it did to the depth; null: not known. */
  readonly change: number | null;
}

export interface Unended {
  readonly fromNs: number;
  readonly selector: Selector;
  /** It ended at a time that is not known, and may have got a message; otherwise it still waits. */
  readonly isOver: boolean;
}

export interface QueueModel {
  /** Receives that are not settled, and messages that nobody has received. */
  readonly held: number;
  readonly waiting: number;
  /** It was removed, and no call of it is under way any more. */
  readonly isOver: boolean;
  /** A send or receive of this queue begins. */
  enter(atNs: number, tid: number, does: Ending["does"], depth: number | null): void;
  /** It ended. */
  leave(ending: Ending): void;
  /** A depth that any other call saw as it ended now. */
  saw(atNs: number, tid: number, depth: number): void;
  /** As it began. */
  sawBefore(atNs: number, depth: number): void;
  sent(sent: Sent): void;
  received(received: Received): void;
  /** Taken by somebody of whom the kernel's hooks told. */
  take(sent: Sent): void;
  /** A receive that never ended, or whose end is not known. */
  unended(receive: Unended): void;
  /** The queue was removed with all that was in it. */
  remove(by: Party, atNs: number | null): void;
  settle(): void;
  /** Gives up the message that has waited longest: there is no room to remember more. */
  giveUpOldest(): void;
  finish(): void;
}

/** Receives held back for calls that overlap with them; a later send may still claim one that found nothing. */
const MOST_HELD = 256;
const MOST_ORPHANS = 256;
const ENOUGH_KINDS = 8;
/** A depth is read a little later than the time of its record says, and a call may begin in between. */
const DEPTH_DELAY_NS = 10_000;
/** Seldom later than this, so that it proves that others use the queue. */
const LONG_DELAY_NS = 1_000_000;
/** Before every record: a loss at an unknown time is not before it. */
const EVER_NS = -Number.MAX_VALUE;

export function queueModel(options: QueueModelOptions): QueueModel {
  const { losses, sink } = options;
  const waiting = waitingSends();
  const empty = moments();
  const held = heldReceives();
  let orphans: Received[] = [];
  let openCalls = 0;
  /** A call ended of which nobody knew that it had begun: there may be more such. */
  let isJoined = false;
  /** Of the first one it is believed that others were here until the queue is empty, of the second one for ever. */
  const bounds = [depths(DEPTH_DELAY_NS), depths(LONG_DELAY_NS)] as const;
  let lastLookNs = Number.POSITIVE_INFINITY;
  /** A receive of a message that nobody sent, or a call that nobody understood, has changed the queue. */
  let disturbedNs = Number.NEGATIVE_INFINITY;
  /** Messages from before the first call that is known; null: not known how many. */
  let backlog: number | null = null;
  let firstNs: number | null = null;
  /** A receive got a message that nobody sent, and that was not there before. */
  let hasStrangers = false;
  const kinds = { seen: 0, repeated: 0 };
  const unended: Unended[] = [];
  let removed: { readonly by: Party; readonly atNs: number | null } | null = null;

  const see = (atNs: number, depth: number | null) => {
    if (depth === 0) empty.add(atNs);
  };

  /** Across a loss depths say nothing of others. */
  const spanLosses = (atNs: number) => {
    if (losses.between(lastLookNs, atNs)) {
      for (const one of bounds) one.forget();
    }
    lastLookNs = atNs;
  };

  const look = (atNs: number, tid: number, depth: number | null) => {
    see(atNs, depth);
    if (depth === null) return;
    spanLosses(atNs);
    for (const one of bounds) one.see(atNs, tid, depth);
  };

  /** The queue was empty between the two, so the message was gone: its own send may have seen that as it ended. */
  const isBarred = (sent: Sent, received: Received, delayNs = DEPTH_DELAY_NS) => {
    const emptyNs = empty.firstFrom(sent.toNs);
    return emptyNs !== null && emptyNs + delayNs < received.fromNs;
  };

  /**
   * May somebody be in a call of whose entry nothing is known? Who waits for a message since a loss may get any later
   * one, and an empty queue does not say that nobody waits.
   */
  const mayBeJoined = (toNs: number) => isJoined || losses.between(EVER_NS, toNs);

  /** Do depths tell of others who may have put in or taken out a message that was there at this time? */
  const isContradicted = (atNs: number) => {
    const [first, second] = bounds;
    const emptyNs = empty.lastUpTo(atNs) ?? Number.NEGATIVE_INFINITY;
    return first.isDoubtful || first.contradictedNs > emptyNs || Number.isFinite(second.contradictedNs);
  };

  /** May a receive whose end was lost have got this message, so that all are one out of step? */
  const mayBeSkipped = (sent: Sent, received: Received) =>
    unended.some(
      ({ fromNs, selector, isOver }) => isOver && fromNs < received.toNs && accepts(selector, sent.rank),
    );

  /** Is all that was in the queue in this stretch known, because it was seen empty before and nothing is missing? */
  const isKnown = (fromNs: number, toNs: number) => {
    const emptyNs = empty.lastUpTo(fromNs);
    return emptyNs !== null && disturbedNs <= emptyNs && !losses.between(emptyNs, toNs);
  };

  /** Nothing in the queue that nobody knows of can have the same payload, or hardly. */
  const isDistinct = (fromNs: number, toNs: number) => {
    if (isKnown(fromNs, toNs)) return true;
    if (backlog === 0 && !hasStrangers && firstNs !== null && !losses.between(firstNs, toNs)) return true;
    return kinds.seen >= (options.enoughKinds ?? ENOUGH_KINDS) && kinds.repeated === 0;
  };

  const noteKind = (key: string) => {
    kinds.seen++;
    const isRepeated = options.isRepeated(key);
    if (isRepeated) kinds.repeated++;
    return isRepeated;
  };

  const settleOne = (received: Received) => {
    const { found, isPartial } = waiting.candidates(
      received,
      (sent) => !isBarred(sent, received) && !options.excludes(sent, received),
    );
    if (received.result === "maybe_fault") {
      if (found.length > 0) disturbedNs = Math.max(disturbedNs, received.toNs);
      return;
    }
    const telling = found.filter(({ sent }) => isTelling(sent, received));
    const choices = telling.length > 0 ? telling : unclaimed(found, received);
    const [pick] = choices;
    if (pick === undefined) {
      leftOver(received);
      return;
    }
    give(pick, received, choices, telling.length === 1, isPartial);
  };

  /** Without evidence of its own a receive does not take what another one's payload asks for. */
  const unclaimed = (found: readonly Waiting[], received: Received) => {
    if (received.print !== null || found.length < 2) return found;
    const free = found.filter(({ sent }) => sent.key === null || !held.hasKey(sent.key));
    return free.length > 0 ? free : found;
  };

  const give = (
    pick: Waiting,
    received: Received,
    choices: readonly Waiting[],
    isTold: boolean,
    isPartial: boolean,
  ) => {
    const rivals = choices.length < 2 ? [] : rivalsOf(choices, received);
    for (const rival of rivals) rival.isContested = true;
    const { sent } = pick;
    const basis = isTold && !pick.isRepeated && !held.hasKey(received.key) ? "payload" : "order";
    // The message was there from some moment of its send on: the queue cannot have been empty after it.
    const insideNs = Math.min(Math.max(sent.fromNs, received.fromNs), sent.toNs);
    const hasBasis =
      basis === "payload"
        ? !losses.between(sent.fromNs, received.toNs) && isDistinct(insideNs, received.toNs)
        : !isPartial &&
          isKnown(insideNs, received.toNs) &&
          !mayBeJoined(received.toNs) &&
          !mayBeSkipped(sent, received);
    const isSure = hasBasis && !isContradicted(insideNs) && !isBarred(sent, received, 0);
    const others = rivals.length > 0 ? rivals.length : pick.isContested ? 1 : 0;
    waiting.remove(sent);
    const { party } = received;
    sink.flow({
      sent,
      received,
      stranger: null,
      match: isSure && others === 0 ? "modelled" : "ambiguous",
      basis,
      candidates: isSure ? others + 1 : null,
      outcome: received.result === "taken" ? "delivered" : "dropped",
      drop: received.result === "taken" ? null : { how: "fault", by: party, atNs: party.exitNs },
      life: null,
    });
  };

  /**
   * The messages that it may have got instead. What is surely ahead of one must have been taken by others meanwhile:
   * by as many as were under way at the same time.
   */
  const rivalsOf = (choices: readonly Waiting[], received: Received): Waiting[] => {
    const others = held.besides(received);
    return choices.filter((choice, at) => {
      if (at === 0) return false;
      let ahead = 0;
      for (let i = 0; i < at; i++) {
        if (isAhead((choices[i] as Waiting).sent, choice.sent, received)) ahead++;
      }
      return ahead <= others;
    });
  };

  const leftOver = (received: Received) => {
    if (received.result !== "taken") return;
    if (backlog !== null && backlog > 0) backlog--;
    else hasStrangers = true;
    if (received.key !== null) noteKind(received.key);
    disturbedNs = Math.max(disturbedNs, received.toNs);
    orphans.push(received);
    if (orphans.length <= 2 * MOST_ORPHANS) return;
    for (const orphan of orphans.slice(0, MOST_ORPHANS)) sink.orphan(orphan);
    orphans = orphans.slice(MOST_ORPHANS);
  };

  /** A receive that found nothing: it ended before this send did. */
  const claim = (one: Waiting): void => {
    const { sent } = one;
    const fitting = orphans.filter(
      (orphan) => fits(sent, orphan) && !isBarred(sent, orphan) && !options.excludes(sent, orphan),
    );
    const telling = fitting.filter((orphan) => isTelling(sent, orphan));
    const choices = telling.length > 0 ? telling : fitting;
    const [received] = choices;
    if (received === undefined) return;
    orphans = orphans.filter((orphan) => orphan !== received);
    if (choices.length > 1) one.isContested = true;
    give(one, received, [one], telling.length === 1, false);
  };

  const settle = (leaving = 0) => {
    while (held.count > leaving) settleOne(held.take() as Received);
  };

  const ending = (one: Waiting): Flow => {
    const { sent, isContested } = one;
    const base = { sent, received: null, stranger: null, basis: null, drop: null, life: null } as const;
    if (options.isSurelyThere(sent)) {
      return { ...base, match: "exact", basis: "identity", candidates: 1, outcome: "pending" };
    }
    const isLost = losses.after(sent.fromNs) || !sent.isSure;
    const isGone = sent.isSure && Number.isFinite(sent.toNs) && empty.firstFrom(sent.toNs) !== null;
    const mayBeTaken =
      isContested ||
      ((disturbedNs > sent.fromNs || isContradicted(sent.fromNs)) && !isGone) ||
      unended.some((receive) => accepts(receive.selector, sent.rank)) ||
      orphans.some((orphan) => fits(sent, orphan));
    const match = isLost || mayBeTaken ? "ambiguous" : "modelled";
    const candidates = isLost ? null : mayBeTaken ? 2 : 1;
    // Somebody took it who was not recorded: the queue was seen empty.
    if (isGone) return { ...base, match, candidates, outcome: "delivered" };
    if (removed !== null && sent.isSure) {
      return { ...base, match, candidates, outcome: "dropped", drop: { how: "removed", ...removed } };
    }
    return { ...base, match, candidates, outcome: "pending" };
  };

  return {
    get held() {
      return held.count;
    },
    get waiting() {
      return waiting.count;
    },
    get isOver() {
      return removed !== null && openCalls <= 0;
    },
    enter(atNs, tid, does, depth) {
      spanLosses(atNs);
      for (const one of bounds) one.enter(atNs, tid, does, depth);
      openCalls++;
      if (firstNs === null) {
        firstNs = atNs;
        backlog = depth;
      }
      see(atNs, depth);
    },
    leave({ atNs, tid, depth, isCounted, does, change }) {
      if (isCounted) {
        openCalls--;
        for (const one of bounds) one.leave(tid, does, change);
      } else {
        isJoined = true;
        for (const one of bounds) one.forget();
      }
      if (atNs !== null) look(atNs, tid, depth);
      settle(openCalls <= 0 ? 0 : MOST_HELD);
    },
    saw: look,
    sawBefore: see,
    sent(sent) {
      const one = { sent, isRepeated: sent.key !== null && noteKind(sent.key), isContested: false };
      waiting.add(one);
      if (orphans.length > 0) claim(one);
    },
    received: held.add,
    take: waiting.remove,
    unended(receive) {
      unended.push(receive);
    },
    remove(by, atNs) {
      removed = { by, atNs };
    },
    settle: () => settle(),
    giveUpOldest() {
      const [oldest] = waiting.all();
      if (oldest === undefined) return;
      waiting.remove(oldest.sent);
      sink.flow({ ...ending(oldest), match: "ambiguous", candidates: null });
    },
    finish() {
      settle();
      for (const one of [...waiting.all()].sort((a, b) => compareNumbers(a.sent.fromNs, b.sent.fromNs))) {
        waiting.remove(one.sent);
        sink.flow(ending(one));
      }
      for (const orphan of orphans) sink.orphan(orphan);
      orphans = [];
    },
  };
}
