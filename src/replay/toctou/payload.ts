/** The payload of one message of a call, as one run of bytes: what its receiver gets. */
import type { Copies, Copy } from "./compare.js";
import { itemBytes, type Piece } from "./inputs.js";

/** Where a piece lies in its message's payload; null: it leads to the payload, or has nothing to do with it. */
export interface PayloadCopies {
  readonly copies: Copies;
  readonly atBytes: (piece: Piece) => number | null;
}

/** The copies at entry and at exit, each up to the first byte that is not known. null: the call sends nothing. */
export function payloadOf(pieces: readonly Piece[], message: number): PayloadCopies | null {
  const parts = pieces.filter((piece) => piece.payload && piece.message === message);
  if (parts.length === 0) return null;
  const entry = joined(parts, "entry");
  const exit = joined(parts, "exit");
  const wantedBytes = Math.max(lengthOf(parts, "entry"), lengthOf(parts, "exit"));
  const starts = new Map<Piece, number>();
  let at = 0;
  for (const part of parts) {
    starts.set(part, at);
    at += part.entry?.wanted ?? part.exit?.wanted ?? 0;
  }
  return {
    copies: { wantedBytes, ranges: null, entry, exit, kernel: null },
    atBytes: (piece) => starts.get(piece) ?? null,
  };
}

function joined(parts: readonly Piece[], end: "entry" | "exit"): Copy | null {
  const known: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = itemBytes(part[end]);
    if (bytes !== null) known.push(bytes);
    if (bytes === null || bytes.length < (part[end]?.wanted ?? 0)) break;
  }
  return known.length === 0 ? null : { bytes: new Uint8Array(Buffer.concat(known)), atBytes: 0 };
}

function lengthOf(parts: readonly Piece[], end: "entry" | "exit"): number {
  return parts.reduce((sum, part) => sum + (part[end]?.wanted ?? 0), 0);
}
