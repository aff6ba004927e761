/**
 * What the kernel used of a send, told by what its receiver got. Who received what is for the matching of messages to
 * say; only matches without an alternative may come in here.
 */
import type { PairedCall } from "../paired-call.js";
import type { ReplayCapture } from "../source.js";
import type { Copies, Copy } from "./compare.js";
import { firstDifference, kernelUsed } from "./compare.js";
import type { OpenFinding } from "./findings.js";

/** What a receiver got of one message of a send. */
export interface ReceivedBytes {
  /** Its number in a vector of messages; 0 otherwise. */
  readonly message: number;
  /** Of its first byte, behind the start of the argument's memory (System V: mtype counts) or of the payload. */
  readonly atBytes: number;
  readonly bytes: Uint8Array;
}

/**
 * Finds what the receivers of these calls got. Calls without an unambiguous match are left out. Keys are `callId`s.
 */
export type FindReceived = (
  capture: ReplayCapture,
  calls: ReadonlySet<string>,
) => ReadonlyMap<string, readonly ReceivedBytes[]>;

export function callId({ task, call }: Pick<PairedCall, "task" | "call">): string {
  return `${task} ${call ?? "?"}`;
}

/** A finding that waits for the receiver's bytes. `copies`: of the payload as a whole. */
export interface Waiting {
  readonly finding: OpenFinding;
  readonly id: string;
  readonly message: number;
  readonly copies: Copies;
  /** Of the finding's own bytes within that payload; null: it is a pointer to the payload that changed. */
  readonly ownAtBytes: number | null;
}

/** Fills in which value the kernel used, where that follows from what was received. */
export function settle(waiting: readonly Waiting[], received: ReturnType<FindReceived>): void {
  for (const { finding, id, message, copies, ownAtBytes } of waiting) {
    const got = received.get(id)?.find((one) => one.message === message);
    if (got === undefined) continue;
    const kernel: Copy = { bytes: got.bytes, atBytes: got.atBytes };
    if (!isMadeOf(copies, kernel)) continue;
    finding.kernel_used = kernelUsed({ ...copies, kernel });
    if (ownAtBytes === null) continue;
    const first = Math.min(
      ...[copies.entry, copies.exit].map((copy) =>
        copy === null ? Number.POSITIVE_INFINITY : firstDifference(copies, copy, kernel),
      ),
    );
    const offset = first - ownAtBytes;
    if (offset >= 0 && offset < (finding.first_diff_offset ?? 0)) finding.first_diff_offset = offset;
    const from = Math.max(ownAtBytes - got.atBytes, 0);
    const bytes = got.bytes.subarray(from, Math.max(from, ownAtBytes + (finding.len ?? 0) - got.atBytes));
    if (bytes.length === 0) continue;
    finding.kernel = Buffer.from(bytes).toString("base64");
    finding.kernel_from = "receiver";
    finding.kernel_offset = Math.max(got.atBytes - ownAtBytes, 0);
  }
}

/** Is each received byte one that was there at entry or at exit? Otherwise the match may be wrong. */
function isMadeOf({ entry, exit }: Copies, received: Copy): boolean {
  return received.bytes.every((byte, i) => {
    const at = received.atBytes + i;
    const before = entry?.bytes[at - entry.atBytes];
    const after = exit?.bytes[at - exit.atBytes];
    return before === undefined || after === undefined || byte === before || byte === after;
  });
}
