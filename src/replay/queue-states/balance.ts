/**
 * How many messages and bytes a queue would have without all recorded calls: bounds that every reading narrows, as
 * long as the recorded calls explain it. A reading that they do not explain ends the stretch: somebody who is not
 * recorded used the queue between the last reading that agreed and this one. Says nothing of which message.
 */
import type { OpenCall } from "./open-call.js";

export interface Range {
  lo: number;
  hi: number;
}

/** From one reading that nothing explains to the next. */
export interface Stretch {
  readonly depth: Range;
  readonly bytes: Range;
  /** The first and the last reading that it explains; infinite while there is none. */
  firstNs: number;
  agreedNs: number;
  /** The reading that it did not explain, or that came after a loss; null: none did. */
  brokenNs: number | null;
  /** What it went on as when a call ended of which not all is known; null: it did not. */
  heir: Stretch | null;
}

/** Do the recorded calls explain all that was read about that moment? `isBracketed`: with readings on both sides. */
export function isExplained(
  first: Stretch,
  atNs: number,
): { readonly isSure: boolean; readonly isBracketed: boolean } {
  const isBegun = first.firstNs <= atNs;
  for (let stretch: Stretch | null = first; stretch !== null; stretch = stretch.heir) {
    if (stretch.agreedNs >= atNs) return { isSure: true, isBracketed: isBegun };
    if (stretch.brokenNs !== null) return { isSure: false, isBracketed: false };
  }
  return { isSure: true, isBracketed: false };
}

/** A depth as the kernel programs read it, at `atNs` or up to `lateNs` later, but before their task went on. */
export interface Reading {
  readonly atNs: number;
  readonly lateNs: number;
  /** -1: no task's. */
  readonly tid: number;
  readonly depth: number;
  readonly bytes: number | null;
  /** Something else tells that somebody who is not recorded used the queue since the reading before. */
  readonly isForeign: boolean;
}

export interface Balance {
  /** By calls that have ended, or whose effect was seen. `bytes` null: not known of all of them. */
  readonly change: { readonly depth: number; readonly bytes: number };
  readonly stretch: Stretch;
  readonly open: ReadonlySet<OpenCall>;
  /** To be told before anything of that moment. */
  advance(nowNs: number): void;
  goesOn(tid: number): void;
  enter(call: OpenCall): void;
  /** With its effect. */
  leave(call: OpenCall, atNs: number): void;
  read(reading: Reading): void;
  /** Settles all that is left. */
  finish(): void;
}

/** As the reading, with what the queue would be without all recorded calls by it. */
interface Look {
  readonly reading: Reading;
  readonly atNs: number;
  readonly untilNs: number;
  isRead: boolean;
  readonly depth: Range;
  readonly bytes: Range;
  readonly change: number;
  /** Calls that may have come in before it was read, whose effect it may or may not have seen. */
  sends: number;
  receives: number;
  /** Those calls; null: none so far, or too many. */
  calls: OpenCall[] | null;
}

const MOST_LOOKS = 512;
const MOST_PLACED = 128;
const INFINITE = Number.POSITIVE_INFINITY;

/** `mayHaveLost`: may records be missing between two moments? */
export function balance(
  mayHaveLost: (fromNs: number, toNs: number) => boolean,
  onSeen: (call: OpenCall) => void,
): Balance {
  const open = new Set<OpenCall>();
  const count = { send: 0, receive: 0 };
  const change = { depth: 0, bytes: 0 };
  let stretch = newStretch();
  let looks: Look[] = [];

  const settle = (look: Look, readNs: number) => {
    const isLost = Number.isFinite(stretch.agreedNs) && mayHaveLost(stretch.agreedNs, look.atNs);
    const depth = common(stretch.depth, look.depth);
    const bytes = common(stretch.bytes, look.bytes);
    if (isLost || look.reading.isForeign || depth === null || bytes === null) {
      stretch.brokenNs = look.atNs;
      stretch = newStretch(look.depth, look.bytes);
    } else {
      Object.assign(stretch.depth, depth);
      Object.assign(stretch.bytes, bytes);
    }
    stretch.firstNs = Math.min(stretch.firstNs, look.atNs);
    stretch.agreedNs = look.atNs;
    if (stretch.depth.lo === stretch.depth.hi) placeCalls(look, readNs);
  };

  /** With all of one kind in and none of the other, it is known of each. */
  const placeCalls = (look: Look, readNs: number) => {
    if (look.calls === null) return;
    const done = look.reading.depth - stretch.depth.lo - look.change;
    const isAllSends = done === look.sends;
    const isAllReceives = done === -look.receives;
    for (const call of look.calls) {
      const isSend = call.does === "send";
      if (isSend ? isAllReceives : isAllSends) {
        call.fromNs = Math.max(call.fromNs, look.atNs);
      } else if (isSend ? isAllSends : isAllReceives) {
        call.seenNs = Math.min(call.seenNs, look.atNs);
        call.toNs = Math.min(call.toNs, readNs);
        if (!open.delete(call)) continue;
        call.isCounted = true;
        count[isSend ? "send" : "receive"]--;
        apply(call, isSend ? 1 : -1);
        onSeen(call);
      }
    }
  };

  const apply = (call: OpenCall, effect: number) => {
    change.depth += effect;
    if (call.sizeBytes !== null) change.bytes += effect * call.sizeBytes;
    else if (effect !== 0) {
      widen({ lo: 0, hi: 0 }, effect > 0 ? { lo: 0, hi: INFINITE } : { lo: INFINITE, hi: 0 });
    }
  };

  /** What is known of before stays; from here on there may be so much less, or more. */
  const widen = (depth: Range, bytes: Range) => {
    const by = (range: Range, less: Range) => ({ lo: range.lo - less.lo, hi: range.hi + less.hi });
    const { firstNs, agreedNs } = stretch;
    const heir = newStretch(by(stretch.depth, depth), by(stretch.bytes, bytes));
    stretch.heir = Object.assign(heir, { firstNs, agreedNs });
    stretch = heir;
    for (const look of looks) {
      Object.assign(look.depth, by(look.depth, depth));
      Object.assign(look.bytes, by(look.bytes, bytes));
      // How many of its calls it saw cannot be told any more.
      look.sends = INFINITE;
      look.calls = null;
    }
  };

  const advance = (nowNs: number) => {
    let settled = 0;
    for (const look of looks) {
      if (!look.isRead && look.untilNs >= nowNs) continue;
      settle(look, look.isRead ? Math.min(nowNs, look.untilNs) : look.untilNs);
      look.isRead = true;
      settled++;
    }
    if (settled > 0) looks = looks.filter((look) => !look.isRead);
  };

  return {
    change,
    open,
    get stretch() {
      return stretch;
    },
    advance,
    goesOn(tid) {
      for (const look of looks) if (look.reading.tid === tid) look.isRead = true;
    },
    enter(call) {
      open.add(call);
      if (call.does === "other") return;
      count[call.does]++;
      for (const look of looks) {
        // What its own record says was read before it did anything.
        if (look.isRead || look.reading.tid === call.tid) continue;
        look[`${call.does}s`]++;
        addCall(look, call);
        if (call.does === "send") {
          look.depth.lo--;
          look.bytes.lo -= call.sizeBytes ?? INFINITE;
        } else {
          look.depth.hi++;
          look.bytes.hi = INFINITE;
        }
      }
    },
    leave(call, atNs) {
      const { effect } = call;
      if (call.isCounted) {
        // It was seen to have come, and it failed: somebody else's was taken for its own.
        if (effect === 0) apply(call, call.does === "send" ? -1 : 1);
        return;
      }
      if (call.does === "other") {
        open.delete(call);
        return;
      }
      if (!open.delete(call)) return;
      count[call.does]--;
      call.toNs = Math.min(call.toNs, atNs);
      if (effect == null) {
        const isSend = call.does === "send";
        const size = call.sizeBytes ?? INFINITE;
        widen(
          isSend ? { lo: 0, hi: 1 } : { lo: 1, hi: 0 },
          isSend ? { lo: 0, hi: size } : { lo: size, hi: 0 },
        );
        return;
      }
      apply(call, effect);
    },
    read(reading) {
      const { atNs, lateNs, depth, bytes } = reading;
      const isOpen = count.send + count.receive > 0;
      const look: Look = {
        reading,
        atNs,
        untilNs: atNs + lateNs,
        isRead: false,
        depth: { lo: depth - change.depth - count.send, hi: depth - change.depth + count.receive },
        bytes: bytes === null ? unknown() : { lo: bytes - change.bytes, hi: bytes - change.bytes },
        change: change.depth,
        sends: count.send,
        receives: count.receive,
        calls: null,
      };
      if (isOpen) {
        for (const call of open) {
          if (call.does === "other") continue;
          addCall(look, call);
          if (call.does === "send") look.bytes.lo -= call.sizeBytes ?? INFINITE;
          else look.bytes.hi = INFINITE;
        }
      }
      looks.push(look);
      if (looks.length > MOST_LOOKS) looks = looks.slice(-MOST_LOOKS / 2);
    },
    finish() {
      for (const look of looks) look.isRead = true;
      advance(INFINITE);
    },
  };
}

function addCall(look: Look, call: OpenCall): void {
  if (look.sends + look.receives > MOST_PLACED) look.calls = null;
  else if (look.calls === null) look.calls = [call];
  else look.calls.push(call);
}

function newStretch(depth = unknown(), bytes = unknown()): Stretch {
  return { depth, bytes, firstNs: INFINITE, agreedNs: -INFINITE, brokenNs: null, heir: null };
}

function unknown(): Range {
  return { lo: -INFINITE, hi: INFINITE };
}

/** null: they have nothing in common. */
function common(one: Range, other: Range): Range | null {
  const lo = Math.max(one.lo, other.lo);
  const hi = Math.min(one.hi, other.hi);
  return lo > hi ? null : { lo, hi };
}
