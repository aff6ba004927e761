/**
 * Spells captures byte by byte for the conformance corpus, apart from the encoder under test: msgpack, contexts, frames,
 * ends. Whatever a capture may not say can be said too.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { join, le, MAGIC } from "../format/support.js";

export const NOTHING = new Uint8Array(0);

/** Bytes of msgpack that stand as they are. */
export class Raw {
  readonly bytes: Uint8Array;

  constructor(...bytes: readonly number[]) {
    this.bytes = Uint8Array.from(bytes);
  }
}

/** A map with its pairs in order, also with one key twice. */
export class Pairs {
  readonly pairs: readonly (readonly [unknown, unknown])[];

  constructor(...pairs: readonly (readonly [unknown, unknown])[]) {
    this.pairs = pairs;
  }
}

const be = (value: number | bigint, width: 1 | 2 | 4 | 8): number[] => le(value, width).reverse();

/** bigint: 64 bits wide; number: as few bytes as will do; Uint8Array: bin. */
export function msgpack(value: unknown): Uint8Array {
  if (value === null) return Uint8Array.of(0xc0);
  if (value instanceof Raw) return value.bytes;
  if (value instanceof Uint8Array) return join(head(value.length, null, [0xc4, 0xc5, 0xc6]), value);
  if (value instanceof Pairs) return map(value.pairs);
  if (Array.isArray(value)) return join(head(value.length, 0x90, [0xdc, 0xdc, 0xdd]), ...value.map(msgpack));
  switch (typeof value) {
    case "boolean":
      return Uint8Array.of(value ? 0xc3 : 0xc2);
    case "bigint":
      return Uint8Array.from([value < 0n ? 0xd3 : 0xcf, ...be(value, 8)]);
    case "number":
      return Uint8Array.from(integer(value));
    case "string":
      return text(value);
    default:
      return map(Object.entries(value as object).filter(([, one]) => one !== undefined));
  }
}

function map(pairs: readonly (readonly [unknown, unknown])[]): Uint8Array {
  return join(head(pairs.length, 0x80, [0xde, 0xde, 0xdf]), ...pairs.flat().map(msgpack));
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return join(
    bytes.length < 32 ? [0xa0 + bytes.length] : head(bytes.length, null, [0xd9, 0xda, 0xdb]),
    bytes,
  );
}

/** A count in the short form (`fix` + up to 15), or in the first of three widths that holds it. */
function head(count: number, fix: number | null, markers: readonly [number, number, number]): number[] {
  if (fix !== null && count < 16) return [fix + count];
  if (count < 256 && fix === null) return [markers[0], count];
  return count < 65_536 ? [markers[1], ...be(count, 2)] : [markers[2], ...be(count, 4)];
}

function integer(value: number): number[] {
  if (value < 0) return value >= -32 ? [value & 0xff] : [0xd2, ...be(BigInt.asUintN(32, BigInt(value)), 4)];
  if (value < 128) return [value];
  if (value < 256) return [0xcc, value];
  return value < 65_536 ? [0xcd, ...be(value, 2)] : [0xce, ...be(value, 4)];
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface HeaderChange {
  readonly major?: number;
  readonly minor?: number;
  readonly length?: number;
  readonly needs?: bigint;
  readonly may?: bigint;
}

export interface FrameSpelling {
  readonly type: number;
  readonly flags?: number;
  readonly context?: Uint8Array;
  /** As stored. */
  readonly payload?: Uint8Array;
  /** Otherwise the next one. */
  readonly sequence?: number | bigint;
  readonly storedBytes?: number;
  readonly rawBytes?: number;
  readonly contextBytes?: number;
  readonly bodyCrc?: number;
  readonly headerCrc?: number;
  /** Not zeros. */
  readonly padding?: number;
}

/** A part of a file: the file header, a frame, the trailer, or anything. */
export interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly frame?: Required<Pick<FrameSpelling, "type" | "flags" | "context">> & {
    readonly stored: number;
    readonly raw: number;
  };
}

/** A capture being spelled: its marker, its id, its parts. */
export class Tape {
  readonly id: Uint8Array;
  readonly sync: Uint8Array;
  readonly parts: Part[] = [];
  private sequence = 0;

  constructor(number = 1, header: HeaderChange = {}) {
    this.id = Uint8Array.from({ length: 16 }, (_, i) => 16 * number + i);
    this.sync = Uint8Array.from([0x53, 0x59, 0x4e, 0x43, number, 0xfe, 0x0d, 0xf0]);
    this.parts.push({ name: "file header", bytes: this.fileHeader(header) });
  }

  get length(): number {
    return this.parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get bytes(): Uint8Array {
    return join(...this.parts.map(({ bytes }) => bytes));
  }

  private fileHeader(change: HeaderChange): Uint8Array {
    const length = change.length ?? 64;
    const version = [...le(change.major ?? 1, 2), ...le(change.minor ?? 3, 2)];
    const features = [...le(change.needs ?? 0n, 8), ...le(change.may ?? 0n, 8)];
    const rest = new Uint8Array(Math.max(0, length - 60));
    const bytes = join(MAGIC, version, le(length, 4), features, this.id, this.sync, rest);
    return join(bytes, le(crc32(bytes), 4));
  }

  /** Appends a frame, under a name by which it can be found again. */
  frame(name: string, spelling: FrameSpelling): this {
    const { type, flags = 0, context = NOTHING, payload = NOTHING } = spelling;
    const raw = spelling.rawBytes ?? payload.length;
    this.parts.push({
      name,
      bytes: this.spell({ ...spelling, sequence: spelling.sequence ?? this.sequence }),
      frame: { type, flags, context, stored: payload.length, raw },
    });
    this.sequence = Number(spelling.sequence ?? this.sequence) + 1;
    return this;
  }

  /** A frame's bytes, not appended. */
  spell(spelling: FrameSpelling & { readonly sequence: number | bigint }): Uint8Array {
    const { context = NOTHING, payload = NOTHING } = spelling;
    const used = context.length + payload.length;
    const body = join(context, payload, new Uint8Array((8 - (used % 8)) % 8).fill(spelling.padding ?? 0));
    const bytes = join(
      this.sync,
      le(spelling.type, 2),
      le(spelling.flags ?? 0, 2),
      le(spelling.contextBytes ?? context.length, 4),
      le(spelling.sequence, 8),
      le(spelling.storedBytes ?? payload.length, 4),
      le(spelling.rawBytes ?? payload.length, 4),
      le(spelling.bodyCrc ?? crc32(body), 4),
    );
    return join(bytes, le(spelling.headerCrc ?? crc32(bytes), 4), body);
  }

  /** Appends what is no frame. */
  junk(name: string, bytes: Uint8Array | readonly number[]): this {
    this.parts.push({ name, bytes: Uint8Array.from(bytes) });
    return this;
  }

  /** The lines of an index over the frames so far. */
  lines(): Record<string, unknown>[] {
    let offset = 0;
    return this.parts.flatMap(({ bytes, frame }) => {
      const at = offset;
      offset += bytes.length;
      if (frame === undefined) return [];
      const { type, flags, stored, raw, context } = frame;
      return [{ type, flags, offset: BigInt(at), stored_bytes: stored, raw_bytes: raw, context }];
    });
  }

  trailer(end: {
    index?: number | bigint;
    summary?: number | bigint;
    file?: number | bigint;
    flags?: number;
    id?: Uint8Array;
  }): Uint8Array {
    const flags = end.flags ?? (end.index === undefined ? 0 : 1) | (end.summary === undefined ? 0 : 2);
    const bytes = join(
      end.id ?? this.id,
      le(end.index ?? 0, 8),
      le(end.summary ?? 0, 8),
      le(end.file ?? this.length + 56, 8),
      le(flags, 4),
    );
    return join(bytes, le(crc32(bytes), 4), MAGIC.toReversed());
  }

  /** INDEX, SUMMARY and trailer; `index` or `summary` null: without. */
  end(
    summary: unknown,
    index: unknown = { frames: this.lines() },
    change: Parameters<Tape["trailer"]>[0] = {},
  ): this {
    const indexAt = this.length;
    if (index !== null) this.frame("INDEX", { type: 7, payload: msgpack(index) });
    const summaryAt = this.length;
    if (summary !== null) this.frame("SUMMARY", { type: 8, payload: msgpack(summary) });
    const places = {
      ...(index === null ? {} : { index: indexAt }),
      ...(summary === null ? {} : { summary: summaryAt }),
    };
    this.parts.push({ name: "trailer", bytes: this.trailer({ ...places, ...change }) });
    return this;
  }
}
