/** How a send and a receive are held against each other by what is known of both. */
import { compareNumbers } from "../ordered.js";
import { compareAny } from "./payload.js";
import { accepts, rankOrder } from "./selection.js";
import type { Received, Sent } from "./types.js";

/** Could this receive have got that message, by everything but the order in the queue? */
export function fits(sent: Sent, received: Received): boolean {
  if (sent.fromNs >= received.toNs) return false;
  if (sent.identity !== null && received.identity !== null && sent.identity !== received.identity)
    return false;
  if (!accepts(received.selector, sent.rank)) return false;
  if (sent.rank !== null && received.rank !== null && sent.rank.value !== received.rank.value) return false;
  if (!sizeFits(sent, received)) return false;
  return sent.key !== null && sent.key === received.key
    ? true
    : compareAny(sent.prints, received.print) !== "different";
}

function sizeFits(sent: Sent, received: Received): boolean {
  if (sent.sizeBytes === null || received.sizeBytes === null) return true;
  return received.isCut ? sent.sizeBytes >= received.sizeBytes : sent.sizeBytes === received.sizeBytes;
}

/** Captured bytes below this tell messages apart too badly to prove a match. */
const TELLING_BYTES = 4;

/** Do the payloads show that it is this message, unless another had the same? */
export function isTelling(sent: Sent, received: Received): boolean {
  return (
    received.print !== null &&
    received.print.captured >= TELLING_BYTES &&
    compareAny(sent.prints, received.print) === "equal"
  );
}

/** Was the one put in before the other for sure? */
export function surelyBefore(one: Sent, other: Sent): boolean {
  return one.toNs < other.fromNs;
}

/**
 * Was `one`, as long as nobody took it, surely in front of `other` when the receive looked? By rank only what was
 * there by then is in front; of equal rank what came earlier is, whenever the other came.
 */
export function isAhead(one: Sent, other: Sent, received: Received): boolean {
  const order = rankOrder(received.selector, one.rank, other.rank);
  if (order > 0) return false;
  return order < 0 ? one.toNs < received.fromNs : surelyBefore(one, other);
}

/**
 * When a message went into its queue, as a guess for the order of those whose calls overlap. A POSIX sender that
 * finds no room waits in line, and the receiver puts its message in; a System V sender that is woken tries anew.
 */
export function placeNs(sent: Sent): number {
  return sent.queue.kind === "posix" ? sent.fromNs : sent.toNs;
}

/** In the order in which the receive would take them, as far as that can be guessed. */
export function preference(received: Received): (one: Sent, other: Sent) => number {
  return (one, other) =>
    rankOrder(received.selector, one.rank, other.rank) || compareNumbers(placeNs(one), placeNs(other));
}
