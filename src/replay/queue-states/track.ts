/** One queue through the capture: what calls and readings say of it as they go by, and how it stood at each moment asked for. */
import type { SeenQueue } from "../queues.js";
import { type Balance, balance, type Stretch } from "./balance.js";
import {
  type Attributes,
  attributes,
  type Deed,
  during,
  type Registration,
  registration,
  unknownWhen,
} from "./facts.js";
import type { OpenCall } from "./open-call.js";

/** Something came about between two moments; `fromNs` -Infinity: nobody knows since when. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** How the queue stood at a moment: objects that what comes later still adds to. */
export interface Snapshot {
  readonly depthChange: number;
  readonly bytesChange: number;
  readonly stretch: Stretch;
  readonly open: readonly OpenCall[];
  readonly attributes: Attributes;
  readonly registration: Registration;
  readonly sent: Deed;
  readonly received: Deed;
}

export interface Track {
  /** As JSON has it. */
  key: string;
  readonly kind: "posix" | "sysv";
  readonly namespaceInum: number | null;
  readonly id: bigint;
  /** null: only inventories told of it so far. */
  generation: bigint | null;
  name: string | null;
  cuid: number | null;
  cgid: number | null;
  /** null: it was there before the capture. */
  created: Span | null;
  /** A call in the capture made it for sure. */
  isMade: boolean;
  /** POSIX: its name went. */
  unlinked: Span | null;
  /** System V: IPC_RMID. POSIX: its last descriptor was closed. */
  removed: Span | null;
  /** Messages that went with it; null: not known, or it is there. */
  dropped: number | null;
  /** The last sign of it. */
  lastSeenNs: number;
  readonly balance: Balance;
  attributes: Attributes;
  registration: Registration;
  sent: Deed;
  received: Deed;
  /** One for each moment asked for that has gone by. */
  readonly snapshots: Snapshot[];
}

export function makeTrack(
  parts: Pick<Track, "key" | "kind" | "namespaceInum" | "id" | "generation" | "name">,
  mayHaveLost: (fromNs: number, toNs: number) => boolean,
): Track {
  const track: Track = {
    ...parts,
    cuid: null,
    cgid: null,
    created: null,
    isMade: false,
    unlinked: null,
    removed: null,
    dropped: null,
    lastSeenNs: Number.NEGATIVE_INFINITY,
    balance: balance(mayHaveLost, (call) => noteDeed(track, call, call.toNs)),
    attributes: attributes(),
    registration: registration(null),
    sent: { pid: null, isPidKnown: false, when: unknownWhen() },
    received: { pid: null, isPidKnown: false, when: unknownWhen() },
    snapshots: [],
  };
  return track;
}

export function snapshot(track: Track): Snapshot {
  const { balance, attributes, registration, sent, received } = track;
  return {
    depthChange: balance.change.depth,
    bytesChange: balance.change.bytes,
    stretch: balance.stretch,
    open: [...balance.open],
    attributes,
    registration,
    sent,
    received,
  };
}

/** A send or receive was done, by this moment. */
export function noteDeed(track: Track, call: OpenCall, atNs: number): void {
  const isSend = call.does === "send";
  const before = isSend ? track.sent : track.received;
  const fromNs = Math.max(call.fromNs, before.when.fromNs ?? Number.NEGATIVE_INFINITY);
  const isAlone = ![...track.balance.open].some((other) => other !== call && other.does === call.does);
  // A message that was handed to a waiting receiver leaves its thread's id in lrpid: only a reading tells.
  const isThreads = !isSend && track.kind === "sysv" && call.tid !== call.tgid;
  const isLast = call.fromNs >= (before.when.atNs ?? Number.NEGATIVE_INFINITY);
  const deed: Deed = {
    pid: call.tgid,
    isPidKnown: !isThreads && isLast && isAlone,
    when: during(fromNs, Math.max(atNs, before.when.atNs ?? atNs)),
  };
  if (isSend) track.sent = deed;
  else track.received = deed;
}

/** What a call's record tells of its queue, at that moment. */
export function readQueue(track: Track, seen: SeenQueue, atNs: number, tid: number, lateNs: number): void {
  track.lastSeenNs = Math.max(track.lastSeenNs, atNs);
  if (seen.depth === null) return;
  const isForeign =
    isStranger(track, "send", seen.lastSendPid) || isStranger(track, "receive", seen.lastReceivePid);
  track.balance.read({ atNs, lateNs, tid, depth: seen.depth, bytes: seen.bytes, isForeign });
  if (track.kind === "sysv") {
    readPid(track, "sent", seen.lastSendPid);
    readPid(track, "received", seen.lastReceivePid);
    readAttributes(track, { maxBytes: seen.maxBytes }, atNs);
  } else {
    if (seen.notifyPid !== null) readRegistration(track, seen.notifyPid, atNs);
    readAttributes(track, { maxMessages: seen.maxMessages, maxMessageBytes: seen.maxBytes }, atNs);
  }
}

/** Somebody of whom no recorded call tells was the last to send, or to receive. */
function isStranger(track: Track, does: "send" | "receive", pid: number): boolean {
  const deed = does === "send" ? track.sent : track.received;
  if (track.kind === "posix" || pid === 0 || !deed.isPidKnown || deed.pid === pid) return false;
  for (const call of track.balance.open) {
    if (call.does === does && (call.tgid === pid || call.tid === pid)) return false;
  }
  return true;
}

function readPid(track: Track, which: "sent" | "received", value: number): void {
  const pid = value === 0 ? null : value;
  const deed = track[which];
  if (deed.pid === pid || !deed.isPidKnown) {
    deed.pid = pid;
    deed.isPidKnown = true;
    if (pid === null) Object.assign(deed.when, { isKnown: true, fromNs: null, atNs: null, seconds: null });
    return;
  }
  const when = { ...deed.when, isKnown: false };
  track[which] = { pid, isPidKnown: true, when };
}

/** Sets what is not known yet. What differs from what is known was changed by a call that is not in the capture. */
export function readAttributes(
  track: Track,
  read: Partial<Pick<Attributes, "uid" | "gid" | "mode" | "maxMessages" | "maxBytes" | "maxMessageBytes">>,
  atNs: number,
): void {
  const known = track.attributes;
  const names = Object.keys(read) as (keyof typeof read)[];
  const differs = names.some((name) => {
    const isGuess = known.guessed.has(name as "uid");
    return known[name] !== null && !isGuess && read[name] != null && read[name] !== known[name];
  });
  if (differs) {
    known.doubtNs = Math.min(known.doubtNs, known.agreedNs);
    track.attributes = attributes({
      ...known,
      guessed: new Set(known.guessed),
      changed: { ...known.changed, isKnown: false },
      doubtNs: Number.POSITIVE_INFINITY,
    });
  }
  for (const name of names) {
    if (read[name] == null) continue;
    track.attributes[name] = read[name] ?? null;
    track.attributes.guessed.delete(name as "uid");
  }
  track.attributes.agreedNs = atNs;
}

/** The owner's process as a reading found it; 0: nobody. */
export function readRegistration(
  track: Track,
  pid: number,
  atNs: number,
  more: Partial<Pick<Registration, "method" | "signo">> = {},
): void {
  const known = track.registration;
  if (known.pid === null || known.pid === pid) {
    Object.assign(known, { pid, agreedNs: atNs }, more);
    return;
  }
  known.endNs = atNs;
  track.registration = registration(pid, { agreedNs: atNs, ...more });
}
