/**
 * A chunk's uncompressed head ⇄ bytes. Spec: "Chunk context".
 *
 * Binary and not msgpack, since the index holds one for every chunk and `info` reads them all. A later minor
 * may append fields; bytes after those known here are ignored.
 */
import { viewOf } from "./bytes.js";
import type { ChunkContext } from "./types.js";

const FIXED_BYTES = 48;
const COUNT_BYTES = 12;
const LOST_BYTES = 12;
const HAS_TIMES = 1;
const HAS_OLDEST_OPEN = 2;

export function encodeChunkContext(context: ChunkContext): Uint8Array {
  const { counts, lost } = context;
  const bytes = new Uint8Array(FIXED_BYTES + counts.length * COUNT_BYTES + lost.length * LOST_BYTES);
  const view = viewOf(bytes);
  const hasTimes = context.firstTimeNs !== null && context.lastTimeNs !== null;
  view.setBigUint64(0, context.firstRecord, true);
  view.setBigUint64(8, hasTimes ? (context.firstTimeNs ?? 0n) : 0n, true);
  view.setBigUint64(16, hasTimes ? (context.lastTimeNs ?? 0n) : 0n, true);
  view.setBigUint64(24, context.oldestOpenNs ?? 0n, true);
  view.setUint32(32, context.records, true);
  view.setUint32(36, context.openCalls, true);
  view.setUint16(
    40,
    (hasTimes ? HAS_TIMES : 0) | (context.oldestOpenNs === null ? 0 : HAS_OLDEST_OPEN),
    true,
  );
  view.setUint16(42, counts.length, true);
  view.setUint16(44, lost.length, true);
  let at = FIXED_BYTES;
  for (const { event, entries, exits } of counts) {
    view.setUint32(at, event, true);
    view.setUint32(at + 4, entries, true);
    view.setUint32(at + 8, exits, true);
    at += COUNT_BYTES;
  }
  for (const { cpu, records } of lost) {
    view.setUint32(at, cpu, true);
    view.setBigUint64(at + 4, records, true);
    at += LOST_BYTES;
  }
  return bytes;
}

/** What is wrong with the bytes, or null. */
export function contextFault(bytes: Uint8Array): string | null {
  if (bytes.length < FIXED_BYTES) {
    return `chunk context of ${bytes.length} bytes, expected ${FIXED_BYTES} or more`;
  }
  const { counted, losses, needed } = lengthsOf(viewOf(bytes));
  return needed > bytes.length
    ? `chunk context of ${bytes.length} bytes, expected ${needed} for ${counted} events and ${losses} cpus`
    : null;
}

function lengthsOf(view: DataView) {
  const counted = view.getUint16(42, true);
  const losses = view.getUint16(44, true);
  const lostAt = FIXED_BYTES + counted * COUNT_BYTES;
  return { counted, losses, lostAt, needed: lostAt + losses * LOST_BYTES };
}

/** A string says what is wrong with the bytes. */
export function parseChunkContext(bytes: Uint8Array): ChunkContext | string {
  const fault = contextFault(bytes);
  if (fault !== null) return fault;
  const view = viewOf(bytes);
  const { counted, losses, lostAt } = lengthsOf(view);
  const flags = view.getUint16(40, true);
  const hasTimes = (flags & HAS_TIMES) !== 0;
  return {
    firstRecord: view.getBigUint64(0, true),
    records: view.getUint32(32, true),
    counts: rowsAt(view, FIXED_BYTES, counted, COUNT_BYTES, countAt),
    firstTimeNs: hasTimes ? view.getBigUint64(8, true) : null,
    lastTimeNs: hasTimes ? view.getBigUint64(16, true) : null,
    oldestOpenNs: (flags & HAS_OLDEST_OPEN) !== 0 ? view.getBigUint64(24, true) : null,
    openCalls: view.getUint32(36, true),
    lost: rowsAt(view, lostAt, losses, LOST_BYTES, lossAt),
  };
}

/** A loop: contexts are read again whenever they are asked for, and Array.from takes most of the time of that. */
function rowsAt<T>(
  view: DataView,
  from: number,
  count: number,
  bytes: number,
  read: (view: DataView, at: number) => T,
): readonly T[] {
  const rows: T[] = [];
  for (let i = 0; i < count; i++) rows.push(read(view, from + i * bytes));
  return rows;
}

function countAt(view: DataView, at: number): ChunkContext["counts"][number] {
  return {
    event: view.getUint32(at, true),
    entries: view.getUint32(at + 4, true),
    exits: view.getUint32(at + 8, true),
  };
}

function lossAt(view: DataView, at: number): ChunkContext["lost"][number] {
  return { cpu: view.getUint32(at, true), records: view.getBigUint64(at + 4, true) };
}
