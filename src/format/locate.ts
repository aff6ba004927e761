/**
 * Finds a capture's frames: by trailer and index when both are there and agree with each other, else by a
 * scan from the start. The index is a cache; where it is in doubt the frames decide.
 */
import { type IndexedFrame, indexBody } from "./bodies.js";
import type { FileHeader } from "./file-header.js";
import {
  contradictionOf,
  excessOf,
  FRAME_HEADER_BYTES,
  type FrameEntry,
  frameBytes,
  isKnown,
  parseFrameHeader,
} from "./frame.js";
import type { Limits } from "./limits.js";
import { done, failed, type Outcome, parsePayload, readBody } from "./payload.js";
import { problem } from "./problem.js";
import { scanFrames } from "./scanner.js";
import type { ByteSource } from "./source.js";
import { parseTrailer, TRAILER_BYTES, type Trailer } from "./trailer.js";
import { FrameType, type Problem } from "./types.js";

/** A frame with its context, or a stretch where one was. */
export type Place =
  | { readonly entry: FrameEntry; readonly context: Uint8Array; readonly problem: null }
  | { readonly entry: null; readonly type: number | null; readonly problem: Problem };

export interface Located {
  readonly from: "index" | "scan";
  /** In file order. INDEX and SUMMARY are among them only when scanned. */
  readonly places: readonly Place[];
  readonly summary: FrameEntry | null;
  readonly trailer: Trailer | null;
  readonly problems: readonly Problem[];
  /** Where another capture begins behind this one; null: this is the last one. */
  readonly nextOffset: number | null;
}

export function locateFrames(source: ByteSource, header: FileHeader, limits: Limits): Located {
  const indexed = locateByIndex(source, header, limits);
  if (indexed?.value) return indexed.value;
  const scanned = locateByScan(source, header, limits);
  return indexed ? { ...scanned, problems: [indexed.problem, ...scanned.problems] } : scanned;
}

/** null: there is no trailer at the end, or it says that there is no index. */
function locateByIndex(source: ByteSource, header: FileHeader, limits: Limits): Outcome<Located> | null {
  const size = source.sizeBytes;
  if (size === null || size < header.headerBytes + TRAILER_BYTES) return null;
  const trailerAt = size - TRAILER_BYTES;
  const trailer = parseTrailer(source.read(trailerAt, TRAILER_BYTES), header.captureId);
  if (!trailer) return null;
  if (trailer.fileBytes !== size) {
    return failed(
      problem(
        "trailer_mismatch",
        trailerAt,
        null,
        `the trailer says the file has ${trailer.fileBytes} bytes, it has ${size}`,
      ),
    );
  }
  if (trailer.indexOffset === null) return null;
  const index = frameAt(source, header, trailer.indexOffset, FrameType.INDEX);
  if (!index) {
    return failed(problem("index_damaged", trailer.indexOffset, null, "no index where the trailer says"));
  }
  const body = readBody(source, header.sync, index, limits);
  if (body.problem) return failed({ ...body.problem, code: "index_damaged" });
  const parsed = parsePayload(index, body.value.stored, indexBody, limits);
  if (parsed.problem) return failed({ ...parsed.problem, code: "index_damaged" });
  const { frames } = parsed.value;
  const summary =
    trailer.summaryOffset === null ? null : frameAt(source, header, trailer.summaryOffset, FrameType.SUMMARY);
  const fault =
    faultOfIndex(frames, header, index, limits) ??
    faultOfUnknown(frames, header, source) ??
    faultOfEnd(index, summary, trailer, trailerAt);
  if (fault !== null) {
    const what = `the index does not fit the file: ${fault}`;
    return failed(problem("index_mismatch", index.offset, index.sequence, what));
  }
  const places = frames.map(
    (frame, i): Place => ({ entry: entryOf(frame, i), context: frame.context, problem: null }),
  );
  return done({ from: "index", places, summary, trailer, problems: [], nextOffset: null });
}

/** The entry of the frame of `type` at `offset`, by its header alone. */
function frameAt(source: ByteSource, header: FileHeader, offset: number, type: number): FrameEntry | null {
  const found = parseFrameHeader(source.read(offset, FRAME_HEADER_BYTES), header.sync);
  if (found?.type !== type) return null;
  const { bodyCrc: _, ...fields } = found;
  return { ...fields, offset };
}

function entryOf(frame: IndexedFrame, sequence: number): FrameEntry {
  const { type, flags, storedBytes, rawBytes } = frame;
  return {
    type,
    flags,
    sequence,
    contextBytes: frame.context.length,
    storedBytes,
    rawBytes,
    offset: Number(frame.offset),
  };
}

/** The frames of an index must follow each other without a hole, from the file header to the index itself. */
function faultOfIndex(
  frames: readonly IndexedFrame[],
  header: FileHeader,
  index: FrameEntry,
  limits: Limits,
): string | null {
  if (frames.length > limits.frames) return `${frames.length} frames, at most ${limits.frames} allowed`;
  let end = header.headerBytes;
  for (const [i, frame] of frames.entries()) {
    const entry = entryOf(frame, i);
    if (frame.offset !== BigInt(end)) return `frame ${i} at ${frame.offset}, the one before ends at ${end}`;
    const wrong = excessOf(entry, limits) ?? contradictionOf(entry);
    if (wrong !== null) return `frame ${i}: ${wrong}`;
    end += frameBytes(entry);
  }
  if (end !== index.offset) return `its frames end at ${end}, the index starts at ${index.offset}`;
  return index.sequence === frames.length
    ? null
    : `${frames.length} frames, but the index is frame ${index.sequence}`;
}

/** Frames that will be skipped, or refused, by what the index says of them: their own headers must say the same. */
function faultOfUnknown(
  frames: readonly IndexedFrame[],
  header: FileHeader,
  source: ByteSource,
): string | null {
  for (const [i, frame] of frames.entries()) {
    if (isKnown(frame)) continue;
    const found = frameAt(source, header, Number(frame.offset), frame.type);
    if (found?.flags !== frame.flags) {
      return `frame ${i} is not of type ${frame.type} with flags ${frame.flags}`;
    }
  }
  return null;
}

/** Index, summary and trailer follow each other. */
function faultOfEnd(
  index: FrameEntry,
  summary: FrameEntry | null,
  trailer: Trailer,
  trailerAt: number,
): string | null {
  const indexEnd = index.offset + frameBytes(index);
  if (trailer.summaryOffset !== null && summary === null) return `no summary at ${trailer.summaryOffset}`;
  const last = summary ? summary.offset + frameBytes(summary) : indexEnd;
  if (summary && summary.offset !== indexEnd) {
    return `the summary starts at ${summary.offset}, the index ends at ${indexEnd}`;
  }
  return last === trailerAt ? null : `the last frame ends at ${last}, the trailer starts at ${trailerAt}`;
}

function locateByScan(source: ByteSource, header: FileHeader, limits: Limits): Located {
  const places: Place[] = [];
  const problems: Problem[] = [];
  let trailer: Trailer | null = null;
  let summary: FrameEntry | null = null;
  let nextOffset: number | null = null;
  const start = {
    offset: header.headerBytes,
    sync: header.sync,
    captureId: header.captureId,
    sizeBytes: source.sizeBytes,
  };
  const scan = scanFrames(start, limits);
  let reply: Uint8Array = new Uint8Array(0);
  for (let step = scan.next(reply); !step.done; step = scan.next(reply)) {
    const found = step.value;
    if (found.kind === "need") reply = source.read(found.offset, found.length);
    else if (found.kind === "trailer") trailer = found.trailer;
    else if (found.kind === "capture") nextOffset = found.offset;
    else if (found.kind === "damage") {
      problems.push(found.problem);
      places.push({ entry: null, type: found.type, problem: found.problem });
    } else {
      if (found.entry.type === FrameType.SUMMARY) summary = found.entry;
      places.push({
        entry: found.entry,
        context: found.body.slice(0, found.entry.contextBytes),
        problem: null,
      });
    }
  }
  return { from: "scan", places, summary, trailer, problems, nextOffset };
}
