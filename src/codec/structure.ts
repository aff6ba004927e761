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

interface Container {
  remaining: number;
  /** The keys seen, when it is a map whose key comes next in every even place. */
  readonly keys: Keys | null;
}

/** Of a map: where they lie, first bytes and ends in turn; as texts as soon as they are many. */
interface Keys {
  readonly spans: number[];
  texts: Set<string> | null;
}

/** So many are compared one by one, which is cheaper than making texts of them. */
const FEW_KEYS = 16;
/** Bytes of a string that are looked at here; of longer ones a call out of JavaScript costs less. */
const SHORT = 64;

type Head =
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
  const stack: Container[] = [{ remaining: 1, keys: null }];
  let offset = 0;
  let items = 0;
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.remaining === 0) {
      stack.pop();
      continue;
    }
    if (++items > limits.items) throw bad(offset, `more than ${limits.items} values`);
    const isKey = top.keys !== null && top.remaining % 2 === 0;
    top.remaining--;
    const head = headAt(view, offset);
    if (head.end > bytes.length) throw bad(offset, "a value runs past the end");
    if (head.kind === "string") {
      if (head.end - head.start > limits.stringBytes) {
        throw bad(
          offset,
          `a string of ${head.end - head.start} bytes, at most ${limits.stringBytes} allowed`,
        );
      }
      checkString(bytes, head, isKey ? top.keys : null);
    } else if (isKey) throw bad(offset, "a map key is not a string");
    if (head.kind === "array" || head.kind === "map") {
      if (stack.length > limits.depth) throw bad(offset, `nested deeper than ${limits.depth}`);
      const values = head.kind === "map" ? head.count * 2 : head.count;
      if (values > bytes.length - head.end) throw bad(offset, `${values} values cannot be in what follows`);
      stack.push({ remaining: values, keys: head.kind === "map" ? { spans: [], texts: null } : null });
    }
    offset = head.end;
  }
  if (offset !== bytes.length) throw bad(offset, `${bytes.length - offset} bytes follow the value`);
  return items;
}

function checkString(bytes: Uint8Array, { start, end }: Span, keys: Keys | null): void {
  if (!isShortAscii(bytes, start, end) && !isUtf8(bytes.subarray(start, end))) {
    throw bad(start, "a string is not UTF-8");
  }
  if (keys === null) return;
  if (isAmong(keys, bytes, { start, end })) {
    const key = textOf(bytes, start, end).slice(0, 64);
    throw bad(start, `the key ${JSON.stringify(key)} comes twice`);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function isShortAscii(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SHORT) return false;
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}

/** Adds it, too, if it is not. */
function isAmong(keys: Keys, bytes: Uint8Array, { start, end }: Span): boolean {
  const { spans } = keys;
  if (keys.texts === null) {
    for (let i = 0; i < spans.length; i += 2) {
      const [from = 0, to = 0] = [spans[i], spans[i + 1]];
      if (to - from === end - start && isSame(bytes, from, start, end - start)) return true;
    }
    spans.push(start, end);
    if (spans.length < 2 * FEW_KEYS) return false;
    keys.texts = new Set();
    for (let i = 0; i < spans.length; i += 2) {
      keys.texts.add(textOf(bytes, spans[i] ?? 0, spans[i + 1] ?? 0));
    }
    return false;
  }
  const before = keys.texts.size;
  return keys.texts.add(textOf(bytes, start, end)).size === before;
}

function isSame(bytes: Uint8Array, one: number, other: number, lengthBytes: number): boolean {
  for (let i = 0; i < lengthBytes; i++) if (bytes[one + i] !== bytes[other + i]) return false;
  return true;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function headAt(view: DataView, offset: number): Head {
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
