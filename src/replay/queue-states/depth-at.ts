/**
 * How many messages and bytes a queue had at a moment, who waited on it, and how sure that is: what had ended by then
 * counts, and of what was under way no more than what is possible.
 */
import { isExplained, type Range } from "./balance.js";
import { isAppliedAt, type OpenCall } from "./open-call.js";
import type { Snapshot } from "./track.js";

export interface DepthAt {
  readonly depth: Range;
  readonly bytes: Range;
  readonly waitingSenders: Range;
  readonly waitingReceivers: Range;
  /** Calls whose effect had come though they had not ended; and those of which that is not known. */
  readonly applied: readonly OpenCall[];
  readonly doubtful: readonly OpenCall[];
  /** No reading speaks against the calls. */
  readonly isExplained: boolean;
  readonly isBracketed: boolean;
}

interface When {
  readonly atNs: number;
  readonly isJustAfter: boolean;
}

export function depthAt(of: Snapshot, { atNs, isJustAfter }: When): DepthAt {
  const { isSure, isBracketed } = isExplained(of.stretch, atNs);
  const sorted = { yes: [] as OpenCall[], no: [] as OpenCall[], perhaps: [] as OpenCall[] };
  for (const call of of.open)
    if (call.does !== "other") sorted[isAppliedAt(call, atNs, isJustAfter)].push(call);
  const depth = shifted(of.stretch.depth, of.depthChange);
  const bytes = shifted(of.stretch.bytes, of.bytesChange);
  for (const call of sorted.yes) {
    const sign = call.does === "send" ? 1 : -1;
    add(depth, sign, sign);
    addBytes(bytes, call, true);
  }
  const { limit, room } = limits(of);
  let perhaps = sorted.perhaps;
  const isEvery = (does: OpenCall["does"]) => perhaps.every((call) => call.does === does);
  // Nobody takes what is not there; nobody puts in where there is no room, and no receiver makes any.
  if (depth.hi <= 0 && isEvery("receive")) perhaps = [];
  if (isEvery("send") && perhaps.length > 0) {
    perhaps = perhaps.filter((call) => depth.lo < limit && bytes.lo + (call.sizeBytes ?? 0) <= room);
  }
  const waits = [...sorted.no, ...sorted.perhaps.filter((call) => !perhaps.includes(call))];
  for (const call of perhaps) {
    if (call.does === "send") depth.hi++;
    else depth.lo--;
    addBytes(bytes, call, false);
  }
  const count = (calls: readonly OpenCall[], does: OpenCall["does"]) =>
    calls.filter((call) => call.does === does).length;
  const waiting = (does: OpenCall["does"]): Range => {
    const lo = count(waits, does);
    return { lo, hi: lo + count(perhaps, does) };
  };
  return {
    depth: within(depth, 0, limit),
    bytes: within(bytes, 0, Number.POSITIVE_INFINITY),
    waitingSenders: waiting("send"),
    waitingReceivers: waiting("receive"),
    applied: sorted.yes,
    doubtful: perhaps,
    isExplained: isSure && depth.hi >= 0 && depth.lo <= limit,
    isBracketed,
  };
}

/** Messages that the queue can hold, and System V's bytes. */
function limits({ attributes }: Snapshot): { readonly limit: number; readonly room: number } {
  return {
    limit: attributes.maxMessages ?? attributes.maxBytes ?? Number.POSITIVE_INFINITY,
    room: attributes.maxBytes ?? Number.POSITIVE_INFINITY,
  };
}

function shifted(range: Range, by: number): Range {
  return { lo: range.lo + by, hi: range.hi + by };
}

function add(range: Range, lo: number, hi: number): void {
  range.lo += lo;
  range.hi += hi;
}

function addBytes(bytes: Range, { does, sizeBytes }: OpenCall, isSure: boolean): void {
  const size = sizeBytes ?? Number.POSITIVE_INFINITY;
  if (does === "send") add(bytes, isSure ? (sizeBytes ?? 0) : 0, size);
  else add(bytes, -size, isSure ? -(sizeBytes ?? 0) : 0);
}

/** What is not bounded on both sides is not known: a limit is no knowledge. */
function within({ lo, hi }: Range, least: number, most: number): Range {
  if (!Number.isFinite(lo) || !Number.isFinite(hi)) return { lo, hi };
  return { lo: Math.min(Math.max(lo, least), most), hi: Math.max(Math.min(hi, most), least) };
}
