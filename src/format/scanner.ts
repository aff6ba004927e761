/**
 * Finds the frames of a capture from its start, without its index, whatever happened to the file.
 *
 * A state machine without I/O: it yields what it needs and is resumed with the bytes. Damage is yielded as a
 * problem with the stretch it covers; the scan goes on at the next frame whose header checksum is right.
 * Refuses to decide what the frames mean. Spec: "Reading without the index", "Recovery".
 */
import { startsWith } from "./bytes.js";
import { isFileHeader, MAGIC } from "./file-header.js";
import {
  bodyMatches,
  contradictionOf,
  excessOf,
  FRAME_HEADER_BYTES,
  type FrameEntry,
  type FrameHeader,
  frameBytes,
  parseFrameHeader,
} from "./frame.js";
import type { Limits } from "./limits.js";
import { type ProblemCode, problem } from "./problem.js";
import { parseTrailer, TRAILER_BYTES, type Trailer } from "./trailer.js";
import type { Problem } from "./types.js";

export type ScanStep =
  /** Resume with these bytes; with fewer only at the end of the file. */
  | { readonly kind: "need"; readonly offset: number; readonly length: number }
  /** A whole frame. `body`: context, payload as stored, padding; valid until the scan is resumed. */
  | { readonly kind: "frame"; readonly entry: FrameEntry; readonly body: Uint8Array }
  /** `type`: of the frame that is lost, where its header could still be read. */
  | { readonly kind: "damage"; readonly problem: Problem; readonly type: number | null }
  | { readonly kind: "trailer"; readonly trailer: Trailer; readonly offset: number }
  /** Another capture begins here: the scan is over. */
  | { readonly kind: "capture"; readonly offset: number };

type Scan<T> = Generator<ScanStep, T, Uint8Array>;

export interface ScanStart {
  readonly offset: number;
  readonly sync: Uint8Array;
  readonly captureId: Uint8Array;
  /** null: unknown until the end is reached. */
  readonly sizeBytes: number | null;
}

/** How much is looked through at a time for the next marker. */
const SEARCH_BYTES = 64 * 1024;

/** What is fixed for one scan, and the bytes of bodies that turned out wrong: `searchBytes` bounds them. */
interface State extends ScanStart {
  readonly limits: Limits;
  wasted: number;
}

export function* scanFrames(from: ScanStart, limits: Limits): Scan<void> {
  const start: State = { ...from, limits, wasted: 0 };
  let offset = from.offset;
  let expected = 0;
  let excused = false;
  for (let found = 0; ; ) {
    const head = yield* need(offset, FRAME_HEADER_BYTES);
    const header = parseFrameHeader(head, start.sync);
    if (header === null) {
      const next = yield* afterNoHeader(start, offset, head);
      if (next === null) return;
      offset = next;
      excused = true;
      continue;
    }
    if (++found > limits.frames) {
      yield damage(
        "too_many_frames",
        offset,
        null,
        `more than ${limits.frames} frames; the rest is not read`,
        null,
      );
      return;
    }
    const read = yield* bodyOf(start, offset, header);
    if (read.body !== null) {
      const trouble = outOfOrder(header.sequence, expected, offset, excused);
      if (trouble) yield { kind: "damage", problem: trouble, type: null };
      if (header.sequence >= expected) {
        expected = header.sequence + 1;
        excused = false;
        const { bodyCrc: _, ...fields } = header;
        yield { kind: "frame", entry: { ...fields, offset }, body: read.body };
      }
    } else {
      // Its number is used up: it is reported as damaged, not again as missing.
      if (header.sequence >= expected) expected = header.sequence + 1;
    }
    if (read.next === null) return;
    offset = read.next;
  }
}

function* need(offset: number, length: number): Scan<Uint8Array> {
  return yield { kind: "need", offset, length };
}

function damage(
  code: ProblemCode,
  offset: number,
  frame: number | null,
  message: string,
  type: number | null,
): ScanStep {
  return { kind: "damage", problem: problem(code, offset, frame, message), type };
}

/** Frames that were moved or repeated are not used: records would be counted twice or paired out of order. */
function outOfOrder(sequence: number, expected: number, offset: number, excused: boolean): Problem | null {
  if (sequence < expected) {
    return problem(
      "frame_out_of_order",
      offset,
      sequence,
      `frame ${sequence} comes after frame ${expected - 1}; it is not used`,
    );
  }
  if (sequence === expected || excused) return null;
  const missing = sequence - expected;
  return problem(
    "frames_missing",
    offset,
    expected,
    `${missing} frame${missing === 1 ? "" : "s"} missing before frame ${sequence}`,
  );
}

/** No frame starts at `offset`: the end, the trailer, or damage. The offset to go on at, null when all is read. */
function* afterNoHeader(start: State, offset: number, head: Uint8Array): Scan<number | null> {
  if (yield* trailerAt(start, offset)) return null;
  const isNext = yield* captureAt(start, offset);
  if (head.length === 0 || isNext) {
    yield damage(
      "no_trailer",
      offset,
      null,
      "the capture was not finished: there is no trailer after its last frame",
      null,
    );
    if (isNext) yield { kind: "capture", offset };
    return null;
  }
  if (head.length < FRAME_HEADER_BYTES) {
    yield damage(
      "truncated",
      offset,
      null,
      `the file ends ${head.length} bytes into a frame's header or the trailer`,
      null,
    );
    return null;
  }
  const next = yield* nextHeader(start, offset + 1);
  if (next.at !== null) {
    yield damage(
      "frame_header_damaged",
      offset,
      null,
      `no frame starts here; ${next.at - offset} bytes are not used`,
      null,
    );
    return next.at;
  }
  // A trailer that is cut or damaged, or the rest of the file after the last good frame.
  yield damage(
    "truncated",
    offset,
    null,
    `no whole frame in the last ${next.end - offset} bytes of the file`,
    null,
  );
  return null;
}

/** Whether another capture's file header is at `offset`. */
function* captureAt(start: State, offset: number): Scan<boolean> {
  const magic = yield* need(offset, MAGIC.length);
  if (!startsWith(magic, MAGIC) || magic.length < MAGIC.length) return false;
  return isFileHeader(yield* need(offset, start.limits.fileHeaderBytes), start.limits);
}

/** Yields the trailer when it is at `offset`, and what follows it: another capture, or a problem. */
function* trailerAt(start: State, offset: number): Scan<boolean> {
  const bytes = yield* need(offset, TRAILER_BYTES + 1);
  const trailer = parseTrailer(bytes.subarray(0, TRAILER_BYTES), start.captureId);
  if (!trailer) return false;
  const at = offset + TRAILER_BYTES;
  if (bytes.length > TRAILER_BYTES && (yield* captureAt(start, at))) {
    yield { kind: "trailer", trailer, offset };
    yield { kind: "capture", offset: at };
    return true;
  }
  if (bytes.length > TRAILER_BYTES) {
    yield damage(
      "trailing_bytes",
      at,
      null,
      "bytes follow the trailer; they are not part of the capture",
      null,
    );
  }
  yield { kind: "trailer", trailer, offset };
  return true;
}

interface Body {
  /** null: it is not whole or not right, and a problem was yielded. */
  readonly body: Uint8Array | null;
  /** Where to go on; null: there is nothing more. */
  readonly next: number | null;
}

function* bodyOf(start: State, offset: number, header: FrameHeader): Scan<Body> {
  const { sequence, type } = header;
  const end = offset + frameBytes(header);
  const afterHeader = offset + FRAME_HEADER_BYTES;
  const excess = excessOf(header, start.limits);
  if (excess !== null) {
    yield damage("frame_too_large", offset, sequence, `frame ${sequence}: ${excess}`, type);
    return { body: null, next: yield* resume(start, afterHeader, end) };
  }
  const wanted = end - afterHeader;
  const beyond = start.sizeBytes !== null && end > start.sizeBytes;
  const body = beyond ? null : yield* need(afterHeader, wanted);
  if (body === null || body.length < wanted) {
    const has = start.sizeBytes === null ? (body?.length ?? 0) : start.sizeBytes - afterHeader;
    yield damage(
      "truncated",
      offset,
      sequence,
      `frame ${sequence} has a body of ${wanted} bytes, the file ends after ${has} of them`,
      type,
    );
    start.wasted += body?.length ?? 0;
    const next = start.wasted > start.limits.searchBytes ? null : yield* nextHeader(start, afterHeader);
    return { body: null, next: next?.at ?? null };
  }
  if (!bodyMatches(header, body)) {
    start.wasted += wanted;
    yield damage(
      "frame_body_damaged",
      offset,
      sequence,
      `frame ${sequence}: the checksum of its body does not match`,
      type,
    );
    return { body: null, next: yield* resume(start, afterHeader, end) };
  }
  const contradiction = contradictionOf(header);
  if (contradiction !== null) {
    yield damage("frame_invalid", offset, sequence, `frame ${sequence}: ${contradiction}`, type);
    return { body: null, next: end };
  }
  return { body, next: end };
}

/**
 * Where to go on after a frame that is not used: at its end if a frame or the trailer is there, else wherever
 * one is. Headers made to claim the same bytes over and over must not make the scan quadratic.
 */
function* resume(start: State, afterHeader: number, end: number): Scan<number> {
  if (start.wasted > start.limits.searchBytes) return end;
  const head = yield* need(end, TRAILER_BYTES);
  if (parseFrameHeader(head, start.sync) !== null || parseTrailer(head, start.captureId) !== null) return end;
  if (yield* captureAt(start, end)) return end;
  // Bytes went missing or were added inside the frame: the next one starts earlier or later than it says.
  const next = yield* nextHeader(start, afterHeader);
  return next.at ?? Math.min(end, next.end);
}

/** The first place from `from` on where a frame, the trailer or another capture starts; `end`: the end of the file when there is none. */
function* nextHeader(
  start: State,
  from: number,
): Scan<{ at: number; end: null } | { at: null; end: number }> {
  for (let offset = from; ; offset += SEARCH_BYTES) {
    // Enough over the window that a header which starts in it is whole.
    const window = yield* need(offset, SEARCH_BYTES + FRAME_HEADER_BYTES);
    const frameAt = headerIn(window, start.sync);
    const at = (yield* nextCaptureIn(start, offset, window.subarray(0, frameAt ?? window.length))) ?? frameAt;
    if (at !== null) return { at: offset + at, end: null };
    if (window.length < SEARCH_BYTES + FRAME_HEADER_BYTES) {
      const end = offset + window.length;
      const trailerOffset = end - TRAILER_BYTES;
      if (trailerOffset < from) return { at: null, end };
      const trailer = parseTrailer(yield* need(trailerOffset, TRAILER_BYTES), start.captureId);
      return trailer ? { at: trailerOffset, end: null } : { at: null, end };
    }
  }
}

/** Where in the window, which starts at `offset`, another capture begins. */
function* nextCaptureIn(start: State, offset: number, window: Uint8Array): Scan<number | null> {
  const buffer = Buffer.from(window.buffer, window.byteOffset, window.byteLength);
  for (let at = buffer.indexOf(MAGIC); at !== -1; at = buffer.indexOf(MAGIC, at + 1)) {
    if (yield* captureAt(start, offset + at)) return at;
  }
  return null;
}

function headerIn(window: Uint8Array, sync: Uint8Array): number | null {
  const buffer = Buffer.from(window.buffer, window.byteOffset, window.byteLength);
  for (let at = buffer.indexOf(sync); at !== -1; at = buffer.indexOf(sync, at + 1)) {
    if (parseFrameHeader(window.subarray(at), sync) !== null) {
      return at;
    }
  }
  return null;
}
