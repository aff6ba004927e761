/**
 * What a recording needs of the kernel side: native.ts has it for real, tests have their own.
 */
import type { ChunkContext } from "../format/types.js";
import type { QueueKey, TaskKey } from "./names.js";

/** Lost records between two that were kept. `fromNs` null: since the start; `toNs` null: to the end. */
export interface TapeGap {
  readonly plane: "syscall" | "planes";
  /** null: in the planes, which have one ring. */
  readonly cpu: number | null;
  /** null: the gap does not tell. */
  readonly cause: "ring_full" | "recursion" | null;
  readonly fromNs: bigint | null;
  readonly toNs: bigint | null;
  readonly lost: bigint;
}

/** What the drain thread closed at once; its buffers are the receiver's own. */
export interface Batch {
  /** ENTRY and EXIT records, verbatim. */
  readonly records: Uint8Array;
  /** TASK and QUEUE records, verbatim. */
  readonly names: Uint8Array;
  /** KERNEL and LIBC records, verbatim. */
  readonly planes: Uint8Array;
  /** How many those are. */
  readonly planesRecords: number;
  readonly context: ChunkContext;
  readonly tasks: readonly TaskKey[];
  readonly queues: readonly QueueKey[];
  readonly gaps: readonly TapeGap[];
}

export interface OpenCall {
  readonly tid: number;
  readonly startNs: bigint;
  readonly event: number;
  readonly enterNs: bigint;
}

export interface Totals {
  readonly recorded: bigint;
  readonly lostRingFull: bigint;
  readonly lostNoScratch: bigint;
  readonly lostRecursion: bigint;
  readonly x32: bigint;
  readonly announceFailed: bigint;
  readonly noTaskState: bigint;
  readonly ringUsed: bigint;
  /** KERNEL and LIBC records that found no room. */
  readonly planesLost: bigint;
  /** Runs of their programs that the kernel skipped. */
  readonly planesSkipped: bigint;
  /** By event id. */
  readonly recordedEntries: readonly bigint[];
  readonly recordedExits: readonly bigint[];
  readonly lostEntries: readonly bigint[];
  readonly lostExits: readonly bigint[];
}

/** A trigger that fired, and the entry or exit that met its condition. */
export interface FiredTrigger {
  /** Of RecordOptions.triggers. */
  readonly index: number;
  /** The record's own time. */
  readonly timeNs: bigint;
  /** The task's key and its call's number: with them the call is found in the capture. */
  readonly tid: number;
  readonly startNs: bigint;
  /** null: not known. 0: the task's calls have no numbers. */
  readonly call: bigint | null;
  readonly tgid: number | null;
  readonly event: number;
  /** "open": neither, it is a call that has not ended, and the recorder has noticed. */
  readonly phase: "entry" | "exit" | "open";
  /** latency: nanoseconds; depth: messages; errno: nanoseconds from the first to the last of the results. */
  readonly value: bigint;
  /** Times that the condition was met since the start, also while the trigger was held; null: not known. */
  readonly met: bigint | null;
}

export interface TapeHandle {
  track(tgid: number): void;
  tracked(): bigint;
  start(batchBytes: number, batchMs: number, pollMs: number): void;
  /** null: none yet. "end": the final one was taken. */
  nextBatch(timeoutMs: number): Promise<Batch | null | "end">;
  /** As far as the kernel side has been looked at, which may be further than the batches taken. */
  openCalls(): readonly OpenCall[];
  /** At the end of the batch taken last. */
  openCallsOfBatch(): readonly OpenCall[];
  totals(): Totals;
  /** Triggers that have fired since the last time. Each is held, and fires no more, until rearmTrigger. */
  firedTriggers(): readonly FiredTrigger[];
  rearmTrigger(index: number): void;
  stop(): void;
  close(): void;
}
