/**
 * A small BTF out of a large one: some structs and all that their bytes need, so that a capture can carry it.
 *
 * What a pointer leads to is not part of a struct's bytes: pointers to structs outside the slice lead to a
 * forward declaration, pointers to anything but numbers to void. Tags are left out.
 */
import { BtfError } from "./error.js";
import {
  type Btf,
  findStruct,
  HEADER_BYTES,
  Kind,
  MAGIC,
  skipModifiers,
  stringAt,
  TYPE_BYTES,
  type TypeHeader,
  typeAt,
} from "./parse.js";

export interface BtfSlice {
  /** Valid BTF by itself. */
  readonly data: Uint8Array;
  /** Names for which there is no struct, union or typedef. */
  readonly missing: readonly string[];
}

/** Selects structs, unions and typedefs by name. Throws BtfError when the BTF they come from is bad. */
export function sliceBtf(btf: Btf, structNames: readonly string[]): BtfSlice {
  const missing: string[] = [];
  const roots: number[] = [];
  for (const name of structNames) {
    const id = findStruct(btf, name);
    if (id === null) missing.push(name);
    else roots.push(id);
  }
  return { data: new SliceWriter(btf, closureOf(btf, roots)).write(), missing };
}

/** The ids of all types that the bytes of the roots need, themselves included, each once. */
function closureOf(btf: Btf, roots: readonly number[]): Set<number> {
  const closure = new Set<number>();
  const waiting = [...roots].reverse();
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const bare = skipTags(btf, id);
    if (bare === 0 || closure.has(bare)) continue;
    closure.add(bare);
    waiting.push(...neededBy(btf, typeAt(btf, bare)).reverse());
  }
  return closure;
}

function neededBy(btf: Btf, type: TypeHeader): number[] {
  switch (type.kind) {
    case Kind.STRUCT:
    case Kind.UNION:
      return Array.from({ length: type.entries }, (_, i) =>
        btf.view.getUint32(type.dataOffset + i * TYPE_BYTES + 4, true),
      );
    case Kind.ARRAY:
      return [btf.view.getUint32(type.dataOffset, true), btf.view.getUint32(type.dataOffset + 4, true)];
    case Kind.PTR:
      return skipModifiers(btf, type.sizeOrType).type.kind === Kind.INT ? [type.sizeOrType] : [];
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
      return [type.sizeOrType];
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.ENUM:
    case Kind.ENUM64:
    case Kind.FWD:
      return [];
    default:
      throw new BtfError(
        "bad_member",
        `a struct holds type ${type.id} of kind ${type.kind}`,
        type.dataOffset,
      );
  }
}

function skipTags(btf: Btf, id: number): number {
  let bare = id;
  for (let type = typeAt(btf, bare); type.kind === Kind.TYPE_TAG; type = typeAt(btf, bare)) {
    if (type.sizeOrType === bare)
      throw new BtfError("cycle", `type ${id} is a tag of itself`, type.dataOffset);
    bare = type.sizeOrType;
  }
  return bare;
}

/** Bytes under construction: types renumbered from 1, strings once each. */
class SliceWriter {
  private readonly newIds = new Map<number, number>();
  private readonly forwards = new Map<string, { id: number; name: string; isUnion: boolean }>();
  private readonly strings = new Map<string, number>([["", 0]]);
  private readonly words: number[] = [];
  private stringBytes = 1;

  constructor(
    private readonly btf: Btf,
    private readonly closure: ReadonlySet<number>,
  ) {
    for (const id of closure) this.newIds.set(id, this.newIds.size + 1);
  }

  write(): Uint8Array {
    for (const id of this.closure) this.putType(typeAt(this.btf, id));
    for (const { name, isUnion } of this.forwards.values()) {
      this.words.push(this.text(name), (Kind.FWD << 24) | (isUnion ? 0x80000000 : 0), 0);
    }
    const { words } = this;
    const typesBytes = words.length * 4;
    const out = Buffer.alloc(HEADER_BYTES + typesBytes + this.stringBytes);
    out.writeUInt16LE(MAGIC, 0);
    out.writeUInt8(1, 2);
    [HEADER_BYTES, 0, typesBytes, typesBytes, this.stringBytes].forEach((word, i) => {
      out.writeUInt32LE(word, 4 + 4 * i);
    });
    words.forEach((word, i) => {
      out.writeUInt32LE(word >>> 0, HEADER_BYTES + 4 * i);
    });
    for (const [text, offset] of this.strings) out.write(text, HEADER_BYTES + typesBytes + offset, "utf8");
    return new Uint8Array(out);
  }

  private putType(type: TypeHeader): void {
    const { view } = this.btf;
    const info = view.getUint32(type.dataOffset - 8, true);
    const at = type.dataOffset;
    this.words.push(this.string(type.nameOffset), info, this.sizeOrType(type));
    switch (type.kind) {
      case Kind.INT:
        this.words.push(view.getUint32(at, true));
        break;
      case Kind.ARRAY:
        this.words.push(this.idOf(view.getUint32(at, true)), this.idOf(view.getUint32(at + 4, true)));
        this.words.push(view.getUint32(at + 8, true));
        break;
      case Kind.STRUCT:
      case Kind.UNION:
        for (let member = at; member < at + type.entries * 12; member += 12) {
          this.words.push(
            this.string(view.getUint32(member, true)),
            this.idOf(view.getUint32(member + 4, true)),
          );
          this.words.push(view.getUint32(member + 8, true));
        }
        break;
      case Kind.ENUM:
        for (let one = at; one < at + type.entries * 8; one += 8) {
          this.words.push(this.string(view.getUint32(one, true)), view.getUint32(one + 4, true));
        }
        break;
      case Kind.ENUM64:
        for (let one = at; one < at + type.entries * 12; one += 12) {
          this.words.push(this.string(view.getUint32(one, true)), view.getUint32(one + 4, true));
          this.words.push(view.getUint32(one + 8, true));
        }
        break;
    }
  }

  private sizeOrType(type: TypeHeader): number {
    if (type.kind === Kind.PTR) return this.pointee(type.sizeOrType);
    const isReference = type.kind >= Kind.TYPEDEF && type.kind <= Kind.RESTRICT;
    return isReference ? this.idOf(type.sizeOrType) : type.sizeOrType;
  }

  private idOf(oldId: number): number {
    return this.newIds.get(skipTags(this.btf, oldId)) ?? 0;
  }

  private pointee(oldId: number): number {
    const { type } = skipModifiers(this.btf, oldId);
    if (type.kind === Kind.INT) return this.idOf(oldId);
    const isUnion = type.kind === Kind.UNION || (type.kind === Kind.FWD && type.kindFlag);
    if (type.kind !== Kind.STRUCT && type.kind !== Kind.FWD && !isUnion) return 0;
    const inSlice = this.newIds.get(type.id);
    if (inSlice !== undefined) return inSlice;
    const name = stringAt(this.btf, type.nameOffset);
    return name === "" ? 0 : this.forward(name, isUnion);
  }

  private forward(name: string, isUnion: boolean): number {
    const key = `${isUnion ? "union" : "struct"} ${name}`;
    const known = this.forwards.get(key);
    if (known !== undefined) return known.id;
    const id = this.newIds.size + this.forwards.size + 1;
    this.forwards.set(key, { id, name, isUnion });
    return id;
  }

  private string(nameOffset: number): number {
    return this.text(stringAt(this.btf, nameOffset));
  }

  private text(text: string): number {
    let offset = this.strings.get(text);
    if (offset === undefined) {
      offset = this.stringBytes;
      this.strings.set(text, offset);
      this.stringBytes += Buffer.byteLength(text) + 1;
    }
    return offset;
  }
}
