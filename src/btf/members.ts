/**
 * Where a struct's plain members lie: integers, enums, and arrays of them. For readers of a few members, who must not
 * stumble over the rest: nothing else of the BTF is looked at, so that it cannot make a struct unusable.
 */
import { BtfError } from "./error.js";
import { type Btf, isModifier, Kind, type TypeHeader, typeAt } from "./parse.js";

export interface PlainMember {
  readonly offsetBytes: number;
  /** Of one element, when it is an array. */
  readonly sizeBytes: number;
  /** Elements; null: it is no array. */
  readonly length: number | null;
}

export interface PlainStruct {
  readonly name: string;
  readonly sizeBytes: number;
  /** The first member of this name; null: there is none, or it is no plain one that lies inside the struct. */
  member(name: string): PlainMember | null;
}

const MEMBER_BYTES = 12;
/** typedef → const → typedef …: longer chains are nonsense or cyclic. */
const MAX_CHAIN = 64;

/** The first struct of this name; null: there is none. */
export function plainStruct(btf: Btf, name: string): PlainStruct | null {
  const wanted = Buffer.from(`${name}\0`);
  for (let id = 1; id < btf.typeOffsets.length; id++) {
    const type = typeAt(btf, id);
    if (type.kind !== Kind.STRUCT || !isNamed(btf, type.nameOffset, wanted)) continue;
    return { name, sizeBytes: type.sizeOrType, member: (of) => memberOf(btf, type, of) };
  }
  return null;
}

function isNamed(btf: Btf, nameOffset: number, wanted: Uint8Array): boolean {
  if (nameOffset + wanted.length > btf.stringsBytes) return false;
  const start = btf.stringsOffset + nameOffset;
  return Buffer.compare(btf.bytes.subarray(start, start + wanted.length), wanted) === 0;
}

function memberOf(btf: Btf, struct: TypeHeader, name: string): PlainMember | null {
  const wanted = Buffer.from(`${name}\0`);
  for (let i = 0; i < struct.entries; i++) {
    const at = struct.dataOffset + i * MEMBER_BYTES;
    if (!isNamed(btf, btf.view.getUint32(at, true), wanted)) continue;
    const place = btf.view.getUint32(at + 8, true);
    // With the kind flag the upper byte is the width of a bit field, 0 for none.
    const bits = struct.kindFlag ? place & 0xffffff : place;
    if (bits % 8 !== 0 || (struct.kindFlag && place >>> 24 !== 0)) return null;
    const offsetBytes = bits / 8;
    const value = valueAt(btf, btf.view.getUint32(at + 4, true));
    const end = value && offsetBytes + value.sizeBytes * (value.length ?? 1);
    return value === null || end === null || end > struct.sizeOrType ? null : { ...value, offsetBytes };
  }
  return null;
}

/** Width of a number, or of the elements of an array of numbers, and how many. */
function valueAt(btf: Btf, id: number): Omit<PlainMember, "offsetBytes"> | null {
  const type = behindModifiers(btf, id);
  if (type?.kind !== Kind.ARRAY) {
    const sizeBytes = type && numberBytes(btf, type);
    return sizeBytes === null ? null : { sizeBytes, length: null };
  }
  const element = behindModifiers(btf, btf.view.getUint32(type.dataOffset, true));
  const sizeBytes = element && numberBytes(btf, element);
  const length = btf.view.getUint32(type.dataOffset + 8, true);
  return sizeBytes === null ? null : { sizeBytes, length };
}

function numberBytes(btf: Btf, type: TypeHeader): number | null {
  if (type.kind === Kind.ENUM || type.kind === Kind.ENUM64) return type.sizeOrType;
  if (type.kind !== Kind.INT) return null;
  // Compilers before the kind flag said bit fields so.
  const encoding = btf.view.getUint32(type.dataOffset, true);
  const isWhole = (encoding & 0xff) === 8 * type.sizeOrType && ((encoding >>> 16) & 0xff) === 0;
  return isWhole ? type.sizeOrType : null;
}

function behindModifiers(btf: Btf, id: number): TypeHeader | null {
  try {
    let type = typeAt(btf, id);
    for (let steps = 0; isModifier(type.kind); steps++) {
      if (steps === MAX_CHAIN) return null;
      type = typeAt(btf, type.sizeOrType);
    }
    return type;
  } catch (error) {
    if (error instanceof BtfError) return null;
    throw error;
  }
}
