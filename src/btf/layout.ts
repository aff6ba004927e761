/**
 * Layouts of structs out of BTF: names, offsets, sizes and signs of the fields, ready for a decoder. Members of
 * anonymous structs and unions count as the parent's, as in C. Knows 64-bit pointers only: every kernel that is
 * recorded has them, and the 32-bit ABI's structs hold no pointers but compat_uptr_t.
 *
 * A layout is safe to decode with, wherever its BTF came from: no field reaches past its struct.
 */
import { BtfError } from "./error.js";
import { BTF_LIMITS } from "./limits.js";
import { type Btf, findEnum, findStruct, Kind, skipModifiers, stringAt, type TypeHeader } from "./parse.js";

export type FieldKind = "int" | "bool" | "enum" | "pointer" | "array" | "struct" | "float";

/** How one value lies in memory. */
export interface ValueLayout {
  readonly kind: FieldKind;
  readonly sizeBytes: number;
  readonly signed: boolean;
  /** The typedef's name, else the type's own; null for what has none: pointers, arrays, anonymous types. */
  readonly typeName: string | null;
  /** Arrays: of what, and how many. An array of arrays has an array as its element. */
  readonly element: ValueLayout | null;
  readonly length: number | null;
  /** Structs and unions. */
  readonly struct: StructLayout | null;
}

export interface FieldLayout extends ValueLayout {
  readonly name: string;
  readonly offsetBytes: number;
  /** Bit fields: `sizeBits` bits from bit `offsetBits` of the little-endian bytes that offset and size name. */
  readonly bitfield: { readonly offsetBits: number; readonly sizeBits: number } | null;
}

export interface StructLayout {
  /** Empty for anonymous structs. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly fields: readonly FieldLayout[];
}

const POINTER_BYTES = 8;
const MEMBER_BYTES = 12;

const INT_SIGNED = 1;
const INT_BOOL = 4;

const SCALARS: ReadonlySet<number> = new Set([Kind.INT, Kind.ENUM, Kind.ENUM64, Kind.FLOAT]);

const layoutsOf = new WeakMap<Btf, Map<number, StructLayout>>();

/** Layout of the struct or union of this name, typedefs followed; null when there is none. Throws BtfError on bad BTF. */
export function structLayout(btf: Btf, name: string): StructLayout | null {
  const id = findStruct(btf, name);
  if (id === null) return null;
  const { type } = skipModifiers(btf, id);
  if (type.kind !== Kind.STRUCT && type.kind !== Kind.UNION) return null;
  return layoutOf(btf, type, name, 0);
}

/** The field at a dotted path, `msg_hdr.msg_iovlen`; its offset counts from the outer struct. Throws BtfError. */
export function fieldAt(layout: StructLayout, path: string): FieldLayout {
  let struct: StructLayout | null = layout;
  let field: FieldLayout | null = null;
  let offsetBytes = 0;
  for (const part of path.split(".")) {
    const next: FieldLayout | undefined = struct?.fields.find((one) => one.name === part);
    if (next === undefined) {
      throw new BtfError(
        "no_field",
        `struct ${struct?.name ?? field?.typeName ?? "?"} has no field ${part} (${path})`,
      );
    }
    offsetBytes += next.offsetBytes;
    field = next;
    struct = next.struct;
  }
  if (field === null) throw new BtfError("no_field", `struct ${layout.name}: no field was named`);
  return { ...field, offsetBytes };
}

/** Values of an enum by enumerator; null when there is no enum of this name. 64-bit values beyond 2^53 are rounded. */
export function enumValues(btf: Btf, name: string): ReadonlyMap<string, number> | null {
  const id = findEnum(btf, name);
  if (id === null) return null;
  const { type } = skipModifiers(btf, id);
  const values = new Map<string, number>();
  if (type.kind === Kind.ENUM) {
    for (let at = type.dataOffset; values.size < type.entries; at += 8) {
      const value = type.kindFlag ? btf.view.getInt32(at + 4, true) : btf.view.getUint32(at + 4, true);
      addEnumerator(btf, values, at, value);
    }
    return values;
  }
  if (type.kind !== Kind.ENUM64) return null;
  for (let at = type.dataOffset; values.size < type.entries; at += 12) {
    const low = btf.view.getUint32(at + 4, true);
    const high = type.kindFlag ? btf.view.getInt32(at + 8, true) : btf.view.getUint32(at + 8, true);
    addEnumerator(btf, values, at, high * 2 ** 32 + low);
  }
  return values;
}

function addEnumerator(btf: Btf, values: Map<string, number>, at: number, value: number): void {
  const name = stringAt(btf, btf.view.getUint32(at, true));
  if (values.has(name)) throw new BtfError("bad_member", `the enumerator ${name} comes twice`, at);
  values.set(name, value);
}

function layoutOf(btf: Btf, type: TypeHeader, fallbackName: string, depth: number): StructLayout {
  let cache = layoutsOf.get(btf);
  if (cache === undefined) {
    cache = new Map();
    layoutsOf.set(btf, cache);
  }
  const known = cache.get(type.id);
  if (known !== undefined) return known;
  // A struct that contains itself by value never ends, so the depth also finds cycles.
  if (depth > BTF_LIMITS.depth)
    throw new BtfError("cycle", `structs nested deeper than ${BTF_LIMITS.depth}`, type.dataOffset);
  const name = stringAt(btf, type.nameOffset) || fallbackName;
  const fields: FieldLayout[] = [];
  for (let i = 0; i < type.entries; i++) {
    addMember(btf, type, type.dataOffset + i * MEMBER_BYTES, name, fields, depth);
    if (fields.length > BTF_LIMITS.fields) {
      throw new BtfError(
        "limit",
        `struct ${name} has more than ${BTF_LIMITS.fields} fields`,
        type.dataOffset,
      );
    }
  }
  const layout = { name, sizeBytes: type.sizeOrType, fields };
  cache.set(type.id, layout);
  return layout;
}

function addMember(
  btf: Btf,
  parent: TypeHeader,
  at: number,
  structName: string,
  fields: FieldLayout[],
  depth: number,
): void {
  const name = stringAt(btf, btf.view.getUint32(at, true));
  const typeId = btf.view.getUint32(at + 4, true);
  const raw = btf.view.getUint32(at + 8, true);
  const value = valueLayout(btf, typeId, at, depth);
  // With the kind flag the upper byte is the width of a bit field, 0 for none.
  let bitOffset = parent.kindFlag ? raw & 0xffffff : raw;
  let bits = parent.kindFlag ? raw >>> 24 : 0;
  if (!parent.kindFlag && value.bits !== null) {
    bits = value.bits.size;
    bitOffset += value.bits.offset;
  }
  const field = place(name, value.layout, bitOffset, bits, at);
  if (field.offsetBytes + field.sizeBytes > parent.sizeOrType) {
    throw new BtfError(
      "bad_member",
      `${structName}.${name} ends at ${field.offsetBytes + field.sizeBytes} of ${parent.sizeOrType} bytes`,
      at,
    );
  }
  if (name !== "" || field.struct === null) {
    if (name !== "") fields.push(field); // unnamed otherwise: padding bit fields
    return;
  }
  for (const inner of field.struct.fields) {
    fields.push({ ...inner, offsetBytes: field.offsetBytes + inner.offsetBytes });
  }
}

function place(name: string, value: ValueLayout, bitOffset: number, bits: number, at: number): FieldLayout {
  const offsetBytes = Math.floor(bitOffset / 8);
  if (bits === 0) {
    if (bitOffset % 8 !== 0) throw new BtfError("bad_member", `${name} begins at bit ${bitOffset}`, at);
    return { name, offsetBytes, ...value, bitfield: null };
  }
  const offsetBits = bitOffset % 8;
  const sizeBytes = Math.ceil((offsetBits + bits) / 8);
  return { name, offsetBytes, ...value, sizeBytes, bitfield: { offsetBits, sizeBits: bits } };
}

/** `bits`: an int narrower than its bytes, the bit fields of compilers before the kind flag. */
function valueLayout(
  btf: Btf,
  typeId: number,
  at: number,
  depth: number,
): { layout: ValueLayout; bits: { offset: number; size: number } | null } {
  const { type, typedef } = skipModifiers(btf, typeId);
  const typeName = typedef ?? (stringAt(btf, type.nameOffset) || null);
  const scalar = { signed: false, typeName, element: null, length: null, struct: null };
  const sizeBytes = type.sizeOrType;
  if (SCALARS.has(type.kind) && sizeBytes > BTF_LIMITS.scalarBytes) {
    throw new BtfError("limit", `type ${type.id} is a number of ${sizeBytes} bytes`, at);
  }
  switch (type.kind) {
    case Kind.INT: {
      const encoding = btf.view.getUint32(type.dataOffset, true);
      const flags = encoding >>> 24;
      const bits = { offset: (encoding >>> 16) & 0xff, size: encoding & 0xff };
      const kind = flags & INT_BOOL ? "bool" : "int";
      const layout = { ...scalar, kind, sizeBytes, signed: (flags & INT_SIGNED) !== 0 } as const;
      return { layout, bits: bits.size < sizeBytes * 8 || bits.offset > 0 ? bits : null };
    }
    case Kind.ENUM:
    case Kind.ENUM64:
      return { layout: { ...scalar, kind: "enum", sizeBytes, signed: type.kindFlag }, bits: null };
    case Kind.FLOAT:
      return { layout: { ...scalar, kind: "float", sizeBytes, signed: true }, bits: null };
    case Kind.PTR:
      return { layout: { ...scalar, kind: "pointer", sizeBytes: POINTER_BYTES }, bits: null };
    case Kind.STRUCT:
    case Kind.UNION: {
      const struct = layoutOf(btf, type, typedef ?? "", depth + 1);
      return { layout: { ...scalar, kind: "struct", sizeBytes, struct }, bits: null };
    }
    case Kind.ARRAY:
      return { layout: { ...arrayOf(btf, type, depth), typeName: typedef }, bits: null };
    default:
      throw new BtfError("bad_member", `type ${typeId} (kind ${type.kind}) has no size`, at);
  }
}

function arrayOf(btf: Btf, type: TypeHeader, depth: number): ValueLayout {
  if (depth > BTF_LIMITS.depth)
    throw new BtfError("cycle", `arrays nested deeper than ${BTF_LIMITS.depth}`, type.dataOffset);
  const elementId = btf.view.getUint32(type.dataOffset, true);
  const length = btf.view.getUint32(type.dataOffset + 8, true);
  const element = valueLayout(btf, elementId, type.dataOffset, depth + 1).layout;
  if (element.sizeBytes === 0 && length > BTF_LIMITS.emptyElements) {
    throw new BtfError("limit", `an array of ${length} elements without a size`, type.dataOffset);
  }
  return {
    kind: "array",
    sizeBytes: element.sizeBytes * length,
    signed: false,
    typeName: null,
    element,
    length,
    struct: null,
  };
}
