/**
 * BTF bytes, indexed: where each type begins, nothing more. A kernel has 150 000 types and a capture needs
 * thirty, so types are read in place when asked for.
 *
 * Format: Documentation/bpf/btf.rst of the kernel. Little-endian only; split BTF (modules) is not read. The
 * bytes may come from a stranger's capture: every extent is checked here, every reference when it is followed.
 */
import { BtfError } from "./error.js";
import { BTF_LIMITS } from "./limits.js";

export const Kind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

export const MAGIC = 0xeb9f;
export const HEADER_BYTES = 24;
export const TYPE_BYTES = 12;
/** Bytes of one member, parameter or enumerator, and of what follows every type of a kind, by kind. */
const PER_ENTRY = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];
const FIXED = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const LAST_KIND = Kind.ENUM64;

export interface Btf {
  /** The whole blob. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Byte offset of each type by id; [0] is void and means nothing. */
  readonly typeOffsets: Uint32Array;
  readonly stringsOffset: number;
  readonly stringsBytes: number;
  /** Type ids by name, filled at the first look-up by name. */
  readonly names: { structs: Map<string, number> | null; enums: Map<string, number> | null };
}

/** One type as its header says. `sizeOrType`: a size or the type referred to, by kind. */
export interface TypeHeader {
  readonly id: number;
  readonly kind: number;
  readonly nameOffset: number;
  readonly entries: number;
  readonly kindFlag: boolean;
  readonly sizeOrType: number;
  /** Where the bytes after the common header begin. */
  readonly dataOffset: number;
}

/** Indexes BTF. Throws BtfError when the bytes are no BTF, are cut short or pass a limit. */
export function parseBtf(bytes: Uint8Array): Btf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = parseHeader(bytes, view);
  const typeOffsets = indexTypes(view, header.typesOffset, header.typesBytes, header.stringsBytes);
  return {
    bytes,
    view,
    typeOffsets,
    stringsOffset: header.stringsOffset,
    stringsBytes: header.stringsBytes,
    names: { structs: null, enums: null },
  };
}

function parseHeader(bytes: Uint8Array, view: DataView) {
  if (bytes.length < HEADER_BYTES) {
    throw new BtfError("truncated", `${bytes.length} bytes, a header has ${HEADER_BYTES}`, 0);
  }
  if (bytes.length > BTF_LIMITS.bytes)
    throw new BtfError("limit", `${bytes.length} bytes, at most ${BTF_LIMITS.bytes}`, 0);
  const magic = view.getUint16(0, true);
  if (magic === 0x9feb) throw new BtfError("byte_order", "big-endian BTF is not read", 0);
  if (magic !== MAGIC) {
    throw new BtfError("not_btf", `expected magic 0x${MAGIC.toString(16)}, found 0x${magic.toString(16)}`, 0);
  }
  if (view.getUint8(2) !== 1)
    throw new BtfError("version", `version ${view.getUint8(2)}, only 1 is known`, 2);
  const headerBytes = view.getUint32(4, true);
  if (headerBytes < HEADER_BYTES) throw new BtfError("truncated", `header of ${headerBytes} bytes`, 4);
  const typesOffset = headerBytes + view.getUint32(8, true);
  const typesBytes = view.getUint32(12, true);
  const stringsOffset = headerBytes + view.getUint32(16, true);
  const stringsBytes = view.getUint32(20, true);
  if (typesOffset + typesBytes > bytes.length) {
    throw new BtfError("truncated", `types end at ${typesOffset + typesBytes} of ${bytes.length} bytes`, 8);
  }
  if (stringsOffset + stringsBytes > bytes.length) {
    throw new BtfError(
      "truncated",
      `strings end at ${stringsOffset + stringsBytes} of ${bytes.length} bytes`,
      16,
    );
  }
  if (stringsBytes > BTF_LIMITS.stringBytes)
    throw new BtfError("limit", `${stringsBytes} bytes of strings`, 20);
  // Names are read up to their NUL: the last one bounds them all.
  if (stringsBytes === 0 || bytes[stringsOffset + stringsBytes - 1] !== 0) {
    throw new BtfError("truncated", "the strings do not end with a NUL", stringsOffset);
  }
  return { typesOffset, typesBytes, stringsOffset, stringsBytes };
}

function indexTypes(view: DataView, start: number, length: number, stringsBytes: number): Uint32Array {
  const end = start + length;
  // No type is smaller than its header, so this is enough for all; the copy at the end is the size needed.
  const offsets = new Uint32Array(Math.min(Math.floor(length / TYPE_BYTES), BTF_LIMITS.types) + 1);
  let count = 1;
  let at = start;
  while (at < end) {
    if (count > BTF_LIMITS.types) throw new BtfError("limit", `more than ${BTF_LIMITS.types} types`, at);
    if (at + TYPE_BYTES > end) throw new BtfError("truncated", `type ${count} is cut short`, at);
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    if (kind === Kind.VOID || kind > LAST_KIND) {
      throw new BtfError("bad_type", `type ${count} has the unknown kind ${kind}`, at);
    }
    if (view.getUint32(at, true) >= stringsBytes) {
      throw new BtfError("bad_reference", `the name of type ${count} lies outside the strings`, at);
    }
    const bytes = TYPE_BYTES + (FIXED[kind] ?? 0) + (info & 0xffff) * (PER_ENTRY[kind] ?? 0);
    if (at + bytes > end) throw new BtfError("truncated", `type ${count} is cut short`, at);
    offsets[count++] = at;
    at += bytes;
  }
  return offsets.slice(0, count);
}

/** The header of type `id`. Throws BtfError for an id that does not exist; `from`: who refers to it. */
export function typeAt(btf: Btf, id: number, from: number | null = null): TypeHeader {
  if (id === 0) {
    return { id, kind: Kind.VOID, nameOffset: 0, entries: 0, kindFlag: false, sizeOrType: 0, dataOffset: 0 };
  }
  const offset = btf.typeOffsets[id];
  if (offset === undefined) {
    throw new BtfError("bad_reference", `there is no type ${id} among ${btf.typeOffsets.length - 1}`, from);
  }
  const info = btf.view.getUint32(offset + 4, true);
  return {
    id,
    kind: (info >>> 24) & 0x1f,
    nameOffset: btf.view.getUint32(offset, true),
    entries: info & 0xffff,
    kindFlag: info >>> 31 === 1,
    sizeOrType: btf.view.getUint32(offset + 8, true),
    dataOffset: offset + TYPE_BYTES,
  };
}

/** The string at an offset of the string section. Throws BtfError outside it and for absurd lengths. */
export function stringAt(btf: Btf, nameOffset: number): string {
  if (nameOffset >= btf.stringsBytes) {
    throw new BtfError("bad_reference", `string ${nameOffset} lies outside the strings`, btf.stringsOffset);
  }
  if (nameOffset === 0) return "";
  const start = btf.stringsOffset + nameOffset;
  const end = btf.bytes.indexOf(0, start);
  if (end - start > BTF_LIMITS.nameBytes)
    throw new BtfError("limit", `a name of ${end - start} bytes`, start);
  return Buffer.from(btf.bytes.buffer, btf.bytes.byteOffset + start, end - start).toString("utf8");
}

/** True for the kinds that only lead to another type: names, qualifiers and tags. */
export function isModifier(kind: number): boolean {
  return (kind >= Kind.TYPEDEF && kind <= Kind.RESTRICT) || kind === Kind.TYPE_TAG;
}

/** Follows typedefs, qualifiers and tags to the type itself; `typedef`: the first name met on the way. */
export function skipModifiers(btf: Btf, id: number): { type: TypeHeader; typedef: string | null } {
  let type = typeAt(btf, id);
  let typedef: string | null = null;
  for (let steps = 0; isModifier(type.kind); steps++) {
    if (steps === BTF_LIMITS.chain)
      throw new BtfError("cycle", `type ${id} leads on and on`, type.dataOffset);
    if (type.kind === Kind.TYPEDEF) typedef ??= stringAt(btf, type.nameOffset);
    type = typeAt(btf, type.sizeOrType, type.dataOffset);
  }
  return { type, typedef };
}

/**
 * Id of the struct or union of this name, or of a typedef of this name; null: none. Where a kernel has several
 * of one name the first one holds, as in libbpf.
 */
export function findStruct(btf: Btf, name: string): number | null {
  btf.names.structs ??= indexNames(btf, (kind) =>
    kind === Kind.STRUCT || kind === Kind.UNION ? 2 : kind === Kind.TYPEDEF ? 1 : 0,
  );
  return btf.names.structs.get(name) ?? null;
}

/** Id of the enum (32 or 64 bits) of this name, or of a typedef of this name; null: none. */
export function findEnum(btf: Btf, name: string): number | null {
  btf.names.enums ??= indexNames(btf, (kind) =>
    kind === Kind.ENUM || kind === Kind.ENUM64 ? 2 : kind === Kind.TYPEDEF ? 1 : 0,
  );
  return btf.names.enums.get(name) ?? null;
}

/** First id by name, of the kinds with the highest rank; rank 0 is left out. */
function indexNames(btf: Btf, rank: (kind: number) => number): Map<string, number> {
  const found = new Map<string, number>();
  for (const wanted of [2, 1]) {
    for (let id = 1; id < btf.typeOffsets.length; id++) {
      const offset = btf.typeOffsets[id] ?? 0;
      if (rank((btf.view.getUint32(offset + 4, true) >>> 24) & 0x1f) !== wanted) continue;
      const name = stringAt(btf, btf.view.getUint32(offset, true));
      if (name !== "" && !found.has(name)) found.set(name, id);
    }
  }
  return found;
}
