/**
 * A queue at a moment, as `queues --json` has it. What is not sure is named in `unsure`; what is not known is null.
 */
import { type CaptureClock, utcSecond } from "../time.js";
import { type DepthAt, depthAt } from "./depth-at.js";
import type { Deed, Registration, When } from "./facts.js";
import type { OpenCall } from "./open-call.js";
import type { Snapshot, Span, Track } from "./track.js";

export type Existence = "named" | "unlinked" | "removed" | "unknown";

export interface Notify {
  readonly pid: number;
  readonly method: string | null;
  readonly signo: number | null;
}

/** Field order here is the order in which they are printed. */
export interface QueueState {
  readonly kind: "posix" | "sysv";
  readonly key: string;
  readonly name: string | null;
  readonly namespace: number | null;
  readonly exists: Existence;
  readonly msqid: number | null;
  readonly perms: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly cuid: number | null;
  readonly cgid: number | null;
  readonly depth: number | null;
  readonly bytes: number | null;
  readonly max_messages: number | null;
  readonly max_bytes: number | null;
  readonly max_message_bytes: number | null;
  readonly last_send_pid: number | null;
  readonly last_receive_pid: number | null;
  readonly last_send: string | null;
  readonly last_receive: string | null;
  readonly last_change: string | null;
  readonly notify: Notify | null;
  readonly waiting_senders: number | null;
  readonly waiting_receivers: number | null;
  /** Since when it is there; null: since before the capture, or not known. */
  readonly created_ns: number | null;
  /** Messages that its removal threw away; null: it is there, or that is not known. */
  readonly dropped: number | null;
  readonly certain: boolean;
  /** Fields that may be otherwise. */
  readonly unsure: readonly string[];
}

export interface RowOptions {
  readonly atNs: number;
  readonly isJustAfter: boolean;
  readonly clock: Pick<CaptureClock, "wall">;
  /** Not every task's calls were recorded: only readings on both sides make a moment sure. */
  readonly isFiltered: boolean;
  readonly mayHaveLost: (fromNs: number, toNs: number) => boolean;
}

/** null: it was not there yet. */
export function queueRow(track: Track, of: Snapshot, options: RowOptions): QueueState | null {
  const { atNs } = options;
  const unsure = new Set<string>();
  const exists = existence(track, atNs, unsure);
  if (exists === null) return null;
  const now = depthAt(of, options);
  const isGone = exists === "removed";
  if (!isGone) doubtDepth(now, of, options, unsure);
  const { attributes } = of;
  if (atNs > attributes.doubtNs) for (const name of ["perms", "uid", "gid", "last_change"]) unsure.add(name);
  for (const name of attributes.guessed) unsure.add(name === "mode" ? "perms" : name);
  const best = isGone ? () => 0 : (range: { lo: number; hi: number }) => bestOf(range);
  const sent = deedAt(of.sent, now, "send", track, options, unsure);
  const received = deedAt(of.received, now, "receive", track, options, unsure);
  const isSysv = track.kind === "sysv";
  return {
    kind: track.kind,
    key: track.key,
    name: track.name,
    namespace: track.namespaceInum,
    exists,
    msqid: isSysv ? Number(track.id) : null,
    perms: attributes.mode === null ? null : attributes.mode.toString(8).padStart(3, "0"),
    uid: attributes.uid,
    gid: attributes.gid,
    cuid: track.cuid,
    cgid: track.cgid,
    depth: isGone ? 0 : placed(now.depth, now, options, () => 1),
    bytes: isGone ? 0 : placed(now.bytes, now, options, (call) => call.sizeBytes ?? 0),
    max_messages: attributes.maxMessages,
    max_bytes: attributes.maxBytes,
    max_message_bytes: attributes.maxMessageBytes,
    last_send_pid: sent.pid,
    last_receive_pid: received.pid,
    last_send: sent.time,
    last_receive: received.time,
    last_change: isSysv ? timeOf(attributes.changed, "last_change", true, options, unsure) : null,
    notify: isSysv || isGone ? null : notifyAt(of.registration, options, unsure),
    waiting_senders: best(now.waitingSenders),
    waiting_receivers: best(now.waitingReceivers),
    created_ns: track.created === null || !Number.isFinite(track.created.fromNs) ? null : track.created.toNs,
    dropped: isGone ? track.dropped : null,
    certain: unsure.size === 0,
    unsure: [...unsure],
  };
}

/** null: it was not there yet. */
function existence(track: Track, atNs: number, unsure: Set<string>): Existence | null {
  const { created, unlinked, removed, lastSeenNs } = track;
  const within = (span: Span) => atNs > span.fromNs && atNs < span.toNs;
  if (created !== null && atNs < created.toNs) {
    if (!within(created) || track.isMade) return null;
    unsure.add("exists");
    return "unknown";
  }
  if (removed !== null && atNs >= removed.toNs) return "removed";
  if (removed !== null && within(removed)) {
    unsure.add("exists");
    return "unknown";
  }
  if (unlinked === null || atNs <= unlinked.fromNs) return "named";
  if (within(unlinked)) {
    unsure.add("exists");
    return "named";
  }
  // Closing a descriptor is no call that is recorded: without a name it may be gone with any of them.
  if (atNs <= lastSeenNs) return "unlinked";
  unsure.add("exists");
  return "unknown";
}

/** Before every record, and finite: a ledger that saw no loss has its last one at -Infinity. */
const BEGINNING_NS = -Number.MAX_VALUE;

function doubtDepth(now: DepthAt, of: Snapshot, options: RowOptions, unsure: Set<string>): void {
  const { atNs, isFiltered, mayHaveLost } = options;
  // Without any reading yet, since the beginning.
  const sinceNs = Math.max(Math.min(of.stretch.agreedNs, atNs), BEGINNING_NS);
  const isLost = !now.isBracketed && mayHaveLost(sinceNs, atNs);
  const isDoubted = !now.isExplained || isLost || (isFiltered && !now.isBracketed);
  for (const [name, range] of [
    ["depth", now.depth],
    ["bytes", now.bytes],
    ["waiting_senders", now.waitingSenders],
    ["waiting_receivers", now.waitingReceivers],
  ] as const) {
    const isWaiting = name.startsWith("waiting");
    if (range.lo !== range.hi || (isDoubted && !isWaiting) || (isWaiting && isLost)) unsure.add(name);
  }
}

/** The likeliest of a range; null: nothing is known. */
function bestOf({ lo, hi }: { readonly lo: number; readonly hi: number }): number | null {
  return Number.isFinite(lo) && Number.isFinite(hi) ? lo : null;
}

/** Of calls that are under way each is taken to do its work in the middle of its time. `size`: what it moves. */
function placed(
  range: { readonly lo: number; readonly hi: number },
  { doubtful }: DepthAt,
  { atNs }: RowOptions,
  size: (call: OpenCall) => number,
): number | null {
  const least = bestOf(range);
  if (least === null || range.lo === range.hi) return least;
  let value = least;
  for (const call of doubtful) {
    const isDone = call.fromNs + call.toNs <= 2 * atNs;
    if (call.does === "send" ? isDone : !isDone) value += size(call);
  }
  return Math.min(value, range.hi);
}

function deedAt(
  deed: Deed,
  now: DepthAt,
  does: OpenCall["does"],
  track: Track,
  options: RowOptions,
  unsure: Set<string>,
): { readonly pid: number | null; readonly time: string | null } {
  const names = does === "send" ? ["last_send_pid", "last_send"] : ["last_receive_pid", "last_receive"];
  const [pidName = "", timeName = ""] = names;
  const isSysv = track.kind === "sysv";
  const applied = now.applied.filter((call) => call.does === does);
  const doubtful = now.doubtful.filter((call) => call.does === does);
  const last = applied.at(-1);
  const pid = last?.tgid ?? deed.pid;
  const isPidKnown =
    (last !== undefined || deed.isPidKnown || !isSysv) && new Set(applied.map((call) => call.tgid)).size < 2;
  if (!isPidKnown || doubtful.some((call) => call.tgid !== pid)) unsure.add(pidName);
  if (doubtful.length > 0) unsure.add(timeName);
  const when =
    last === undefined
      ? deed.when
      : {
          fromNs: Math.max(...applied.map(({ fromNs }) => fromNs)),
          atNs: Math.min(Math.max(...applied.map(({ toNs }) => toNs)), options.atNs),
          seconds: null,
          isKnown: true,
        };
  return { pid, time: timeOf(when, timeName, isSysv, options, unsure) };
}

/** The kernel's clock for these times is behind by up to a tick. */
const TICK_NS = 10_000_000;

function timeOf(
  when: When,
  name: string,
  isSysv: boolean,
  { clock }: RowOptions,
  unsure: Set<string>,
): string | null {
  if (!when.isKnown && isSysv) unsure.add(name);
  if (when.atNs === null) {
    const told = when.seconds === null ? null : utcSecond(when.seconds);
    return told === null ? null : `${told}Z`;
  }
  const wall = clock.wall(when.atNs);
  const first = clock.wall((when.fromNs ?? when.atNs) - TICK_NS);
  if (when.seconds !== null && wall !== null) {
    // An inventory or a stat call told which second it was.
    const told = utcSecond(when.seconds);
    if (told === null) unsure.add(name); // no date says that
    return told === null || wall.startsWith(told) ? wall : `${told}Z`;
  }
  if (isSysv && wall?.slice(0, 19) !== first?.slice(0, 19)) unsure.add(name);
  return wall;
}

function notifyAt(of: Registration, { atNs, isFiltered }: RowOptions, unsure: Set<string>): Notify | null {
  const isAgreed = atNs <= of.agreedNs;
  // Its owner may have closed a descriptor, which no call tells, or it fired; nobody registers without a call.
  if (!isAgreed && (of.pid !== 0 || of.endNs !== null || isFiltered)) unsure.add("notify");
  if (of.pid === null || of.pid === 0) return null;
  return { pid: of.pid, method: of.method, signo: of.signo };
}
