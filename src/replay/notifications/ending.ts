/**
 * How a registration ended, out of what the recorded calls can have done between the last look that showed it and the
 * first that did not. The kernel's rules are those of ipc/mqueue.c: a message that is put into an empty queue fires it,
 * one that is handed to a waiting receiver does not, nor does a blocked sender's, which a receiver puts in.
 */
import type { Act, End, Firing, Match, Registration } from "./types.js";

/** A call on the queue that has not ended yet. */
export interface OpenCall {
  readonly does: Act["does"];
  readonly tid: number;
  readonly tgid: number;
  readonly enterNs: number;
  readonly notifyPid: number | null;
}

/** What is known beside the queue's own calls. */
export interface Evidence {
  /** May an entry or exit have been lost? */
  callsLost(fromNs: number, toNs: number): boolean;
  /** Would the hook have told of each recorded call that fired a registration? */
  hookTells(fromNs: number, toNs: number): boolean;
  /** Whatever can end a registration is among the events that were recorded. */
  readonly isEveryEventThere: boolean;
}

/** What is left of the queue's calls from when the registration was last seen. */
export interface Scene {
  readonly acts: readonly Act[];
  readonly open: readonly OpenCall[];
  /** Those of this queue that no registration has claimed. */
  readonly firings: readonly Firing[];
  /** By when the next registration was in force, so that this one was over; infinite: there is none. */
  readonly nextNs: number;
}

export interface Verdict {
  readonly end: End;
  readonly match: Match | null;
  readonly candidates: number | null;
  readonly endedNs: number | null;
  readonly by: Registration["by"];
  readonly firing: Firing | null;
}

/** A queue is read up to so much later than the record says that shows it. */
export const LATE_NS = 1_000_000;

/** From when on it can have ended. */
export function windowFrom(reg: Registration): number {
  return reg.lastSeenNs ?? reg.sinceNs;
}

/** Judges a registration that is over: `goneNs` is known. */
export function judgeEnd(reg: Registration, scene: Scene, evidence: Evidence): Verdict {
  const fromNs = windowFrom(reg);
  const seenNs = reg.goneNs ?? Number.POSITIVE_INFINITY;
  const toNs = Math.min(seenNs + LATE_NS, scene.nextNs);
  const firing = scene.firings.find(
    (one) => one.ownerPid === reg.tgid && one.atNs >= Math.max(fromNs, reg.sinceNs) && one.atNs <= toNs,
  );
  if (firing !== undefined) return fired(firing, scene);
  const nobody = { by: null, firing: null, candidates: null } as const;
  const unknown: Verdict = { ...nobody, end: "unknown", match: null, endedNs: finite(seenNs) };
  if (evidence.callsLost(fromNs, toNs)) return unknown;
  const isHooked = evidence.hookTells(fromNs, toNs);
  const during = scene.acts.filter((act) => act.toNs >= fromNs && act.fromNs <= toNs);
  const sends = isHooked ? [] : during.filter((act) => canFire(act, reg, scene, toNs));
  const cancels = during.filter((act) => isCancel(act, reg));
  // Of a call that is still going on nobody knows what it did.
  const open = scene.open.filter(
    (call) =>
      call.enterNs <= toNs &&
      ((call.does === "send" && !isHooked) || (call.does === "cancel" && call.tgid === reg.tgid)),
  );
  const count = sends.length + cancels.length + open.length;
  const [first] = [...sends, ...cancels].sort((one, other) => likelihood(other, reg) - likelihood(one, reg));
  if (first === undefined) {
    const isKnown = open.length === 0 && evidence.isEveryEventThere && !isSomebodyElseThere(reg, during);
    if (!isKnown) return unknown;
    const match = reg.isUnsure ? "ambiguous" : "modelled";
    return { ...nobody, end: "lost", match, candidates: 1, endedNs: finite(seenNs) };
  }
  const isOne = count === 1 && first.ret === 0 && !reg.isUnsure;
  const endedNs = finite(Math.min(first.toNs, seenNs));
  if (first.does === "cancel") {
    const match = isOne ? "exact" : "ambiguous";
    return { end: "cancelled", match, candidates: count, endedNs, by: first, firing: null };
  }
  const isAlone = isOne && first.before?.depth === 0 && !mayHaveWaited(first, reg, scene, toNs);
  const match = isAlone ? "modelled" : "ambiguous";
  return { end: "fired", match, candidates: count, endedNs, by: first, firing: null };
}

function fired(firing: Firing, { acts }: Scene): Verdict {
  const act = acts.find((one) => one.tid === firing.tid && one.number === firing.call);
  const by = act ?? { caller: firing.caller, isWanted: false };
  return { end: "fired", match: "exact", candidates: 1, endedNs: firing.atNs, by, firing };
}

function isCancel(act: Act, reg: Registration): boolean {
  if (act.does !== "cancel" || act.tgid !== reg.tgid || isGoneBefore(act, reg)) return false;
  return act.ret === null || act.ret === 0;
}

/** It found the registration over. While that begins, a look may also be too early to show it. */
function isGoneBefore({ before, fromNs }: Act, reg: Registration): boolean {
  const beganNs = reg.lastSeenNs ?? reg.call?.toNs ?? Number.POSITIVE_INFINITY;
  return isOther(before?.notifyPid ?? null, reg) && fromNs >= beganNs;
}

/** False: it is certain that this call did not end the registration by a message of its own. */
function canFire(act: Act, reg: Registration, scene: Scene, toNs: number): boolean {
  if (act.does !== "send" || (act.ret !== null && act.ret !== 0)) return false;
  if (isGoneBefore(act, reg)) return false;
  const { before, after } = act;
  // It shows the registration in force when its message had long been put in.
  if (after !== null && after.notifyPid === reg.tgid && after.atNs <= (reg.lastSeenNs ?? -1)) return false;
  return (
    isEverEmpty(reg.lastDepth, windowFrom(reg), toNs, scene) &&
    isEverEmpty(before?.depth ?? null, act.fromNs, Math.min(act.toNs, toNs), scene)
  );
}

/** Can the receives of this time have emptied a queue that was `depth` deep at its beginning? */
function isEverEmpty(depth: number | null, fromNs: number, toNs: number, { acts, open }: Scene): boolean {
  if (depth === null) return true;
  const ended = acts.filter((act) => act.does === "receive" && act.toNs >= fromNs && act.fromNs <= toNs);
  const under = open.filter((call) => call.does === "receive" && call.enterNs <= toNs);
  return depth <= ended.length + under.length;
}

/** May a receiver have waited for this send's message, so that it was handed over? */
function mayHaveWaited(send: Act, reg: Registration, { acts, open }: Scene, toNs: number): boolean {
  const untilNs = Math.min(send.toNs, toNs);
  // Who found the registration gone came after what ended it.
  const isLate = (notifyPid: number | null, fromNs: number) =>
    isOther(notifyPid, reg) && fromNs >= windowFrom(reg);
  return (
    acts.some(
      (act) =>
        act.does === "receive" &&
        act.toNs >= send.fromNs &&
        act.fromNs <= untilNs &&
        !isLate(act.before?.notifyPid ?? null, act.fromNs),
    ) ||
    open.some(
      (call) => call.does === "receive" && call.enterNs <= untilNs && !isLate(call.notifyPid, call.enterNs),
    )
  );
}

function isOther(notifyPid: number | null, reg: Registration): boolean {
  return notifyPid !== null && notifyPid !== reg.tgid;
}

/** The queue is deeper than the recorded sends can have made it: one that was not recorded may have fired it. */
function isSomebodyElseThere(reg: Registration, during: readonly Act[]): boolean {
  if (reg.lastDepth === null || reg.goneDepth === null) return false;
  return reg.goneDepth > reg.lastDepth + during.filter(({ does }) => does === "send").length;
}

/** Of several that fit, the one that saw it happen comes first, then the one that was over first. */
function likelihood({ before, after, toNs }: Act, reg: Registration): number {
  const saw = before?.notifyPid === reg.tgid && isOther(after?.notifyPid ?? null, reg);
  const isEmpty = before?.depth === 0;
  return (saw ? 2 : 0) + (isEmpty ? 1 : 0) - toNs / Number.MAX_SAFE_INTEGER;
}

function finite(ns: number): number | null {
  return Number.isFinite(ns) ? ns : null;
}
