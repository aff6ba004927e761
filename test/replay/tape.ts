/**
 * Captures made by hand: records spelled field by field, laid out by records.btf (the structs of bpf/records.h).
 * Times are nanoseconds after START.
 */
import { readFileSync } from "node:fs";
import { encodeStruct, parseBtf, type StructValues, structLayout } from "../../src/btf/index.js";
import type {
  ChunkBody,
  ChunkContext,
  ClockTriple,
  Gap,
  HostInfo,
  IndexEntry,
  Inventory,
  QueueEntry,
  Summary,
  TaskEntry,
} from "../../src/format/types.js";
import type { ChunkItem, ReplayCapture } from "../../src/replay/source.js";
import { PACKAGE } from "../support/paths.js";

export const RECORDER_BTF = new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/records.btf`));
const btf = parseBtf(RECORDER_BTF);

/** CLOCK_BOOTTIME at the capture's start: beyond 2^53, so that times only come out right when taken exactly. */
export const START = 2n ** 55n + 123_456_789n;
/** 2026-11-21T10:00:00.000000001Z at START. */
export const REAL_START = 1_795_255_200_000_000_001n;

export const LAST = 1;
export const NO_ENTRY = 2;
export const ENTRY_LOST = 4;
export const ARGS_UNKNOWN = 8;
export const NO_NUMBER = 16;

export interface Head {
  readonly at: number;
  readonly call: number;
  readonly tid?: number;
  readonly tgid?: number;
  readonly start?: bigint;
  readonly cpu?: number;
  /** Without it, the next one of its cpu. */
  readonly seq?: bigint;
  readonly event?: number;
  readonly abi?: number;
  readonly mux?: number;
  readonly flags?: number;
  readonly part?: number;
  readonly items?: readonly Uint8Array[];
}

/** Spells records; counts each cpu's sequence as the kernel programs do. */
export class Tape {
  private readonly seqs = new Map<number, bigint>();

  entry(head: Head & { readonly args?: readonly bigint[] }): Uint8Array {
    const args = [...(head.args ?? [3n, 0x1000n, 5n, 0n, 0n]), 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6);
    return this.record(1, head, bytesOf("mt_entry", { args }));
  }

  exit(head: Head & { readonly ret: bigint | number }): Uint8Array {
    return this.record(2, head, bytesOf("mt_exit", { ret: BigInt(head.ret) }));
  }

  /** A KERNEL record; `seq`: how many of the planes were lost before it. */
  kernel(head: Head, values: StructValues): Uint8Array {
    return this.spell(5, { ...head, seq: head.seq ?? 0n }, bytesOf("mt_kernel", values));
  }

  /** A LIBC record; `seq` as in `kernel`. */
  libc(head: Head, values: StructValues): Uint8Array {
    return this.spell(6, { ...head, seq: head.seq ?? 0n }, bytesOf("mt_libc", values));
  }

  /** Records of this cpu that did not make it. */
  lose(count: number, cpu = 0): void {
    this.seqs.set(cpu, (this.seqs.get(cpu) ?? 0n) + BigInt(count));
  }

  private record(type: number, head: Head, body: Uint8Array): Uint8Array {
    const cpu = head.cpu ?? 0;
    const seq = head.seq ?? (this.seqs.get(cpu) ?? 0n) + 1n;
    this.seqs.set(cpu, seq);
    return this.spell(type, { ...head, seq }, body);
  }

  private spell(type: number, head: Head & { readonly seq: bigint }, body: Uint8Array): Uint8Array {
    const items = head.items ?? [];
    const size = 56 + body.length + items.reduce((sum, item) => sum + item.length, 0);
    const mtRecord = bytesOf("mt_record", {
      size,
      type,
      flags: head.flags ?? LAST,
      part: head.part ?? 0,
      time_ns: START + BigInt(head.at),
      task_start_ns: head.start ?? 77n,
      tid: head.tid ?? 100,
      tgid: head.tgid ?? 100,
      seq: head.seq,
      call: BigInt(head.call),
      cpu: head.cpu ?? 0,
      event: head.event ?? 4,
      abi: head.abi ?? 1,
      mux: head.mux ?? 0,
    });
    return concat([mtRecord, body, ...items]);
  }
}

/** An item with its bytes, padded. */
export function item(
  head: {
    kind: number;
    arg?: number;
    status?: number;
    wanted?: number;
    addr?: bigint;
    message?: number;
    iovec?: number;
  },
  bytes: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const header = bytesOf("mt_item", {
    kind: head.kind,
    arg: head.arg ?? 0,
    status: head.status ?? 0,
    iovec: head.iovec ?? 0,
    message: head.message ?? 0,
    wanted: head.wanted ?? bytes.length,
    captured: bytes.length,
    addr: head.addr ?? 0n,
  });
  return concat([header, bytes, new Uint8Array((8 - (bytes.length % 8)) % 8)]);
}

/** A queue item: POSIX, inode `id`, at `depth`. */
export function queueItem(id: number, depth: number, more: StructValues = {}): Uint8Array {
  const values = { kind: 1, flags: 1, namespace_inum: 4026531839, id: BigInt(id), generation: 0xabcn, depth };
  return item({ kind: 9 }, bytesOf("mt_queue", { ...values, ...more }));
}

/** The arguments that an exit brings when its entry was lost. */
export function argsItem(args: readonly bigint[]): Uint8Array {
  const six = [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6);
  return item({ kind: 10 }, bytesOf("mt_entry", { args: six }));
}

export function taskEntry(values: Partial<TaskEntry> = {}): TaskEntry {
  return {
    tid: 100,
    startNs: 77n,
    tgid: 100,
    sinceNs: START,
    comm: new TextEncoder().encode("worker\0\0\0\0\0\0\0\0\0\0"),
    ppid: 1,
    uid: 0,
    gid: 0,
    namespacePid: 100,
    namespaceTid: 100,
    exe: null,
    exeName: null,
    cmdline: null,
    cgroupId: null,
    cgroupPath: null,
    processStartNs: 77n,
    ...values,
  };
}

export function queueEntry(values: Partial<QueueEntry> = {}): QueueEntry {
  return {
    kind: "posix",
    namespaceInum: 4026531839,
    id: 9n,
    generation: 0xabcn,
    sinceNs: START,
    name: new TextEncoder().encode("q"),
    key: null,
    uid: null,
    gid: null,
    cuid: null,
    cgid: null,
    mode: null,
    cookie: null,
    family: null,
    socketType: null,
    protocol: null,
    local: null,
    peer: null,
    ...values,
  };
}

export interface Chunk {
  readonly records: readonly Uint8Array[];
  readonly tasks?: readonly TaskEntry[];
  readonly queues?: readonly QueueEntry[];
  readonly planes?: readonly Uint8Array[];
  readonly context?: Partial<ChunkContext>;
  /** In place of the body. */
  readonly damaged?: string;
}

export interface CaptureParts {
  readonly chunks: readonly Chunk[];
  readonly gaps?: readonly Gap[];
  readonly inventories?: readonly Inventory[];
  readonly lost?: bigint;
  readonly lostByEvent?: Summary["lostByEvent"];
  readonly complete?: boolean;
  readonly clocks?: readonly ClockTriple[];
  readonly captureId?: string;
  /** Functions of the kernel that were hooked. */
  readonly kernelHooks?: readonly string[];
  /** The rest of the attach plan. */
  readonly plan?: HostInfo["attachPlan"];
  readonly onChunk?: (index: number) => void;
}

export function triple(boottimeNs: bigint, realtimeNs: bigint): ClockTriple {
  return { boottimeNs, monotonicNs: boottimeNs, realtimeNs, uncertaintyNs: 100n, reason: "start" };
}

export function makeCapture(parts: CaptureParts): ReplayCapture {
  const index = parts.chunks.map((chunk, at) => indexEntry(chunk, at));
  const complete = parts.complete ?? true;
  return {
    name: "hand.mtape",
    captureId: parts.captureId ?? "c1",
    host: parts.kernelHooks === undefined && parts.plan === undefined ? null : host(parts),
    recorderBtf: RECORDER_BTF,
    hostBtf: null,
    clocks: parts.clocks ?? [triple(START, REAL_START)],
    gaps: parts.gaps ?? [],
    inventories: () => parts.inventories ?? [],
    index,
    summary: complete ? summary(parts) : null,
    complete,
    problems: [],
    *chunks(): Generator<ChunkItem> {
      for (const [at, chunk] of parts.chunks.entries()) {
        parts.onChunk?.(at);
        const entry = index[at];
        if (entry === undefined) continue;
        if (chunk.damaged === undefined) yield { entry, body: body(chunk) };
        else yield { entry, problem: { code: "crc", offset: at, frame: at, message: chunk.damaged } };
      }
    },
  };
}

function host({ kernelHooks = [], plan = [] }: CaptureParts): HostInfo {
  return {
    hostname: "hand",
    sysname: "Linux",
    release: "6.1.0",
    version: "",
    machine: "x86_64",
    arch: "x86_64",
    littleEndian: true,
    pageSize: 4096,
    bootId: null,
    cpus: 1,
    recorder: { name: "msgtape", version: "0" },
    synthetic: true,
    config: { events: [], snapBytes: 256, bufferBytes: 0, filters: {}, command: null },
    attachPlan: [
      ...kernelHooks.map((hook) => ({
        plane: "kernel" as const,
        hook,
        mechanism: "fexit",
        attached: true,
        why: null,
      })),
      ...plan,
    ],
  };
}

function body(chunk: Chunk): ChunkBody {
  // One byte in front: chunks come out of msgpack at any alignment.
  const records = concat([Uint8Array.of(0), ...chunk.records]).subarray(1);
  const names = { tasks: chunk.tasks ?? [taskEntry()], queues: chunk.queues ?? [queueEntry()] };
  return chunk.planes === undefined
    ? { records, ...names }
    : { records, ...names, planes: concat(chunk.planes) };
}

function indexEntry(chunk: Chunk, at: number): IndexEntry {
  const views = chunk.records.map((one) => new DataView(one.buffer, one.byteOffset, one.byteLength));
  const times = views.map((view) => view.getBigUint64(8, true));
  const events = [...new Set(views.map((view) => view.getUint8(52)))];
  const context: ChunkContext = {
    firstRecord: 0n,
    records: views.length,
    counts: events.map((event) => ({ event, entries: 1, exits: 1 })),
    firstTimeNs: times[0] ?? null,
    lastTimeNs: times.at(-1) ?? null,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
    ...chunk.context,
  };
  return { offset: BigInt(1000 * at), storedBytes: 1, rawBytes: 1, context };
}

function summary(parts: CaptureParts): Summary {
  return {
    startNs: START,
    endNs: START + 1_000_000n,
    records: 0n,
    lost: parts.lost ?? (parts.gaps ?? []).reduce((sum, gap) => sum + gap.lost, 0n),
    lostByEvent: parts.lostByEvent ?? [],
    gaps: 0,
    chunks: parts.chunks.length,
    counts: [],
    x32Calls: 0n,
    ended: "signal",
  };
}

export function bytesOf(struct: string, values: StructValues): Uint8Array {
  const layout = structLayout(btf, struct);
  if (layout === null) throw new Error(`records.btf lacks ${struct}`);
  return encodeStruct(layout, values);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
