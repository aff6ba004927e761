/**
 * A capture's chunks with their records made anew. Evidence of one entry or exit may span records, and those may lie in
 * two chunks: so each chunk waits for the one behind it. Memory: two chunks.
 */
import type { Btf } from "../../btf/index.js";
import type { ChunkBody, ChunkContext } from "../../format/types.js";
import { RecordFlag, type RecordLayouts, RecordType } from "../../replay/records.js";
import type { ChunkItem } from "../../replay/source.js";
import { QUEUE, rebuilt, TASK } from "./metadata.js";
import { type RecordRewriter, recordRewriter } from "./records.js";
import type { Redaction } from "./redaction.js";

export type NewChunk =
  | { readonly context: ChunkContext; readonly body: ChunkBody; readonly damaged?: undefined }
  /** Records were here that could not be taken over. `records`: how many, null: not known. */
  | { readonly damaged: "syscall" | "planes"; readonly records: number | null };

export interface ChunkParts {
  readonly to: Redaction;
  readonly layouts: RecordLayouts;
  readonly recorderBtf: Btf;
  /** How many the capture says that it has; null: it does not say. */
  readonly records: bigint | null;
}

export function* redactChunks(items: Iterable<ChunkItem>, parts: ChunkParts): Generator<NewChunk> {
  let cut = 0;
  const onDamage = () => {
    cut++;
  };
  const rewriter = recordRewriter({ ...parts, onDamage });
  let waiting: Loaded | null = null;
  let next: bigint | null = null;
  const finish = function* (chunk: Loaded, behind: Loaded | null): Generator<NewChunk> {
    const records = rewrite(chunk, behind, rewriter, parts.layouts);
    const planes =
      chunk.body.planes === undefined ? null : rewritePlanes(chunk.body.planes, parts.layouts, rewriter);
    const firstRecord: bigint = next ?? chunk.context.firstRecord;
    const context = newContext(chunk.context, firstRecord, records, parts.layouts);
    next = firstRecord + BigInt(records.length);
    yield {
      context,
      body: {
        records: joined(records),
        tasks: chunk.body.tasks.map((task) => rebuilt(TASK, task, parts.to)),
        queues: chunk.body.queues.map((queue) => rebuilt(QUEUE, queue, parts.to)),
        ...(planes === null ? {} : { planes: planes.bytes }),
      },
    };
    // What is missing of a record that was cut short counts as the one part that would have told it.
    const gone = chunk.damaged + cut;
    cut = 0;
    if (gone > 0) yield { damaged: "syscall", records: gone };
    if (planes?.isDamaged === true) yield { damaged: "planes", records: null };
  };
  const numbers = recordNumbers();
  for (const item of items) {
    if ("problem" in item && item.problem !== undefined) {
      if (waiting !== null) yield* finish(waiting, null);
      waiting = null;
      numbers.unreadable(item.entry?.context.records ?? null);
      continue;
    }
    if (!("body" in item) || item.body === undefined) continue;
    const loaded = load(item.body, item.entry.context, parts.layouts);
    const missing = numbers.chunk(item.entry.context);
    if (waiting !== null) yield* finish(waiting, missing === null ? loaded : null);
    if (missing !== null) yield missing;
    waiting = loaded;
  }
  if (waiting !== null) yield* finish(waiting, null);
  const missing = numbers.end(parts.records);
  if (missing !== null) yield missing;
}

type Missing = Extract<NewChunk, { readonly damaged: "syscall" | "planes" }>;

/** Follows the numbers of the capture's records, and tells how many are not there. null: none. */
function recordNumbers(): {
  unreadable(records: number | null): void;
  chunk(context: ChunkContext): Missing | null;
  end(records: bigint | null): Missing | null;
} {
  let next: bigint | null = null;
  /** Of chunks that could not be read, since the last one that could. */
  let unread: { records: number; isKnown: boolean } | null = null;
  const missing = (firstRecord: bigint | null): Missing | null => {
    const told = unread;
    unread = null;
    const jump = firstRecord === null || next === null ? 0n : firstRecord - next;
    if (jump > 0n) return { damaged: "syscall", records: Number(jump) };
    if (told === null) return jump === 0n ? null : { damaged: "syscall", records: null };
    return { damaged: "syscall", records: told.isKnown ? told.records : null };
  };
  return {
    unreadable(records) {
      unread = {
        records: (unread?.records ?? 0) + (records ?? 0),
        isKnown: records !== null && unread?.isKnown !== false,
      };
    },
    chunk({ firstRecord, records }) {
      const found = missing(firstRecord);
      next = firstRecord + BigInt(records);
      return found;
    },
    end: (records) => missing(records !== null && next !== null && records > next ? records : null),
  };
}

interface Loaded {
  readonly body: ChunkBody;
  readonly context: ChunkContext;
  readonly records: readonly Uint8Array[];
  /** By number: made already, with the chunk before. */
  readonly made: Map<number, Uint8Array>;
  /** Records that could not be read. */
  readonly damaged: number;
}

function load(body: ChunkBody, context: ChunkContext, layouts: RecordLayouts): Loaded {
  const records: Uint8Array[] = [];
  const headBytes = layouts.record.sizeBytes;
  let damaged = 0;
  const { records: all } = body;
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  let count = 0;
  for (let at = 0; at < all.length; count++) {
    const size = at + headBytes <= all.length ? view.getUint32(at + layouts.record.size, true) : 0;
    if (size < headBytes || size % 8 !== 0 || size > all.length - at) {
      damaged += Math.max(context.records - count, 1);
      break;
    }
    const type = view.getUint8(at + layouts.record.type);
    const bodyBytes =
      type === RecordType.ENTRY
        ? layouts.entry.sizeBytes
        : type === RecordType.EXIT
          ? layouts.exit.sizeBytes
          : null;
    if (bodyBytes !== null && size < headBytes + bodyBytes) damaged++;
    else if (bodyBytes !== null) records.push(all.subarray(at, at + size));
    else damaged++; // readers take records of other types for damage too
    at += size;
  }
  return { body, context, records, made: new Map(), damaged };
}

function rewrite(
  chunk: Loaded,
  behind: Loaded | null,
  rewriter: RecordRewriter,
  layouts: RecordLayouts,
): Uint8Array[] {
  const spread = spreadParts(chunk, behind, layouts);
  return chunk.records.map((record, at) => {
    const made = chunk.made.get(at);
    if (made !== undefined) return made;
    const places = spread.get(at) ?? [{ chunk, at }];
    const parts = rewriter.call(places.map((place) => place.chunk.records[place.at] ?? record));
    places.forEach((place, i) => {
      const part = parts[i];
      if (part !== undefined) place.chunk.made.set(place.at, part);
    });
    return chunk.made.get(at) ?? record.subarray(0, 0);
  });
}

interface Place {
  readonly chunk: Loaded;
  readonly at: number;
}

/** By the number of the first: all parts of an entry or exit that has several. */
function spreadParts(
  chunk: Loaded,
  behind: Loaded | null,
  layouts: RecordLayouts,
): ReadonlyMap<number, readonly Place[]> {
  const found = new Map<number, readonly Place[]>();
  const open = new Map<string, Place[]>();
  const see = (place: Place, isBehind: boolean) => {
    const record = place.chunk.records[place.at];
    if (record === undefined || place.chunk.made.has(place.at)) return;
    const { key, isLast, isFirst } = partOf(record, layouts);
    if (isFirst && isLast) return;
    let own = isFirst ? undefined : open.get(key);
    if (own === undefined) {
      if (isBehind) return;
      own = [];
      open.set(key, own);
      found.set(place.at, own);
    }
    own.push(place);
    if (isLast) open.delete(key);
  };
  chunk.records.forEach((_, at) => {
    see({ chunk, at }, false);
  });
  if (open.size > 0) {
    behind?.records.forEach((_, at) => {
      see({ chunk: behind, at }, true);
    });
  }
  return found;
}

/** All parts of one entry or exit have the same key. */
function partOf(
  record: Uint8Array,
  { record: at }: RecordLayouts,
): { readonly key: string; readonly isFirst: boolean; readonly isLast: boolean } {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const numbers = [at.task_start_ns, at.call, at.time_ns].map((offset) => view.getBigUint64(offset, true));
  return {
    key: `${view.getUint8(at.type)} ${view.getUint32(at.tid, true)} ${numbers.join(" ")}`,
    isFirst: view.getUint16(at.part, true) === 0,
    isLast: (view.getUint8(at.flags) & RecordFlag.LAST) !== 0,
  };
}

function rewritePlanes(
  planes: Uint8Array,
  { record: at }: RecordLayouts,
  rewriter: RecordRewriter,
): { readonly bytes: Uint8Array; readonly isDamaged: boolean } {
  const made: Uint8Array[] = [];
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  let isDamaged = false;
  for (let offset = 0; offset < planes.length; ) {
    const size = offset + at.sizeBytes <= planes.length ? view.getUint32(offset + at.size, true) : 0;
    if (size < at.sizeBytes || size % 8 !== 0 || size > planes.length - offset) {
      isDamaged = true;
      break;
    }
    const type = view.getUint8(offset + at.type);
    const record = rewriter.plane(planes.subarray(offset, offset + size));
    if (record !== null) made.push(record);
    else if (type === RecordType.KERNEL || type === RecordType.LIBC) isDamaged = true;
    offset += size;
  }
  return { bytes: joined(made), isDamaged };
}

/** Counts are those of what is there. */
function newContext(
  old: ChunkContext,
  firstRecord: bigint,
  records: readonly Uint8Array[],
  layouts: RecordLayouts,
): ChunkContext {
  const { lost, firstTimeNs, lastTimeNs, oldestOpenNs, openCalls } = old;
  return {
    firstRecord,
    records: records.length,
    counts: countsOf(records, layouts),
    firstTimeNs,
    lastTimeNs,
    oldestOpenNs,
    openCalls,
    lost: lost.map(({ cpu, records: gone }) => ({ cpu, records: gone })),
  };
}

/** First parts, by event. */
function countsOf(records: readonly Uint8Array[], { record: at }: RecordLayouts): ChunkContext["counts"] {
  const counts = new Map<number, { event: number; entries: number; exits: number }>();
  for (const record of records) {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    if (view.getUint16(at.part, true) !== 0) continue;
    const event = view.getUint8(at.event);
    const count = counts.get(event) ?? { event, entries: 0, exits: 0 };
    if (view.getUint8(at.type) === RecordType.ENTRY) count.entries++;
    else count.exits++;
    counts.set(event, count);
  }
  return [...counts.values()].sort((one, other) => one.event - other.event);
}

function joined(records: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(records));
}
