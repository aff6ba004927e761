/**
 * The receive that followed a notification: the first on its queue to end with a message that was put in then or later.
 * Which message it brought is not asked: `flows` tells.
 */
import type { Evidence } from "./ending.js";
import type { Act, FollowingReceive, Registration } from "./types.js";

/** null: this call took nothing, or took it before. */
export function followingReceive(reg: Registration, act: Act, evidence: Evidence): FollowingReceive | null {
  if (act.does !== "receive" || act.ret === null || act.ret < 0) return null;
  const { by, endedNs } = reg;
  const send = by !== null && "fromNs" in by ? by : null;
  const isTold = reg.match === "exact" && endedNs !== null;
  if (isTold && act.storedNs !== null) return act.storedNs >= endedNs ? { act, match: "exact" } : null;
  const fromNs = isTold ? endedNs : (send?.fromNs ?? endedNs ?? Number.NEGATIVE_INFINITY);
  if (act.toNs < fromNs) return null;
  // One that began before may have taken what was there before.
  const isClear = act.fromNs >= fromNs && !evidence.callsLost(fromNs, act.toNs) && reg.match !== "ambiguous";
  return { act, match: isClear ? "modelled" : "ambiguous" };
}

/** Among calls that have ended, in the order of their ends. */
export function firstReceive(
  reg: Registration,
  acts: readonly Act[],
  evidence: Evidence,
): FollowingReceive | null {
  for (const act of acts) {
    const found = followingReceive(reg, act, evidence);
    if (found !== null) return found;
  }
  return null;
}
