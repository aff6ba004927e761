/**
 * KERNEL and LIBC records of a chunk's planes, as values: what the kernel did with messages, what the C library's
 * functions waited. Pairs nothing. A capture whose BTF lacks their structs has none. Normative text:
 * format-spec/records.md.
 */
import { type Btf, type PlainStruct, plainStruct } from "../btf/index.js";
import { parseItems } from "./items.js";
import { type Item, ItemKind, type RecordLayouts, RecordType } from "./records.js";

export type KernelHook = "load_msg" | "store_msg" | "free_msg" | "msg_insert" | "do_notify";

/** enum mt_hook, from 1. */
export const KERNEL_HOOKS: readonly KernelHook[] = [
  "load_msg",
  "store_msg",
  "free_msg",
  "msg_insert",
  "do_notify",
];

interface PlaneRecord {
  readonly timeNs: number;
  readonly tid: number;
  readonly startLow: number;
  readonly startHigh: number;
  readonly tgid: number;
  readonly cpu: number;
  /** How many such records were lost before this one, in all. */
  readonly lostBefore: bigint;
}

/** What the kernel did with a message. `null`: not known, or the hook does not tell it. */
export interface KernelRecord extends PlaneRecord {
  readonly plane: "kernel";
  readonly hook: KernelHook;
  /** Number of the recorded call that the task was in; null: in none. */
  readonly call: number | null;
  /** Its event's id; 0: in none. */
  readonly event: number;
  /** The message's identity. */
  readonly message: bigint | null;
  /** `generation` of the POSIX queue's key. */
  readonly queueGeneration: bigint | null;
  /** Priority or mtype; null at load_msg. */
  readonly type: bigint | null;
  readonly sizeBytes: number;
  /** Of a load_msg that failed: positive, as in errno.h. */
  readonly errno: number | null;
  readonly ownerPid: number | null;
  /** The kernel's own copy of the message. */
  readonly evidence: Item | null;
}

/** A function of the C library was entered or returned from. */
export interface LibcRecord extends PlaneRecord {
  readonly plane: "libc";
  /** Id in the catalogue. */
  readonly function: number;
  readonly phase: "entered" | "returned";
  readonly sequence: number;
  /** null when it was entered. */
  readonly ret: number | null;
  /** The task's last call number by then. */
  readonly lastCall: number;
  /** When it returned: the event of the last call that the task made meanwhile; 0: it made none. */
  readonly event: number;
}

export type PlanesReader = (
  planes: Uint8Array,
  onRecord: (record: KernelRecord | LibcRecord) => void,
  onProblem: (message: string) => void,
) => void;

/** Makes a reader of planes; evidence is copied, so that no record keeps its chunk. Times count from `baseNs`. */
export function planesReader(btf: Btf, layouts: RecordLayouts, baseNs: bigint): PlanesReader {
  const kernel = plainStruct(btf, "mt_kernel");
  const libc = plainStruct(btf, "mt_libc");
  const kernelAt = offsetsOf(kernel, KERNEL_FIELDS);
  const libcAt = offsetsOf(libc, LIBC_FIELDS);
  const headBytes = layouts.record.sizeBytes;

  const one = (record: Uint8Array, type: number): KernelRecord | LibcRecord | string | null => {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    if (type === RecordType.KERNEL && kernelAt !== null) {
      if (record.byteLength < headBytes + kernelAt.sizeBytes) return "too short for a KERNEL record";
      return kernelRecord(record, view, layouts, kernelAt, baseNs);
    }
    if (type === RecordType.LIBC && libcAt !== null) {
      if (record.byteLength < headBytes + libcAt.sizeBytes) return "too short for a LIBC record";
      return libcRecord(view, layouts, libcAt, baseNs);
    }
    return type === RecordType.KERNEL || type === RecordType.LIBC ? "its struct is not in the BTF" : null;
  };

  return (planes, onRecord, onProblem) => {
    const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
    for (let offset = 0; offset < planes.byteLength; ) {
      const room = planes.byteLength - offset;
      const size = room < headBytes ? 0 : view.getUint32(offset + layouts.record.size, true);
      if (size < headBytes || size > room || size % 8 !== 0) {
        onProblem(`planes record at byte ${offset}: size ${size} with ${room} bytes left`);
        return;
      }
      const found = one(planes.subarray(offset, offset + size), view.getUint8(offset + layouts.record.type));
      if (typeof found === "string") onProblem(`planes record at byte ${offset}: ${found}`);
      else if (found !== null) onRecord(found);
      offset += size;
    }
  };
}

const KERNEL_FIELDS = { hook: 1, pid: 4, message: 8, queue: 8, m_type: 8, m_ts: 8, ret: 8 } as const;
const LIBC_FIELDS = { function: 4, phase: 1, sequence: 8, ret: 8, call: 8 } as const;

type At<Fields> = { readonly [name in keyof Fields]: number } & { readonly sizeBytes: number };

/** null: the struct is absent, or a field is not as wide as the spec says: then its records cannot be read. */
function offsetsOf<F extends Readonly<Record<string, number>>>(
  layout: PlainStruct | null,
  widths: F,
): At<F> | null {
  if (layout === null) return null;
  const at: Record<string, number> = { sizeBytes: layout.sizeBytes };
  for (const [name, width] of Object.entries(widths)) {
    const field = layout.member(name);
    if (field === null || field.length !== null || field.sizeBytes !== width) return null;
    at[name] = field.offsetBytes;
  }
  return at as At<F>;
}

function kernelRecord(
  record: Uint8Array,
  view: DataView,
  layouts: RecordLayouts,
  at: At<typeof KERNEL_FIELDS>,
  baseNs: bigint,
): KernelRecord | string {
  const body = layouts.record.sizeBytes;
  const hook = KERNEL_HOOKS[view.getUint8(body + at.hook) - 1];
  if (hook === undefined) return "unknown hook"; // of a later recorder: what it tells is not known
  const items: Item[] = [];
  const damage = parseItems(record, layouts, items, at.sizeBytes);
  if (damage !== null) return damage;
  const call = Number(view.getBigUint64(layouts.record.call, true));
  const isLoad = hook === "load_msg";
  const ret = Number(view.getBigInt64(body + at.ret, true));
  const evidence = items.find((item) => item.kind === ItemKind.KERNEL) ?? null;
  return {
    plane: "kernel",
    ...common(view, layouts, baseNs),
    hook,
    call: call === 0 ? null : call,
    event: view.getUint8(layouts.record.event),
    message: nonZero(view.getBigUint64(body + at.message, true)),
    queueGeneration: nonZero(view.getBigUint64(body + at.queue, true)),
    type: isLoad ? null : view.getBigInt64(body + at.m_type, true),
    sizeBytes: Number(view.getBigUint64(body + at.m_ts, true)),
    errno: ret < 0 ? -ret : null,
    ownerPid: hook === "do_notify" ? view.getInt32(body + at.pid, true) : null,
    evidence: evidence === null ? null : { ...evidence, bytes: evidence.bytes.slice() },
  };
}

function libcRecord(
  view: DataView,
  layouts: RecordLayouts,
  at: At<typeof LIBC_FIELDS>,
  baseNs: bigint,
): LibcRecord | string {
  const body = layouts.record.sizeBytes;
  const phase = view.getUint8(body + at.phase);
  if (phase !== 1 && phase !== 2) return "unknown phase";
  return {
    plane: "libc",
    ...common(view, layouts, baseNs),
    function: view.getUint32(body + at.function, true),
    phase: phase === 1 ? "entered" : "returned",
    sequence: Number(view.getBigUint64(body + at.sequence, true)),
    ret: phase === 1 ? null : Number(view.getBigInt64(body + at.ret, true)),
    lastCall: Number(view.getBigUint64(body + at.call, true)),
    event: phase === 1 ? 0 : view.getUint8(layouts.record.event),
  };
}

function common(view: DataView, { record: at }: RecordLayouts, baseNs: bigint): PlaneRecord {
  return {
    timeNs: Number(view.getBigUint64(at.time_ns, true) - baseNs),
    tid: view.getInt32(at.tid, true),
    startLow: view.getInt32(at.task_start_ns, true),
    startHigh: view.getInt32(at.task_start_ns + 4, true),
    tgid: view.getInt32(at.tgid, true),
    cpu: view.getInt32(at.cpu, true),
    lostBefore: view.getBigUint64(at.seq, true),
  };
}

function nonZero(value: bigint): bigint | null {
  return value === 0n ? null : value;
}
