/**
 * The kept records of a capture in new chunks, verbatim and in their order, each with the names that its records refer to
 * and a context counted anew. Holds one chunk of the input and one of the output.
 */
import { concatBytes } from "../../format/bytes.js";
import type { Capture } from "../../format/capture.js";
import type { ChunkBody, ChunkContext, QueueEntry, TaskEntry } from "../../format/types.js";
import { type nameTable, type QueueKey, queueKeyText } from "../../replay/names.js";
import { seenQueue } from "../../replay/queues.js";
import {
  emptyHead,
  HeadResult,
  headReader,
  type RecordHead,
  type RecordLayouts,
  RecordType,
} from "../../replay/records.js";
import type { Kept } from "./keep.js";

export interface SlicedChunk {
  readonly context: ChunkContext;
  readonly body: ChunkBody;
}

/** About as much as a recorder puts into one. */
const CHUNK_BYTES = 1 << 20;
/** More than readers hold open. */
const MOST_OPEN = 1 << 18;

export function* slicedChunks(
  capture: Capture,
  kept: Kept,
  layouts: RecordLayouts,
  baseNs: bigint,
  names: ReturnType<typeof nameTable>,
): Generator<SlicedChunk> {
  const readHead = headReader(layouts, baseNs);
  const head = emptyHead();
  const next = { record: 0, plane: 0 };
  const open = new Map<string, number>();
  let firstRecord = 0n;
  let chunk = newChunk(baseNs);

  const take = (body: ChunkBody) => {
    names.load(body);
    chunk.load(body);
    const view = new DataView(body.records.buffer, body.records.byteOffset, body.records.byteLength);
    for (let at = 0; at < body.records.byteLength; at += head.sizeBytes, next.record++) {
      if (readHead(view, at, head) === HeadResult.STOP) break;
      if (!kept.records.has(next.record)) continue;
      const record = body.records.slice(at, at + head.sizeBytes);
      noteOpen(open, head);
      const seen = seenQueue([record], layouts);
      chunk.add(record, head, seen?.key ?? null, (key) => names.queue(key, head.timeNs));
    }
    next.plane = takePlanes(body, next.plane, kept, layouts, chunk.addPlane);
  };

  const close = (): SlicedChunk => {
    const made = chunk.make(firstRecord, open);
    firstRecord += BigInt(made.context.records);
    chunk = newChunk(baseNs);
    return made;
  };

  for (const step of capture.chunks()) {
    if (step.body === undefined) continue;
    take(step.body);
    if (chunk.bytes >= CHUNK_BYTES / 2) yield close();
  }
  if (chunk.bytes > 0) yield close();
}

function noteOpen(open: Map<string, number>, head: RecordHead): void {
  if (head.part !== 0) return;
  const key = `${head.tid}:${head.startLow}:${head.startHigh}`;
  if (head.type === RecordType.ENTRY) open.set(key, head.timeNs);
  else open.delete(key);
  if (open.size <= MOST_OPEN) return;
  for (const oldest of open.keys()) {
    open.delete(oldest);
    return;
  }
}

/** Gives the number of the next one. */
function takePlanes(
  { planes }: ChunkBody,
  first: number,
  kept: Kept,
  layouts: RecordLayouts,
  add: (record: Uint8Array, task: string) => void,
): number {
  if (planes === undefined) return first;
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  let number = first;
  const headBytes = layouts.record.sizeBytes;
  for (let at = 0; at + headBytes <= planes.byteLength; number++) {
    const size = view.getUint32(at + layouts.record.size, true);
    if (size < headBytes || size > planes.byteLength - at) break;
    const tid = view.getUint32(at + layouts.record.tid, true);
    const task = `${tid}:${view.getBigUint64(at + layouts.record.task_start_ns, true)}`;
    if (kept.planes.has(number)) add(planes.slice(at, at + size), task);
    at += size;
  }
  return number;
}

function newChunk(baseNs: bigint) {
  const records: Uint8Array[] = [];
  const planes: Uint8Array[] = [];
  const tasks = new Map<string, TaskEntry>();
  const queues = new Map<string, QueueEntry>();
  const counts = new Map<number, { event: number; entries: number; exits: number }>();
  let own: { tasks: Map<string, TaskEntry[]>; queues: Map<string, QueueEntry[]> } = {
    tasks: new Map(),
    queues: new Map(),
  };
  let bytes = 0;
  let [firstNs, lastNs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  const addTask = (key: string) => {
    for (const entry of own.tasks.get(key) ?? []) tasks.set(`${key} ${entry.sinceNs}`, entry);
  };

  return {
    get bytes() {
      return bytes;
    },
    /** The names of the input's chunk that records come from now. */
    load(body: ChunkBody) {
      own = {
        tasks: groupBy(body.tasks, (one) => `${one.tid}:${one.startNs}`),
        queues: groupBy(body.queues, queueKeyText),
      };
    },
    /** `nameOf`: where the input's chunk does not name the queue. */
    add(
      record: Uint8Array,
      head: RecordHead,
      queue: QueueKey | null,
      nameOf: (key: QueueKey) => QueueEntry | null,
    ) {
      records.push(record);
      bytes += record.length;
      firstNs = Math.min(firstNs, head.timeNs);
      lastNs = Math.max(lastNs, head.timeNs);
      const start = BigInt(head.startHigh >>> 0) * 0x100000000n + BigInt(head.startLow >>> 0);
      addTask(`${head.tid}:${start}`);
      if (head.part === 0) {
        const count = counts.get(head.event) ?? { event: head.event, entries: 0, exits: 0 };
        if (head.type === RecordType.ENTRY) count.entries++;
        else count.exits++;
        counts.set(head.event, count);
      }
      if (queue === null) return;
      const key = queueKeyText(queue);
      const named = own.queues.get(key);
      for (const entry of named ?? []) queues.set(`${key} ${entry.sinceNs}`, entry);
      if (named !== undefined || [...queues.keys()].some((known) => known.startsWith(`${key} `))) return;
      const found = nameOf(queue);
      if (found !== null)
        queues.set(`${key} `, { ...found, ...queue, sinceNs: baseNs + BigInt(head.timeNs) });
    },
    addPlane(record: Uint8Array, task: string) {
      planes.push(record);
      bytes += record.length;
      addTask(task);
    },
    make(firstRecord: bigint, open: ReadonlyMap<string, number>): SlicedChunk {
      let oldest = Number.POSITIVE_INFINITY;
      for (const enterNs of open.values()) if (enterNs < oldest) oldest = enterNs;
      const at = (timeNs: number) => (Number.isFinite(timeNs) ? baseNs + BigInt(timeNs) : null);
      const context: ChunkContext = {
        firstRecord,
        records: records.length,
        counts: [...counts.values()].sort((a, b) => a.event - b.event),
        firstTimeNs: at(firstNs),
        lastTimeNs: at(lastNs),
        oldestOpenNs: at(oldest),
        openCalls: open.size,
        // The gaps tell of what was lost.
        lost: [],
      };
      const named = { tasks: [...tasks.values()], queues: [...queues.values()] };
      const ofPlanes = planes.length === 0 ? {} : { planes: concatBytes(planes) };
      return { context, body: { records: concatBytes(records), ...named, ...ofPlanes } };
    },
  };
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
