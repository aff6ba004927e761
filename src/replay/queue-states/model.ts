/** The queues as the steps of a capture go by: which queue a step is about, and what it does to it. */

import type { Inventory } from "../../format/types.js";
import { depthAt } from "./depth-at.js";
import { attributes, during, methodName, never, registration } from "./facts.js";
import { takeInventory, takeListed } from "./inventory.js";
import type { Moments } from "./moments.js";
import type { OpenCall } from "./open-call.js";
import { type Registry, registry } from "./registry.js";
import type { Act, Fields, SeenNamed, Step } from "./steps.js";
import { noteDeed, readAttributes, readQueue, snapshot, type Track } from "./track.js";

/** A depth is read a little after its record's time: rarely longer than this. */
const LATE_NS = 1_000_000;

export interface Model {
  readonly registry: Registry;
  take(step: Step): void;
  finish(): void;
}

export function model(
  mayHaveLost: (fromNs: number, toNs: number) => boolean,
  moments: Moments,
  inventories: readonly Inventory[],
): Model {
  const queues = registry(mayHaveLost);
  const trackOf = new Map<OpenCall, Track>();
  /** Where a task's last reading waits for the task to go on. */
  const lastRead = new Map<number, Track>();
  /** The ipc namespace in which a process opens queues by name. */
  const namespaces = new Map<number, number>();

  const goOn = (tid: number) => {
    lastRead.get(tid)?.balance.goesOn(tid);
    lastRead.delete(tid);
  };

  const read = (track: Track, { seen, entry, name }: SeenNamed, atNs: number, tid: number) => {
    track.balance.advance(atNs);
    if (name !== null && track.name !== name) queues.name(track, name);
    if (entry !== null && track.kind === "sysv") {
      track.cuid = entry.cuid;
      track.cgid = entry.cgid;
      if (track.attributes.uid === null) {
        readAttributes(
          track,
          { uid: entry.uid, gid: entry.gid, mode: entry.mode === null ? null : entry.mode & 0o777 },
          atNs,
        );
      }
    }
    readQueue(track, seen, atNs, tid, LATE_NS);
    lastRead.set(tid, track);
  };

  const enter = ({ atNs, call, queue }: Step & { kind: "enter" }) => {
    goOn(call.tid);
    const track = queues.of(queue, atNs);
    if (track === null) return;
    read(track, queue, atNs, call.tid);
    track.balance.enter(call);
    trackOf.set(call, track);
  };

  const leave = (step: Step & { kind: "leave" }) => {
    const { atNs, call, before, after, act } = step;
    goOn(call.tid);
    let track = trackOf.get(call) ?? null;
    trackOf.delete(call);
    if (track === null && act?.did === "open" && after !== null) track = open(step, act, after);
    if (track === null && before !== null) track = queues.of(before, atNs);
    if (track === null && after !== null) track = queues.of(after, atNs);
    if (act?.did === "unlink") unlink(step, act.name);
    if (track === null) return;
    const { balance } = track;
    balance.advance(atNs);
    if (act?.did === "remove") remove(track, step);
    if (!balance.open.has(call) && !call.isCounted) balance.enter(call);
    const wasCounted = call.isCounted;
    balance.leave(call, atNs);
    if (!wasCounted && call.effect != null && call.effect !== 0)
      noteDeed(track, call, Math.min(call.toNs, atNs));
    if (step.isRemovedError && track.removed === null) {
      track.removed = { fromNs: Math.max(track.lastSeenNs, call.enterNs), toNs: atNs };
    }
    if (act?.did === "set") set(track, step, act.fields);
    if (act?.did === "notify") notify(track, step, act.event);
    if (after !== null && sameQueue(track, after)) read(track, after, atNs, call.tid);
    if (act?.did === "stat") stat(track, act.fields, atNs);
  };

  const open = (
    step: Step & { kind: "leave" },
    act: Act & { did: "open" },
    queue: SeenNamed,
  ): Track | null => {
    const { atNs, call } = step;
    namespaces.set(call.tgid, queue.seen.key.namespaceInum);
    const count = queues.tracks.length;
    let track = queues.of(queue, atNs);
    const isFound = queues.tracks.length === count;
    if (track !== null && isFound && act.isNew) {
      // The one that had this key before went away unseen.
      track.removed = { fromNs: track.lastSeenNs, toNs: atNs };
      track = queues.replace(queue, atNs);
    }
    const isMade = act.isNew || (act.isCreating && isEmptyNew(queue));
    if (track === null || (isFound && !act.isNew) || !isMade) return track;
    // Where no inventory tells what was there, a call that would create may have found it.
    const isSure = act.isNew || track.created !== null;
    track.isMade = isSure;
    track.created = { fromNs: isSure ? call.enterNs : queues.freeSince(track), toNs: atNs };
    for (const old of track.name === null ? [] : queues.named(track.name)) {
      if (old === track || old.namespaceInum !== track.namespaceInum) continue;
      old.unlinked = { fromNs: old.lastSeenNs, toNs: atNs };
    }
    // Nobody has used it. POSIX: the bits of umask are not known.
    const isSysv = track.kind === "sysv";
    track.attributes = attributes({
      uid: isSysv ? (queue.entry?.uid ?? null) : step.uid,
      gid: isSysv ? (queue.entry?.gid ?? null) : step.gid,
      mode: act.mode,
      guessed: new Set(isSysv ? [] : act.mode === 0 ? ["uid", "gid"] : ["uid", "gid", "mode"]),
      changed: isSysv ? during(call.enterNs, atNs) : never(),
    });
    track.sent = { pid: null, isPidKnown: true, when: never() };
    track.received = { pid: null, isPidKnown: true, when: never() };
    track.registration = registration(0, { agreedNs: call.enterNs });
    return track;
  };

  const unlink = ({ atNs, call }: Step & { kind: "leave" }, name: string) => {
    const all = queues.named(name);
    const own = namespaces.get(call.tgid);
    const inOwn = own === undefined ? all : all.filter(({ namespaceInum }) => namespaceInum === own);
    const isSure = inOwn.length === 1;
    for (const track of inOwn) {
      // One of several: from here on nobody knows which.
      track.unlinked = { fromNs: call.enterNs, toNs: isSure ? atNs : Number.POSITIVE_INFINITY };
      // It had its name until then, so it was there when the call began.
      if (isSure) track.lastSeenNs = Math.max(track.lastSeenNs, call.enterNs);
    }
  };

  const remove = (track: Track, { atNs, call }: Step & { kind: "leave" }) => {
    const { depth } = depthAt(snapshot(track), { atNs, isJustAfter: false });
    track.removed = { fromNs: call.enterNs, toNs: atNs };
    track.dropped = depth.lo === depth.hi ? depth.lo : null;
  };

  const set = (track: Track, { atNs, call }: Step & { kind: "leave" }, fields: Fields) => {
    const perm = permOf(fields);
    track.attributes.doubtNs = Math.min(track.attributes.doubtNs, call.enterNs);
    track.attributes = attributes({
      ...track.attributes,
      uid: numberOf(perm.uid),
      gid: numberOf(perm.gid),
      mode: maskOf(perm.mode),
      maxBytes: numberOf(fields.msg_qbytes),
      guessed: new Set(),
      changed: during(call.enterNs, atNs),
      agreedNs: atNs,
      doubtNs: Number.POSITIVE_INFINITY,
    });
  };

  const notify = (track: Track, { atNs, call }: Step & { kind: "leave" }, event: Fields | null) => {
    const { registration: before } = track;
    // Without an event the caller's own registration goes, and anybody else's stays.
    if (event === null && before.pid !== call.tgid) return;
    before.endNs = atNs;
    before.agreedNs = Math.max(before.agreedNs, Math.min(call.enterNs, atNs));
    const method = numberOf(event?.sigev_notify);
    track.registration = registration(event === null ? 0 : call.tgid, {
      method: method === null ? null : methodName(method),
      signo: method === 0 ? numberOf(event?.sigev_signo) : null,
      agreedNs: atNs,
    });
  };

  const stat = (track: Track, fields: Fields, atNs: number) => {
    const perm = permOf(fields);
    readAttributes(
      track,
      {
        uid: numberOf(perm.uid),
        gid: numberOf(perm.gid),
        mode: maskOf(perm.mode),
        maxBytes: numberOf(fields.msg_qbytes),
      },
      atNs,
    );
    for (const [when, field] of [
      [track.sent.when, fields.msg_stime],
      [track.received.when, fields.msg_rtime],
      [track.attributes.changed, fields.msg_ctime],
    ] as const) {
      const seconds = numberOf(field);
      if (seconds === null || track.balance.open.size > 0) continue;
      when.seconds = seconds === 0 ? null : seconds;
      when.isKnown = true;
    }
  };

  return {
    registry: queues,
    take(step) {
      moments.before(step.atNs, queues.mark);
      if (step.kind === "enter") enter(step);
      else if (step.kind === "leave") {
        leave(step);
        moments.after(step, queues.mark);
      } else if (step.kind === "listed") takeListed(queues, step);
      else takeInventory(queues, step, inventories);
    },
    finish() {
      for (const { balance } of queues.tracks) balance.finish();
      moments.before(Number.POSITIVE_INFINITY, queues.mark);
    },
  };
}

function sameQueue(track: Track, { seen: { key } }: SeenNamed): boolean {
  return (
    track.id === key.id && track.generation === key.generation && track.namespaceInum === key.namespaceInum
  );
}

/** As a queue is that has just been made: nobody has sent to it or received from it. */
function isEmptyNew({ seen }: SeenNamed): boolean {
  return seen.depth === null || (seen.depth === 0 && seen.lastSendPid === 0 && seen.lastReceivePid === 0);
}

function permOf(fields: Fields): Fields {
  const perm = fields.msg_perm;
  return typeof perm === "object" && perm !== null && !Array.isArray(perm) ? (perm as Fields) : {};
}

/** 64-bit C types come as decimal strings. */
function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : null;
}

function maskOf(value: unknown): number | null {
  const mode = numberOf(value);
  return mode === null ? null : mode & 0o777;
}
