/**
 * Every frame of a capture, from its start and without its index, each with its value or with what is wrong with it.
 * Holds one frame. Says nothing of how frames fit together: verify.ts does.
 */
import { createHash } from "node:crypto";
import { BtfError, parseBtf, structLayout } from "../../btf/index.js";
import { STRUCTS } from "../../catalog/structs.js";
import {
  btfBody,
  clocksBody,
  gapBody,
  hostBody,
  inventoryBody,
  originBody,
  summaryBody,
} from "../../format/bodies.js";
import { parseChunkContext } from "../../format/chunk-context.js";
import type { FileHeader } from "../../format/file-header.js";
import { type FrameEntry, isCritical, isKnown } from "../../format/frame.js";
import { type FrameTable, frameTable } from "../../format/frame-table.js";
import { parseIndex } from "../../format/index-lines.js";
import type { Limits } from "../../format/limits.js";
import { parseChunk, parsePayload, splitBody } from "../../format/payload.js";
import { type ProblemCode, problem } from "../../format/problem.js";
import { scanFrames } from "../../format/scanner.js";
import type { Field } from "../../format/schema.js";
import type { ByteSource } from "../../format/source.js";
import type { Trailer } from "../../format/trailer.js";
import {
  type BtfFrame,
  type ChunkBody,
  type ChunkContext,
  type ClockTriple,
  FrameType,
  type Gap,
  type HostInfo,
  type Inventory,
  type Origin,
  type Problem,
  type Summary,
} from "../../format/types.js";
import { LayoutError, type RecordLayouts, recordLayouts } from "../records.js";

/** What a frame holds. `other`: a frame that this reader does not know, and may skip. */
export type FrameContent =
  | { readonly kind: "host"; readonly host: HostInfo }
  | { readonly kind: "btf"; readonly btf: BtfFrame; readonly layouts: RecordLayouts | null }
  | { readonly kind: "clocks"; readonly clocks: readonly ClockTriple[] }
  | { readonly kind: "inventory"; readonly inventory: Inventory }
  | { readonly kind: "chunk"; readonly context: ChunkContext; readonly body: ChunkBody }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "index"; readonly lines: FrameTable }
  | { readonly kind: "summary"; readonly summary: Summary }
  | { readonly kind: "origin"; readonly origin: Origin }
  | { readonly kind: "other" };

export type FrameStep =
  /** `body` and what `content` views of it are valid until the next step. */
  | {
      readonly kind: "good";
      readonly entry: FrameEntry;
      readonly body: Uint8Array;
      readonly content: FrameContent;
    }
  /** Its checksums are right, what it holds is not. */
  | { readonly kind: "bad"; readonly entry: FrameEntry; readonly body: Uint8Array; readonly problem: Problem }
  | { readonly kind: "damage"; readonly problem: Problem; readonly type: number | null }
  | { readonly kind: "trailer"; readonly trailer: Trailer; readonly offset: number };

/** Of an INDEX behind another: it is in the wrong place, whatever it says. */
const NOT_LOOKED_INTO: FrameContent = { kind: "index", lines: frameTable() };

export function* frameSteps(source: ByteSource, header: FileHeader, limits: Limits): Generator<FrameStep> {
  const start = {
    offset: header.headerBytes,
    sync: header.sync,
    captureId: header.captureId,
    sizeBytes: source.sizeBytes,
  };
  let indexes = 0;
  const scan = scanFrames(start, limits);
  let reply: Uint8Array = new Uint8Array(0);
  for (let step = scan.next(reply); !step.done; step = scan.next(reply)) {
    const found = step.value;
    if (found.kind === "need") reply = source.read(found.offset, found.length);
    else if (found.kind === "frame") {
      const isIndex = found.entry.type === FrameType.INDEX && isKnown(found.entry);
      // Each may tell of all frames before it, the others included: a row of them would be read in quadratic time.
      yield isIndex && indexes++ > 0
        ? { kind: "good", entry: found.entry, body: found.body, content: NOT_LOOKED_INTO }
        : frameStep(found.entry, found.body, limits);
    } else if (found.kind !== "capture") yield found;
  }
}

function frameStep(entry: FrameEntry, body: Uint8Array, limits: Limits): FrameStep {
  const content = contentOf(entry, body, limits);
  if ("code" in content) return { kind: "bad", entry, body, problem: content };
  return { kind: "good", entry, body, content };
}

function contentOf(entry: FrameEntry, body: Uint8Array, limits: Limits): FrameContent | Problem {
  if (!isKnown(entry)) {
    if (!isCritical(entry)) return { kind: "other" };
    return at(
      entry,
      "frame_invalid",
      `type ${entry.type} with flags ${entry.flags} is not known, and may not be skipped`,
    );
  }
  const { context, stored } = splitBody(entry, body);
  const value = <T>(field: Field<T>, use: (value: T) => FrameContent | Problem): FrameContent | Problem => {
    const parsed = parsePayload(entry, stored, field, limits);
    return parsed.problem ?? use(parsed.value);
  };
  switch (entry.type) {
    case FrameType.HOST:
      return value(hostBody, (host) => ({ kind: "host", host }));
    case FrameType.BTF:
      return value(btfBody, (btf) => btfContent(entry, btf));
    case FrameType.CLOCKS:
      return value(clocksBody, ({ clocks }) => ({ kind: "clocks", clocks }));
    case FrameType.INVENTORY:
      return value(inventoryBody, (inventory) => ({ kind: "inventory", inventory }));
    case FrameType.CHUNK:
      return chunkContent(entry, context, stored, limits);
    case FrameType.GAP:
      return value(gapBody, (gap) => ({ kind: "gap", gap }));
    case FrameType.INDEX: {
      const lines = parseIndex(entry, stored, limits);
      return lines.problem ?? { kind: "index", lines: lines.value };
    }
    case FrameType.SUMMARY:
      return value(summaryBody, (summary) => ({ kind: "summary", summary }));
    case FrameType.ORIGIN:
      return value(originBody, (origin) => ({ kind: "origin", origin }));
    default:
      return { kind: "other" };
  }
}

function chunkContent(
  entry: FrameEntry,
  contextBytes: Uint8Array,
  stored: Uint8Array,
  limits: Limits,
): FrameContent | Problem {
  const context = parseChunkContext(contextBytes);
  if (typeof context === "string") return at(entry, "context_invalid", context);
  const parsed = parseChunk(entry, stored, context.records, limits);
  return parsed.problem ?? { kind: "chunk", context, body: parsed.value };
}

/** The blob that was laid out last, by origin and hash, and the structs of records in it: a frame may be there a thousand times. */
let laidOut: { readonly key: string; readonly layouts: RecordLayouts | null } | null = null;

/** A blob whose hash is wrong is not used by any reader; neither is one that cannot be parsed. */
function btfContent(entry: FrameEntry, btf: BtfFrame): FrameContent | Problem {
  const found = createHash("sha256").update(btf.data).digest("hex");
  if (found !== btf.sha256) {
    return at(entry, "btf_hash", `the ${btf.origin} BTF has SHA-256 ${found}, not ${btf.sha256}`);
  }
  const key = `${btf.origin} ${found}`;
  if (laidOut?.key === key) return { kind: "btf", btf, layouts: laidOut.layouts };
  try {
    const parsed = parseBtf(btf.data);
    // What decoding an argument may ask for: one that cannot be laid out ends the command that meets it.
    for (const name of STRUCTS) structLayout(parsed, name);
    laidOut = { key, layouts: btf.origin === "recorder" ? recordLayouts(parsed) : null };
    return { kind: "btf", btf, layouts: laidOut.layouts };
  } catch (error) {
    if (!(error instanceof BtfError || error instanceof LayoutError)) throw error;
    return at(entry, "btf_invalid", `the ${btf.origin} BTF: ${error.message}`);
  }
}

/** A problem of this frame. */
export function at(entry: FrameEntry, code: ProblemCode, what: string): Problem {
  return problem(code, entry.offset, entry.sequence, `frame ${entry.sequence}: ${what}`);
}
