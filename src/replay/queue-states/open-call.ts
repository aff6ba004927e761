/** A call that is under way on a queue, and when its effect can have come. Plain data, shared by all who look at it. */

export type Does = "send" | "receive" | "other";

export interface OpenCall {
  readonly tid: number;
  readonly tgid: number;
  readonly does: Does;
  /** -Infinity: its entry is not in the capture. */
  readonly enterNs: number;
  /** Its effect came after this. */
  fromNs: number;
  /** Its effect had come by then; infinite: not known. */
  toNs: number;
  /** A reading stamped so found its effect. */
  seenNs: number;
  /** How many messages more there are by it; null: not known, also when it ended; undefined: it has not ended. */
  effect: number | null | undefined;
  /** Of its message; null: not known. */
  sizeBytes: number | null;
  /** Its effect is counted already, though it has not ended. */
  isCounted: boolean;
}

export function openCall(parts: Pick<OpenCall, "tid" | "tgid" | "does" | "enterNs" | "sizeBytes">): OpenCall {
  // Written out: one is made for each call, and spreading is slow.
  return {
    tid: parts.tid,
    tgid: parts.tgid,
    does: parts.does,
    enterNs: parts.enterNs,
    sizeBytes: parts.sizeBytes,
    fromNs: parts.enterNs,
    toNs: Number.POSITIVE_INFINITY,
    seenNs: Number.POSITIVE_INFINITY,
    effect: undefined,
    isCounted: false,
  };
}

/** Had its effect come by `atNs`? `isJustAfter`: what a reading of that very moment found counts. */
export function isAppliedAt(call: OpenCall, atNs: number, isJustAfter: boolean): "yes" | "no" | "perhaps" {
  if (call.effect === 0 || call.fromNs >= atNs) return "no";
  if (call.effect !== null && (call.toNs <= atNs || (isJustAfter && call.seenNs <= atNs))) return "yes";
  return "perhaps";
}
