/**
 * The payload of INDEX ⇄ its lines: those of a long recording are too many to be objects all at once.
 *
 * Lines are written one by one, as msgpack has them at its shortest (offsets in 8 bytes), and read as they are written; any
 * other spelling that the format allows goes through the description of a line in bodies.ts, so that both say the same.
 */
import { decodeMsgpack } from "../codec/msgpack.js";
import { checkStructure, headAt, valueEnd } from "../codec/structure.js";
import { type IndexedFrame, indexBody, indexLine } from "./bodies.js";
import { concatBytes, viewOf } from "./bytes.js";
import type { FrameEntry } from "./frame.js";
import { type FrameTable, frameTable } from "./frame-table.js";
import type { Limits } from "./limits.js";
import { type Outcome, parsedPayload } from "./payload.js";

/** What an INDEX frame says. `sequence` of a line is its place, `contextBytes` the length of its context. */
export function parseIndex(entry: FrameEntry, stored: Uint8Array, limits: Limits): Outcome<FrameTable> {
  return parsedPayload(entry, stored, (raw) => linesOf(raw, { ...limits, items: limits.indexItems }));
}

function linesOf(raw: Uint8Array, limits: Limits): FrameTable {
  checkStructure(raw, limits);
  const view = viewOf(raw);
  const decoded = (start: number, end: number) => decodeMsgpack(raw.subarray(start, end), limits);
  const { start, count } = framesIn(view, decoded);
  const table = frameTable();
  const line: Line = { type: 0, flags: 0, offset: 0, storedBytes: 0, rawBytes: 0, contextAt: 0 };
  let at = start;
  for (let sequence = 0; sequence < count; sequence++) {
    const plain = plainLine(raw, view, at, line);
    const end = plain ?? valueEnd(view, at);
    const context =
      plain === null
        ? otherLine(indexLine.parse(decoded(at, end), `frames[${sequence}]`), line)
        : raw.subarray(line.contextAt, end);
    const { type, flags, offset, storedBytes, rawBytes } = line;
    const contextBytes = context.length;
    table.add({ type, flags, sequence, contextBytes, storedBytes, rawBytes, offset }, context);
    at = end;
  }
  return table.end();
}

/** Where the lines begin, and how many there are. Throws SchemaError when they are no array, or are not there. */
function framesIn(
  view: DataView,
  decoded: (start: number, end: number) => unknown,
): { readonly start: number; readonly count: number } {
  /** What is not used is as good empty. */
  const wireOf = (at: number) => {
    const head = headAt(view, at);
    if (head.kind === "array") return [];
    return head.kind === "map" ? {} : decoded(at, head.end);
  };
  const whole = headAt(view, 0);
  const members: Record<string, unknown> = {};
  let at = whole.end;
  for (let left = whole.kind === "map" ? whole.count : 0; left > 0; left--) {
    const value = headAt(view, at).end;
    if (decoded(at, value) === "frames") {
      const head = headAt(view, value);
      if (head.kind === "array") return { start: head.end, count: head.count };
      members.frames = wireOf(value);
    }
    at = valueEnd(view, value);
  }
  indexBody.parse(whole.kind === "map" ? members : wireOf(0), "");
  throw new RangeError("an index without lines was taken for one");
}

/** The integers of a line, and where its context begins. */
interface Line {
  type: number;
  flags: number;
  /** Beyond 2^53 no longer exact, but no place in any file either. */
  offset: number;
  storedBytes: number;
  rawBytes: number;
  contextAt: number;
}

function otherLine({ context, offset, ...numbers }: IndexedFrame, into: Line): Uint8Array {
  Object.assign(into, { ...numbers, offset: Number(offset) });
  return context;
}

const key = (name: string) => Uint8Array.of(0xa0 | name.length, ...Buffer.from(name));
/** In the order in which they are written. */
const KEY = {
  type: key("type"),
  flags: key("flags"),
  offset: key("offset"),
  storedBytes: key("stored_bytes"),
  rawBytes: key("raw_bytes"),
  context: key("context"),
};
const FRAMES = key("frames");
const MAP_OF_SIX = 0x86;

/** Reads the line at `from` and gives where it ends; null: it is spelled otherwise. */
function plainLine(raw: Uint8Array, view: DataView, from: number, into: Line): number | null {
  if (raw[from] !== MAP_OF_SIX) return null;
  let at = from + 1;
  const number = (name: Uint8Array): number => {
    at = at < 0 ? at : behindKey(raw, at, name);
    if (at < 0) return 0;
    const marker = raw[at++] as number;
    if (marker < 0x80) return marker;
    const bytes = marker >= 0xcc && marker <= 0xcf ? 1 << (marker - 0xcc) : 0;
    const valueAt = at;
    at = bytes === 0 ? -1 : at + bytes;
    if (bytes === 1) return raw[valueAt] as number;
    if (bytes === 2) return view.getUint16(valueAt);
    if (bytes === 4) return view.getUint32(valueAt);
    return bytes === 8 ? view.getUint32(valueAt) * 2 ** 32 + view.getUint32(valueAt + 4) : 0;
  };
  into.type = number(KEY.type);
  into.flags = number(KEY.flags);
  into.offset = number(KEY.offset);
  into.storedBytes = number(KEY.storedBytes);
  into.rawBytes = number(KEY.rawBytes);
  at = at < 0 ? at : behindKey(raw, at, KEY.context);
  const isNarrow = Math.max(into.type, into.flags, into.storedBytes, into.rawBytes) <= 0xffff_ffff;
  const marker = at < 0 ? 0 : (raw[at] as number);
  if (!isNarrow || marker < 0xc4 || marker > 0xc6) return null;
  const width = 1 << (marker - 0xc4);
  const length = width === 1 ? raw[at + 1] : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  into.contextAt = at + 1 + width;
  return into.contextAt + (length as number);
}

/** -1: another key is there. */
function behindKey(raw: Uint8Array, at: number, name: Uint8Array): number {
  for (let i = 0; i < name.length; i++) if (raw[at + i] !== name[i]) return -1;
  return at + name.length;
}

/** The payload, growing line by line. */
export interface IndexWriter {
  readonly length: number;
  add(line: Omit<FrameEntry, "sequence" | "contextBytes">, context: Uint8Array): void;
  /** Takes back the line that was added last: of one only. */
  retract(): void;
  payload(): Uint8Array;
}

/** Of a line without its context: six keys, five integers, heads. */
const LINE_BYTES_MAX = 96;

export function indexWriter(): IndexWriter {
  let bytes = new Uint8Array(4096);
  let view = viewOf(bytes);
  let [length, at, lastAt] = [0, 0, -1];
  const put = (some: Uint8Array) => {
    bytes.set(some, at);
    at += some.length;
  };
  const number = (value: number) => {
    if (value < 0x80) bytes[at++] = value;
    else if (value <= 0xff) at = head(view, at, 0xcc, value, 1);
    else if (value <= 0xffff) at = head(view, at, 0xcd, value, 2);
    else at = head(view, at, 0xce, value, 4);
  };
  const offset = (value: number) => {
    bytes[at] = 0xcf;
    view.setBigUint64(at + 1, BigInt(value));
    at += 9;
  };
  const makeRoom = (more: number) => {
    if (at + more <= bytes.length) return;
    const grown = new Uint8Array(2 * (at + more));
    grown.set(bytes.subarray(0, at));
    [bytes, view] = [grown, viewOf(grown)];
  };
  return {
    get length() {
      return length;
    },
    add(line, context) {
      makeRoom(LINE_BYTES_MAX + context.length);
      lastAt = at;
      bytes[at++] = MAP_OF_SIX;
      put(KEY.type);
      number(line.type);
      put(KEY.flags);
      number(line.flags);
      put(KEY.offset);
      offset(line.offset);
      put(KEY.storedBytes);
      number(line.storedBytes);
      put(KEY.rawBytes);
      number(line.rawBytes);
      put(KEY.context);
      const width = context.length <= 0xff ? 1 : context.length <= 0xffff ? 2 : 4;
      at = head(view, at, 0xc4 + Math.log2(width), context.length, width);
      put(context);
      length++;
    },
    retract() {
      if (lastAt < 0) throw new Error("there is no line to take back");
      [at, lastAt] = [lastAt, -1];
      length--;
    },
    payload() {
      const start = new Uint8Array(16);
      start[0] = 0x81;
      start.set(FRAMES, 1);
      const startAt = 1 + FRAMES.length;
      let end = startAt + 1;
      if (length < 16) start[startAt] = 0x90 | length;
      else if (length <= 0xffff) end = head(viewOf(start), startAt, 0xdc, length, 2);
      else end = head(viewOf(start), startAt, 0xdd, length, 4);
      return concatBytes([start.subarray(0, end), bytes.subarray(0, at)]);
    },
  };
}

/** A marker and the number behind it; gives where that ends. */
function head(view: DataView, at: number, marker: number, value: number, width: number): number {
  view.setUint8(at, marker);
  if (width === 1) view.setUint8(at + 1, value);
  else if (width === 2) view.setUint16(at + 1, value);
  else view.setUint32(at + 1, value);
  return at + 1 + width;
}
