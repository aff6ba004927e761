/**
 * The records of a chunk: where each field lies, by the capture's own BTF, and their heads one after the other.
 * Pairs nothing and decodes no argument. Lengths come from the file and are trusted only after a check: a record
 * ends inside its chunk, an item inside its record (items.ts). Normative text: format-spec/records.md.
 */
import { type Btf, type PlainStruct, plainStruct } from "../btf/index.js";
import type { EvidenceStatus } from "./types.js";

/** enum mt_record_type. TASK and QUEUE records never reach a chunk; KERNEL and LIBC are in its planes. */
export const RecordType = { ENTRY: 1, EXIT: 2, KERNEL: 5, LIBC: 6 } as const;

/** enum mt_record_flags. */
export const RecordFlag = {
  LAST: 1,
  NO_ENTRY: 2,
  ENTRY_LOST: 4,
  ARGS_UNKNOWN: 8,
  NO_NUMBER: 16,
  RESTART: 32,
} as const;

/** enum mt_item_kind. */
export const ItemKind = {
  ARGUMENT: 1,
  MMSGHDR: 2,
  NAME: 3,
  IOV: 4,
  DATA: 5,
  CONTROL: 6,
  COOKIE: 7,
  OPERANDS: 8,
  QUEUE: 9,
  ARGS: 10,
  NOT_KEPT: 11,
  KERNEL: 12,
} as const;

/** A piece of evidence. `bytes` has `captured` bytes of the `wanted` ones at user address `addr`. */
export interface Item {
  readonly kind: number;
  readonly arg: number;
  readonly status: EvidenceStatus;
  readonly iovec: number;
  readonly message: number;
  readonly wanted: number;
  readonly captured: number;
  readonly addr: bigint;
  readonly bytes: Uint8Array;
}

/** Byte offsets of the fields that are read, within their struct. */
export type Offsets<Name extends string> = { readonly sizeBytes: number } & {
  readonly [name in Name]: number;
};

export interface RecordLayouts {
  readonly record: Offsets<keyof typeof RECORD_WIDTHS>;
  readonly entry: Offsets<"args"> & { readonly argCount: number };
  readonly exit: Offsets<"ret">;
  readonly item: Offsets<keyof typeof ITEM_WIDTHS>;
  readonly queue: Offsets<keyof typeof QUEUE_WIDTHS>;
}

const RECORD_WIDTHS = {
  size: 4,
  type: 1,
  flags: 1,
  part: 2,
  time_ns: 8,
  task_start_ns: 8,
  tid: 4,
  tgid: 4,
  seq: 8,
  call: 8,
  cpu: 4,
  event: 1,
  abi: 1,
  mux: 1,
} as const;
const ITEM_WIDTHS = {
  kind: 1,
  arg: 1,
  status: 1,
  iovec: 1,
  message: 2,
  wanted: 4,
  captured: 4,
  addr: 8,
} as const;
const QUEUE_WIDTHS = {
  kind: 1,
  flags: 1,
  namespace_inum: 4,
  id: 8,
  generation: 8,
  bytes: 8,
  max_bytes: 8,
  depth: 4,
  max_messages: 4,
  notify_pid: 4,
  last_send_pid: 4,
  last_receive_pid: 4,
} as const;

/** The record structs of a capture cannot be used. One line, for users. */
export class LayoutError extends Error {
  readonly code = "record_layout";

  constructor(message: string) {
    super(message);
    this.name = "LayoutError";
  }
}

/** Offsets of the record structs. Throws LayoutError when one is absent or a field is not as wide as the spec says. */
export function recordLayouts(btf: Btf): RecordLayouts {
  const entry = requireStruct(btf, "mt_entry");
  const args = entry.member("args");
  if (args?.sizeBytes !== 8 || args.length === null || args.length < 6) {
    throw new LayoutError("struct mt_entry: expected args to be at least 6 numbers of 8 bytes");
  }
  const record = offsets(requireStruct(btf, "mt_record"), RECORD_WIDTHS);
  // The format tells records apart by their first field alone.
  if (record.size !== 0) {
    throw new LayoutError(`struct mt_record: expected field size at byte 0, found it at ${record.size}`);
  }
  return {
    record,
    entry: { sizeBytes: entry.sizeBytes, args: args.offsetBytes, argCount: 6 },
    exit: offsets(requireStruct(btf, "mt_exit"), { ret: 8 }),
    item: offsets(requireStruct(btf, "mt_item"), ITEM_WIDTHS),
    queue: offsets(requireStruct(btf, "mt_queue"), QUEUE_WIDTHS),
  };
}

function requireStruct(btf: Btf, name: string): PlainStruct {
  const layout = plainStruct(btf, name);
  if (layout === null) throw new LayoutError(`the capture's record layouts lack struct ${name}`);
  return layout;
}

function offsets<Name extends string>(
  layout: PlainStruct,
  widths: Readonly<Record<Name, number>>,
): Offsets<Name> {
  const result: Record<string, number> = { sizeBytes: layout.sizeBytes };
  for (const [name, width] of Object.entries<number>(widths)) {
    const field = layout.member(name);
    if (field === null || field.length !== null || field.sizeBytes !== width) {
      const found = field === null ? "none" : `${field.sizeBytes * (field.length ?? 1)}`;
      throw new LayoutError(
        `struct ${layout.name}: expected field ${name} of ${width} bytes, found ${found}`,
      );
    }
    result[name] = field.offsetBytes;
  }
  return result as Offsets<Name>;
}

/**
 * The head of one record, overwritten for each: readers make no object per record. The task's start is kept as
 * two halves because only its identity matters; `timeNs` counts from the base given to the reader.
 */
export interface RecordHead {
  sizeBytes: number;
  type: number;
  flags: number;
  part: number;
  timeNs: number;
  startLow: number;
  startHigh: number;
  tid: number;
  tgid: number;
  /** Low 32 bits: enough to see a jump. */
  seq: number;
  call: number;
  cpu: number;
  event: number;
  abi: number;
  mux: number;
}

export function emptyHead(): RecordHead {
  return {
    sizeBytes: 0,
    type: 0,
    flags: 0,
    part: 0,
    timeNs: 0.5, // a double from the start: the engine then keeps the field in place
    startLow: 0,
    startHigh: 0,
    tid: 0,
    tgid: 0,
    seq: 0,
    call: 0.5,
    cpu: 0,
    event: 0,
    abi: 0,
    mux: 0,
  };
}

/** What reading a head came to. `STOP`: the size is not credible, so no further record can be found. */
export const HeadResult = { RECORD: 0, SKIP: 1, STOP: 2 } as const;
export type HeadResult = (typeof HeadResult)[keyof typeof HeadResult];

export type HeadReader = (view: DataView, offsetBytes: number, head: RecordHead) => HeadResult;

/**
 * Makes a reader of record heads. Times are exact numbers relative to `baseNs`, because CLOCK_BOOTTIME itself
 * passes 2^53 after 104 days. `SKIP`: the record is damaged or of an unknown type, `head.sizeBytes` leads on.
 */
export function headReader(layouts: RecordLayouts, baseNs: bigint): HeadReader {
  const at = layouts.record;
  const headBytes = at.sizeBytes;
  const leastEntry = headBytes + layouts.entry.sizeBytes;
  const leastExit = headBytes + layouts.exit.sizeBytes;
  const baseLow = Number(baseNs & 0xffffffffn);
  const baseHigh = Number(baseNs >> 32n);
  return (view, offset, head) => {
    const room = view.byteLength - offset;
    if (room < headBytes) return HeadResult.STOP;
    const size = view.getUint32(offset + at.size, true);
    if (size < 8 || size > room || (size & 7) !== 0) return HeadResult.STOP;
    head.sizeBytes = size;
    if (size < headBytes) return HeadResult.SKIP;
    const type = view.getUint8(offset + at.type);
    head.type = type;
    if (type === RecordType.ENTRY ? size < leastEntry : type !== RecordType.EXIT || size < leastExit) {
      return HeadResult.SKIP;
    }
    head.flags = view.getUint8(offset + at.flags);
    head.part = view.getUint16(offset + at.part, true);
    head.timeNs =
      (view.getUint32(offset + at.time_ns + 4, true) - baseHigh) * 0x100000000 +
      (view.getUint32(offset + at.time_ns, true) - baseLow);
    head.startLow = view.getInt32(offset + at.task_start_ns, true);
    head.startHigh = view.getInt32(offset + at.task_start_ns + 4, true);
    head.tid = view.getInt32(offset + at.tid, true);
    head.tgid = view.getInt32(offset + at.tgid, true);
    head.seq = view.getInt32(offset + at.seq, true);
    head.call =
      view.getUint32(offset + at.call + 4, true) * 0x100000000 + view.getUint32(offset + at.call, true);
    head.cpu = view.getInt32(offset + at.cpu, true);
    head.event = view.getUint8(offset + at.event);
    head.abi = view.getUint8(offset + at.abi);
    head.mux = view.getUint8(offset + at.mux);
    return HeadResult.RECORD;
  };
}

/** Of records that this reader has no use for nothing is wrong. */
const KNOWN_TYPES: readonly number[] = [RecordType.ENTRY, RecordType.EXIT];

/**
 * What is wrong with a record that the reader would not take, for a Problem's message; null: nothing, its type is one
 * of a later recorder.
 */
export function headProblem(view: DataView, offset: number, layouts: RecordLayouts): string | null {
  const room = view.byteLength - offset;
  const at = layouts.record;
  if (room < at.sizeBytes) {
    return `record at byte ${offset} of the chunk: expected a header of ${at.sizeBytes} bytes, ${room} are left`;
  }
  const size = view.getUint32(offset + at.size, true);
  const type = view.getUint8(offset + at.type);
  const isWhole = size >= at.sizeBytes && size <= room && size % 8 === 0;
  if (isWhole && !KNOWN_TYPES.includes(type)) return null;
  return `record at byte ${offset} of the chunk: size ${size}, type ${type}, with ${room} bytes left, is no entry or exit`;
}

/** The result in an exit record: a number, exact up to 2^53. */
export function readRet(view: DataView, offset: number, layouts: RecordLayouts): number {
  const at = offset + layouts.record.sizeBytes + layouts.exit.ret;
  return view.getInt32(at + 4, true) * 0x100000000 + view.getUint32(at, true);
}
