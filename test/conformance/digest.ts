/**
 * What this reader makes of a file, as format-spec/conformance.md has it: read without the index, everything said.
 * Refuses to know better than the reader: it only puts what src/format and src/replay find into words.
 */
import { createHash } from "node:crypto";
import { btfBody } from "../../src/format/bodies.js";
import { equalBytes } from "../../src/format/bytes.js";
import { type Capture, openCapture } from "../../src/format/capture.js";
import { readFileHeader } from "../../src/format/file-header.js";
import { type FrameEntry, isKnown } from "../../src/format/frame.js";
import { FORMAT_LIMITS } from "../../src/format/limits.js";
import { locateFrames } from "../../src/format/locate.js";
import { parsePayload, readBody } from "../../src/format/payload.js";
import { CaptureError } from "../../src/format/problem.js";
import { wireKey } from "../../src/format/schema.js";
import { type ByteSource, memorySource } from "../../src/format/source.js";
import { type ChunkBody, FrameType } from "../../src/format/types.js";
import { type Decoder, recordDecoder } from "./records.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Told {
  readonly code: string;
  readonly offset: number;
  readonly frame: number | null;
}

/** The whole answer about a file. */
export function digestOf(bytes: Uint8Array): Json {
  const captures: Json[] = [];
  for (let at: number | null = 0; at !== null; ) {
    try {
      if (captures.length === FORMAT_LIMITS.captures) throw new CaptureError("too_many_captures", "too many");
      const source = memorySource(bytes.subarray(at), "corpus");
      const capture: Capture = openCapture(source, FORMAT_LIMITS, false);
      captures.push({ at, ...captureDigest(capture, bytes.subarray(at)) });
      at = capture.nextOffset === null ? null : at + capture.nextOffset;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      captures.push({ at, refusal: { code: error.code, offset: error.offset ?? 0 } });
      at = null;
    }
  }
  return { captures };
}

function captureDigest(capture: Capture, bytes: Uint8Array): { readonly [key: string]: Json } {
  const source = memorySource(bytes, "corpus");
  const header = readFileHeader(source, FORMAT_LIMITS);
  const { frames: table } = locateFrames(source, header, FORMAT_LIMITS, false);
  const frames = Array.from({ length: table.length }, (_, i) => table.entry(i));
  const told: Told[] = [];
  const btf = capture.recorderBtf;
  const decoder = btf === null ? null : recordDecoder(btf);
  if (btf !== null && decoder === null) {
    const frame = recorderFrame(source, header.sync, frames, btf);
    told.push({ code: "btf_invalid", offset: frame?.offset ?? 0, frame: frame?.sequence ?? null });
  }
  const chunks = chunksOf(capture, decoder, frames, told);
  const inventories = json(capture.inventories());
  return {
    format: [capture.format.major, capture.format.minor],
    capture_id: capture.captureId,
    host: json(capture.host),
    clocks: json(capture.clocks),
    btf: [btfDigest("recorder", btf), btfDigest("host", capture.hostBtf)].flat(),
    inventories,
    gaps: json(capture.gaps),
    origins: json(capture.origins),
    summary: json(capture.summary),
    frames: frames.map(({ type, flags, sequence, offset, contextBytes, storedBytes, rawBytes }) => ({
      type,
      flags,
      sequence,
      offset,
      context_bytes: contextBytes,
      stored_bytes: storedBytes,
      raw_bytes: rawBytes,
    })),
    chunks,
    complete: capture.complete,
    problems: sorted([...capture.problems, ...told]),
  };
}

/** The frame of the recorder's BTF that counts: the first with this content. */
function recorderFrame(
  source: ByteSource,
  sync: Uint8Array,
  frames: readonly FrameEntry[],
  btf: Uint8Array,
): FrameEntry | undefined {
  return frames.find((entry) => {
    if (entry.type !== FrameType.BTF || !isKnown(entry)) return false;
    const body = readBody(source, sync, entry, FORMAT_LIMITS).value;
    const said = body && parsePayload(entry, body.stored, btfBody, FORMAT_LIMITS).value;
    return said?.origin === "recorder" && sha256(said.data) === said.sha256 && equalBytes(said.data, btf);
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function btfDigest(origin: string, data: Uint8Array | null): Json[] {
  if (data === null) return [];
  return [{ origin, sha256: sha256(data), bytes: data.length }];
}

function chunksOf(
  capture: Capture,
  decoder: Decoder | null,
  frames: readonly { readonly offset: number; readonly sequence: number }[],
  told: Told[],
): Json[] {
  const chunks: Json[] = [];
  for (const { entry, body } of capture.chunks()) {
    if (entry === null) continue;
    const offset = Number(entry.offset);
    const { lost, ...context } = entry.context;
    const onFault = () => {
      const frame = frames.find((one) => one.offset === offset)?.sequence ?? null;
      told.push({ code: "record_invalid", offset, frame });
    };
    chunks.push({
      offset,
      context: { ...(json(context) as { readonly [key: string]: Json }), losses: json(lost) },
      body: body === undefined ? null : bodyDigest(body, decoder, onFault),
    });
  }
  return chunks;
}

function bodyDigest(body: ChunkBody, decoder: Decoder | null, onFault: () => void): Json {
  const { planes } = body;
  return {
    tasks: json(body.tasks),
    queues: json(body.queues),
    records: decoder === null ? null : decoder.records(body.records, onFault),
    ...(planes === undefined ? {} : { planes: decoder === null ? null : decoder.planes(planes, onFault) }),
  };
}

function sorted(problems: readonly Told[]): Json {
  const unique = new Map(
    problems.map(({ code, offset, frame }) => [`${code} ${offset} ${frame}`, { code, offset, frame }]),
  );
  return [...unique.values()].sort(
    (a, b) =>
      a.offset - b.offset ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0) ||
      (a.frame ?? -1) - (b.frame ?? -1),
  );
}

/** Maps whose keys are data. */
const FREE = new Set(["filters", "limits", "fields", "options", "sliced"]);

/** A value of src/format in JSON, its keys as in the file. */
function json(value: unknown): Json {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(json);
  if (typeof value !== "object" || value === null) return value as Json;
  const pairs = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    pairs.map(([key, one]) => [wireKey(key), FREE.has(key) ? (one as Json) : json(one)]),
  );
}

/** JSON for files that people read: what fits a line is on one. */
export function jsonText(value: Json, indent = ""): string {
  const short = JSON.stringify(value);
  if (indent.length + short.length <= 480 || typeof value !== "object" || value === null) return short;
  const inner = `${indent} `;
  if (Array.isArray(value)) {
    return `[\n${value.map((one) => inner + jsonText(one, inner)).join(",\n")}\n${indent}]`;
  }
  const pairs = Object.entries(value).map(
    ([key, one]) => `${inner}${JSON.stringify(key)}: ${jsonText(one, inner)}`,
  );
  return `{\n${pairs.join(",\n")}\n${indent}}`;
}
