/**
 * A frame's body → its context and value: decompressed, decoded and checked. What is wrong is a Problem.
 */
import { CodecError } from "../codec/error.js";
import { decodeMsgpack } from "../codec/msgpack.js";
import { decompress } from "../codec/zstd.js";
import { chunkBody } from "./bodies.js";
import { viewOf } from "./bytes.js";
import {
  bodyMatches,
  contradictionOf,
  excessOf,
  FRAME_HEADER_BYTES,
  type FrameEntry,
  FrameFlag,
  frameBytes,
  parseFrameHeader,
} from "./frame.js";
import type { HeldBudget, Limits } from "./limits.js";
import { problem } from "./problem.js";
import { type Field, SchemaError } from "./schema.js";
import type { ByteSource } from "./source.js";
import type { ChunkBody, Problem } from "./types.js";

export type Outcome<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly value: null; readonly problem: Problem };

export interface Body {
  readonly context: Uint8Array;
  /** As in the file. */
  readonly stored: Uint8Array;
}

export function failed<T>(trouble: Problem): Outcome<T> {
  return { value: null, problem: trouble };
}

export function done<T>(value: T): Outcome<T> {
  return { value, problem: null };
}

export function splitBody(entry: FrameEntry, body: Uint8Array): Body {
  const storedAt = entry.contextBytes;
  return {
    context: body.subarray(0, storedAt),
    stored: body.subarray(storedAt, storedAt + entry.storedBytes),
  };
}

/** Reads the frame that should be at `entry`, and holds it against `entry` and its own checksums. */
export function readBody(
  source: ByteSource,
  sync: Uint8Array,
  entry: FrameEntry,
  limits: Limits,
): Outcome<Body> {
  const { offset, sequence } = entry;
  const wrong = excessOf(entry, limits) ?? contradictionOf(entry);
  if (wrong !== null) {
    return failed(problem("frame_invalid", offset, sequence, `frame ${sequence}: ${wrong}`));
  }
  const length = frameBytes(entry);
  const bytes = source.read(offset, length);
  const header = parseFrameHeader(bytes, sync);
  if (header === null) {
    return failed(
      problem(
        "frame_header_damaged",
        offset,
        null,
        `frame ${sequence} does not start here, as the index says`,
      ),
    );
  }
  for (const key of ["type", "flags", "sequence", "contextBytes", "storedBytes", "rawBytes"] as const) {
    if (header[key] !== entry[key]) {
      const what = `frame ${sequence}: the index says ${key} ${entry[key]}, the frame ${header[key]}`;
      return failed(problem("index_mismatch", offset, sequence, what));
    }
  }
  if (bytes.length < length) {
    return failed(
      problem(
        "truncated",
        offset,
        sequence,
        `frame ${sequence} has ${length} bytes, the file ends after ${bytes.length} of them`,
      ),
    );
  }
  const body = bytes.subarray(FRAME_HEADER_BYTES);
  if (!bodyMatches(header, body)) {
    return failed(
      problem(
        "frame_body_damaged",
        offset,
        sequence,
        `frame ${sequence}: the checksum of its body does not match`,
      ),
    );
  }
  return done(splitBody(entry, body));
}

/**
 * The value in a payload whose checksum was right: a checksum proves nothing about what was meant. `held`: what is left
 * for values that are kept; what this one takes is taken off.
 */
export function parsePayload<T>(
  entry: FrameEntry,
  stored: Uint8Array,
  field: Field<T>,
  limits: Limits,
  held: HeldBudget | null = null,
): Outcome<T> {
  const { rawBytes } = entry;
  if (held !== null && rawBytes > held.bytes) return failed(tooMuch(entry, limits));
  let isTooMuch = false;
  const parsed = parsedPayload(entry, stored, (raw) => {
    const wire = decodeMsgpack(raw, limits, (found) => {
      if (held === null) return;
      isTooMuch = found > held.items;
      held.bytes -= rawBytes;
      held.items -= isTooMuch ? 0 : found;
    });
    return isTooMuch ? null : field.parse(wire, "");
  });
  return isTooMuch && parsed.problem === null ? failed(tooMuch(entry, limits)) : (parsed as Outcome<T>);
}

/** What `parse` makes of a payload as it is uncompressed. It may throw CodecError and SchemaError. */
export function parsedPayload<T>(
  { offset, sequence, flags, rawBytes }: FrameEntry,
  stored: Uint8Array,
  parse: (raw: Uint8Array) => T,
): Outcome<T> {
  try {
    return done(parse((flags & FrameFlag.ZSTD) === 0 ? stored : decompress(stored, rawBytes)));
  } catch (error) {
    if (!(error instanceof CodecError || error instanceof SchemaError)) throw error;
    return failed(problem("body_invalid", offset, sequence, `frame ${sequence}: ${error.message}`));
  }
}

function tooMuch({ offset, sequence }: FrameEntry, { heldBytes, heldItems }: Limits): Problem {
  const what = `frame ${sequence}: with it the metadata of the file is more than ${heldBytes} bytes or ${heldItems} values; it is not used`;
  return problem("frame_too_large", offset, sequence, what);
}

/** A chunk's body, with records that tile their bytes and are as many as the context says. */
export function parseChunk(
  entry: FrameEntry,
  stored: Uint8Array,
  records: number,
  limits: Limits,
): Outcome<ChunkBody> {
  const parsed = parsePayload(entry, stored, chunkBody, limits);
  if (parsed.problem) return parsed;
  const { planes } = parsed.value;
  const fault = faultOfRecords(parsed.value.records, records) ?? (planes && faultOfRecords(planes, null));
  if (!fault) return parsed;
  return failed(
    problem("records_invalid", entry.offset, entry.sequence, `frame ${entry.sequence}: ${fault}`),
  );
}

/** Every record starts with its length in bytes, a multiple of 8: u32, little-endian. `expected` null: any number. */
function faultOfRecords(records: Uint8Array, expected: number | null): string | null {
  const view = viewOf(records);
  let count = 0;
  for (let at = 0; at < records.length; count++) {
    const size = at + 4 <= records.length ? view.getUint32(at, true) : 0;
    if (size < 8 || size % 8 !== 0 || size > records.length - at) {
      return `record ${count} of the chunk, at byte ${at} of ${records.length}, has length ${size}`;
    }
    at += size;
  }
  return expected === null || count === expected
    ? null
    : `${count} records in the chunk, ${expected} in its context`;
}
