/** The records of the corpus and the BTF that describes them: tables of structs that a later recorder may have changed. */

import { join, le } from "../format/support.js";
import { ARRAY, btfBytes, type HandType, int, STRUCT } from "../support/btf-bytes.js";

/** Size in bytes, and [name, type, offset] of each field. */
export interface Struct {
  readonly size: number;
  readonly fields: readonly (readonly [string, keyof typeof TYPES, number])[];
}

export type Structs = Readonly<Record<string, Struct>>;

/** Ids in the BTF. */
export const TYPES = { u8: 1, u16: 2, u32: 3, u64: 4, s32: 5, s64: 6, args: 7 } as const;
const BYTES: Readonly<Record<keyof typeof TYPES, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  s32: 4,
  s64: 8,
  args: 48,
};

/** Those of format-spec/records.md. */
export const STRUCTS: Structs = {
  mt_record: {
    size: 56,
    fields: [
      ["size", "u32", 0],
      ["type", "u8", 4],
      ["flags", "u8", 5],
      ["part", "u16", 6],
      ["time_ns", "u64", 8],
      ["task_start_ns", "u64", 16],
      ["tid", "u32", 24],
      ["tgid", "u32", 28],
      ["seq", "u64", 32],
      ["call", "u64", 40],
      ["cpu", "u32", 48],
      ["event", "u8", 52],
      ["abi", "u8", 53],
      ["mux", "u8", 54],
      ["pad", "u8", 55],
    ],
  },
  mt_entry: { size: 48, fields: [["args", "args", 0]] },
  mt_exit: { size: 8, fields: [["ret", "s64", 0]] },
  mt_item: {
    size: 24,
    fields: [
      ["kind", "u8", 0],
      ["arg", "u8", 1],
      ["status", "u8", 2],
      ["iovec", "u8", 3],
      ["message", "u16", 4],
      ["wanted", "u32", 8],
      ["captured", "u32", 12],
      ["addr", "u64", 16],
    ],
  },
  mt_queue: {
    size: 64,
    fields: [
      ["kind", "u8", 0],
      ["flags", "u8", 1],
      ["namespace_inum", "u32", 4],
      ["id", "u64", 8],
      ["generation", "u64", 16],
      ["bytes", "u64", 24],
      ["max_bytes", "u64", 32],
      ["depth", "u32", 40],
      ["max_messages", "u32", 44],
      ["notify_pid", "u32", 48],
      ["last_send_pid", "u32", 52],
      ["last_receive_pid", "u32", 56],
    ],
  },
  mt_kernel: {
    size: 48,
    fields: [
      ["hook", "u8", 0],
      ["pid", "s32", 4],
      ["message", "u64", 8],
      ["queue", "u64", 16],
      ["m_type", "s64", 24],
      ["m_ts", "u64", 32],
      ["ret", "s64", 40],
    ],
  },
  mt_libc: {
    size: 32,
    fields: [
      ["function", "u32", 0],
      ["phase", "u8", 4],
      ["sequence", "u64", 8],
      ["ret", "s64", 16],
      ["call", "u64", 24],
    ],
  },
};

/** The types that every BTF here begins with, in the order of TYPES. */
export const BASE_TYPES: readonly HandType[] = [
  int("unsigned char", 1),
  int("unsigned short", 2),
  int("unsigned int", 4),
  int("unsigned long long", 8),
  int("int", 4, 1),
  int("long long", 8, 1),
  ["", ARRAY, 0, 0, 0, TYPES.u64, TYPES.u32, 6],
];

export function structType(name: string, { size, fields }: Struct): HandType {
  const members = fields.flatMap(([field, type, offset]) => [field, TYPES[type], offset * 8]);
  return [name, STRUCT, fields.length, 0, size, ...members];
}

/** BTF of these structs; `patch` may break its bytes. */
export function btfOf(structs: Structs = STRUCTS, patch?: (bytes: Buffer) => void): Uint8Array {
  return btfBytes(
    [...BASE_TYPES, ...Object.entries(structs).map(([name, struct]) => structType(name, struct))],
    patch,
  );
}

export type Values = Readonly<Record<string, number | bigint | readonly bigint[]>>;

/** The bytes of a struct; what has no value is zero. */
export function bytesOf({ size, fields }: Struct, values: Values): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [name, type, offset] of fields) {
    const value = values[name] ?? 0;
    const numbers = typeof value === "object" ? value : [value];
    const width = typeof value === "object" ? 8 : BYTES[type];
    for (const [i, number] of numbers.entries()) {
      bytes.set(le(number, width as 1 | 2 | 4 | 8), offset + i * width);
    }
  }
  return bytes;
}

const need = (structs: Structs, name: string): Struct => structs[name] ?? { size: 0, fields: [] };

/** Records in the layout of `structs`. */
export function recordsIn(structs: Structs = STRUCTS) {
  const of = (name: string, values: Values): Uint8Array => bytesOf(need(structs, name), values);
  const record = (type: number, head: Values, ...rest: readonly Uint8Array[]): Uint8Array => {
    const body = join(...rest);
    const padding = new Uint8Array((8 - (body.length % 8)) % 8);
    const size = need(structs, "mt_record").size + body.length + padding.length;
    const defaults = { flags: 1, task_start_ns: 900_000_000n, tid: 4711, tgid: 4711, event: 10, abi: 1 };
    return join(of("mt_record", { ...defaults, type, size, ...head }), body, padding);
  };
  return {
    of,
    record,
    entry: (head: Values, args: readonly bigint[], ...items: readonly Uint8Array[]) =>
      record(1, head, of("mt_entry", { args }), ...items),
    exit: (head: Values, ret: bigint, ...items: readonly Uint8Array[]) =>
      record(2, head, of("mt_exit", { ret }), ...items),
    kernel: (head: Values, values: Values, ...items: readonly Uint8Array[]) =>
      record(5, head, of("mt_kernel", values), ...items),
    libc: (head: Values, values: Values) => record(6, head, of("mt_libc", values)),
    /** With its bytes, padded. */
    item: (head: Values, bytes: Uint8Array = new Uint8Array(0)) =>
      join(
        of("mt_item", { wanted: bytes.length, captured: bytes.length, ...head }),
        bytes,
        new Uint8Array((8 - (bytes.length % 8)) % 8),
      ),
  };
}
