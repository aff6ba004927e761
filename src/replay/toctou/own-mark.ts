/**
 * Messages that cannot be taken for one another although a part of them changed under their send: the bytes that did
 * not change are those of no other message seen on that queue. Whoever is not recorded may still send the same; that is
 * for the matching of messages to see.
 */

/** At least so many bytes must be the same at entry and at exit. */
export const LEAST_BYTES = 4;
/** The first so many of them are compared. */
const MOST_BYTES = 256;
/** Messages kept to be held against all others, and comparisons made in all: beyond, no message is unmistakable. */
const MAX_MARKS = 16_384;
const MAX_COMPARISONS = 50_000_000;

/** What is known of a message at one end of its way. */
export interface SeenMessage {
  /** The call that sent or received it. */
  readonly id: string;
  /** null: not known, so that it may be any. */
  readonly queue: string | null;
  /** Of its text; null: not known. */
  readonly lengthBytes: number | null;
  /** It may have been longer. */
  readonly isCut: boolean;
  /** Copies of the text, each of which the kernel may have had a byte of; null: there is one that is not known. */
  readonly copies: readonly (Uint8Array | null)[];
}

/** A message of which is asked whether it is unmistakable. Its copies: at entry and at exit. */
export interface Candidate extends SeenMessage {
  /** The receive that it was matched with. */
  readonly receiver: string;
}

export interface OwnMarks {
  add(candidate: Candidate): void;
  /** To be told, once all candidates are there, of every message on their queues. */
  see(message: SeenMessage): void;
  /** Ids of the candidates that no other message is like. */
  unmistakable(): ReadonlySet<string>;
}

interface Mark {
  readonly id: string;
  readonly receiver: string;
  readonly lengthBytes: number;
  readonly places: readonly number[];
  readonly values: Uint8Array;
}

export function ownMarks(limits = { marks: MAX_MARKS, comparisons: MAX_COMPARISONS }): OwnMarks {
  const marks = new Map<string, Mark[]>();
  let kept = 0;
  let comparisons = 0;
  const dropLike = (own: Mark[], message: SeenMessage) => {
    comparisons += own.length;
    for (let i = own.length - 1; i >= 0; i--) {
      const mark = own[i];
      if (mark === undefined || mark.id === message.id || mark.receiver === message.id) continue;
      if (mayBe(mark, message)) own.splice(i, 1);
    }
  };
  return {
    add(candidate) {
      const mark = markOf(candidate);
      if (mark === null || candidate.queue === null || kept >= limits.marks) return;
      kept++;
      const own = marks.get(candidate.queue);
      if (own === undefined) marks.set(candidate.queue, [mark]);
      else own.push(mark);
    },
    see(message) {
      if (comparisons > limits.comparisons) return;
      if (message.queue === null) for (const own of marks.values()) dropLike(own, message);
      else dropLike(marks.get(message.queue) ?? [], message);
    },
    unmistakable() {
      if (comparisons > limits.comparisons) return new Set();
      return new Set([...marks.values()].flatMap((own) => own.map(({ id }) => id)));
    },
  };
}

function markOf({ id, receiver, lengthBytes, copies }: Candidate): Mark | null {
  const [entry, exit] = copies;
  if (!entry || !exit || lengthBytes === null) return null;
  const places: number[] = [];
  const known = Math.min(entry.length, exit.length);
  for (let at = 0; at < known && places.length < MOST_BYTES; at++) {
    if (entry[at] === exit[at]) places.push(at);
  }
  if (places.length < LEAST_BYTES) return null;
  return { id, receiver, lengthBytes, places, values: Uint8Array.from(places, (at) => entry[at] ?? 0) };
}

/** Nothing that is known of the message says that it does not have these bytes there. */
function mayBe({ lengthBytes, places, values }: Mark, message: SeenMessage): boolean {
  const other = message.lengthBytes;
  if (other !== null && other !== lengthBytes && !(message.isCut && other < lengthBytes)) return false;
  return places.every((at, i) =>
    message.copies.some((copy) => copy?.[at] === undefined || copy[at] === values[i]),
  );
}
