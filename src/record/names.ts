/**
 * The tables of tasks and queues: from what the kernel programs announced once, to the entries that each chunk
 * needs to stand alone.
 */
import type { Btf } from "../btf/index.js";
import type { ChunkBody, QueueEntry, TaskEntry } from "../format/types.js";
import { announcementParser } from "./announcements.js";
import {
  isGone,
  type ReadProcess,
  readTaskFacts,
  seesInitialPids,
  seesProcess,
  type TaskFacts,
} from "./proc.js";
import { VersionTable } from "./versions.js";

export interface TaskKey {
  readonly tid: number;
  readonly startNs: bigint;
}

export type QueueKey = Pick<QueueEntry, "kind" | "namespaceInum" | "id" | "generation">;

/** What is asked of the host about a task; tests bring their own. */
export interface TaskFactsSource {
  facts(task: TaskEntry): TaskFacts;
  isGone(task: TaskEntry): boolean;
}

export interface NameTables {
  /** Takes the TASK and QUEUE records of a batch. */
  add(names: Uint8Array): void;
  /** Every version of these tasks and queues that holds at or after `fromNs`. */
  entries(
    tasks: readonly TaskKey[],
    queues: readonly QueueKey[],
    fromNs: bigint,
  ): Pick<ChunkBody, "tasks" | "queues">;
}

const TASKS_LIMIT = 16_384;
const QUEUES_LIMIT = 16_384;
/** Looking at /proc costs some 100 µs a process: under a storm of forks the rest stays unknown. */
const FACTS_BUDGET_MS = 20;

export function nameTables(recorderBtf: Btf, source: TaskFactsSource = hostFacts()): NameTables {
  const parse = announcementParser(recorderBtf);
  const tasks = new VersionTable<TaskEntry>(TASKS_LIMIT);
  const queues = new VersionTable<QueueEntry>(QUEUES_LIMIT);
  return {
    add(names) {
      const announced = parse(names);
      const until = performance.now() + FACTS_BUDGET_MS;
      for (const task of announced.tasks) {
        const known = factsOfSibling(tasks.newest(taskKey(task)), task);
        const facts = known ?? (performance.now() < until ? source.facts(task) : null);
        tasks.add(taskKey(task), facts === null ? task : { ...task, ...facts });
      }
      for (const queue of announced.queues) queues.add(queueKey(queue), queue);
      tasks.trim((task) => source.isGone(task));
      queues.trim(() => false);
    },
    entries: (taskKeys, queueKeys, fromNs) => ({
      tasks: taskKeys.flatMap((key) => tasks.since(taskKey(key), fromNs)),
      queues: queueKeys.flatMap((key) => queues.since(queueKey(key), fromNs)),
    }),
  };
}

/** A rename leaves the program as it was. */
function factsOfSibling(earlier: TaskEntry | undefined, task: TaskEntry): TaskFacts | null {
  if (earlier === undefined || earlier.exe === null) return null;
  const same = sameBytes(earlier.exeName, task.exeName) && earlier.cgroupId === task.cgroupId;
  if (!same || !startsWith(earlier.cmdline, task.cmdline)) return null;
  return { exe: earlier.exe, cmdline: earlier.cmdline, cgroupPath: earlier.cgroupPath };
}

function taskKey(task: TaskKey): string {
  return `${task.tid}:${task.startNs}`;
}

function queueKey(queue: QueueKey): string {
  return `${queue.kind}:${queue.namespaceInum}:${queue.id}:${queue.generation}`;
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return Buffer.from(a).equals(b);
}

function startsWith(whole: Uint8Array | null, beginning: Uint8Array | null): boolean {
  if (whole === null || beginning === null) return whole === beginning;
  return Buffer.from(whole.subarray(0, beginning.length)).equals(beginning);
}

/** Elsewhere than in the initial pid namespace nothing is asked, and nobody is known to be gone. */
export function hostFacts(read?: ReadProcess): TaskFactsSource {
  if (seesInitialPids()) {
    // Where /proc hides others' processes (hidepid=), one that is not seen may live all the same.
    const seesOthers = seesProcess(1);
    return { facts: (task) => readTaskFacts(task, read), isGone: (task) => seesOthers && isGone(task) };
  }
  return {
    facts: (task) => ({ exe: null, cmdline: task.cmdline, cgroupPath: null }),
    isGone: () => false,
  };
}
