/**
 * The layouts that go with a redacted capture, written anew: the structs that tables.ts knows, with the fields that it
 * knows, where the capture's own BTF has them. Nothing else of that BTF is taken over: no other type, no string.
 */
import { createHash } from "node:crypto";
import {
  type Btf,
  type FieldLayout,
  type StructLayout,
  structLayout,
  type ValueLayout,
} from "../../btf/index.js";
import type { BtfFrame } from "../../format/types.js";
import { FIELD_NAMES, RECORD_TABLES, USER_TABLES } from "./tables.js";

export function redactBtf(btf: Btf, origin: BtfFrame["origin"]): BtfFrame {
  const tables = origin === "recorder" ? RECORD_TABLES : USER_TABLES;
  const writer = new BtfWriter();
  for (const name of Object.keys(tables)) {
    const layout = structLayout(btf, name);
    if (layout !== null) writer.struct(layout, name);
  }
  const data = writer.bytes();
  return { origin, sha256: createHash("sha256").update(data).digest("hex"), data };
}

/** enum values of include/uapi/linux/btf.h. */
const INT = 1;
const PTR = 2;
const ARRAY = 3;
const STRUCT = 4;
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const SIGNED = 1 << 24;
/** No struct here is nested deeper. */
const MOST_DEPTH = 8;

/** Types from 1, strings once each. */
class BtfWriter {
  readonly #words: number[] = [];
  readonly #strings = new Map<string, number>([["", 0]]);
  readonly #known = new Map<string, number>();
  #stringBytes = 1;
  #types = 0;

  /** Its type id. `name` empty: it is part of another. */
  struct(layout: StructLayout, name: string, depth = 0): number {
    const key = `struct ${name}`;
    const known = name === "" ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const members: number[] = [];
    let count = 0;
    for (const field of layout.fields) {
      if (!FIELD_NAMES.has(field.name) || field.bitfield !== null) continue;
      const type = this.#value(field, depth);
      if (type === null) continue;
      members.push(this.#text(field.name), type, field.offsetBytes * 8);
      count++;
    }
    const id = this.#type(this.#text(name), (STRUCT << 24) | count, layout.sizeBytes, members);
    if (name !== "") this.#known.set(key, id);
    return id;
  }

  #value(value: ValueLayout | FieldLayout, depth: number): number | null {
    if (value.struct !== null) {
      const { name } = value.struct;
      const isKnown = USER_TABLES[name] !== undefined;
      return depth >= MOST_DEPTH ? null : this.struct(value.struct, isKnown ? name : "", depth + 1);
    }
    if (value.element !== null) {
      const element = this.#value(value.element, depth + 1);
      if (element === null || depth >= MOST_DEPTH) return null;
      return this.#type(0, ARRAY << 24, 0, [element, this.#int(4, false), value.length ?? 0]);
    }
    if (value.kind === "pointer") return this.#once("pointer", () => this.#type(0, PTR << 24, 0, []));
    if (value.kind === "float" || ![1, 2, 4, 8, 16].includes(value.sizeBytes)) return null;
    return this.#int(value.sizeBytes, value.signed);
  }

  #int(sizeBytes: number, signed: boolean): number {
    const name = `${signed ? "s" : "u"}${8 * sizeBytes}`;
    const encoding = (signed ? SIGNED : 0) | (8 * sizeBytes);
    return this.#once(name, () => this.#type(this.#text(name), INT << 24, sizeBytes, [encoding]));
  }

  #once(key: string, make: () => number): number {
    const id = this.#known.get(key) ?? make();
    this.#known.set(key, id);
    return id;
  }

  #type(nameOffset: number, info: number, sizeOrType: number, more: readonly number[]): number {
    this.#words.push(nameOffset, info, sizeOrType, ...more);
    return ++this.#types;
  }

  #text(text: string): number {
    let offset = this.#strings.get(text);
    if (offset === undefined) {
      offset = this.#stringBytes;
      this.#strings.set(text, offset);
      this.#stringBytes += Buffer.byteLength(text) + 1;
    }
    return offset;
  }

  bytes(): Uint8Array {
    const typesBytes = this.#words.length * 4;
    const out = Buffer.alloc(HEADER_BYTES + typesBytes + this.#stringBytes);
    out.writeUInt16LE(MAGIC, 0);
    out.writeUInt8(1, 2);
    [HEADER_BYTES, 0, typesBytes, typesBytes, this.#stringBytes].forEach((word, i) => {
      out.writeUInt32LE(word, 4 + 4 * i);
    });
    this.#words.forEach((word, i) => {
      out.writeUInt32LE(word >>> 0, HEADER_BYTES + 4 * i);
    });
    for (const [text, offset] of this.#strings) out.write(text, HEADER_BYTES + typesBytes + offset, "utf8");
    return new Uint8Array(out);
  }
}
