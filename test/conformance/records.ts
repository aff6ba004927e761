/** The records of a chunk in the words of format-spec/conformance.md, by the capture's own BTF. */
import { type Btf, BtfError, type PlainStruct, parseBtf, plainStruct } from "../../src/btf/index.js";
import { parseItems } from "../../src/replay/items.js";
import { type Item, LayoutError, type RecordLayouts, recordLayouts } from "../../src/replay/records.js";
import type { Json } from "./digest.js";

export interface Decoder {
  readonly records: (bytes: Uint8Array, onFault: () => void) => Json;
  readonly planes: (bytes: Uint8Array, onFault: () => void) => Json;
}

/** Fields with their width in bytes; negative: signed. Those of format-spec/records.md, without padding. */
const RECORD = {
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
};
const KERNEL = { hook: 1, pid: -4, message: 8, queue: 8, m_type: -8, m_ts: 8, ret: -8 };
const LIBC = { function: 4, phase: 1, sequence: 8, ret: -8, call: 8 };

const STATUSES = ["read", "truncated", "partly", "not_resident", "refused"];
const LAST_KIND = 12;

/** null: the BTF cannot be used. */
export function recordDecoder(bytes: Uint8Array): Decoder | null {
  let btf: Btf;
  let layouts: RecordLayouts;
  try {
    btf = parseBtf(bytes);
    layouts = recordLayouts(btf);
  } catch (error) {
    if (error instanceof BtfError || error instanceof LayoutError) return null;
    throw error;
  }
  const head = plainStruct(btf, "mt_record");
  const kernel = usable(btf, "mt_kernel", KERNEL);
  const libc = usable(btf, "mt_libc", LIBC);
  if (head === null) return null;
  const { record, entry, exit } = layouts;
  const body = (type: number): number | null => {
    if (type === 1) return entry.sizeBytes;
    if (type === 2) return exit.sizeBytes;
    return (type === 5 ? kernel : libc)?.sizeBytes ?? null;
  };

  function one(bytes: Uint8Array, onFault: () => void): Json | null {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const type = view.getUint8(record.type);
    const bodyBytes = body(type);
    if (bodyBytes === null || bytes.length < record.sizeBytes + bodyBytes) {
      onFault();
      return null;
    }
    const fields = read(view, 0, head, RECORD);
    const at = record.sizeBytes;
    if (type === 6) return { ...fields, libc: read(view, at, libc, LIBC) };
    const found: Item[] = [];
    if (parseItems(bytes, layouts, found, bodyBytes) !== null) onFault();
    const items = found.filter(({ kind }) => kind >= 1 && kind <= LAST_KIND).map(itemDigest);
    if (type === 5) return { ...fields, kernel: read(view, at, kernel, KERNEL), items };
    if (type === 2) return { ...fields, ret: String(view.getBigInt64(at + exit.ret, true)), items };
    const args = [0, 1, 2, 3, 4, 5].map((i) => String(view.getBigUint64(at + entry.args + 8 * i, true)));
    return { ...fields, args, items };
  }

  function all(bytes: Uint8Array, types: readonly number[], onFault: () => void): Json {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const records: Json[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = view.getUint32(at, true);
      const part = bytes.subarray(at, at + size);
      at += size;
      if (part.length < record.sizeBytes) {
        onFault();
        continue;
      }
      if (!types.includes(part[record.type] ?? 0)) continue;
      const made = one(part, onFault);
      if (made !== null) records.push(made);
    }
    return records;
  }

  return {
    records: (bytes, onFault) => all(bytes, [1, 2], onFault),
    planes: (bytes, onFault) => all(bytes, [5, 6], onFault),
  };
}

function itemDigest({ status, addr, bytes, ...item }: Item): Json {
  return {
    ...item,
    status: STATUSES.indexOf(status),
    addr: String(addr),
    bytes: Buffer.from(bytes).toString("hex"),
  };
}

function usable(btf: Btf, name: string, fields: Readonly<Record<string, number>>): PlainStruct | null {
  const layout = plainStruct(btf, name);
  const has = ([field, width]: [string, number]) => {
    const member = layout?.member(field);
    return member?.length === null && member.sizeBytes === Math.abs(width);
  };
  return Object.entries(fields).every(has) ? layout : null;
}

function read(
  view: DataView,
  at: number,
  layout: PlainStruct | null,
  fields: Readonly<Record<string, number>>,
): { readonly [key: string]: Json } {
  const value = (name: string, width: number): Json => {
    const offset = at + (layout?.member(name)?.offsetBytes ?? 0);
    if (width === 8) return String(view.getBigUint64(offset, true));
    if (width === -8) return String(view.getBigInt64(offset, true));
    if (width === -4) return view.getInt32(offset, true);
    if (width === 4) return view.getUint32(offset, true);
    return width === 2 ? view.getUint16(offset, true) : view.getUint8(offset);
  };
  return Object.fromEntries(Object.entries(fields).map(([name, width]) => [name, value(name, width)]));
}
