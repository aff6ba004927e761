/**
 * What else receives may have got, of messages that nothing but their order tells apart. A queue gives out what is alike
 * in the order in which it came; so when sends and receives lasted says which places in that order each may have had.
 * A match is sure when no other matching fits these places: when it lies on no cycle (cycles.ts).
 */

import { compareNumbers, countBelow, countUpTo, insertInOrder, type OrderedList } from "../ordered.js";
import { components } from "./cycles.js";
import type { Beginnings } from "./open-calls.js";
import type { Received, Sent } from "./types.js";

/** A receive with the message that it is taken to have got. */
export interface Pair {
  readonly sent: Sent;
  readonly received: Received;
  /** A receive that is in no pair, for want of evidence, may have got it. */
  isContested: boolean;
  /** To be called once, with the number of other messages that it may have got in its place. */
  readonly conclude: (others: number) => void;
}

/** All that is alike in one queue, and not over and done with. */
export interface Likes {
  /** Not received, or of a pair, in order of their beginnings. */
  readonly sends: OrderedList<Sent>;
  readonly pairs: readonly Pair[];
  /** When the receives of this kind began that are not settled, in order. */
  readonly heldNs: readonly number[];
  /** And calls under way that may send or take such a message. */
  readonly openNs: Beginnings;
  /** What is not settled, or under way, began then or later. */
  readonly restNs: number;
  /** It was gone before a receive that began then. */
  readonly isGoneBefore: (sent: Sent, fromNs: number) => boolean;
}

export interface Alternatives {
  /** Of each pair: how many other messages its receive may have got. */
  readonly others: readonly number[];
  /** Of no pair, and a receive of one of the first `due` may have got them. */
  readonly contested: ReadonlySet<Sent>;
}

export function alternatives(likes: Likes, due: number): Alternatives {
  const { pairs, heldNs, openNs, restNs, isGoneBefore } = likes;
  const ends = pairs.map(({ received }) => received.toNs).sort(compareNumbers);
  const begins = pairs.map(({ received }) => received.fromNs).sort(compareNumbers);
  const rest = pairs.length;
  const places = pairs.map(({ received: { fromNs, toNs } }) => ({
    fewest: countBelow(ends, fromNs),
    most: countUpTo(begins, toNs) - 1 + countUpTo(heldNs, toNs) + countUpTo(openNs.receives, toNs),
  }));
  const furthest = places.reduce((most, place) => Math.max(most, place.most), 0);
  const pairOf = new Map(pairs.map(({ sent }, at) => [sent, at]));
  // One that was gone before the rest, and that nobody is known to have got, takes no place for sure.
  const isCounted = (sent: Sent) => pairOf.has(sent) || !isGoneBefore(sent, restNs);
  const sends = sendPlaces(likes, isCounted, furthest);
  const wants = pairs.map(({ received }, at) => {
    const { fewest, most } = places[at] as Place;
    return sends.filter(
      ({ sent, place }) =>
        place.fewest <= most &&
        fewest <= place.most &&
        sent.fromNs < received.toNs &&
        !isGoneBefore(sent, received.fromNs),
    );
  });
  // Receives that are to come, and those that are not settled, are one node: it has all messages that are left.
  const firstOfRest = countBelow(ends, restNs);
  const wantedByRest = sends.filter(
    ({ sent, place }) => place.most >= firstOfRest && pairOf.has(sent) && !isGoneBefore(sent, restNs),
  );
  const nodeOf = ({ sent }: SendPlace) => pairOf.get(sent) ?? rest;
  const component = components([...wants, wantedByRest].map((list) => list.map(nodeOf)));
  const contested = new Set<Sent>();
  const others = wants.map((list, at) => {
    const cycle = list.filter((one) => nodeOf(one) !== at && component[nodeOf(one)] === component[at]);
    for (const one of cycle) if (at < due && nodeOf(one) === rest) contested.add(one.sent);
    // A message that cannot have had the receive's place is the wrong one, whichever is the right one.
    const isInPlace = list.some((one) => nodeOf(one) === at);
    return isInPlace ? cycle.length : Math.max(cycle.length, 1);
  });
  return { others, contested };
}

/** The first and the last place in the order of its kind that a message or a receive may have had. */
interface Place {
  readonly fewest: number;
  readonly most: number;
}

interface SendPlace {
  readonly sent: Sent;
  readonly place: Place;
}

/** Of the messages that may have had a place up to `furthest`. */
function sendPlaces(
  { sends, openNs }: Likes,
  isCounted: (sent: Sent) => boolean,
  furthest: number,
): readonly SendPlace[] {
  const ends: number[] = [];
  const found: SendPlace[] = [];
  for (const sent of sends) {
    const fewest = countBelow(ends, sent.fromNs);
    if (fewest > furthest) break;
    const begun = sends.countWhile(({ fromNs }) => fromNs <= sent.toNs);
    const most = begun - 1 + countUpTo(openNs.sends, sent.toNs);
    found.push({ sent, place: { fewest, most } });
    if (isCounted(sent)) insertInOrder(ends, sent.toNs, (ns) => ns);
  }
  return found;
}
