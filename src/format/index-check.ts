/**
 * What the end of a capture says of the frames before it, held against them: trailer and index. Spec: "What the frames
 * found say". The index is a cache: where it differs, the frames are right and it is the index that is reported.
 */
import { type IndexedFrame, indexBody } from "./bodies.js";
import { equalBytes } from "./bytes.js";
import type { FileHeader } from "./file-header.js";
import { type FrameEntry, frameBytes, isKnown } from "./frame.js";
import type { Limits } from "./limits.js";
import type { Place } from "./locate.js";
import { done, failed, type Outcome, parsePayload, readBody } from "./payload.js";
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
  places: readonly Place[],
  limits: Limits,
): Generator<Problem> {
  const end = offset + TRAILER_BYTES;
  if (trailer.fileBytes !== end) {
    const what = `the trailer says the file has ${trailer.fileBytes} bytes, it has ${end}`;
    yield problem("trailer_mismatch", offset, null, what);
  } else if (trailer.summaryOffset !== null && !found(places, trailer.summaryOffset, FrameType.SUMMARY)) {
    const what = `there is no summary at ${trailer.summaryOffset}, where the trailer says`;
    yield problem("trailer_mismatch", offset, null, what);
  }
  if (trailer.indexOffset === null) return;
  const index = found(places, trailer.indexOffset, FrameType.INDEX);
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
  const fault = faultOfIndex(read.value, header, index, limits) ?? differenceOf(read.value, places, index);
  if (fault === null) return;
  yield problem("index_mismatch", index.offset, index.sequence, `the index does not fit the file: ${fault}`);
}

function found(places: readonly Place[], offset: number, type: number): FrameEntry | null {
  const place = places.find(({ entry }) => entry?.offset === offset);
  return place?.entry?.type === type && isKnown(place.entry) ? place.entry : null;
}

export function readIndex(
  source: ByteSource,
  header: FileHeader,
  index: FrameEntry,
  limits: Limits,
): Outcome<readonly IndexedFrame[]> {
  const body = readBody(source, header.sync, index, limits);
  if (body.problem) return failed(body.problem);
  const parsed = parsePayload(index, body.value.stored, indexBody, limits);
  return parsed.problem ? failed(parsed.problem) : done(parsed.value.frames);
}

export function entryOf(frame: IndexedFrame, sequence: number): FrameEntry {
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
export function faultOfIndex(
  frames: readonly IndexedFrame[],
  header: FileHeader,
  index: FrameEntry,
  limits: Limits,
): string | null {
  if (frames.length > limits.frames) return `${frames.length} frames, at most ${limits.frames} allowed`;
  const contexts = frames.reduce((sum, { context }) => sum + context.length, 0);
  if (contexts > limits.contextsBytes) {
    return `${contexts} bytes of contexts, at most ${limits.contextsBytes} allowed`;
  }
  let end = header.headerBytes;
  for (const [i, frame] of frames.entries()) {
    const entry = entryOf(frame, i);
    if (frame.offset !== BigInt(end)) return `frame ${i} at ${frame.offset}, the one before ends at ${end}`;
    end += frameBytes(entry);
  }
  if (end !== index.offset) return `its frames end at ${end}, the index starts at ${index.offset}`;
  return index.sequence === frames.length
    ? null
    : `${frames.length} frames, but the index is frame ${index.sequence}`;
}

/** What a frame before the index is otherwise than the index says. */
function differenceOf(
  frames: readonly IndexedFrame[],
  places: readonly Place[],
  index: FrameEntry,
): string | null {
  for (const { entry, context } of places.filter((place) => place.entry !== null)) {
    if (entry.offset >= index.offset) continue;
    const said = frames[entry.sequence];
    if (said === undefined) return `it has no frame ${entry.sequence}`;
    const saidEntry = entryOf(said, entry.sequence);
    for (const key of ["type", "flags", "offset", "storedBytes", "rawBytes", "contextBytes"] as const) {
      if (saidEntry[key] !== entry[key]) {
        return `it says ${key} ${saidEntry[key]} of frame ${entry.sequence}, which has ${entry[key]}`;
      }
    }
    if (!equalBytes(said.context, context)) return `it has another context of frame ${entry.sequence}`;
  }
  return null;
}
