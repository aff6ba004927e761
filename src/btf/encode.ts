/** Values into the bytes of a struct, by its layout. The opposite of decoding; little-endian. */
import { BtfError } from "./error.js";
import type { FieldLayout, StructLayout, ValueLayout } from "./layout.js";

/** Bytes may stand for any value: they are copied, zeros follow. Arrays may be short, the rest is zero. */
export type FieldValue = number | bigint | boolean | Uint8Array | readonly FieldValue[] | StructValues;
export interface StructValues {
  readonly [field: string]: FieldValue;
}

/**
 * The bytes of a struct. Fields without a value are zero. Throws BtfError for a field that the struct has not,
 * a number out of the field's range, and bytes or arrays that are too long.
 */
export function encodeStruct(layout: StructLayout, values: StructValues): Uint8Array {
  const bytes = new Uint8Array(layout.sizeBytes);
  putStruct(bytes, 0, layout, values, layout.name);
  return bytes;
}

function putStruct(
  out: Uint8Array,
  at: number,
  layout: StructLayout,
  values: StructValues,
  where: string,
): void {
  for (const [name, value] of Object.entries(values)) {
    const field: FieldLayout | undefined = layout.fields.find((one) => one.name === name);
    if (field === undefined)
      throw new BtfError("no_field", `struct ${layout.name} has no field ${name} (${where})`);
    if (field.bitfield !== null)
      throw new BtfError("bad_value", `${where}.${name}: bit fields are not encoded`);
    putValue(out, at + field.offsetBytes, field, value, `${where}.${name}`);
  }
}

function putValue(out: Uint8Array, at: number, layout: ValueLayout, value: FieldValue, where: string): void {
  if (value instanceof Uint8Array) {
    if (value.length > layout.sizeBytes) {
      throw new BtfError("bad_value", `${where}: ${value.length} bytes into ${layout.sizeBytes}`);
    }
    out.set(value, at);
  } else if (typeof value === "object") {
    if (isList(value)) putArray(out, at, layout, value, where);
    else if (layout.struct !== null) putStruct(out, at, layout.struct, value, where);
    else throw new BtfError("bad_value", `${where}: an object into a ${layout.kind}`);
  } else {
    putNumber(out, at, layout, value, where);
  }
}

function isList(value: readonly FieldValue[] | StructValues): value is readonly FieldValue[] {
  return Array.isArray(value);
}

function putArray(
  out: Uint8Array,
  at: number,
  layout: ValueLayout,
  values: readonly FieldValue[],
  where: string,
): void {
  const { element, length } = layout;
  if (element === null || length === null)
    throw new BtfError("bad_value", `${where}: a list into a ${layout.kind}`);
  if (values.length > length) {
    throw new BtfError("bad_value", `${where}: ${values.length} values into ${length} elements`);
  }
  values.forEach((value, i) => {
    putValue(out, at + i * element.sizeBytes, element, value, `${where}[${i}]`);
  });
}

function putNumber(
  out: Uint8Array,
  at: number,
  layout: ValueLayout,
  value: number | bigint | boolean,
  where: string,
): void {
  if (!["int", "bool", "enum", "pointer"].includes(layout.kind)) {
    throw new BtfError("bad_value", `${where}: a number into a ${layout.kind}`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new BtfError("bad_value", `${where}: ${value} is no exact integer`);
  }
  const bits = layout.sizeBytes * 8;
  const wanted = BigInt(value);
  const kept = layout.signed ? BigInt.asIntN(bits, wanted) : BigInt.asUintN(bits, wanted);
  if (kept !== wanted) {
    throw new BtfError(
      "bad_value",
      `${where}: ${wanted} does not fit ${bits} ${layout.signed ? "signed " : ""}bits`,
    );
  }
  for (let i = 0; i < layout.sizeBytes; i++) out[at + i] = Number((wanted >> BigInt(8 * i)) & 0xffn);
}
