/**
 * Bytes that a call received into memory which another call of its process was sending from: `toctou` compares the copy
 * that the sender's exit shows with what the receiver got, wherever each of the two begins. So these bytes are to come
 * out alike in both.
 */
import type { Alias } from "./payload.js";

/** A content in memory, in one piece or several. */
export interface Placed {
  readonly tgid: number;
  readonly content: Uint8Array;
  readonly pieces: readonly Piece[];
  readonly fromNs: number;
  readonly toNs: number;
}

interface Piece {
  readonly addr: bigint;
  /** Where in the content it begins. */
  readonly at: number;
  readonly lengthBytes: number;
}

const MOST = 10_000;

export interface Overlapping {
  readonly aliases: readonly Alias[];
  /** Memory that a call received into. */
  see(written: Placed): void;
}

/** `read`: what calls were sending when their payload changed, as their exits show it. */
export function overlapping(read: readonly Placed[]): Overlapping {
  const byProcess = new Map<number, Placed[]>();
  for (const one of read) {
    const own = byProcess.get(one.tgid);
    if (own === undefined) byProcess.set(one.tgid, [one]);
    else own.push(one);
  }
  const aliases: Alias[] = [];
  return {
    aliases,
    see(written) {
      for (const reader of byProcess.get(written.tgid) ?? []) {
        if (written.fromNs > reader.toNs || written.toNs < reader.fromNs || aliases.length >= MOST) continue;
        for (const one of reader.pieces) {
          for (const other of written.pieces) {
            const found = alias(reader.content, one, written.content, other);
            if (found !== null) aliases.push(found);
          }
        }
      }
    },
  };
}

/** null: they share no memory, or what is there is not what was received. */
function alias(read: Uint8Array, one: Piece, written: Uint8Array, other: Piece): Alias | null {
  // Exact where it counts: addresses that are far apart share no byte.
  const shift = Number(other.addr - one.addr);
  const from = Math.max(shift, 0);
  const lengthBytes = Math.min(shift + other.lengthBytes, one.lengthBytes) - from;
  if (lengthBytes <= 0) return null;
  const at = one.at + from;
  const otherAt = other.at + from - shift;
  for (let i = 0; i < lengthBytes; i++) if (read[at + i] !== written[otherAt + i]) return null;
  return { one: read.slice(), at, other: written.slice(), otherAt, lengthBytes };
}
