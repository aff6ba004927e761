/**
 * What the C library hands over with one batch, as plain values: struct mt_batch and the two key areas. Takes
 * every offset from the layouts it is given; looks at no record.
 */
import type { ChunkContext } from "../format/types.js";
import type { QueueKey, TaskKey } from "./names.js";
import { place, type StructLayout, StructView } from "./struct-view.js";
import type { Batch, FiredTrigger, OpenCall, TapeGap, Totals } from "./tape.js";

export interface BatchLayouts {
  readonly batch: StructLayout;
  readonly taskKey: StructLayout;
  readonly queueKey: StructLayout;
}

/** The buffers that mt_next_batch fills; reused from batch to batch. */
export interface BatchBuffers {
  readonly batch: Uint8Array;
  readonly records: Uint8Array;
  readonly names: Uint8Array;
  readonly planes: Uint8Array;
  readonly tasks: Uint8Array;
  readonly queues: Uint8Array;
}

/** What mt_next_batch needs for the batch described in `batch`, in bytes. */
export interface BatchSizes {
  readonly records: number;
  readonly names: number;
  readonly planes: number;
  readonly tasks: number;
  readonly queues: number;
}

const QUEUE_KINDS: Readonly<Record<number, QueueKey["kind"]>> = { 1: "posix", 2: "sysv", 3: "socket" };

/** How much room the batch described in `batch` takes. */
export function batchSizes(batch: Uint8Array, layouts: BatchLayouts): BatchSizes {
  const head = new StructView(batch, layouts.batch);
  return {
    records: Number(head.u64("records_len")),
    names: Number(head.u64("names_len")),
    planes: Number(head.u64("planes_len")),
    tasks: head.u32("tasks") * layouts.taskKey.sizeBytes,
    queues: head.u32("queues") * layouts.queueKey.sizeBytes,
  };
}

/** The batch in these buffers, copied out of them. */
export function parseBatch(buffers: BatchBuffers, layouts: BatchLayouts): Batch {
  const head = new StructView(buffers.batch, layouts.batch);
  const sizes = batchSizes(buffers.batch, layouts);
  return {
    records: copyOf(buffers.records, sizes.records),
    names: copyOf(buffers.names, sizes.names),
    planes: copyOf(buffers.planes, sizes.planes),
    planesRecords: head.u32("planes"),
    context: parseContext(head, layouts),
    tasks: parseElements(buffers.tasks, layouts.taskKey, head.u32("tasks"), parseTaskKey),
    queues: parseElements(buffers.queues, layouts.queueKey, head.u32("queues"), parseQueueKey),
    gaps: head.structs("gap", head.u32("gaps"), parseGap),
  };
}

/** Not slice(): a Buffer's shares its memory. */
function copyOf(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return new Uint8Array(bytes.subarray(0, lengthBytes));
}

function parseContext(head: StructView, layouts: BatchLayouts): ChunkContext {
  const records = head.u32("records");
  const events = place(layouts.batch, "counts").length ?? 0;
  return {
    firstRecord: head.u64("first_record"),
    records,
    counts: head
      .structs("counts", events, (count, event) => ({
        event,
        entries: count.u32("entries"),
        exits: count.u32("exits"),
      }))
      .filter((count) => count.entries > 0 || count.exits > 0),
    firstTimeNs: records === 0 ? null : head.u64("first_time_ns"),
    lastTimeNs: records === 0 ? null : head.u64("last_time_ns"),
    oldestOpenNs: nullIfZero(head.u64("oldest_open_ns")),
    openCalls: head.u32("open_calls"),
    lost: head.structs("cpu_loss", head.u32("cpu_losses"), (loss) => ({
      cpu: loss.u32("cpu"),
      records: loss.u64("lost"),
    })),
  };
}

/** enum mt_gap_plane. */
const GAP_CAUSES: Readonly<Record<number, Pick<TapeGap, "plane" | "cause">>> = {
  0: { plane: "syscall", cause: null },
  1: { plane: "planes", cause: "ring_full" },
  2: { plane: "planes", cause: "recursion" },
};

function parseGap(gap: StructView): TapeGap {
  const cause = GAP_CAUSES[gap.u32("plane")];
  if (cause === undefined) throw new RangeError(`a gap of plane ${gap.u32("plane")}: expected 0 to 2`);
  return {
    ...cause,
    cpu: cause.plane === "syscall" ? gap.u32("cpu") : null,
    fromNs: nullIfZero(gap.u64("from_ns")),
    toNs: nullIfZero(gap.u64("to_ns")),
    lost: gap.u64("lost"),
  };
}

function parseTaskKey(key: StructView): TaskKey {
  return { tid: key.u32("tid"), startNs: key.u64("start_ns") };
}

function parseQueueKey(key: StructView): QueueKey {
  const kind = QUEUE_KINDS[key.u32("kind")];
  if (kind === undefined) throw new RangeError(`a queue of kind ${key.u32("kind")}: expected 1 to 3`);
  return {
    kind,
    namespaceInum: key.u32("namespace_inum"),
    id: key.u64("id"),
    generation: key.u64("generation"),
  };
}

/** `count` structs that follow each other. */
export function parseElements<T>(
  bytes: Uint8Array,
  layout: StructLayout,
  count: number,
  parse: (element: StructView) => T,
): T[] {
  return Array.from({ length: count }, (_, i) => parse(new StructView(bytes, layout, i * layout.sizeBytes)));
}

/** One struct mt_open_call, for parseElements. */
export function parseOpenCall(call: StructView): OpenCall {
  return {
    tid: call.u32("tid"),
    startNs: call.u64("start_ns"),
    event: call.u32("event"),
    enterNs: call.u64("enter_ns"),
  };
}

/** One struct mt_fired_trigger, for parseElements. */
export function parseFiredTrigger(fired: StructView): FiredTrigger {
  return {
    index: fired.u32("index"),
    timeNs: fired.u64("time_ns"),
    tid: fired.u32("tid"),
    tgid: fired.u32("tgid"),
    startNs: fired.u64("task_start_ns"),
    call: fired.u64("call"),
    event: fired.u32("event"),
    phase: fired.u32("exit") === 0 ? "entry" : "exit",
    value: fired.u64("value"),
    met: fired.u64("met"),
  };
}

/** A struct mt_totals. */
export function parseTotals(bytes: Uint8Array, layout: StructLayout): Totals {
  const totals = new StructView(bytes, layout);
  return {
    recorded: totals.u64("recorded"),
    lostRingFull: totals.u64("lost_ring_full"),
    lostNoScratch: totals.u64("lost_no_scratch"),
    lostRecursion: totals.u64("lost_recursion"),
    x32: totals.u64("x32"),
    announceFailed: totals.u64("announce_failed"),
    noTaskState: totals.u64("no_task_state"),
    ringUsed: totals.u64("ring_used"),
    planesLost: totals.u64("planes_lost"),
    planesSkipped: totals.u64("planes_skipped"),
    recordedEntries: totals.u64s("recorded_entries"),
    recordedExits: totals.u64s("recorded_exits"),
    lostEntries: totals.u64s("lost_entries"),
    lostExits: totals.u64s("lost_exits"),
  };
}

/** Times and gap ends: the C side says 0 where there is none. */
function nullIfZero(value: bigint): bigint | null {
  return value === 0n ? null : value;
}
