/** The small capture that the corpus is made from: one of each frame, a call, a loss, an exit without an entry. */
import { join, le } from "../format/support.js";
import { msgpack, sha256, Tape } from "./spell.js";
import { btfOf, recordsIn, STRUCTS } from "./structs.js";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export const HOST = {
  hostname: "h",
  sysname: "Linux",
  release: "6.18.0",
  version: "#1",
  machine: "x86_64",
  arch: "x86_64",
  little_endian: true,
  page_size: 4096,
  boot_id: null,
  cpus: 2,
  recorder: { name: "msgtape", version: "0.1.0" },
  synthetic: true,
  config: { events: ["msgsnd"], snap_bytes: 256, buffer_bytes: 65_536, filters: {}, command: null },
  attach_plan: [],
};

export const CLOCK = {
  boottime_ns: 1_000_000_000n,
  monotonic_ns: 900_000_000n,
  realtime_ns: 1_795_255_200_000_000_000n,
  uncertainty_ns: 80,
  reason: "start",
};

export const CLOCKS = { clocks: [CLOCK] };

export const INVENTORY = {
  at_ns: 1_000_000_000n,
  reason: "start",
  queues: [],
  limits: { "kernel.msgmax": "8192" },
  missing: [],
  in_flight: [],
};

export const GAP = { cpu: 1, from_ns: 1_500_000_000n, to_ns: null, lost: 7, cause: "ring_full" };

export const SUMMARY = {
  start_ns: 1_000_000_000n,
  end_ns: 2_000_000_000n,
  records: 3,
  lost: 7,
  lost_by_event: [],
  gaps: 1,
  chunks: 2,
  counts: [
    { event: 10, entries: 1, exits: 1 },
    { event: 11, entries: 0, exits: 1 },
  ],
  x32_calls: 0,
  ended: "signal",
};

export const TASK = {
  tid: 4711,
  start_ns: 900_000_000n,
  tgid: 4711,
  since_ns: 1_000_000_000n,
  comm: bytes("sender"),
  ppid: 1,
  uid: 0,
  gid: 0,
  namespace_pid: 4711,
  namespace_tid: 4711,
  exe: "/bin/sender",
  exe_name: bytes("sender"),
  cmdline: bytes("sender\0-x\0"),
  cgroup_id: 1,
  cgroup_path: "/",
  process_start_ns: 900_000_000n,
};

export const QUEUE = {
  kind: "sysv",
  namespace_inum: 4_026_531_839,
  id: 3,
  generation: 0xabc_def0_1234_5678n,
  since_ns: 1_000_000_000n,
  key: -5,
  uid: 0,
  gid: 0,
  cuid: 0,
  cgid: 0,
  mode: 0o644,
};

const { mt_kernel: _, mt_libc: __, ...FOR_CALLS } = STRUCTS;

/** Without planes. */
export function btf(data: Uint8Array = btfOf(FOR_CALLS), origin = "recorder") {
  return { origin, sha256: sha256(data), data };
}

const spelled = recordsIn(STRUCTS);
/** An entry and an exit of msgsnd, an exit of msgrcv that was under way at the start. */
export const RECORDS = [
  spelled.entry(
    { time_ns: 1_100_000_000n, seq: 1, call: 1 },
    [3n, 0x7ffe_0000_1000n, 5n, 0n],
    spelled.item({ kind: 1, arg: 1, addr: 0x7ffe_0000_1000n }, join(le(1, 8), bytes("hello"))),
  ),
  spelled.exit({ time_ns: 1_100_001_000n, seq: 2, call: 1 }, 0n),
  spelled.exit({ time_ns: 1_600_000_000n, seq: 10, call: 1, tid: 4712, event: 11, flags: 3, cpu: 1 }, -4n),
] as const;

export interface Context {
  readonly first?: number | bigint;
  readonly records?: number;
  readonly times?: readonly [bigint, bigint];
  readonly oldestOpen?: bigint;
  readonly openCalls?: number;
  readonly counts?: readonly (readonly [number, number, number])[];
  readonly losses?: readonly (readonly [number, number | bigint])[];
  /** What is claimed, whatever follows. */
  readonly claims?: readonly [number, number];
}

export function context(of: Context): Uint8Array {
  const { counts = [], losses = [] } = of;
  const [countsClaimed, lossesClaimed] = of.claims ?? [counts.length, losses.length];
  return join(
    le(of.first ?? 0, 8),
    le(of.times?.[0] ?? 0, 8),
    le(of.times?.[1] ?? 0, 8),
    le(of.oldestOpen ?? 0, 8),
    le(of.records ?? 0, 4),
    le(of.openCalls ?? 0, 4),
    le((of.times === undefined ? 0 : 1) | (of.oldestOpen === undefined ? 0 : 2), 2),
    le(countsClaimed, 2),
    le(lossesClaimed, 2),
    le(0, 2),
    ...counts.map(([event, entries, exits]) => join(le(event, 4), le(entries, 4), le(exits, 4))),
    ...losses.map(([cpu, records]) => join(le(cpu, 4), le(records, 8))),
  );
}

export const CONTEXTS = [
  context({ first: 0, records: 2, times: [1_100_000_000n, 1_100_001_000n], counts: [[10, 1, 1]] }),
  context({
    first: 2,
    records: 1,
    times: [1_600_000_000n, 1_600_000_000n],
    counts: [[11, 0, 1]],
    losses: [[1, 7]],
  }),
] as const;

export const CHUNKS = [
  { records: join(RECORDS[0], RECORDS[1]), tasks: [], queues: [] },
  { records: RECORDS[2], tasks: [], queues: [] },
] as const;

/** What may be otherwise in the sample: payloads by frame, as values or as they are stored. */
export interface Changes {
  readonly header?: ConstructorParameters<typeof Tape>[1];
  readonly number?: number;
  readonly host?: unknown;
  readonly clocks?: unknown;
  readonly btf?: unknown;
  readonly inventory?: unknown;
  readonly chunk?: unknown;
  readonly chunk2?: unknown;
  readonly gap?: unknown;
  readonly context?: Uint8Array;
  readonly context2?: Uint8Array;
}

/** The sample's file header and frames, without its end. */
export function open(changes: Changes = {}): Tape {
  const tape = new Tape(changes.number ?? 1, changes.header);
  return tape
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(changes.host ?? HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(changes.clocks ?? CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(changes.btf ?? btf()) })
    .frame("INVENTORY", { type: 4, payload: msgpack(changes.inventory ?? INVENTORY) })
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: changes.context ?? CONTEXTS[0],
      payload: msgpack(changes.chunk ?? CHUNKS[0]),
    })
    .frame("GAP", { type: 6, flags: 1, payload: msgpack(changes.gap ?? GAP) })
    .frame("CHUNK 2", {
      type: 5,
      flags: 1,
      context: changes.context2 ?? CONTEXTS[1],
      payload: msgpack(changes.chunk2 ?? CHUNKS[1]),
    });
}

/** The whole sample. */
export function sample(changes: Changes & { readonly summary?: unknown } = {}): Tape {
  return open(changes).end(changes.summary ?? SUMMARY);
}
