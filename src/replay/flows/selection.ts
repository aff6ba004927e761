/**
 * Which message a receive takes: POSIX the oldest of the highest priority, System V as msgtyp and msgflg say
 * (ipc/msg.c: testmsg, find_msg). Knows no time; queue-model.ts does.
 */
import type { Rank } from "./types.js";

export type Selector =
  | { readonly kind: "priority" }
  | { readonly kind: "first" }
  | { readonly kind: "type" | "except" | "up_to"; readonly type: number | bigint }
  /** The arguments are not known. */
  | { readonly kind: "unknown" };

/** Bits of msgflg. */
export const MSG_NOERROR = 0o10000;
const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;

/** What msgrcv asks for by msgtyp and msgflg. LONG_MIN counts as -LONG_MAX. */
export function systemVSelector(msgtyp: bigint, msgflg: number): Selector {
  if (msgtyp === 0n) return { kind: "first" };
  if (msgtyp < 0n) return { kind: "up_to", type: exactValue(-msgtyp) };
  const type = exactValue(msgtyp);
  return { kind: (msgflg & MSG_EXCEPT) === 0 ? "type" : "except", type };
}

/** A number; beyond what a double tells apart a bigint, so that equal values are the same in both. */
export function exactValue(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** May the receive take a message of this rank? What is not known may be. */
export function accepts(selector: Selector, rank: Rank | null): boolean {
  if (rank === null) return true;
  switch (selector.kind) {
    case "type":
      return rank.value === selector.type;
    case "except":
      return rank.value !== selector.type;
    case "up_to":
      return rank.value <= selector.type;
    default:
      return true;
  }
}

/**
 * Which of two messages that are both there is taken, by their ranks alone: below 0 the first, above 0 the second;
 * 0: the older one.
 */
export function rankOrder(selector: Selector, one: Rank | null, other: Rank | null): number {
  if (one === null || other === null) return 0;
  if (selector.kind === "priority") return compareValues(other.value, one.value);
  return selector.kind === "up_to" ? compareValues(one.value, other.value) : 0;
}

function compareValues(one: number | bigint, other: number | bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
