/**
 * Names of tasks and queues, by time. Holds one chunk's tables: chunks stand alone, so each brings every name that
 * its records need, and memory does not grow with the file. What a chunk does not name the inventories may.
 */
import { LIMITS } from "../format/limits.js";
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
    const versions = tasks.get(tid);
    return versions === undefined
      ? null
      : at(versions, { startLow, startHigh, sinceNs: timeNs }, byTask, isSameTask);
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
      for (const versions of tasks.values()) versions.sort(byTask);
      for (const versions of queues.values()) versions.sort(bySince);
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
      const versions = queues.get(queueKeyText(key));
      const known = versions === undefined ? null : at(versions, { sinceNs: timeNs }, bySince, () => true);
      return known?.entry ?? inInventory(key);
    },
  };
}

/** The key that was asked for last: a call asks for its own three times over. */
let last: QueueKey | null = null;
let lastText = "";
/** Under which generations each id is known; two of them, where there are more. */
function generationsById(queues: Iterable<readonly QueueName[]>): ReadonlyMap<string, readonly bigint[]> {
  const table = new Map<string, bigint[]>();
  for (const [version] of queues) {
    if (version === undefined) continue;
    const known = table.get(idKey(version.entry));
    // Two say already that it is not one alone.
    if (known === undefined || known.length < 2)
      append(table, idKey(version.entry), version.entry.generation);
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

/**
 * Text of a name in a fixed array: up to the first NUL, bytes that are no UTF-8 replaced. No kernel has names beyond the
 * limit: of a hostile capture's `…` says that it goes on.
 */
export function nameText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const name = end < 0 ? bytes : bytes.subarray(0, end);
  const most = LIMITS.nameBytes;
  return name.length > most ? `${utf8.decode(name.subarray(0, most))}…` : utf8.decode(name);
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

function bySince(one: Since, other: Since): number {
  return one.sinceNs - other.sinceNs;
}

/** Tids recur: the versions of one task lie together. */
function byTask(one: TaskMoment, other: TaskMoment): number {
  return one.startHigh - other.startHigh || one.startLow - other.startLow || one.sinceNs - other.sinceNs;
}

function isSameTask(one: TaskMoment, other: TaskMoment): boolean {
  return one.startLow === other.startLow && one.startHigh === other.startHigh;
}

type Since = { readonly sinceNs: number };
type TaskMoment = Pick<TaskName, "startLow" | "startHigh" | "sinceNs">;

/**
 * Of versions in `order`: the last that is not after `moment`; where all of that task or queue are later the first of
 * them, since a name is told before its use. null: there is none of it.
 */
function at<M extends Since, V extends M>(
  versions: readonly V[],
  moment: M,
  order: (one: M, other: M) => number,
  isSame: (one: M, other: M) => boolean,
): V | null {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const version = versions[middle];
    if (version !== undefined && order(version, moment) <= 0) low = middle + 1;
    else high = middle;
  }
  const before = versions[low - 1];
  if (before !== undefined && isSame(before, moment)) return before;
  const after = versions[low];
  return after !== undefined && isSame(after, moment) ? after : null;
}
