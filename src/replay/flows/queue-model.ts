/**
 * One queue as far as calls tell of it: which message each receive got. Receives are held until the calls that overlap
 * with them have ended, then settled in order of exit. What two answers fit is said to be ambiguous; what was lost,
 * what was there before, and what others may have done makes order prove nothing until the queue was seen empty.
 */
import type { LossLedger } from "../losses.js";
import { compareNumbers } from "../ordered.js";
import { type AlikeMessages, alikeMessages } from "./alike.js";
import { fits, isAhead, isTelling } from "./evidence.js";
import { heldReceives } from "./held.js";
import { type KnowledgeOptions, queueKnowledge } from "./knowledge.js";
import { type OpenCall, openCalls } from "./open-calls.js";
import type { Reading } from "./readings.js";
import { accepts, type Selector } from "./selection.js";
import type { Flow, FlowSink, Party, Received, Sent } from "./types.js";
import { type Waiting, waitingSends } from "./waiting.js";

export interface QueueModelOptions extends KnowledgeOptions {
  readonly losses: Pick<LossLedger, "between" | "after">;
  readonly sink: FlowSink;
  /** The kernel's hooks tell of every message that these two could share: they do not. */
  readonly excludes: (sent: Sent, received: Received) => boolean;
  /** By the kernel's hooks nobody has taken it. */
  readonly isSurelyThere: (sent: Sent) => boolean;
}

/** The end of a send or receive, with the depth that it saw then. */
export interface Ending {
  /** null: when it ended is not known. */
  readonly reading: Reading | null;
  readonly tid: number;
  readonly depth: number | null;
  /** `enter` was called for it. */
  readonly isCounted: boolean;
  readonly does: OpenCall["does"];
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
  /** Receives that are not settled or not concluded, and messages that nobody has received. */
  readonly held: number;
  readonly waiting: number;
  /** It was removed, and no call of it is under way any more. */
  readonly isOver: boolean;
  /** A send or receive of this queue begins, and finds it so deep. */
  enter(call: OpenCall, reading: Reading, depth: number | null): void;
  /** It ended. */
  leave(ending: Ending): void;
  /** A depth that any other call saw as it ended now. */
  saw(reading: Reading, depth: number): void;
  /** As it began. */
  sawBefore(reading: Reading, depth: number): void;
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

export function queueModel(options: QueueModelOptions): QueueModel {
  const { losses, sink } = options;
  const waiting = waitingSends();
  const held = heldReceives();
  const open = openCalls();
  const knowledge = queueKnowledge(options);
  const alike: AlikeMessages = alikeMessages({
    open,
    held,
    isGoneBefore: knowledge.isGoneBefore,
    contest: (sent) => waiting.markTaken(sent),
  });
  let orphans: Received[] = [];
  const unended: Unended[] = [];
  let removed: { readonly by: Party; readonly atNs: number | null } | null = null;

  const isBarred = (sent: Sent, received: Received) => knowledge.isGoneBefore(sent, received.fromNs);

  /** May a receive whose end was lost have got this message, so that all are one out of step? */
  const mayBeSkipped = (sent: Sent, received: Received) =>
    unended.some(
      ({ fromNs, selector, isOver }) => isOver && fromNs < received.toNs && accepts(selector, sent.rank),
    );

  const settleOne = (received: Received) => {
    const { found, isPartial } = waiting.candidates(
      received,
      (sent) => !isBarred(sent, received) && !options.excludes(sent, received),
    );
    if (received.result === "maybe_fault") {
      if (found.length > 0) knowledge.disturb(received.toNs);
      return;
    }
    const telling = found.filter(({ sent }) => isTelling(sent, received));
    const choices = telling.length > 0 ? telling : unclaimed(found, received);
    const [pick] = choices;
    if (pick === undefined) {
      alike.contest(received);
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
    const { sent } = pick;
    const { key, party } = received;
    const basis = isTold && !pick.isRepeated && !held.hasKey(key) ? "payload" : "order";
    const isSure = isProved(basis, sent, received, isPartial);
    waiting.remove(sent);
    const conclude = (others: number) =>
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
    const isAlike = choices.every((choice) => choice.sent.key === key) && !held.hasOddBeside(received);
    if (key !== null && isAlike) {
      alike.pair(key, { sent, received, isContested: pick.isContested, conclude });
      return;
    }
    alike.remove(sent);
    alike.contest(received);
    const rivals = choices.length < 2 ? [] : rivalsOf(choices, received);
    // Where order proves nothing it does not prove either that it was none of the others.
    for (const other of isSure ? rivals : choices) if (other !== pick) other.isContested = true;
    conclude(Math.max(rivals.length, pick.isContested ? 1 : 0));
  };

  /** Does it follow that it is this message, if no other one of those that are known may be meant? */
  const isProved = (basis: Flow["basis"], sent: Sent, received: Received, isPartial: boolean): boolean => {
    const { toNs } = received;
    // The message was there from some moment of its send on: the queue cannot have been empty after it.
    const insideNs = Math.min(Math.max(sent.fromNs, received.fromNs), sent.toNs);
    const own = [sent.fromNs, received.fromNs];
    if (knowledge.isContradicted()) return false;
    // A payload of its own says that it was still there, unless somebody of whom nothing is known has part in it.
    if (
      (basis === "order" || knowledge.mayBeJoined(toNs)) &&
      knowledge.mayBeGoneBefore(sent, received.fromNs)
    ) {
      return false;
    }
    // Settled before all that lasted beside it had ended: there was no room to wait.
    const isOutlasted = open.oldestNs() < toNs;
    if (isOutlasted && open.mayHaveSent(received)) return false;
    if (basis === "payload") {
      return !losses.between(sent.fromNs, toNs) && knowledge.isDistinct(insideNs, toNs, own);
    }
    if (isPartial || !knowledge.isKnown(insideNs, toNs, own) || knowledge.mayBeJoined(toNs)) return false;
    return !mayBeSkipped(sent, received) && !(isOutlasted && open.mayTake(sent.rank, toNs));
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
    knowledge.stranger();
    if (received.key !== null) knowledge.noteKind(received.key);
    knowledge.disturb(received.toNs);
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

  const settle = (isAll: boolean) => {
    for (;;) {
      const next =
        held.take(isAll ? undefined : open.oldestNs()) ?? (held.count > MOST_HELD ? held.take() : undefined);
      if (next === undefined) break;
      settleOne(next);
    }
    alike.conclude(isAll);
  };

  /** It is in the queue no more, or nobody asks. */
  const forget = (sent: Sent) => {
    waiting.remove(sent);
    alike.remove(sent);
  };

  const ending = (one: Waiting): Flow => {
    const { sent, isContested, isMaybeTaken } = one;
    const base = { sent, received: null, stranger: null, basis: null, drop: null, life: null } as const;
    if (options.isSurelyThere(sent)) {
      return { ...base, match: "exact", basis: "identity", candidates: 1, outcome: "pending" };
    }
    const isLost = losses.after(sent.fromNs) || !sent.isSure;
    const isGone = sent.isSure && knowledge.isGone(sent);
    const mayBeTaken =
      isContested ||
      isMaybeTaken ||
      (knowledge.isDoubtful(sent.fromNs) && !isGone) ||
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
      return held.count + alike.undecided;
    },
    get waiting() {
      return waiting.count;
    },
    get isOver() {
      return removed !== null && open.count === 0;
    },
    enter(call, reading, depth) {
      open.enter(call);
      knowledge.enter(reading, call.does, depth);
    },
    leave({ reading, tid, depth, isCounted, does, change }) {
      if (isCounted) {
        open.leave(tid);
        knowledge.leave(does, change);
      } else knowledge.join();
      // Its end was lost: what it has sent, if anything, will be told before anything else is.
      if (reading === null && isCounted) return;
      if (reading !== null) knowledge.look(reading, depth);
      settle(open.count === 0);
    },
    saw: knowledge.look,
    sawBefore: knowledge.see,
    sent(sent) {
      const isRepeated = sent.key !== null && knowledge.noteKind(sent.key);
      const one = { sent, isRepeated, isContested: false, isMaybeTaken: false };
      waiting.add(one);
      alike.add(sent);
      if (orphans.length > 0) claim(one);
    },
    received: held.add,
    take: forget,
    unended(receive) {
      unended.push(receive);
    },
    remove(by, atNs) {
      removed = { by, atNs };
    },
    settle: () => settle(true),
    giveUpOldest() {
      const [oldest] = waiting.all();
      if (oldest === undefined) return;
      forget(oldest.sent);
      sink.flow({ ...ending(oldest), match: "ambiguous", candidates: null });
    },
    finish() {
      settle(true);
      for (const one of [...waiting.all()].sort((a, b) => compareNumbers(a.sent.fromNs, b.sent.fromNs))) {
        forget(one.sent);
        sink.flow(ending(one));
      }
      for (const orphan of orphans) sink.orphan(orphan);
      orphans = [];
    },
  };
}
