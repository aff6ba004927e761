/**
 * What is known of one queue's contents by more than its messages: when it was seen empty, what was in it before the
 * recording, whether others use it, whether payloads tell its messages apart. Decides for no message.
 */
import type { LossLedger } from "../losses.js";
import { depths } from "./depths.js";
import { moments } from "./moments.js";
import type { Reading } from "./readings.js";
import type { Sent } from "./types.js";

export interface KnowledgeOptions {
  readonly losses: Pick<LossLedger, "between">;
  /** Has this queue had a message with this evidence before? Notes that it has now. */
  readonly isRepeated: (key: string) => boolean;
  /** So many messages without two alike: then payloads tell them apart here. Absent: 8. */
  readonly enoughKinds?: number;
}

export interface QueueKnowledge {
  /** A send or receive begins, and finds the queue so deep. */
  enter(reading: Reading, does: "send" | "receive", depth: number | null): void;
  /** It ended, and changed the depth by so much; null: not known. */
  leave(does: "send" | "receive", change: number | null): void;
  /** A call ended of which nobody knew that it had begun: there may be more such. */
  join(): void;
  /** A depth that a call saw as it ended. */
  look(reading: Reading, depth: number | null): void;
  /** As it began. */
  see(reading: Reading, depth: number | null): void;
  /** Is this evidence another message's too? Notes that it was seen. */
  noteKind(key: string): boolean;
  /** A receive of a message that nobody sent, or a call that nobody understood, has changed the queue. */
  disturb(atNs: number): void;
  /** A message was received that nobody sent. */
  stranger(): void;
  /** It was disturbed, or is used by others, since then. */
  isDoubtful(sinceNs: number): boolean;
  /** The queue was empty after the message's send and before a receive that began then. */
  isGoneBefore(sent: Sent, fromNs: number): boolean;
  /** It was, unless that was read later than it seems. */
  mayBeGoneBefore(sent: Sent, fromNs: number): boolean;
  /** It was empty at some time after the send. */
  isGone(sent: Sent): boolean;
  /**
   * Is all that was in the queue in this stretch known, because it was seen empty before and nothing is missing? `own`:
   * when the send and the receive began that this is about.
   */
  isKnown(fromNs: number, toNs: number, own: readonly number[]): boolean;
  /** Nothing in the queue that nobody knows of can have the same payload, or hardly. */
  isDistinct(fromNs: number, toNs: number, own: readonly number[]): boolean;
  /** Of all messages that were seen no two were alike, and there were enough of them. */
  readonly hasDistinctKinds: boolean;
  /** Do depths tell of others who put in or take out messages? */
  isContradicted(): boolean;
  /**
   * May somebody be in a call of whose entry nothing is known? Who waits for a message since a loss may get any later
   * one, and an empty queue does not say that nobody waits.
   */
  mayBeJoined(toNs: number): boolean;
}

const ENOUGH_KINDS = 8;
/** Before every record: a loss at an unknown time is not before it. */
const EVER_NS = -Number.MAX_VALUE;

export function queueKnowledge(options: KnowledgeOptions): QueueKnowledge {
  const { losses } = options;
  const empty = moments();
  const bounds = depths();
  let isJoined = false;
  let lastLookNs = Number.POSITIVE_INFINITY;
  let disturbedNs = Number.NEGATIVE_INFINITY;
  /** Messages from before the first call that is known; null: not known how many. */
  let backlog: number | null = null;
  let firstNs: number | null = null;
  /** A receive got a message that nobody sent, and that was not there before. */
  let hasStrangers = false;
  const kinds = { seen: 0, repeated: 0 };

  const see = (reading: Reading, depth: number | null) => {
    if (depth === 0) empty.add(reading);
  };

  /** Across a loss depths say nothing of others. */
  const spanLosses = (atNs: number) => {
    if (losses.between(lastLookNs, atNs)) bounds.forget();
    lastLookNs = atNs;
  };

  const isKnown = (fromNs: number, toNs: number, own: readonly number[]) => {
    const emptyNs = empty.lastBy(fromNs, own);
    return emptyNs !== null && disturbedNs <= emptyNs && !losses.between(emptyNs, toNs);
  };

  const isContradicted = () => bounds.isDoubtful || bounds.isContradicted;

  const hasDistinctKinds = () => kinds.seen >= (options.enoughKinds ?? ENOUGH_KINDS) && kinds.repeated === 0;

  return {
    enter(reading, does, depth) {
      spanLosses(reading.atNs);
      bounds.enter(reading, does, depth);
      if (firstNs === null) {
        firstNs = reading.atNs;
        backlog = depth;
      }
      see(reading, depth);
    },
    leave: bounds.leave,
    join() {
      isJoined = true;
      bounds.forget();
    },
    look(reading, depth) {
      see(reading, depth);
      if (depth === null) return;
      spanLosses(reading.atNs);
      bounds.see(reading, depth);
    },
    see,
    noteKind(key) {
      kinds.seen++;
      const isRepeated = options.isRepeated(key);
      if (isRepeated) kinds.repeated++;
      return isRepeated;
    },
    disturb(atNs) {
      disturbedNs = Math.max(disturbedNs, atNs);
    },
    stranger() {
      if (backlog !== null && backlog > 0) backlog--;
      else hasStrangers = true;
    },
    isDoubtful: (sinceNs) => disturbedNs > sinceNs || isContradicted(),
    // The send itself may have seen the queue empty as it ended.
    isGoneBefore: (sent, fromNs) => empty.liesBetween(sent.toNs, fromNs),
    mayBeGoneBefore(sent, fromNs) {
      const emptyNs = empty.firstFrom(sent.toNs);
      return emptyNs !== null && emptyNs < fromNs;
    },
    isGone: (sent) => Number.isFinite(sent.toNs) && empty.firstFrom(sent.toNs) !== null,
    isKnown,
    isDistinct(fromNs, toNs, own) {
      if (isKnown(fromNs, toNs, own)) return true;
      if (backlog === 0 && !hasStrangers && firstNs !== null && !losses.between(firstNs, toNs)) return true;
      return hasDistinctKinds();
    },
    get hasDistinctKinds() {
      return hasDistinctKinds();
    },
    isContradicted,
    mayBeJoined: (toNs) => isJoined || losses.between(EVER_NS, toNs),
  };
}
