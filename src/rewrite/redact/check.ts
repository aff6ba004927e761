/** What a capture holds of each kind of data, told by what redacting it would replace. Never tells the data. */
import type { Capture } from "../../format/capture.js";
import { KINDS, type Kind } from "./kinds.js";
import { redactCaptures } from "./redact.js";

export interface KindReport {
  readonly kind: Kind;
  /** `pseudonymous`: the capture says that it was redacted, and that this kind was not let through. */
  readonly state: "none" | "present" | "pseudonymous";
  /** How often there is something of it. */
  readonly count: number;
}

export interface CheckReport {
  readonly capture: string;
  readonly redacted: boolean;
  readonly kinds: readonly KindReport[];
  /** What redact never takes away. */
  readonly always: readonly string[];
}

export const ALWAYS: readonly string[] = [
  "which calls, in which order",
  "times since boot",
  "sizes and counts",
  "results and errors",
  "flags and descriptors",
  "message types and priorities",
  "architecture and kernel numbers",
];

/** Reads all of the capture. */
export function reportOf(capture: Capture, version: string): CheckReport {
  const nothing = { keeps: new Set<Kind>(), version, write: () => {}, isPlanned: false };
  const { counts } = redactCaptures([capture], nothing);
  const redacted = capture.host?.redacted;
  const stateOf = (kind: Kind, count: number): KindReport["state"] => {
    if (count === 0) return "none";
    return redacted !== undefined && !redacted.kept.includes(kind) ? "pseudonymous" : "present";
  };
  return {
    capture: capture.captureId,
    redacted: redacted !== undefined,
    kinds: KINDS.map(({ name }) => {
      const count = counts.get(name) ?? 0;
      return { kind: name, state: stateOf(name, count), count };
    }),
    always: ALWAYS,
  };
}
