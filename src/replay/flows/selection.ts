/**
 * Which message a receive takes: POSIX the oldest of the highest priority, System V as msgtyp and msgflg say
 * (ipc/msg.c: testmsg, find_msg). Knows no time; queue-model.ts does.
 */
import type { Rank } from "./types.js";

export type Selector =
  | { readonly kind: "priority" }
  | { readonly kind: "first" }
  | { readonly kind: "type" | "except" | "up_to"; readonly type: number }
  /** The arguments are not known. */
  | { readonly kind: "unknown" };

/** Bits of msgflg. */
export const MSG_NOERROR = 0o10000;
const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;

/** What msgrcv asks for by msgtyp and msgflg. LONG_MIN counts as -LONG_MAX, which is as far as a double goes here. */
export function systemVSelector(msgtyp: bigint, msgflg: number): Selector {
  const type = Number(msgtyp);
  if (type === 0) return { kind: "first" };
  if (type < 0) return { kind: "up_to", type: -type };
  return { kind: (msgflg & MSG_EXCEPT) === 0 ? "type" : "except", type };
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
  if (selector.kind === "priority") return other.value - one.value;
  return selector.kind === "up_to" ? one.value - other.value : 0;
}
