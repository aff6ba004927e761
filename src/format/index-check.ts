/**
 * What the end of a capture says of the frames before it, held against them: trailer and index. Spec: "What the frames
 * found say". The index is a cache: where it differs, the frames are right and it is the index that is reported.
 */
import { equalBytes } from "./bytes.js";
import type { FileHeader } from "./file-header.js";
import { type FrameEntry, frameBytes, isKnown } from "./frame.js";
import type { FrameTable } from "./frame-table.js";
import { parseIndex } from "./index-lines.js";
import type { Limits } from "./limits.js";
import { failed, type Outcome, readBody } from "./payload.js";
import { problem } from "./problem.js";
import type { ByteSource } from "./source.js";
import { TRAILER_BYTES, type Trailer } from "./trailer.js";
import { FrameType, type Problem } from "./types.js";

export interface FoundTrailer {
  readonly trailer: Trailer;
  readonly offset: number;
}

/** What is wrong with the trailer, or with the index that it points to. */
export function* faultsOfEnd(
  source: ByteSource,
  header: FileHeader,
  { trailer, offset }: FoundTrailer,
  frames: FrameTable,
  limits: Limits,
): Generator<Problem> {
  const end = offset + TRAILER_BYTES;
  if (trailer.fileBytes !== end) {
    const what = `the trailer says the file has ${trailer.fileBytes} bytes, it has ${end}`;
    yield problem("trailer_mismatch", offset, null, what);
  } else if (trailer.summaryOffset !== null && !found(frames, trailer.summaryOffset, FrameType.SUMMARY)) {
    const what = `there is no summary at ${trailer.summaryOffset}, where the trailer says`;
    yield problem("trailer_mismatch", offset, null, what);
  }
  if (trailer.indexOffset === null) return;
  const index = found(frames, trailer.indexOffset, FrameType.INDEX);
  if (!index) {
    const what = `there is no index at ${trailer.indexOffset}, where the trailer says`;
    yield problem("index_damaged", offset, null, what);
    return;
  }
  const read = readIndex(source, header, index, limits);
  if (read.problem) {
    yield { ...read.problem, code: "index_damaged" };
    return;
  }
  const fault = faultOfIndex(read.value, header, index, limits) ?? differenceOf(read.value, frames, index);
  if (fault === null) return;
  yield problem("index_mismatch", index.offset, index.sequence, `the index does not fit the file: ${fault}`);
}

function found(frames: FrameTable, offset: number, type: number): FrameEntry | null {
  for (let i = 0; i < frames.length; i++) {
    if (frames.offset(i) !== offset) continue;
    const entry = frames.entry(i);
    return entry.type === type && isKnown(entry) ? entry : null;
  }
  return null;
}

export function readIndex(
  source: ByteSource,
  header: FileHeader,
  index: FrameEntry,
  limits: Limits,
): Outcome<FrameTable> {
  const body = readBody(source, header.sync, index, limits);
  return body.problem ? failed(body.problem) : parseIndex(index, body.value.stored, limits);
}

/** The frames of an index must follow each other without a hole, from the file header to the index itself. */
export function faultOfIndex(
  lines: FrameTable,
  header: FileHeader,
  index: FrameEntry,
  limits: Limits,
): string | null {
  if (lines.length > limits.frames) return `${lines.length} frames, at most ${limits.frames} allowed`;
  if (lines.contextsBytes > limits.contextsBytes) {
    return `${lines.contextsBytes} bytes of contexts, at most ${limits.contextsBytes} allowed`;
  }
  let end = header.headerBytes;
  for (let i = 0; i < lines.length; i++) {
    const entry = lines.entry(i);
    if (entry.offset !== end) return `frame ${i} at ${entry.offset}, the one before ends at ${end}`;
    end += frameBytes(entry);
  }
  if (end !== index.offset) return `its frames end at ${end}, the index starts at ${index.offset}`;
  return index.sequence === lines.length
    ? null
    : `${lines.length} frames, but the index is frame ${index.sequence}`;
}

/** What a frame before the index is otherwise than the index says. */
function differenceOf(lines: FrameTable, frames: FrameTable, index: FrameEntry): string | null {
  for (let i = 0; i < frames.length; i++) {
    const entry = frames.entry(i);
    if (entry.offset >= index.offset) continue;
    if (entry.sequence >= lines.length) return `it has no frame ${entry.sequence}`;
    const said = lines.entry(entry.sequence);
    for (const key of ["type", "flags", "offset", "storedBytes", "rawBytes", "contextBytes"] as const) {
      if (said[key] !== entry[key]) {
        return `it says ${key} ${said[key]} of frame ${entry.sequence}, which has ${entry[key]}`;
      }
    }
    if (!equalBytes(lines.context(entry.sequence), frames.context(i))) {
      return `it has another context of frame ${entry.sequence}`;
    }
  }
  return null;
}
