/** A struct's bytes made anew: each field as its table says, everything else zero. */
import { type FieldLayout, fieldAt, type StructLayout } from "../../btf/index.js";
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

/** As many bytes as there are; a field that they do not reach is left out. */
export function redactStruct(
  to: Redaction,
  layout: StructLayout,
  table: FateTable,
  bytes: Uint8Array,
  place: StructPlace,
): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (const field of layout.fields) {
    const fate = table[field.name];
    const { offsetBytes, sizeBytes, bitfield } = field;
    if (fate === undefined || fate === "drop" || bitfield !== null) continue;
    if (offsetBytes + sizeBytes > bytes.length || !isRead(place.reads, field.name)) continue;
    const own = bytes.subarray(offsetBytes, offsetBytes + sizeBytes);
    const made =
      fate === "part" ? partOf(to, field, own, place) : numberOf(to, layout, field, fate, bytes, place);
    if (made !== null) out.set(made, offsetBytes);
    const high = layout.fields.find(({ name }) => name === `${field.name}_high`);
    if (fate === "wall" && high !== undefined) putHalves(to, field, high, bytes, out);
  }
  return out;
}

function isRead(reads: readonly string[] | undefined, name: string): boolean {
  return reads === undefined || reads.some((one) => one === name || one.startsWith(`${name}.`));
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

function numberOf(
  to: Redaction,
  layout: StructLayout,
  field: FieldLayout,
  fate: Fate,
  bytes: Uint8Array,
  place: StructPlace,
): Uint8Array | null {
  const { offsetBytes, sizeBytes } = field;
  if (fate === "gave" && place.isGiven !== true) return null;
  if (fate === "wall" && layout.fields.some(({ name }) => name === `${field.name}_high`)) return null;
  const own = bytes.subarray(offsetBytes, offsetBytes + sizeBytes);
  if (fate === "keep" || fate === "gave") return own;
  if (field.kind === "array" || field.kind === "struct" || sizeBytes > 8) return null;
  return writeNumber(changed(to, fate, readNumber(own), sizeBytes, place.tgid), sizeBytes);
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
    default:
      return 0n;
  }
}

/** 16-bit ids: all ones are -1 there too. */
function narrow(value: number, sizeBytes: number, change: (value: number) => number): bigint {
  return BigInt(sizeBytes === 2 && value === 0xffff ? value : change(value));
}

/** No size is beyond; eight letters are. */
const MOST = 1n << 47n;

export function bounded(value: bigint): bigint {
  if (value > MOST) return MOST;
  return value < -MOST ? -MOST : value;
}

/** Times of compat structs: the upper halves lie elsewhere. */
function putHalves(
  to: Redaction,
  low: FieldLayout,
  high: FieldLayout,
  bytes: Uint8Array,
  out: Uint8Array,
): void {
  if (high.offsetBytes + 4 > bytes.length) return;
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seconds =
    (BigInt(from.getUint32(high.offsetBytes, true)) << 32n) | BigInt(from.getUint32(low.offsetBytes, true));
  const moved = BigInt.asUintN(64, to.clock.seconds(BigInt.asIntN(64, seconds)));
  const into = new DataView(out.buffer, out.byteOffset, out.byteLength);
  into.setUint32(low.offsetBytes, Number(moved & 0xffffffffn), true);
  into.setUint32(high.offsetBytes, Number(moved >> 32n), true);
}

export function readNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

export function writeNumber(value: bigint, sizeBytes: number): Uint8Array {
  const out = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

/** Offset of the field; null: the struct has none of this name. */
export function offsetOf(layout: StructLayout, path: string): FieldLayout | null {
  try {
    return fieldAt(layout, path);
  } catch {
    return null;
  }
}
