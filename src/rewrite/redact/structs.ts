/** A struct's bytes made anew: each field as its table says, everything else zero. */
import type { FieldLayout, StructLayout } from "../../btf/index.js";
import type { Redaction } from "./redaction.js";
import { type Fate, type FateTable, USER_TABLES } from "./tables.js";

export interface StructPlace {
  readonly tgid: number;
  /** The fields that are input, dotted; all when it is absent. */
  readonly reads?: readonly string[] | undefined;
  /** The kernel has written the fields that it gives. */
  readonly isGiven?: boolean;
  /** Fields that have a rule of their own, by name. null: zero. */
  readonly parts?: Readonly<Record<string, (field: Uint8Array) => Uint8Array | null>>;
}

/** A field of a struct with what becomes of it: made once for each struct. */
interface Step {
  readonly field: FieldLayout;
  readonly fate: Fate;
  /** The upper half of a time, in compat structs. */
  readonly high: FieldLayout | null;
}

const stepsOf = new WeakMap<StructLayout, Map<FateTable, readonly Step[]>>();

function steps(layout: StructLayout, table: FateTable): readonly Step[] {
  let own = stepsOf.get(layout);
  if (own === undefined) {
    own = new Map();
    stepsOf.set(layout, own);
  }
  let found = own.get(table);
  if (found === undefined) {
    found = layout.fields.flatMap((field): Step[] => {
      const fate = table[field.name];
      if (fate === undefined || fate === "drop" || field.bitfield !== null) return [];
      const high = layout.fields.find(({ name }) => name === `${field.name}_high`) ?? null;
      return [{ field, fate, high: fate === "wall" ? high : null }];
    });
    own.set(table, found);
  }
  return found;
}

/** As many bytes as there are; a field that they do not reach is left out. */
export function redactStruct(
  to: Redaction,
  layout: StructLayout,
  table: FateTable,
  bytes: Uint8Array,
  place: StructPlace,
): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const into = new DataView(out.buffer);
  for (const { field, fate, high } of steps(layout, table)) {
    const { offsetBytes, sizeBytes } = field;
    const end = offsetBytes + sizeBytes;
    if (end > bytes.length || (place.reads !== undefined && !isRead(place.reads, field.name))) continue;
    if (fate === "keep" || (fate === "gave" && place.isGiven === true)) {
      for (let at = offsetBytes; at < end; at++) out[at] = bytes[at] ?? 0;
    } else if (high !== null) putHalves(to, field, high, from, into);
    else if (fate === "part") {
      const made = partOf(to, field, bytes.subarray(offsetBytes, end), place);
      if (made !== null) out.set(made, offsetBytes);
    } else if (fate !== "gave" && field.kind !== "array" && field.kind !== "struct" && sizeBytes <= 8) {
      const value = numberAt(from, offsetBytes, sizeBytes);
      putNumber(into, offsetBytes, sizeBytes, changed(to, fate, value, sizeBytes, place.tgid));
    }
  }
  return out;
}

function isRead(reads: readonly string[], name: string): boolean {
  return reads.some((one) => one === name || one.startsWith(`${name}.`));
}

function partOf(to: Redaction, field: FieldLayout, own: Uint8Array, place: StructPlace): Uint8Array | null {
  const rule = place.parts?.[field.name];
  if (rule !== undefined) return rule(own);
  const inner = field.struct === null ? undefined : USER_TABLES[field.struct.name];
  if (field.struct === null || inner === undefined) return null;
  const front = `${field.name}.`;
  const reads = place.reads?.flatMap((name) => (name.startsWith(front) ? [name.slice(front.length)] : []));
  const isWhole = place.reads === undefined || place.reads.includes(field.name);
  return redactStruct(to, field.struct, inner, own, { ...place, reads: isWhole ? undefined : reads });
}

/** A number of `sizeBytes`, unsigned, as its kind of thing is replaced. */
export function changed(to: Redaction, fate: Fate, value: bigint, sizeBytes: number, tgid: number): bigint {
  const small = Number(BigInt.asUintN(32, value));
  switch (fate) {
    case "pid":
      return BigInt(to.ids.pid(small));
    case "uid":
      return narrow(small, sizeBytes, to.ids.uid);
    case "gid":
      return narrow(small, sizeBytes, to.ids.gid);
    case "msqid":
      return BigInt(to.ids.msqid(small));
    case "key":
      return BigInt(to.ids.key(small));
    case "namespace":
      return BigInt(to.ids.namespace(small));
    case "generation":
      return to.ids.generation(value);
    case "pointer":
      return to.pointers.move(tgid, value);
    case "wall":
      return BigInt.asUintN(8 * sizeBytes, to.clock.seconds(BigInt.asIntN(8 * sizeBytes, value)));
    case "count":
      return sizeBytes < 8 ? value : BigInt.asUintN(64, bounded(BigInt.asIntN(64, value)));
    case "small":
      return BigInt.asUintN(8 * sizeBytes, small32(BigInt.asIntN(8 * sizeBytes, value)));
    default:
      return 0n;
  }
}

/** No descriptor is beyond (fs.nr_open, where nobody raised it), no signal, no length of an address, no mode. */
const MOST_SMALL = 1n << 20n;

export function small32(value: bigint): bigint {
  if (value < 0n) return -1n;
  return value > MOST_SMALL ? MOST_SMALL : value;
}

/** 16-bit ids: all ones are -1 there too. */
function narrow(value: number, sizeBytes: number, change: (value: number) => number): bigint {
  return BigInt(sizeBytes === 2 && value === 0xffff ? value : change(value));
}

/** The kernel moves no more bytes at once, and has no limit that is beyond. */
const MOST = 1n << 31n;
const LONG_MAX = (1n << 63n) - 1n;

/** LONG_MAX and -1, which is SIZE_MAX, stay: programs write them for "as much as there is". */
export function bounded(value: bigint, most = MOST): bigint {
  if (value === LONG_MAX) return value;
  if (value > most) return most;
  return value < -most ? -most : value;
}

/** Indices of interfaces, levels and types of control messages: 32 bits, of which no more are used. */
export function small16(field: Uint8Array): Uint8Array {
  return readNumber(field) > 0xffffn ? new Uint8Array(field.length).fill(0xff) : field;
}

/** Times of compat structs: the upper halves lie elsewhere. */
function putHalves(to: Redaction, low: FieldLayout, high: FieldLayout, from: DataView, into: DataView): void {
  if (high.offsetBytes + 4 > from.byteLength) return;
  const seconds =
    (BigInt(from.getUint32(high.offsetBytes, true)) << 32n) | BigInt(from.getUint32(low.offsetBytes, true));
  const moved = BigInt.asUintN(64, to.clock.seconds(BigInt.asIntN(64, seconds)));
  into.setUint32(low.offsetBytes, Number(moved & 0xffffffffn), true);
  into.setUint32(high.offsetBytes, Number(moved >> 32n), true);
}

export function readNumber(bytes: Uint8Array): bigint {
  return numberAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
}

export function writeNumber(value: bigint, sizeBytes: number): Uint8Array {
  const out = new Uint8Array(sizeBytes);
  putNumber(new DataView(out.buffer), 0, sizeBytes, value);
  return out;
}

/** Unsigned. */
function numberAt(from: DataView, offsetBytes: number, sizeBytes: number): bigint {
  if (sizeBytes === 8) return from.getBigUint64(offsetBytes, true);
  if (sizeBytes === 4) return BigInt(from.getUint32(offsetBytes, true));
  let value = 0n;
  for (let i = sizeBytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(from.getUint8(offsetBytes + i));
  return value;
}

function putNumber(into: DataView, offsetBytes: number, sizeBytes: number, value: bigint): void {
  if (sizeBytes === 8) into.setBigUint64(offsetBytes, value, true);
  else if (sizeBytes === 4) into.setUint32(offsetBytes, Number(BigInt.asUintN(32, value)), true);
  else {
    for (let i = 0; i < sizeBytes; i++) {
      into.setUint8(offsetBytes + i, Number((value >> BigInt(8 * i)) & 0xffn));
    }
  }
}
