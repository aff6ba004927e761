/** Lists of events as users write them on the command line: `posix-mq,msgsnd`. */
import { EVENTS, eventByName, eventsOfGroup, GROUPS } from "./events.js";
import type { EventRow } from "./types.js";

export type ParsedEventList =
  | { readonly events: readonly EventRow[] }
  /** `unknown` is the first word that names nothing ("" for an empty one); `suggestions` are near it, best first. */
  | { readonly unknown: string; readonly suggestions: readonly string[] };

/** libc functions and old names that come to one of the events: what a user is likely to write. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  mq_send: ["mq_timedsend"],
  mq_receive: ["mq_timedreceive"],
  mq_getattr: ["mq_getsetattr"],
  mq_setattr: ["mq_getsetattr"],
  mq_timedsend_time64: ["mq_timedsend"],
  mq_timedreceive_time64: ["mq_timedreceive"],
  recvmmsg_time64: ["recvmmsg"],
  ipc: ["sysv-msg"],
  sysv: ["sysv-msg"],
  socketcall: ["socket-msg"],
  socket: ["socket-msg"],
  send: ["sendmsg"],
  sendto: ["sendmsg"],
  recv: ["recvmsg"],
  recvfrom: ["recvmsg"],
  posix: ["posix-mq"],
  mq: ["posix-mq"],
};

/**
 * Parses event and group names separated by commas, blanks around them allowed. Events come in the catalogue's
 * order, each once.
 */
export function parseEventList(text: string): ParsedEventList {
  const wanted = new Set<EventRow>();
  for (const word of text.split(",").map((part) => part.trim())) {
    const group = GROUPS.find((name) => name === word);
    const event = eventByName(word);
    if (group !== undefined) for (const row of eventsOfGroup(group)) wanted.add(row);
    else if (event !== undefined) wanted.add(event);
    else return { unknown: word, suggestions: suggest(word) };
  }
  return { events: EVENTS.filter((event) => wanted.has(event)) };
}

/** Up to three names that the word may have meant. */
function suggest(word: string): readonly string[] {
  const lower = word.toLowerCase();
  if (lower === "") return [];
  const known = Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : undefined;
  if (known !== undefined) return known;
  return [...GROUPS, ...EVENTS.map((event) => event.name)]
    .map((name) => ({ name, distance: editDistance(lower, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** How many letters must be put in, taken out or changed to get from one word to the other. */
function editDistance(from: string, to: string): number {
  // Words longer than any name are far from all of them; this bounds the work.
  if (from.length > 64) return from.length;
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
