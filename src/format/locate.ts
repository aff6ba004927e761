/**
 * Finds a capture's frames: by trailer and index when both are there and agree with each other, else by a
 * scan from the start. The index is a cache; where it is in doubt the frames decide.
 */
import type { FileHeader } from "./file-header.js";
import {
  contradictionOf,
  entryAt,
  excessOf,
  FRAME_HEADER_BYTES,
  type FrameEntry,
  frameBytes,
  isKnown,
  parseFrameHeader,
} from "./frame.js";
import { type FrameTable, frameTable } from "./frame-table.js";
import { type FoundTrailer, faultOfIndex, faultsOfEnd, readIndex } from "./index-check.js";
import type { Limits } from "./limits.js";
import { scanFrames } from "./scanner.js";
import type { ByteSource } from "./source.js";
import { parseTrailer, TRAILER_BYTES, type Trailer } from "./trailer.js";
import { FrameType, type Problem } from "./types.js";

/** A stretch in which a frame was that cannot be used, or none. */
export interface Damage {
  /** So many of the frames are before it. */
  readonly behind: number;
  /** Of the frame, where it is known. */
  readonly type: number | null;
  readonly problem: Problem;
}

export interface Located {
  readonly from: "index" | "scan";
  /** In file order. INDEX and SUMMARY are among them only when scanned. */
  readonly frames: FrameTable;
  readonly damage: readonly Damage[];
  readonly summary: FrameEntry | null;
  readonly trailer: Trailer | null;
  readonly problems: readonly Problem[];
  /** Where another capture begins behind this one; null: this is the last one. */
  readonly nextOffset: number | null;
}

/** `useIndex` false: every frame is read, and what an index says is held against them. */
export function locateFrames(
  source: ByteSource,
  header: FileHeader,
  limits: Limits,
  useIndex: boolean,
): Located {
  return (useIndex ? locateByIndex(source, header, limits) : null) ?? locateByScan(source, header, limits);
}

/** null: there is no trailer at the end, or it and the index are not beyond doubt. */
function locateByIndex(source: ByteSource, header: FileHeader, limits: Limits): Located | null {
  const size = source.sizeBytes;
  if (size === null || size < header.headerBytes + TRAILER_BYTES) return null;
  const trailerAt = size - TRAILER_BYTES;
  const trailer = parseTrailer(source.read(trailerAt, TRAILER_BYTES), header.captureId);
  if (!trailer || trailer.fileBytes !== size || trailer.indexOffset === null) return null;
  const index = frameAt(source, header, trailer.indexOffset, FrameType.INDEX);
  const frames = index && readIndex(source, header, index, limits).value;
  if (!frames) return null;
  const summary =
    trailer.summaryOffset === null ? null : frameAt(source, header, trailer.summaryOffset, FrameType.SUMMARY);
  const isUsable =
    faultOfIndex(frames, header, index, limits) === null &&
    areSound(frames, limits) &&
    unknownAreThere(frames, header, source) &&
    isWhole(index, summary, trailer, trailerAt);
  if (!isUsable) return null;
  return { from: "index", frames, damage: [], summary, trailer, problems: [], nextOffset: null };
}

/** The entry of the frame of `type` at `offset`, by its header alone. */
function frameAt(source: ByteSource, header: FileHeader, offset: number, type: number): FrameEntry | null {
  if (offset > (source.sizeBytes ?? Number.MAX_SAFE_INTEGER)) return null;
  const found = parseFrameHeader(source.read(offset, FRAME_HEADER_BYTES), header.sync);
  if (found?.type !== type) return null;
  return entryAt(offset, found);
}

function areSound(frames: FrameTable, limits: Limits): boolean {
  for (let i = 0; i < frames.length; i++) {
    const entry = frames.entry(i);
    if (excessOf(entry, limits) !== null || contradictionOf(entry) !== null) return false;
  }
  return true;
}

/** Frames that will be skipped, or refused, by what the index says of them: their own headers must say the same. */
function unknownAreThere(frames: FrameTable, header: FileHeader, source: ByteSource): boolean {
  for (let i = 0; i < frames.length; i++) {
    const [type, flags] = [frames.type(i), frames.flags(i)];
    if (isKnown({ type, flags })) continue;
    if (frameAt(source, header, frames.offset(i), type)?.flags !== flags) return false;
  }
  return true;
}

/** Index, summary and trailer follow each other, and the summary is where the trailer says, if it does. */
function isWhole(
  index: FrameEntry,
  summary: FrameEntry | null,
  trailer: Trailer,
  trailerAt: number,
): boolean {
  const indexEnd = index.offset + frameBytes(index);
  if (!isKnown(index) || (summary && !isKnown(summary))) return false;
  if (trailer.summaryOffset !== null && summary === null) return false;
  if (summary && summary.offset !== indexEnd) return false;
  return trailerAt === (summary ? summary.offset + frameBytes(summary) : indexEnd);
}

function locateByScan(source: ByteSource, header: FileHeader, limits: Limits): Located {
  const frames = frameTable();
  const damage: Damage[] = [];
  const problems: Problem[] = [];
  let end: FoundTrailer | null = null;
  /** Beyond what is told one by one, damage next to damage is one stretch. */
  const addDamage = (trouble: Problem, type: number | null) => {
    const isTold = problems.length <= limits.problems;
    if (isTold) problems.push(trouble);
    const last = damage.at(-1);
    if (isTold || last?.behind !== frames.length || last.type !== type) {
      damage.push({ behind: frames.length, type, problem: trouble });
    }
  };
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
    else if (found.kind === "trailer") end = { trailer: found.trailer, offset: found.offset };
    else if (found.kind === "capture") nextOffset = found.offset;
    else if (found.kind === "damage") {
      addDamage(found.problem, found.type);
    } else {
      if (found.entry.type === FrameType.SUMMARY && isKnown(found.entry)) summary = found.entry;
      frames.add(found.entry, found.body.subarray(0, found.entry.contextBytes));
    }
  }
  if (end) problems.push(...faultsOfEnd(source, header, end, frames, limits));
  return {
    from: "scan",
    frames: frames.end(),
    damage,
    summary,
    trailer: end?.trailer ?? null,
    problems,
    nextOffset,
  };
}
