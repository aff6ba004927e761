/**
 * Inputs that changed under a call: each piece's copies compared, and each argument judged. A call whose entry and exit
 * are not both known gives no finding: whatever it had is unknown.
 */
import type { CallContext } from "../arguments/evidence.js";
import type { PairedCall } from "../paired-call.js";
import { type Copies, type Copy, judge, type KernelUsed, type Range, without } from "./compare.js";
import { type ArgumentInput, itemBytes, type Piece } from "./inputs.js";
import { coveredRanges, ownWrites } from "./own-writes.js";

export interface Mutation {
  readonly piece: Piece;
  readonly copies: Copies;
  readonly firstDiffBytes: number;
  readonly kernelUsed: KernelUsed;
}

export interface JudgedArgument {
  readonly name: string;
  readonly verdict: "same" | "changed" | "unknown";
  readonly mutations: readonly Mutation[];
}

export interface KernelRead {
  readonly timeNs: number;
  /** The kernel's own copy of the message; null: none was taken, or it could not be. */
  readonly copy: { readonly addr: bigint; readonly bytes: Uint8Array } | null;
}

/**
 * The kernel's read of the message that a call gives it: load_msg, the last thing that any call reads of its inputs.
 * null: no hook told.
 */
export function kernelRead(call: Pick<PairedCall, "kernel">): KernelRead | null {
  const load = call.kernel.find((record) => record.hook === "load_msg");
  if (load === undefined) return null;
  const bytes = load.errno === null ? itemBytes(load.evidence) : null;
  const addr = load.evidence?.addr ?? 0n;
  return { timeNs: load.timeNs, copy: bytes === null ? null : { addr, bytes } };
}

/** Judges one argument. `isWhole`: no part of the call's records is missing. */
export function judgeArgument(
  context: CallContext,
  input: ArgumentInput,
  read: KernelRead | null,
): JudgedArgument {
  const isWhole = context.call.isEntryWhole && context.call.isExitWhole && !input.isCut;
  const writes = ownWrites(context);
  const mutations: Mutation[] = [];
  const changedLeads = new Set<number>();
  let isUnknown = !isWhole || input.pieces.length === 0;
  for (const piece of input.pieces) {
    const { entry, exit } = piece;
    const isLed = changedLeads.has(piece.message) && !piece.leads;
    // The pointer to it changed, or what is known of the pointer is not enough to say so.
    const isElsewhere = entry !== null && exit !== null && entry.addr !== exit.addr;
    if (isElsewhere || (isLed && (entry === null || exit === null))) {
      if (!changedLeads.has(piece.message)) isUnknown = true;
      continue;
    }
    const covered = coveredRanges(writes, piece);
    const copies = copiesOf(piece, read, covered);
    const judged = judge(copies);
    if (judged.verdict === "unknown" || covered.length > 0) isUnknown = true;
    if (judged.verdict !== "changed") continue;
    if (piece.leads) changedLeads.add(piece.message);
    mutations.push({
      piece,
      copies,
      firstDiffBytes: judged.firstDiffBytes,
      kernelUsed: judged.kernelUsed,
    });
  }
  const verdict = mutations.length > 0 ? "changed" : isUnknown ? "unknown" : "same";
  return { name: input.name, verdict, mutations };
}

/** Without the bytes that the call itself wrote over, of which the exit's copy tells nothing. */
function copiesOf(piece: Piece, read: KernelRead | null, covered: readonly Range[]): Copies {
  const wantedBytes = piece.entry?.wanted ?? piece.exit?.wanted ?? 0;
  return {
    wantedBytes,
    ranges: without(piece.ranges, wantedBytes, covered),
    entry: copyOf(itemBytes(piece.entry)),
    exit: copyOf(itemBytes(piece.exit)),
    kernel: kernelCopy(piece, wantedBytes, read),
  };
}

function copyOf(bytes: Uint8Array | null): Copy | null {
  return bytes === null ? null : { bytes, atBytes: 0 };
}

/** The kernel's copy where it is one of this piece: it was loaded from within it. */
function kernelCopy(piece: Piece, wantedBytes: number, read: KernelRead | null): Copy | null {
  const addr = piece.entry?.addr ?? piece.exit?.addr;
  const copy = read?.copy ?? null;
  if (!piece.payload || copy === null || addr === undefined) return null;
  const atBytes = Number(copy.addr - addr);
  if (atBytes < 0 || atBytes > wantedBytes) return null;
  return { bytes: copy.bytes.subarray(0, wantedBytes - atBytes), atBytes };
}
