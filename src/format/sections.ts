/**
 * The captures of one file: one, or several that were joined end to end. Spec: "Several captures in a file".
 *
 * Captures that are whole are found from the file's end, by their trailers, without reading them; what is left at the
 * file's start is read frame by frame. Refuses to look for captures inside frames that are whole.
 */
import { type Capture, openCapture } from "./capture.js";
import { readFileHeader } from "./file-header.js";
import { heldBudget, LIMITS, type Limits } from "./limits.js";
import { CaptureError, problem } from "./problem.js";
import type { ByteSource } from "./source.js";
import { parseTrailer, TRAILER_BYTES } from "./trailer.js";
import type { Problem } from "./types.js";

/** A capture with its own bytes, as if they were a file. */
export interface Section {
  /** The file's name: that of the capture may have its number behind it. */
  readonly file: string;
  readonly capture: Capture;
  readonly source: ByteSource;
  /** The capture behind it is refused, and nothing from there on is read. Among the capture's problems, too. */
  readonly behind: Problem | null;
}

/**
 * Opens each capture of a file, in file order: at least one. One that is refused is the last that is looked at: it is a
 * problem of the one before.
 *
 * @throws CaptureError when the first cannot be read at all.
 */
export function openCaptures(source: ByteSource, limits: Limits = LIMITS): readonly Capture[] {
  return openSections(source, limits).map(({ capture }) => capture);
}

/** As `openCaptures`, each with its bytes. */
export function openSections(source: ByteSource, limits: Limits = LIMITS): readonly Section[] {
  const starts = startsFromEnd(source, limits);
  const captures: Section[] = [];
  let framesLeft = limits.fileFrames;
  let contextsLeft = limits.fileContextsBytes;
  const held = heldBudget(limits);
  let begin: { readonly offset: number; readonly problems: Problem[] } = { offset: 0, problems: [] };
  const open = (offset: number, end: number | null): Capture => {
    const number = captures.length + 1;
    const name = number === 1 ? source.name : `${source.name}#${number}`;
    if (number > limits.captures) {
      throw new CaptureError(
        "too_many_captures",
        `${source.name}: more than ${limits.captures} captures in a file`,
        {
          offset,
        },
      );
    }
    const own = {
      ...limits,
      frames: Math.min(limits.frames, Math.max(framesLeft, 1)),
      contextsBytes: Math.min(limits.contextsBytes, Math.max(contextsLeft, 0)),
    };
    const problems: Problem[] = [];
    const capture = openCapture(windowOf(source, name, offset, end), own, true, held, problems);
    framesLeft -= capture.frames.length;
    contextsLeft -= capture.frames.reduce((sum, { contextBytes }) => sum + contextBytes, 0);
    const { nextOffset } = capture;
    const ownEnd = nextOffset === null ? end : offset + nextOffset;
    captures.push({
      file: source.name,
      capture,
      source: windowOf(source, name, offset, ownEnd),
      behind: null,
    });
    begin = { offset, problems };
    return capture;
  };
  const ends = new Map(starts.map((start, i) => [start, starts[i + 1] ?? source.sizeBytes]));
  for (let offset: number | null = 0; offset !== null; ) {
    // One that a trailer tells of counts only where the one before leads to it: it may lie inside a frame.
    const end = ends.get(offset);
    let capture: Capture;
    try {
      capture = open(offset, end ?? source.sizeBytes);
    } catch (error) {
      const last = captures.pop();
      if (!(error instanceof CaptureError) || last === undefined) throw error;
      const behind = refusalBehind(error, offset - begin.offset);
      begin.problems.push(behind);
      return [...captures, { ...last, behind }];
    }
    const next: number | null = end ?? (capture.nextOffset === null ? null : offset + capture.nextOffset);
    offset = next === source.sizeBytes ? null : next;
  }
  return captures;
}

function refusalBehind(error: CaptureError, offset: number): Problem {
  const what = `the capture behind this one is refused (${error.code}), and nothing from there on is read: ${error.message}`;
  return problem("trailing_bytes", offset, null, what);
}

/**
 * Where the captures at the end of the file begin that are whole, as their trailers tell; all of them, when the first
 * is 0. An empty file has none.
 */
function startsFromEnd(source: ByteSource, limits: Limits): number[] {
  const starts: number[] = [];
  for (let end = source.sizeBytes ?? 0; end > TRAILER_BYTES && starts.length <= limits.captures; ) {
    const start = startOf(source, end, limits);
    if (start === null) break;
    starts.unshift(start);
    end = start;
  }
  return starts;
}

/** Where the whole capture that ends at `end` begins; null: none ends there. */
function startOf(source: ByteSource, end: number, limits: Limits): number | null {
  const bytes = source.read(end - TRAILER_BYTES, TRAILER_BYTES);
  const trailer = parseTrailer(bytes, bytes.subarray(0, 16));
  if (trailer === null || trailer.fileBytes > end || trailer.fileBytes < TRAILER_BYTES) return null;
  const start = end - trailer.fileBytes;
  try {
    const header = readFileHeader(windowOf(source, source.name, start, end), limits);
    return Buffer.compare(header.captureId, bytes.subarray(0, 16)) === 0 ? start : null;
  } catch (error) {
    if (error instanceof CaptureError) return null;
    throw error;
  }
}

/** Bytes of a source as one of its own; `end` null: up to wherever the source ends. */
export function windowOf(source: ByteSource, name: string, start: number, end: number | null): ByteSource {
  const sizeBytes = end === null ? null : end - start;
  return {
    name,
    sizeBytes,
    read: (offset, length) => {
      const most = sizeBytes === null ? length : Math.max(0, Math.min(length, sizeBytes - offset));
      return source.read(start + offset, most);
    },
  };
}
