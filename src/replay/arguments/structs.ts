/**
 * Bytes of a struct → its fields, by the capture's BTF. The native struct decides which fields there are and
 * whether a number or a decimal string stands for each; the ABI's struct decides where they lie.
 */
import { type Btf, type FieldLayout, type StructLayout, structLayout } from "../../btf/index.js";
import type { StructNames, Variant } from "../../catalog/types.js";
import type { ArgValue } from "../types.js";
import { pointerValue } from "./values.js";

/** Fields by their C names; null for a field that the bytes do not reach. */
export type Fields = { [field: string]: ArgValue };

interface Value {
  /** Bytes from the struct's start to the value's end. */
  readonly endBytes: number;
  read(bytes: DataView, at: number): ArgValue;
}

/** How to read one struct of one ABI. */
export interface StructDecoder {
  readonly name: string;
  readonly sizeBytes: number;
  readonly fields: readonly (Value & { readonly name: string })[];
}

/** The capture's structs: the host's BTF first, then the recorder's for what the host lacks. */
export interface Structs {
  /** null: the BTF has no such struct. */
  decoder(names: StructNames, variant: Variant): StructDecoder | null;
  layout(name: string): StructLayout | null;
}

/** Fields that hold nothing; and a name that no C struct has, but a hostile capture may. */
const RESERVED = /^((.*_)?(pad|unused|reserved)\d*|__proto__)$/;

/**
 * Fields of one struct, those of structs within it counted each time: no struct of the kernel comes near. Structs
 * that hold the next one twice, in a few kilobytes of hostile BTF, would have 2^depth.
 */
const MAX_FIELDS = 4096;

interface Budget {
  left: number;
}

export function structsOf(hostBtf: Btf | null, recorderBtf: Btf): Structs {
  const layouts = new Map<string, StructLayout | null>();
  const layout = (name: string): StructLayout | null => {
    let found = layouts.get(name);
    if (found === undefined) {
      found = (hostBtf && structLayout(hostBtf, name)) ?? structLayout(recorderBtf, name);
      layouts.set(name, found);
    }
    return found;
  };
  const decoders = new Map<string, StructDecoder | null>();
  const decoder = (names: StructNames, variant: Variant): StructDecoder | null => {
    const actualName = variant === "native" ? names.native : names.compat;
    const key = `${names.native} ${actualName} ${variant}`;
    let found = decoders.get(key);
    if (found === undefined) {
      const actual = layout(actualName);
      // The native twin is only asked how to spell numbers: without it the struct spells its own.
      const native = layout(names.native) ?? actual;
      // Nobody can step through a list of structs of no size.
      const isUsable = actual !== null && native !== null && actual.sizeBytes > 0;
      found = isUsable ? structDecoder(native, actual, variant, { left: MAX_FIELDS }) : null;
      decoders.set(key, found);
    }
    return found;
  };
  return { decoder, layout };
}

/** Decodes what is there. `whole` false: some field lies beyond the bytes and is null. */
export function decodeFields(
  decoder: StructDecoder,
  bytes: Uint8Array,
  atBytes = 0,
): { fields: Fields; whole: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Fields = {};
  let whole = true;
  for (const field of decoder.fields) {
    const there = atBytes + field.endBytes <= bytes.byteLength;
    fields[field.name] = there ? field.read(view, atBytes) : null;
    whole &&= there;
  }
  return { fields, whole };
}

/** null: the budget is used up. */
function structDecoder(
  native: StructLayout,
  actual: StructLayout,
  variant: Variant,
  budget: Budget,
): StructDecoder | null {
  budget.left -= native.fields.length;
  if (budget.left < 0) return null;
  const fields: (Value & { name: string })[] = [];
  for (const twin of native.fields) {
    if (RESERVED.test(twin.name)) continue;
    const field = actual.fields.find((one) => one.name === twin.name);
    if (field === undefined || field.bitfield !== null) continue;
    const high = actual.fields.find((one) => one.name === `${twin.name}_high`);
    const value =
      high !== undefined
        ? halves(field, high)
        : (asKernelReads(actual, field, variant) ?? fieldValue(twin, field, variant, budget));
    if (value === null) return null;
    fields.push({ ...value, name: twin.name });
  }
  return { name: actual.name, sizeBytes: actual.sizeBytes, fields };
}

/** Compat structs that split a 64-bit time: `msg_stime` and `msg_stime_high`. */
function halves(low: FieldLayout, high: FieldLayout): Value {
  return {
    endBytes: Math.max(low.offsetBytes + 4, high.offsetBytes + 4),
    read: (bytes, at) => {
      const value =
        (BigInt(bytes.getUint32(at + high.offsetBytes, true)) << 32n) |
        BigInt(bytes.getUint32(at + low.offsetBytes, true));
      return BigInt.asIntN(64, value).toString();
    },
  };
}

/**
 * get_timespec64() in kernel/time/time.c clears the upper half of tv_nsec for 32-bit callers: their libc leaves
 * padding there.
 */
function asKernelReads(struct: StructLayout, field: FieldLayout, variant: Variant): Value | null {
  if (variant === "native" || struct.name !== "__kernel_timespec" || field.name !== "tv_nsec") return null;
  return {
    endBytes: field.offsetBytes + field.sizeBytes,
    read: (bytes, at) => bytes.getUint32(at + field.offsetBytes, true).toString(),
  };
}

type Layout = Pick<FieldLayout, "kind" | "sizeBytes" | "signed" | "element" | "length" | "struct">;

function fieldValue(twin: Layout, field: FieldLayout, variant: Variant, budget: Budget): Value | null {
  const read = reader(twin, field, variant, budget);
  if (read === null) return null;
  const { offsetBytes, sizeBytes } = field;
  return { endBytes: offsetBytes + sizeBytes, read: (bytes, at) => read(bytes, at + offsetBytes) };
}

type Reader = (bytes: DataView, at: number) => ArgValue;

function reader(twin: Layout, field: Layout, variant: Variant, budget: Budget): Reader | null {
  if (field.struct !== null) {
    const inner = structDecoder(twin.struct ?? field.struct, field.struct, variant, budget);
    if (inner === null) return null;
    return (bytes, at) => {
      const fields: Fields = {};
      for (const one of inner.fields) fields[one.name] = one.read(bytes, at);
      return fields;
    };
  }
  if (field.element !== null) {
    const size = field.element.sizeBytes;
    const length = size === 0 ? 0 : (field.length ?? 0);
    const element = reader(twin.element ?? field.element, field.element, variant, budget);
    if (element === null) return null;
    return (bytes, at) => Array.from({ length }, (_, i) => element(bytes, at + i * size));
  }
  const { sizeBytes, signed } = field;
  if (twin.kind === "pointer") return (bytes, at) => pointerValue(readInteger(bytes, at, sizeBytes, false));
  if (twin.kind === "float") return () => null;
  if (twin.sizeBytes > 4) return (bytes, at) => readInteger(bytes, at, sizeBytes, signed).toString();
  return (bytes, at) => Number(readInteger(bytes, at, sizeBytes, signed));
}

/** A little-endian integer of any size. */
export function readInteger(
  bytes: DataView,
  at: number,
  sizeBytes: number,
  signed: boolean,
): bigint | number {
  switch (sizeBytes) {
    case 1:
      return signed ? bytes.getInt8(at) : bytes.getUint8(at);
    case 2:
      return signed ? bytes.getInt16(at, true) : bytes.getUint16(at, true);
    case 4:
      return signed ? bytes.getInt32(at, true) : bytes.getUint32(at, true);
    case 8:
      return signed ? bytes.getBigInt64(at, true) : bytes.getBigUint64(at, true);
    default: {
      let value = 0n;
      for (let i = sizeBytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes.getUint8(at + i));
      return signed ? BigInt.asIntN(8 * sizeBytes, value) : value;
    }
  }
}
