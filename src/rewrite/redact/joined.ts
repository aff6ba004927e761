/**
 * Which other contents belong to a message that changed under its call: what its receiver may have got, which is made of
 * its copies, and messages that are like it wherever it did not change, since the analyses ask whether it can be told
 * from those (src/replay/toctou/own-mark.ts).
 */
import type { ChangedMessage, SeenContent } from "./plan.js";

/** Below, the unchanged bytes tell nothing, and nobody asks for them. */
const LEAST_MARK = 4;
const MOST_MARK = 256;
/** Comparisons in all: beyond, nothing more is joined. */
const MOST_COMPARISONS = 50_000_000;
const MOST_MARKS = 16_384;
/** Contents remembered, since most of them come several times. */
const MOST_RECENT = 16_384;

interface Mark {
  readonly message: ChangedMessage;
  readonly places: readonly number[];
  readonly joined: Map<string, Uint8Array>;
}

/** `bytesLeft`: that may still be remembered. */
export function joinAlike(
  changed: readonly ChangedMessage[],
  seen: Iterable<SeenContent>,
  bytesLeft: number,
): Uint8Array[][] {
  const marks = distinct(changed).map(markOf);
  const byQueue = new Map<string | null, Mark[]>();
  for (const mark of marks.slice(0, MOST_MARKS)) {
    const own = byQueue.get(mark.message.queue);
    if (own === undefined) byQueue.set(mark.message.queue, [mark]);
    else own.push(mark);
  }
  let comparisons = 0;
  let left = bytesLeft;
  const isAgain = recently();
  for (const content of seen) {
    if (isAgain(content)) continue;
    const near =
      content.queue === null ? marks : [...(byQueue.get(content.queue) ?? []), ...(byQueue.get(null) ?? [])];
    comparisons += near.length;
    if (comparisons > MOST_COMPARISONS) break;
    for (const mark of near) {
      if (content.bytes.length > left || !belongs(mark, content)) continue;
      const key = textOf(content.bytes);
      if (mark.joined.has(key)) continue;
      left -= content.bytes.length;
      mark.joined.set(key, content.bytes.slice());
    }
  }
  return marks.map(({ message, joined }) => [...message.copies, ...joined.values()]);
}

/** A message that is sent over and over changes in the same way: what belongs to one belongs to all. */
function distinct(changed: readonly ChangedMessage[]): ChangedMessage[] {
  const byKey = new Map<string, ChangedMessage>();
  for (const message of changed) {
    const { queue, lengthBytes, copies } = message;
    byKey.set([queue, lengthBytes, ...copies.map(textOf)].join("\n"), message);
  }
  return [...byKey.values()];
}

function recently(): (content: SeenContent) => boolean {
  const recent = new Set<string>();
  return ({ queue, lengthBytes, bytes }) => {
    const key = `${queue}\n${lengthBytes}\n${textOf(bytes)}`;
    if (recent.has(key)) return true;
    if (recent.size >= MOST_RECENT) recent.clear();
    recent.add(key);
    return false;
  };
}

const textOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

function markOf(message: ChangedMessage): Mark {
  const [first = new Uint8Array(0), ...others] = message.copies;
  const known = Math.min(...message.copies.map((copy) => copy.length));
  const places: number[] = [];
  for (let at = 0; at < known && places.length < MOST_MARK; at++) {
    if (others.every((copy) => copy[at] === first[at])) places.push(at);
  }
  return { message, places, joined: new Map() };
}

function belongs({ message, places }: Mark, { bytes, lengthBytes }: SeenContent): boolean {
  if (bytes.length === 0) return false;
  const { copies } = message;
  if (lengthBytes !== null && message.lengthBytes !== null && lengthBytes > message.lengthBytes) return false;
  // Only what can be compared counts: unchanged places that a short content has not say nothing of it.
  const leastBytes = (places[LEAST_MARK - 1] ?? Number.POSITIVE_INFINITY) + 1;
  if (
    bytes.length >= leastBytes &&
    places.every((at) => at >= bytes.length || bytes[at] === copies[0]?.[at])
  ) {
    return true;
  }
  const longest = Math.max(...copies.map((copy) => copy.length));
  if (bytes.length < Math.min(LEAST_MARK, longest)) return false;
  return bytes.every((byte, at) => copies.some((copy) => copy[at] === byte));
}
