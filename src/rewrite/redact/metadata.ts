/**
 * What becomes of every field of the frames, but for the records: the allow-list. Each table has all fields of its type,
 * or this file does not compile; what a frame has beyond them is left out.
 */
import { eventByName } from "../../catalog/events.js";
import { LIBC_FUNCTIONS } from "../../catalog/libc.js";
import type {
  AttachedHook,
  ClockTriple,
  Gap,
  HostInfo,
  QueueEntry,
  RecordConfig,
  RecordingPart,
  Summary,
  TaskEntry,
} from "../../format/types.js";
import { KERNEL_FUNCTIONS } from "../../replay/planes-state.js";
import { bytesOf, filters, isGroup, snapshotReason, textOf } from "./filters.js";
import type { Redaction } from "./redaction.js";

/** What becomes of each field. */
export type Table<T> = { readonly [K in keyof T]-?: (value: T[K], to: Redaction, whole: T) => T[K] };

/** The fields of the table, and no others. */
export function rebuilt<T extends object>(table: Table<T>, value: T, to: Redaction): T {
  const made: Partial<T> = {};
  for (const name of Object.keys(table) as (keyof T)[]) {
    const field = table[name](value[name], to, value);
    if (field !== undefined) made[name] = field;
  }
  return made as T;
}

export function keep<V>(value: V): V {
  return value;
}

export function nullable<V>(
  change: (value: V, to: Redaction) => V,
): (value: V | null, to: Redaction) => V | null {
  return (value, to) => (value === null ? null : change(value, to));
}

export const pid = (value: number, to: Redaction) => to.ids.pid(value);
export const uid = (value: number, to: Redaction) => to.ids.uid(value);
export const gid = (value: number, to: Redaction) => to.ids.gid(value);
const address = (value: Uint8Array, to: Redaction) => to.sockets.address(value);

/** One of these words, else the first of them. */
function word<V extends string>(words: readonly V[]): (value: string) => V {
  return (value) => words.find((one) => one === value) ?? (words[0] as V);
}

export const TASK: Table<TaskEntry> = {
  tid: pid,
  startNs: keep,
  tgid: pid,
  sinceNs: keep,
  comm: (value, to) => to.names.program(value),
  ppid: nullable(pid),
  uid: nullable(uid),
  gid: nullable(gid),
  namespacePid: nullable(pid),
  namespaceTid: nullable(pid),
  exe: nullable((value, to) => to.names.path(value)),
  exeName: nullable((value, to) => to.names.program(value)),
  cmdline: nullable((value, to) => to.names.commandLine(value)),
  cgroupId: nullable((value, to) => to.ids.cgroup(value)),
  cgroupPath: nullable((value, to) => to.names.cgroup(value)),
  processStartNs: keep,
};

export const QUEUE: Table<QueueEntry> = {
  kind: keep,
  namespaceInum: (value, to) => to.ids.namespace(value),
  id: (value, to, { kind }) => queueId(kind, value, to),
  generation: (value, to) => to.ids.generation(value),
  sinceNs: keep,
  name: nullable((value, to) => to.names.queue(value)),
  key: nullable((value, to) => to.ids.key(value >>> 0) | 0),
  uid: nullable(uid),
  gid: nullable(gid),
  cuid: nullable(uid),
  cgid: nullable(gid),
  mode: keep,
  cookie: nullable((value, to) => to.ids.cookie(value)),
  family: keep,
  socketType: keep,
  protocol: keep,
  local: nullable(address),
  peer: nullable(address),
};

export function queueId(kind: QueueEntry["kind"], id: bigint, to: Redaction): bigint {
  if (kind === "sysv") return to.ids.wideMsqid(id);
  return kind === "socket" ? to.ids.socketInode(id) : to.ids.posixInode(id);
}

export const CLOCK: Table<ClockTriple> = {
  boottimeNs: keep,
  monotonicNs: keep,
  realtimeNs: (value, to) => to.clock.nanoseconds(value),
  uncertaintyNs: keep,
  reason: keep,
};

export const GAP: Table<Gap> = {
  cpu: keep,
  fromNs: keep,
  toNs: keep,
  lost: keep,
  cause: keep,
  plane: keep,
  atLeast: keep,
};

export const SUMMARY: Table<Summary> = {
  startNs: keep,
  endNs: keep,
  records: keep,
  lost: keep,
  lostByEvent: (value) => value.map(({ event, entries, exits }) => ({ event, entries, exits })),
  gaps: keep,
  chunks: keep,
  counts: (value) => value.map(({ event, entries, exits }) => ({ event, entries, exits })),
  x32Calls: keep,
  planesLost: keep,
  ended: word([
    "error",
    "signal",
    "duration",
    "count",
    "command",
    "processes",
    "disk_full",
    "rotation",
    "snapshot",
    "recovered",
  ]),
  trigger: (value, to) => (value === undefined ? undefined : snapshotReason(value, to)),
};

const CONFIG: Table<RecordConfig> = {
  events: (value) => value.filter((name) => eventByName(name) !== undefined || isGroup(name)),
  snapBytes: keep,
  bufferBytes: keep,
  filters: (value, to) => filters(value, to),
  command: nullable((value, to) => command(value, to)),
};

/** MT_CMDLINE_MAX: so much of a command line is recorded of the task that it became. */
const COMMAND_LINE_BYTES = 256;

function command(value: readonly string[], to: Redaction): readonly string[] {
  const line = bytesOf(`${value.join("\0")}\0`).subarray(0, COMMAND_LINE_BYTES);
  const made = textOf(to.names.commandLine(line)).replace(/\0$/, "");
  return to.keeps.has("command-lines") ? value : [made];
}

const HOOK: Table<AttachedHook> = {
  plane: keep,
  hook: (value) => (HOOKS.has(value) ? value : "other"),
  mechanism: (value, to) => mechanism(value, to),
  attached: keep,
  why: nullable((value, to) => (to.keeps.has("paths") ? value : "why is not told")),
};

const PART: Table<RecordingPart> = {
  id: (value, to) => to.ids.capture(value),
  part: keep,
  firstRecord: keep,
};

export const HOST: Table<HostInfo> = {
  hostname: (value, to) => to.names.host(value),
  sysname: word(["Linux"]),
  release: (value, to) => kernelText(value, to, /^\d+(\.\d+){0,2}/.exec(value)?.[0] ?? "0"),
  version: (value, to) => kernelText(value, to, ""),
  machine: word(["unknown", "x86_64", "aarch64", "i686"]),
  arch: keep,
  littleEndian: keep,
  pageSize: keep,
  bootId: nullable((value, to) => to.ids.bootId(value)),
  cpus: keep,
  recorder: ({ version }) => ({ name: "msgtape", version: /^\d+\.\d+\.\d+/.exec(version)?.[0] ?? "0.0.0" }),
  synthetic: keep,
  config: (value, to) => rebuilt(CONFIG, value, to),
  attachPlan: (value, to) => value.map((hook) => rebuilt(HOOK, hook, to)),
  recording: (value, to) => (value === undefined ? undefined : rebuilt(PART, value, to)),
  sliced: (value, to) => (value === undefined ? undefined : filters(value, to)),
  redacted: (value, to) => ({
    // Kinds that an earlier redaction has replaced are not let through by a later one.
    kept: [...to.keeps].filter((kind) => value === undefined || value.kept.includes(kind)).sort(),
  }),
};

/** The numbers of the release stay: without them nobody knows which kernel behaved so. */
function kernelText(value: string, to: Redaction, numbers: string): string {
  if (value !== numbers) to.census.count("kernel");
  return to.keeps.has("kernel") ? value : numbers;
}

const HOOKS: ReadonlySet<string> = new Set([
  "sys_enter",
  "sys_exit",
  "sched_process_fork",
  "sched_process_exit",
  "sched_process_exec",
  "task_rename",
  "signal_deliver",
  ...Object.values(KERNEL_FUNCTIONS),
  ...LIBC_FUNCTIONS.flatMap(({ name, symbols }) => [name, ...symbols]),
]);

const MECHANISMS: ReadonlySet<string> = new Set([
  "tp_btf with bpf_rdonly_cast",
  "tp_btf",
  "raw_tp",
  "fentry",
  "fexit",
  "kprobe",
  "kretprobe",
  "uprobe",
]);

/** Of a probe in a file: which file, as a pseudonym, and the offset, which is the file's own. */
function mechanism(value: string, to: Redaction): string {
  if (MECHANISMS.has(value)) return value;
  const [, path, offset] = /^uprobe at (.*)\+(0x[0-9a-f]{1,16})$/s.exec(value) ?? [];
  return path === undefined || offset === undefined
    ? "other"
    : `uprobe at ${to.names.library(path)}+${offset}`;
}
