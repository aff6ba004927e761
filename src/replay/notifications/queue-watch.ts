/**
 * Follows the registrations of one POSIX queue along its calls: which process each look at the queue showed registered,
 * and which calls were under way. Says when a registration began and was over; what ended it, ending.ts judges.
 */
import { type Evidence, judgeEnd, LATE_NS, type OpenCall, windowFrom } from "./ending.js";
import { firstReceive, followingReceive } from "./receives.js";
import { type Origin, registration } from "./registration.js";
import type { Act, Firing, Reading, Registration } from "./types.js";

export interface QueueWatch {
  enter(call: OpenCall, before: Reading | null): void;
  /** A call ended, or no more will be heard of it. */
  leave(act: Act): void;
  /** The task has gone on to another call, and the end of its call on this queue is not in the capture. */
  left(tid: number): void;
  /** A registration that the inventory shows. Its numbers may have been read up to a second after `atNs`. */
  inventory(known: Origin & { readonly atNs: number }): void;
  /** The one in force as far as is known, for the inventory at the end. */
  current(): Registration | null;
  /** No more calls come. */
  finish(): void;
  /** Nothing is held of it that could not be had again. */
  readonly isIdle: boolean;
}

export interface WatchOptions {
  readonly evidence: Evidence;
  /** Those of the queue that no registration has claimed; a claimed one is taken out. */
  readonly firings: Firing[];
  /** Told of each registration once, when it is known to have begun. */
  readonly begun: (reg: Registration) => void;
  /** Told when all is known of it that the queue's calls tell. */
  readonly settled: (reg: Registration) => void;
}

/** Calls remembered for judging: beyond, registrations are judged by what there is. */
const MOST_ACTS = 4096;
const MOST_AWAITING = 64;
const MOST_REFUSED = 64;
const EBUSY = 16;
/** How long the inventory may take. */
const INVENTORY_NS = 1_000_000_000;

export function queueWatch({ evidence, firings, begun, settled }: WatchOptions): QueueWatch {
  /** In order of their beginnings; only the last one may be in force. */
  let regs: Registration[] = [];
  /** Shown by a look, while the mq_notify that made it has not ended yet; with the time from when it may have begun. */
  const callless = new Map<Registration, number>();
  /** Held back until this time: its mq_notify may be among the calls to come. */
  const heldUntil = new Map<Registration, number>();
  const open = new Map<number, OpenCall>();
  /** Those of them that register: looked at for each act, when thousands of others may be open. */
  const registers = new Map<number, OpenCall>();
  let acts: Act[] = [];
  let refused: Act[] = [];
  /** Fired, and nobody has received anything since. */
  let awaiting: Registration[] = [];
  let lastNoneNs = Number.NEGATIVE_INFINITY;

  const current = () => {
    const last = regs.at(-1);
    return last === undefined || last.goneNs !== null ? null : last;
  };
  const registering = (tgid: number) => [...registers.values()].filter((call) => call.tgid === tgid);

  const closed = (tid: number) => {
    open.delete(tid);
    registers.delete(tid);
  };

  const begin = (reg: Registration) => {
    regs.push(reg);
    begun(reg);
    return reg;
  };
  const isOver = (reg: Registration, atNs: number, depth: number | null) => {
    reg.goneNs = atNs;
    reg.goneDepth = depth;
  };

  const isThere = (reg: Registration, { atNs, depth }: Reading) => {
    // It may be over and begun anew by the call that is under way: then this is no news of it.
    if (reg.tgid !== null && reg.call !== null && registering(reg.tgid).length > 0) return;
    if (reg.lastSeenNs !== null && atNs < reg.lastSeenNs) return;
    const sinceNs = windowFrom(reg);
    if (Number.isFinite(sinceNs) && evidence.callsLost(sinceNs, atNs)) reg.isUnsure = true;
    reg.lastSeenNs = atNs;
    reg.lastDepth = depth;
    if (heldUntil.has(reg) && (reg.tgid === null || registering(reg.tgid).length === 0)) {
      heldUntil.delete(reg);
      callless.delete(reg);
    }
  };

  const see = (reading: Reading | null) => {
    const pid = reading?.notifyPid ?? null;
    if (reading === null || pid === null) return;
    const now = current();
    if (pid === 0) {
      lastNoneNs = reading.atNs;
      if (now !== null) isOver(now, reading.atNs, reading.depth);
      return;
    }
    if (now !== null && (now.tgid === pid || now.tgid === null)) {
      if (now.tgid === null) now.tgid = pid; // the inventory may have had another namespace's number
      isThere(now, reading);
      return;
    }
    if (now !== null) isOver(now, reading.atNs, reading.depth);
    const calls = registering(pid);
    const last = regs.at(-1);
    // A look that came late, though its record is the earlier one.
    const isBack = last?.tgid === pid && calls.length === 0 && reading.atNs - (last.goneNs ?? 0) <= LATE_NS;
    if (last !== undefined && isBack && now === null) {
      last.goneNs = null;
      isThere(last, reading);
      return;
    }
    const sinceNs = calls.reduce((first, call) => Math.min(first, call.enterNs), Number.POSITIVE_INFINITY);
    const reg = begin(registration({ tgid: pid, sinceNs: calls.length > 0 ? sinceNs : lastNoneNs }));
    if (calls.length > 0) callless.set(reg, sinceNs);
    reg.lastSeenNs = reading.atNs;
    reg.lastDepth = reading.depth;
  };

  const register = (act: Act) => {
    const waiting = regs.find(
      (reg) => reg.tgid === act.tgid && (callless.get(reg) ?? Number.NEGATIVE_INFINITY) >= act.fromNs,
    );
    const held = regs.find(
      (reg) => (heldUntil.get(reg) ?? 0) >= act.toNs && (reg.tgid ?? act.tgid) === act.tgid,
    );
    const known = waiting ?? held;
    if (known !== undefined) {
      callless.delete(known);
      if (heldUntil.delete(known)) {
        known.lastSeenNs = null;
        known.goneNs = null;
      }
      fill(known, act);
      return;
    }
    const now = current();
    const reg = registration({ tgid: act.tgid, sinceNs: act.fromNs });
    fill(reg, act);
    const isFollowed = now !== null && now.tgid !== act.tgid && act.after?.notifyPid === now.tgid;
    if (isFollowed && now.call !== null) {
      // It ended before the other one began, and is told of after it.
      isOver(reg, act.toNs, null);
      regs.splice(regs.length - 1, 0, reg);
      begun(reg);
      return;
    }
    if (now !== null) isOver(now, act.toNs, act.before?.depth ?? null);
    begin(reg);
  };

  const fill = (reg: Registration, act: Act) => {
    reg.call = act;
    reg.tgid = act.tgid;
    reg.method = act.method;
    reg.signo = act.signo;
    reg.sinceNs = act.fromNs;
    reg.lastDepth ??= act.before?.depth ?? null;
    reg.refused.push(...refused.filter((one) => one.toNs >= act.fromNs));
    refused = [];
  };

  /** The registration that this call met. */
  const met = (act: Act): Registration | undefined => {
    const there = regs.filter(
      (reg) => reg.sinceNs <= act.toNs && (reg.goneNs ?? Number.POSITIVE_INFINITY) >= act.fromNs,
    );
    const shown = [act.after?.notifyPid, act.before?.notifyPid];
    return there.findLast((reg) => shown.includes(reg.tgid ?? 0)) ?? there.at(-1);
  };

  const note = (act: Act) => {
    if (act.does === "register" && act.ret === -EBUSY) {
      const reg = met(act);
      if (reg !== undefined) reg.refused.push(act);
      else if (refused.length < MOST_REFUSED) refused.push(act);
    }
    if (act.does === "cancel" && act.ret === 0) {
      const reg = met(act);
      if (reg?.tgid != null && reg.tgid !== act.tgid) reg.ignored.push(act);
    }
    if (act.does !== "receive") return;
    awaiting = awaiting.filter((reg) => {
      reg.receive = followingReceive(reg, act, evidence);
      if (reg.receive === null) return true;
      settled(reg);
      return false;
    });
  };

  const prune = () => {
    let fromNs = Number.POSITIVE_INFINITY;
    for (const reg of regs) fromNs = Math.min(fromNs, windowFrom(reg));
    for (const { enterNs } of registers.values()) fromNs = Math.min(fromNs, enterNs);
    if (fromNs === Number.POSITIVE_INFINITY) acts = [];
    else acts = acts.filter((act) => act.toNs >= fromNs);
  };

  const settle = (nowNs: number, isForced: boolean) => {
    for (let reg = regs[0]; reg !== undefined; reg = regs[0]) {
      if (reg.goneNs === null || !(isForced || isReady(reg, nowNs))) break;
      regs = regs.slice(1);
      const nextNs = regs[0]?.call?.toNs ?? Number.POSITIVE_INFINITY;
      const isInventorys = reg.call === null && heldUntil.has(reg);
      callless.delete(reg);
      heldUntil.delete(reg);
      const verdict = judgeEnd(reg, { acts, open: [...open.values()], firings, nextNs }, evidence);
      const { firing, ...ended } = verdict;
      // Between the inventory and the first look nothing is known of the queue.
      if (isInventorys && firing === null) Object.assign(reg, { endedNs: reg.goneNs });
      else Object.assign(reg, ended);
      if (firing !== null) firings.splice(firings.indexOf(firing), 1);
      if (reg.end === "fired") reg.receive = firstReceive(reg, acts, evidence);
      if (reg.end !== "fired" || reg.receive !== null || awaiting.length >= MOST_AWAITING) settled(reg);
      else awaiting.push(reg);
    }
    prune();
  };

  const isReady = (reg: Registration, nowNs: number): boolean => {
    const untilNs = (reg.goneNs ?? 0) + LATE_NS;
    if (nowNs <= untilNs || nowNs <= (heldUntil.get(reg) ?? nowNs - 1)) return false;
    return ![...open.values()].some(
      ({ does, enterNs }) => does !== "receive" && does !== "other" && enterNs <= untilNs,
    );
  };

  return {
    enter(call, before) {
      see(before);
      open.set(call.tid, call);
      if (call.does === "register") registers.set(call.tid, call);
      else registers.delete(call.tid);
      if (regs.length > 0) settle(call.enterNs, false);
    },
    leave(act) {
      // What became of a call may be told when its task is in the next one.
      if (open.get(act.tid)?.enterNs === act.fromNs) closed(act.tid);
      if (act.does === "register" && act.ret === 0) register(act);
      see(act.after);
      note(act);
      const isNeeded = regs.length > 0 || registers.size > 0;
      if (!isNeeded) return;
      acts.push(act);
      settle(Number.isFinite(act.toNs) ? act.toNs : act.fromNs, acts.length > MOST_ACTS);
      if (acts.length > MOST_ACTS) acts = acts.slice(-MOST_ACTS / 2);
    },
    left: closed,
    inventory({ atNs, ...known }) {
      const reg = begin(registration(known));
      reg.lastSeenNs = atNs;
      heldUntil.set(reg, atNs + INVENTORY_NS);
    },
    current,
    finish() {
      settle(Number.POSITIVE_INFINITY, true);
      for (const reg of [...regs, ...awaiting]) settled(reg);
      regs = [];
      awaiting = [];
    },
    get isIdle() {
      return regs.length === 0 && awaiting.length === 0 && open.size === 0;
    },
  };
}
