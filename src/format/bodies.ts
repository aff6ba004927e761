/** What the payload of each frame type is, as msgpack. Spec: "Payloads". Checks every value in both directions. */
import {
  bool,
  bytes,
  count,
  type Field,
  list,
  nullable,
  oneOf,
  optional,
  record,
  s32,
  struct,
  text,
  u32,
  u64,
} from "./schema.js";
import type {
  AttachedHook,
  BtfFrame,
  ChunkBody,
  ChunkContext,
  ClockTriple,
  Gap,
  HostInfo,
  Inventory,
  InventoryQueue,
  Origin,
  QueueEntry,
  RecordConfig,
  RecordingPart,
  Redaction,
  Summary,
  TaskEntry,
} from "./types.js";

type Item<T> = T extends readonly (infer U)[] ? U : never;

const config = struct<RecordConfig>({
  events: list(text),
  snapBytes: u32,
  bufferBytes: u32,
  filters: record(list(text)),
  command: nullable(list(text)),
});

const hook = struct<AttachedHook>({
  plane: oneOf(["syscall", "kernel", "libc", "task"]),
  hook: text,
  mechanism: text,
  attached: bool,
  why: nullable(text),
});

export const hostBody = struct<HostInfo>({
  hostname: text,
  sysname: text,
  release: text,
  version: text,
  machine: text,
  arch: oneOf(["x86_64", "arm64"]),
  littleEndian: bool,
  pageSize: u32,
  bootId: nullable(text),
  cpus: u32,
  recorder: struct<HostInfo["recorder"]>({ name: oneOf(["msgtape"]), version: text }),
  synthetic: bool,
  config,
  attachPlan: list(hook),
  recording: optional(struct<RecordingPart>({ id: text, part: u32, firstRecord: u64 })),
  redacted: optional(struct<Redaction>({ kept: list(text) })),
  sliced: optional(record(list(text))),
});

export const originBody = struct<Origin>({
  madeBy: oneOf(["recover", "slice", "merge", "redact", "unknown"], "unknown"),
  version: text,
  from: list(text),
  options: record(list(text)),
  problems: list(
    struct<Item<Origin["problems"]>>({ code: text, offset: count, frame: nullable(count), message: text }),
  ),
});

export const btfBody = struct<BtfFrame>({ origin: oneOf(["host", "recorder"]), sha256: text, data: bytes });

const clock = struct<ClockTriple>({
  boottimeNs: u64,
  monotonicNs: u64,
  realtimeNs: u64,
  uncertaintyNs: u64,
  reason: oneOf(["start", "interval", "step", "end"], "interval"),
});

export interface ClocksBody {
  readonly clocks: readonly ClockTriple[];
}

export const clocksBody: Field<ClocksBody> = struct<ClocksBody>({ clocks: list(clock) });

const inventoryQueue = struct<InventoryQueue>({
  kind: oneOf(["posix", "sysv"]),
  namespaceInum: nullable(u32),
  id: nullable(u64),
  name: nullable(text),
  fields: record(text),
  holders: list(struct<Item<InventoryQueue["holders"]>>({ tgid: u32, fd: u32, tid: optional(u32) })),
  generation: optional(u64),
  atNs: optional(u64),
});

export const inventoryBody = struct<Inventory>({
  atNs: u64,
  reason: oneOf(["start", "interval", "rotation", "end"], "interval"),
  queues: list(inventoryQueue),
  limits: record(text),
  namespaces: optional(
    list(
      struct<Item<NonNullable<Inventory["namespaces"]>>>({
        namespaceInum: u32,
        limits: record(text),
        whole: optional(list(text)),
      }),
    ),
  ),
  everyDescriptor: optional(bool),
  missing: list(struct<Item<Inventory["missing"]>>({ what: text, why: text })),
  inFlight: list(struct<Item<Inventory["inFlight"]>>({ tid: u32, startNs: u64, event: u32, enterNs: u64 })),
});

const task = struct<TaskEntry>({
  tid: u32,
  startNs: u64,
  tgid: u32,
  sinceNs: u64,
  comm: bytes,
  ppid: nullable(u32),
  uid: nullable(u32),
  gid: nullable(u32),
  namespacePid: nullable(u32),
  namespaceTid: nullable(u32),
  exe: nullable(text),
  exeName: nullable(bytes),
  cmdline: nullable(bytes),
  cgroupId: nullable(u64),
  cgroupPath: nullable(text),
  processStartNs: nullable(u64),
});

const queue = struct<QueueEntry>({
  kind: oneOf(["posix", "sysv", "socket"]),
  namespaceInum: u32,
  id: u64,
  generation: u64,
  sinceNs: u64,
  name: nullable(bytes),
  key: nullable(s32),
  uid: nullable(u32),
  gid: nullable(u32),
  cuid: nullable(u32),
  cgid: nullable(u32),
  mode: nullable(u32),
  cookie: nullable(u64),
  family: nullable(u32),
  socketType: nullable(u32),
  protocol: nullable(u32),
  local: nullable(bytes),
  peer: nullable(bytes),
});

export const chunkBody = struct<ChunkBody>({
  records: bytes,
  tasks: list(task),
  queues: list(queue),
  planes: optional(bytes),
});

export const gapBody = struct<Gap>({
  cpu: nullable(u32),
  fromNs: nullable(u64),
  toNs: nullable(u64),
  lost: u64,
  cause: oneOf(["ring_full", "recursion", "no_scratch", "damage", "output", "unknown"], "unknown"),
  plane: optional(oneOf(["syscall", "planes"], "syscall")),
  atLeast: optional(bool),
});

export const summaryBody = struct<Summary>({
  startNs: u64,
  endNs: u64,
  records: u64,
  lost: u64,
  lostByEvent: list(struct<Item<Summary["lostByEvent"]>>({ event: u32, entries: u64, exits: u64 })),
  gaps: count,
  chunks: count,
  counts: list(struct<Item<ChunkContext["counts"]>>({ event: u32, entries: count, exits: count })),
  x32Calls: u64,
  planesLost: optional(u64),
  ended: text,
  trigger: optional(text),
});

/** A line of the index: `sequence` is its place in the list. */
export interface IndexedFrame {
  readonly type: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** The frame's context, verbatim. */
  readonly context: Uint8Array;
}

export interface IndexBody {
  readonly frames: readonly IndexedFrame[];
}

export const indexLine: Field<IndexedFrame> = struct<IndexedFrame>({
  type: u32,
  flags: u32,
  offset: u64,
  storedBytes: u32,
  rawBytes: u32,
  context: bytes,
});

export const indexBody: Field<IndexBody> = struct<IndexBody>({ frames: list(indexLine) });
