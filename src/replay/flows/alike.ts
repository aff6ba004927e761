/**
 * Messages of one queue that nothing but their order tells apart, with the receives that got one of them, while it is
 * open what else these may have got (alternatives.ts). Pairs are kept as long as a later one may turn out to be mixed up
 * with them.
 */

import { insertInOrder, type OrderedList, orderedList } from "../ordered.js";
import { type Alternatives, alternatives, type Pair } from "./alternatives.js";
import { fits } from "./evidence.js";
import type { HeldReceives } from "./held.js";
import type { Beginnings, OpenCalls } from "./open-calls.js";
import type { Received, Sent } from "./types.js";

export interface AlikeMessages {
  /** Pairs that are not concluded. */
  readonly undecided: number;
  /** Kinds that are remembered. */
  readonly kinds: number;
  add(sent: Sent): void;
  /** It is not there any more, and its receive is none of the pairs. */
  remove(sent: Sent): void;
  /** A receive that is none of the pairs, and may have got what those got that are not concluded. */
  contest(received: Received): void;
  /** A receive of the key that its message has too. They come in order of exit. */
  pair(key: string, pair: Pair): void;
  /** Concludes what the calls under way cannot change any more; `isAll`: the others as well, as far as is known now. */
  conclude(isAll: boolean): void;
}

export interface AlikeOptions {
  readonly open: OpenCalls;
  readonly held: HeldReceives;
  /** It was gone before a receive that began then. */
  readonly isGoneBefore: (sent: Sent, fromNs: number) => boolean;
  /** A receive may have got this message, of which nobody else is known to have received it. */
  readonly contest: (sent: Sent) => void;
}

interface Kind {
  readonly key: string;
  /** Not received, or of a pair, in order of their beginnings. */
  readonly sends: OrderedList<Sent>;
  /** In order of their ends; those that are concluded still have places that later ones may turn out to have. */
  pairs: Pair[];
  concluded: number;
  /** Pairs were forgotten before it was known what else their receives may have got. */
  isBlurred: boolean;
}

interface OpenBeside extends Beginnings {
  readonly oldestNs: number;
}

const ALONE: Alternatives = { others: [0], contested: new Set() };
const NONE_OPEN: Beginnings = { sends: [], receives: [] };
/** So many pairs of a kind are worth a closer look at the calls that they wait for. */
const MANY_PAIRS = 32;
/** Pairs that wait for calls beside them, and pairs kept, of one kind. */
const MOST_UNDECIDED = 128;
const MOST_PAIRS = 256;
/** Kinds looked at in one go that have to linger on. */
const MOST_AGAIN = 16;

export function alikeMessages(options: AlikeOptions): AlikeMessages {
  const { open, held, isGoneBefore } = options;
  const kinds = new Map<string, Kind>();
  const undecided = new Set<Kind>();
  /** Concluded, and kept for calls that were still under way then: by when all of their own had ended, the oldest first. */
  const lingering = new Map<Kind, number>();

  /** Calls under way that may concern this kind. Their evidence is read only where there is much to gain by it. */
  const openBeside = ({ pairs }: Kind): OpenBeside => {
    const last = pairs.at(-1)?.received;
    if (last === undefined || open.oldestNs() > last.toNs) return { ...NONE_OPEN, oldestNs: open.oldestNs() };
    const began = open.began(
      Number.POSITIVE_INFINITY,
      pairs.length < MANY_PAIRS ? null : { ...last, toNs: Number.POSITIVE_INFINITY },
    );
    const firsts = [began.sends[0], began.receives[0]].map((ns) => ns ?? Number.POSITIVE_INFINITY);
    return { ...began, oldestNs: Math.min(...firsts) };
  };

  const drop = (kind: Kind) => {
    if (kind.sends.length + kind.pairs.length > 0) return;
    kinds.delete(kind.key);
    undecided.delete(kind);
    lingering.delete(kind);
  };

  /** Kinds that nothing new comes to, such as messages that are all different, are forgotten here. */
  const forgetLingering = () => {
    const again: Kind[] = [];
    for (const [kind, endNs] of lingering) {
      if (endNs >= open.oldestNs() || again.length === MOST_AGAIN) break;
      lingering.delete(kind);
      const { restNs, openNs } = restOf(kind);
      forget(kind, settledPairs(kind, options, { restNs, openNs: openNs.oldestNs }));
      // Otherwise it is a message like it that it waits for, and with that one it is looked at again.
      if (kind.pairs.length > 0 && held.count > 0) again.push(kind);
    }
    for (const kind of again) linger(kind);
  };

  const linger = (kind: Kind) => {
    const ends = kind.pairs
      .flatMap(({ sent, received }) => [sent.toNs, received.toNs])
      .filter(Number.isFinite);
    lingering.set(
      kind,
      ends.reduce((latest, ns) => Math.max(latest, ns), 0),
    );
  };

  /** What is not settled and may concern this kind, and since when. */
  const restOf = (kind: Kind) => {
    const heldNs = held.keyedSince(kind.key);
    const openNs = openBeside(kind);
    const oddNs = held.keyedSince(null)[0] ?? Number.POSITIVE_INFINITY;
    return {
      heldNs,
      openNs,
      restNs: Math.min(openNs.oldestNs, heldNs[0] ?? Number.POSITIVE_INFINITY, oddNs),
    };
  };

  const conclude = (kind: Kind, isAll: boolean) => {
    const isOver = kind.pairs.length - kind.concluded > MOST_UNDECIDED;
    const firstNs = kind.pairs[kind.concluded]?.received.toNs ?? Number.POSITIVE_INFINITY;
    if (!isAll && kind.pairs.length < MANY_PAIRS && firstNs >= open.oldestNs()) return;
    const { heldNs, openNs, restNs } = restOf(kind);
    let due = kind.concluded;
    while (due < kind.pairs.length && (isAll || isOver || (kind.pairs[due]?.received.toNs ?? 0) < restNs))
      due++;
    if (due === kind.concluded) return;
    const isAlone = kind.pairs.length === 1 && kind.sends.length === 1 && heldNs.length === 0;
    const { others, contested } = isAlone
      ? ALONE
      : alternatives({ ...kind, isGoneBefore, heldNs, openNs, restNs }, due);
    for (const sent of contested) options.contest(sent);
    for (const pair of kind.pairs.slice(kind.concluded, due)) {
      const count = others[kind.concluded++] ?? 0;
      pair.conclude(kind.isBlurred || pair.isContested ? Math.max(count, 1) : count);
    }
    if (kind.concluded === kind.pairs.length) undecided.delete(kind);
    forget(kind, settledPairs(kind, options, { restNs, openNs: openNs.oldestNs }));
    if (kind.concluded === kind.pairs.length && kind.pairs.length > 0) linger(kind);
    if (kind.pairs.length <= MOST_PAIRS) return;
    conclude(kind, true);
    forget(kind, MOST_PAIRS / 2);
    kind.isBlurred = true;
  };

  const forget = (kind: Kind, count: number) => {
    if (count === 0) return;
    // They are among the first: the queue may be deep.
    for (const { sent } of kind.pairs.slice(0, count)) kind.sends.remove(sent);
    kind.pairs = kind.pairs.slice(count);
    kind.concluded -= count;
    drop(kind);
  };

  return {
    get undecided() {
      let count = 0;
      for (const kind of undecided) count += kind.pairs.length - kind.concluded;
      return count;
    },
    get kinds() {
      return kinds.size;
    },
    add(sent) {
      const { key } = sent;
      if (key === null) return;
      let kind = kinds.get(key);
      if (kind === undefined) {
        kind = { key, sends: orderedList((one) => one.fromNs), pairs: [], concluded: 0, isBlurred: false };
        kinds.set(key, kind);
      }
      kind.sends.add(sent);
    },
    remove(sent) {
      const kind = sent.key === null ? undefined : kinds.get(sent.key);
      if (kind === undefined) return;
      kind.sends.remove(sent);
      drop(kind);
    },
    contest(received) {
      for (const { pairs, concluded } of undecided) {
        for (const pair of pairs.slice(concluded)) {
          if (fits(pair.sent, received) && !isGoneBefore(pair.sent, received.fromNs)) pair.isContested = true;
        }
      }
    },
    pair(key, pair) {
      const kind = kinds.get(key);
      if (kind === undefined) {
        pair.conclude(0);
        return;
      }
      insertInOrder(kind.pairs, pair, (one) => one.received.toNs, kind.concluded);
      undecided.add(kind);
      lingering.delete(kind);
    },
    conclude(isAll) {
      for (const kind of undecided) conclude(kind, isAll);
      forgetLingering();
    },
  };
}

/** So many of the first pairs are over and done with: their receives and their messages came before all others. */
function settledPairs(
  { pairs, sends, concluded }: Kind,
  { isGoneBefore }: AlikeOptions,
  { restNs, openNs }: { readonly restNs: number; readonly openNs: number },
): number {
  const paired = new Set(pairs.map(({ sent }) => sent));
  let laterSendNs = openNs;
  for (const sent of sends) {
    if (paired.has(sent) || isGoneBefore(sent, restNs)) continue;
    laterSendNs = Math.min(sent.fromNs, openNs);
    break;
  }
  let laterReceiveNs = restNs;
  const sendEnds: number[] = [];
  for (const { sent } of pairs)
    sendEnds.push(Math.max(sendEnds.at(-1) ?? Number.NEGATIVE_INFINITY, sent.toNs));
  for (let count = pairs.length; count > 0; count--) {
    const { sent, received } = pairs[count - 1] as Pair;
    const isOver = received.toNs < laterReceiveNs && (sendEnds[count - 1] ?? 0) < laterSendNs;
    if (isOver && count <= concluded) return count;
    laterReceiveNs = Math.min(laterReceiveNs, received.fromNs);
    laterSendNs = Math.min(laterSendNs, sent.fromNs);
  }
  return 0;
}
