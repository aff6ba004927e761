/**
 * Names of tasks and queues, by time. Holds one chunk's tables: chunks stand alone, so each brings every name that
 * its records need, and memory does not grow with the file. What a chunk does not name the inventories may.
 */
import type { ChunkBody, QueueEntry, TaskEntry } from "../format/types.js";
import type { InventoryNames } from "./inventory-names.js";
import type { RecordHead } from "./records.js";

export interface NameTable {
  /** Forgets the names before and takes this chunk's. */
  load(body: Pick<ChunkBody, "tasks" | "queues">): void;
  /** What the task was called at that time; null when the chunk does not say. */
  comm(tid: number, startLow: number, startHigh: number, timeNs: number): string | null;
  /** What the chunk says of the task at that time: its owner and the like. */
  task(tid: number, startLow: number, startHigh: number, timeNs: number): TaskEntry | null;
  /** True while `comm` of this task cannot change within the chunk. */
  isCommFixed(tid: number): boolean;
  queue(key: QueueKey, timeNs: number): QueueEntry | null;
}

export interface QueueKey {
  readonly kind: "posix" | "sysv" | "socket";
  readonly namespaceInum: number;
  readonly id: bigint;
  readonly generation: bigint;
}

interface TaskName {
  readonly startLow: number;
  readonly startHigh: number;
  readonly sinceNs: number;
  readonly comm: string;
  readonly entry: TaskEntry;
}

interface QueueName {
  readonly sinceNs: number;
  readonly entry: QueueEntry;
}

const utf8 = new TextDecoder();

/** `baseNs`: CLOCK_BOOTTIME at 0 of the times asked for. `known`: where to look for a queue that no chunk names. */
export function nameTable(baseNs: bigint, known: InventoryNames | null = null): NameTable {
  let tasks = new Map<number, TaskName[]>();
  let queues = new Map<string, QueueName[]>();
  /** By id; made when it is first asked for. */
  let generations: ReadonlyMap<string, readonly bigint[]> | null = null;
  const inInventory = (key: QueueKey) => {
    if (known === null) return null;
    generations ??= generationsById(queues.values());
    return known.find(key, generations.get(idKey(key)) ?? []);
  };
  const taskAt = (tid: number, startLow: number, startHigh: number, timeNs: number) => {
    const own = tasks.get(tid)?.filter((one) => one.startLow === startLow && one.startHigh === startHigh);
    return at(own, timeNs);
  };
  return {
    load(body) {
      tasks = new Map();
      queues = new Map();
      generations = null;
      for (const entry of body.tasks) addTask(tasks, entry, baseNs);
      for (const entry of body.queues) {
        append(queues, queueKeyText(entry), { sinceNs: Number(entry.sinceNs - baseNs), entry });
      }
      for (const versions of tasks.values()) versions.sort((a, b) => a.sinceNs - b.sinceNs);
      for (const versions of queues.values()) versions.sort((a, b) => a.sinceNs - b.sinceNs);
    },
    comm(tid, startLow, startHigh, timeNs) {
      return taskAt(tid, startLow, startHigh, timeNs)?.comm ?? null;
    },
    task(tid, startLow, startHigh, timeNs) {
      return taskAt(tid, startLow, startHigh, timeNs)?.entry ?? null;
    },
    isCommFixed(tid) {
      return (tasks.get(tid)?.length ?? 0) === 1;
    },
    queue(key, timeNs) {
      return at(queues.get(queueKeyText(key)), timeNs)?.entry ?? inInventory(key);
    },
  };
}

/** The key that was asked for last: a call asks for its own three times over. */
let last: QueueKey | null = null;
let lastText = "";
/** Under which generations each id is known. */
function generationsById(queues: Iterable<readonly QueueName[]>): ReadonlyMap<string, readonly bigint[]> {
  const table = new Map<string, bigint[]>();
  for (const [version] of queues) {
    if (version !== undefined) append(table, idKey(version.entry), version.entry.generation);
  }
  return table;
}

function idKey({ kind, namespaceInum, id }: Omit<QueueKey, "generation">): string {
  return `${kind}:${namespaceInum}:${id}`;
}

/** A queue's key as JSON has it. */
export function queueKeyText(key: QueueKey): string {
  if (last === null || !isSameQueue(last, key)) {
    last = key;
    lastText = `${key.kind}:${key.namespaceInum}:${key.id}:${key.generation.toString(16)}`;
  }
  return lastText;
}

function isSameQueue(one: QueueKey, other: QueueKey): boolean {
  return (
    one.id === other.id &&
    one.generation === other.generation &&
    one.namespaceInum === other.namespaceInum &&
    one.kind === other.kind
  );
}

/** A task's key as JSON has it. */
export function taskKeyText(head: Pick<RecordHead, "tid" | "startLow" | "startHigh">): string {
  const startNs = BigInt(head.startHigh >>> 0) * 0x100000000n + BigInt(head.startLow >>> 0);
  return `${head.tid}:${startNs}`;
}

/** Text of a name in a fixed array: up to the first NUL, bytes that are no UTF-8 replaced. */
export function nameText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function addTask(tasks: Map<number, TaskName[]>, entry: TaskEntry, baseNs: bigint): void {
  append(tasks, entry.tid, {
    startLow: Number(BigInt.asIntN(32, entry.startNs)),
    startHigh: Number(BigInt.asIntN(32, entry.startNs >> 32n)),
    sinceNs: Number(entry.sinceNs - baseNs),
    comm: nameText(entry.comm),
    entry,
  });
}

function append<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const list = table.get(key);
  if (list === undefined) table.set(key, [value]);
  else list.push(value);
}

/** The version that held at that time; the first one when all are later, since a name is told before its use. */
function at<V extends { readonly sinceNs: number }>(
  versions: readonly V[] | undefined,
  timeNs: number,
): V | null {
  if (versions === undefined) return null;
  let found = versions[0] ?? null;
  for (const version of versions) {
    if (version.sinceNs <= timeNs) found = version;
  }
  return found;
}
