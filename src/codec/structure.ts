/**
 * Walks msgpack without building anything, before the decoder may: bounds depth, items and every length.
 *
 * The decoder allocates what a header claims (five bytes can claim an array of 33 million) and has no limit
 * of depth; duplicate keys silently keep the last. Refuses: values outside the buffer, bytes after the
 * value, keys that are no strings or come twice, strings that are not UTF-8, floats (the decoder cannot
 * tell 1.0 from 1), extension types.
 */
import { isUtf8 } from "node:buffer";
import { CodecError } from "./error.js";

export interface DecodeLimits {
  /** Arrays and maps within each other. */
  readonly depth: number;
  /** Values in all, keys included. */
  readonly items: number;
  /** Bytes of one string; bytes (`bin`) are not copied and have no limit of their own. */
  readonly stringBytes: number;
}

/** An array or map that is being walked. One object for each depth, used again and again: payloads have millions of maps. */
interface Container {
  remaining: number;
  isMap: boolean;
  readonly keys: KeysSeen;
}

export type Head =
  | { readonly kind: "scalar"; readonly end: number }
  | { readonly kind: "string"; readonly start: number; readonly end: number }
  | { readonly kind: "array" | "map"; readonly count: number; readonly end: number };

/** Bytes after the marker, for the markers 0xc0 to 0xdf that have a fixed size; -1: see `headAt`. */
const FIXED: readonly number[] = [
  0, -1, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
  -1, -1,
];

/** Throws CodecError unless `bytes` is exactly one well-formed value within `limits`; gives how many values are in it. */
export function checkStructure(bytes: Uint8Array, limits: DecodeLimits): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: Container[] = [];
  let depth = 0;
  const enter = (values: number, isMap: boolean): Container => {
    const container = stack[depth] ?? { remaining: 0, isMap, keys: new KeysSeen(bytes) };
    stack[depth++] = container;
    container.remaining = values;
    container.isMap = isMap;
    container.keys.clear();
    return container;
  };
  let offset = 0;
  let items = 0;
  for (let top: Container | undefined = enter(1, false); top !== undefined; ) {
    if (top.remaining === 0) {
      top = stack[--depth - 1];
      continue;
    }
    if (++items > limits.items) throw bad(offset, `more than ${limits.items} values`);
    const isKey = top.isMap && top.remaining % 2 === 0;
    top.remaining--;
    const head = headAt(view, offset);
    if (head.end > bytes.length) throw bad(offset, "a value runs past the end");
    if (head.kind === "string") {
      const length = head.end - head.start;
      if (length > limits.stringBytes) {
        throw bad(offset, `a string of ${length} bytes, at most ${limits.stringBytes} allowed`);
      }
      if (!isText(bytes, head.start, head.end)) throw bad(head.start, "a string is not UTF-8");
      if (isKey) top.keys.add(head.start, head.end);
    } else if (isKey) throw bad(offset, "a map key is not a string");
    if (head.kind === "array" || head.kind === "map") {
      if (depth > limits.depth) throw bad(offset, `nested deeper than ${limits.depth}`);
      const values = head.kind === "map" ? head.count * 2 : head.count;
      if (values > bytes.length - head.end) throw bad(offset, `${values} values cannot be in what follows`);
      top = enter(values, head.kind === "map");
    }
    offset = head.end;
  }
  if (offset !== bytes.length) throw bad(offset, `${bytes.length - offset} bytes follow the value`);
  return items;
}

/** Where the value at `offset` ends, of bytes whose structure was checked. */
export function valueEnd(view: DataView, offset: number): number {
  let at = offset;
  for (let left = 1; left > 0; left--) {
    const head = headAt(view, at);
    if (head.kind === "array" || head.kind === "map")
      left += head.kind === "map" ? 2 * head.count : head.count;
    at = head.end;
  }
  return at;
}

/** Short strings are looked at here, most of which are ASCII: a call out of JavaScript takes longer. */
const SHORT_BYTES = 32;

function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SHORT_BYTES) return isUtf8(bytes.subarray(start, end));
  for (let i = start; i < end; i++)
    if ((bytes[i] as number) >= 0x80) return isUtf8(bytes.subarray(start, end));
  return true;
}

/** As many keys are compared by their bytes; of more, as a stranger's map may have, a set is made. */
const FEW_KEYS = 8;

const PROTO = "__proto__";

/** The keys of one map. */
class KeysSeen {
  readonly #bytes: Uint8Array;
  readonly #places: number[] = [];
  #set: Set<string> | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  clear(): void {
    this.#places.length = 0;
    this.#set = null;
  }

  /** Throws CodecError for one that was there, and for the one that no object may have. */
  add(start: number, end: number): void {
    if (end - start === PROTO.length && this.#text(start, end) === PROTO) {
      throw bad(start, `the key ${PROTO} is not allowed`);
    }
    if (this.#set === null && this.#places.length >= 2 * FEW_KEYS) {
      this.#set = new Set();
      for (let i = 0; i < this.#places.length; i += 2) {
        this.#set.add(this.#text(this.#places[i] as number, this.#places[i + 1] as number));
      }
    }
    if (this.#set === null ? this.#isAmongFew(start, end) : this.#set.has(this.#text(start, end))) {
      throw bad(start, `the key ${JSON.stringify(this.#text(start, end).slice(0, 64))} comes twice`);
    }
    if (this.#set === null) this.#places.push(start, end);
    else this.#set.add(this.#text(start, end));
  }

  #isAmongFew(start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < this.#places.length; i += 2) {
      let at = this.#places[i] as number;
      if ((this.#places[i + 1] as number) - at !== end - start) continue;
      let own = start;
      for (; own < end && bytes[own] === bytes[at]; own++) at++;
      if (own === end) return true;
    }
    return false;
  }

  #text(start: number, end: number): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start).toString("utf8");
  }
}

/** The value at `offset`, without what is in it. Throws CodecError for what is no msgpack that is allowed here. */
export function headAt(view: DataView, offset: number): Head {
  const marker = unsigned(view, offset, 1);
  const at = offset + 1;
  if (marker < 0x80 || marker >= 0xe0) return { kind: "scalar", end: at };
  if (marker < 0x90) return { kind: "map", count: marker & 0x0f, end: at };
  if (marker < 0xa0) return { kind: "array", count: marker & 0x0f, end: at };
  if (marker < 0xc0) return { kind: "string", start: at, end: at + (marker & 0x1f) };
  const fixed = FIXED[marker - 0xc0] ?? -1;
  if (fixed >= 0) return { kind: "scalar", end: at + fixed };
  if (marker >= 0xc4 && marker <= 0xc6) {
    const width = 1 << (marker - 0xc4);
    return { kind: "scalar", end: at + width + unsigned(view, at, width) };
  }
  if (marker >= 0xd9 && marker <= 0xdb) {
    const width = 1 << (marker - 0xd9);
    return { kind: "string", start: at + width, end: at + width + unsigned(view, at, width) };
  }
  if (marker >= 0xdc) {
    const width = marker % 2 === 0 ? 2 : 4;
    return { kind: marker < 0xde ? "array" : "map", count: unsigned(view, at, width), end: at + width };
  }
  throw bad(offset, `0x${marker.toString(16)} is a float, an extension type or no msgpack`);
}

function unsigned(view: DataView, offset: number, width: number): number {
  if (offset + width > view.byteLength) throw bad(offset, "the bytes end inside a value");
  if (width === 1) return view.getUint8(offset);
  return width === 2 ? view.getUint16(offset) : view.getUint32(offset);
}

function bad(offset: number, what: string): CodecError {
  return new CodecError("msgpack", `msgpack: ${what} (byte ${offset})`);
}
