/**
 * Finds the frames of a capture from its start, without its index, whatever happened to the file.
 *
 * A state machine without I/O: it yields what it needs and is resumed with the bytes. Damage is yielded as a
 * problem with the stretch it covers; the scan goes on at the next frame whose header checksum is right.
 * Refuses to decide what the frames mean. Spec: "Reading without the index".
 */
import {
  bodyMatches,
  contradictionOf,
  entryAt,
  excessOf,
  FRAME_HEADER_BYTES,
  type FrameEntry,
  type FrameHeader,
  frameBytes,
  parseFrameHeader,
} from "./frame.js";
import type { Limits } from "./limits.js";
import { type ProblemCode, problem } from "./problem.js";
import { captureAt, type Need, need, nextCapture, type SearchState, search } from "./search.js";
import { parseTrailer, TRAILER_BYTES, type Trailer } from "./trailer.js";
import type { Problem } from "./types.js";

export type ScanStep =
  | Need
  /** A whole frame. `body`: context, payload as stored, padding; valid until the scan is resumed. */
  | { readonly kind: "frame"; readonly entry: FrameEntry; readonly body: Uint8Array }
  /** `type`: of the frame that is lost, where its header could still be read. */
  | { readonly kind: "damage"; readonly problem: Problem; readonly type: number | null }
  | { readonly kind: "trailer"; readonly trailer: Trailer; readonly offset: number }
  /** Another capture begins here, and this one ends before it: the scan is over. */
  | { readonly kind: "capture"; readonly offset: number };

type Scan<T> = Generator<ScanStep, T, Uint8Array>;

export type ScanStart = Omit<SearchState, "limits" | "wasted">;

export function* scanFrames(from: ScanStart, limits: Limits): Scan<void> {
  const start: SearchState = { ...from, limits, wasted: 0 };
  let offset = from.offset;
  let expected = 0;
  let excused = false;
  let contexts = 0;
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
    contexts += Math.min(header.contextBytes, limits.contextBytes);
    if (++found > limits.frames || contexts > limits.contextsBytes) {
      const most =
        found > limits.frames ? `${limits.frames} frames` : `${limits.contextsBytes} bytes of contexts`;
      yield damage("too_many_frames", offset, null, `more than ${most}; the rest is not read`, null);
      return;
    }
    const { sequence } = header;
    const isLate = sequence < expected;
    if (!isLate) {
      if (sequence > expected && !excused) yield missing(expected, sequence, offset);
      // Its number is used up, whatever its body is: it is not told again as missing.
      expected = sequence + 1;
      excused = false;
    }
    const read = yield* bodyOf(start, offset, header);
    if (read.body !== null && isLate) yield late(sequence, expected, offset);
    else if (read.body !== null) {
      yield { kind: "frame", entry: entryAt(offset, header), body: read.body };
    }
    if (read.next === null) return;
    offset = read.next;
  }
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

function missing(expected: number, sequence: number, offset: number): ScanStep {
  const count = sequence - expected;
  const what = `${count} frame${count === 1 ? "" : "s"} missing before frame ${sequence}`;
  return damage("frames_missing", offset, expected, what, null);
}

/** Frames that were moved or repeated are not used: records would be counted twice or paired out of order. */
function late(sequence: number, expected: number, offset: number): ScanStep {
  const what = `frame ${sequence} comes after frame ${expected - 1}; it is not used`;
  return damage("frame_out_of_order", offset, sequence, what, null);
}

/** No frame starts at `offset`: the end, the trailer, or damage. The offset to go on at, null when all is read. */
function* afterNoHeader(start: SearchState, offset: number, head: Uint8Array): Scan<number | null> {
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
  const next = yield* search(start, offset + 1);
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
  if (next.isCapture) yield { kind: "capture", offset: next.end };
  return null;
}

/** Yields the trailer when it is at `offset`, and what follows it: another capture, or a problem. */
function* trailerAt(start: SearchState, offset: number): Scan<boolean> {
  const bytes = yield* need(offset, TRAILER_BYTES + 1);
  const trailer = parseTrailer(bytes.subarray(0, TRAILER_BYTES), start.captureId);
  if (!trailer) return false;
  const at = offset + TRAILER_BYTES;
  yield { kind: "trailer", trailer, offset };
  if (bytes.length <= TRAILER_BYTES) return true;
  const isNext = yield* captureAt(start, at);
  if (!isNext) {
    const what = "bytes follow the trailer; they are not part of the capture";
    yield damage("trailing_bytes", at, null, what, null);
  }
  const next = isNext ? at : yield* nextCapture(start, at + 1);
  if (next !== null) yield { kind: "capture", offset: next };
  return true;
}

interface Body {
  /** null: it is not whole or not right, and a problem was yielded. */
  readonly body: Uint8Array | null;
  /** Where to go on; null: there is nothing more. */
  readonly next: number | null;
}

function* bodyOf(start: SearchState, offset: number, header: FrameHeader): Scan<Body> {
  const { sequence, type } = header;
  const end = offset + frameBytes(header);
  const afterHeader = offset + FRAME_HEADER_BYTES;
  const excess = excessOf(header, start.limits);
  if (excess !== null) {
    yield damage("frame_too_large", offset, sequence, `frame ${sequence}: ${excess}`, type);
    return { body: null, next: (yield* afterDamage(start, afterHeader, end)).at };
  }
  const wanted = end - afterHeader;
  const beyond = start.sizeBytes !== null && end > start.sizeBytes;
  const body = beyond ? null : yield* need(afterHeader, wanted);
  if (body === null || body.length < wanted) {
    const has = start.sizeBytes === null ? (body?.length ?? 0) : start.sizeBytes - afterHeader;
    yield cut(header, offset, has);
    start.wasted += body?.length ?? 0;
    if (start.wasted > start.limits.searchBytes) return { body: null, next: null };
    const next = yield* search(start, afterHeader);
    if (next.at === null && next.isCapture) yield { kind: "capture", offset: next.end };
    return { body: null, next: next.at };
  }
  if (!bodyMatches(header, body)) {
    start.wasted += wanted;
    const onward = yield* afterDamage(start, afterHeader, end);
    if (onward.isCut) {
      yield cut(header, offset, onward.at - afterHeader);
      yield { kind: "capture", offset: onward.at };
      return { body: null, next: null };
    }
    const what = `frame ${sequence}: the checksum of its body does not match`;
    yield damage("frame_body_damaged", offset, sequence, what, type);
    return { body: null, next: onward.at };
  }
  const contradiction = contradictionOf(header);
  if (contradiction !== null) {
    yield damage("frame_invalid", offset, sequence, `frame ${sequence}: ${contradiction}`, type);
    return { body: null, next: end };
  }
  return { body, next: end };
}

/** The capture ends inside the frame. */
function cut(header: FrameHeader, offset: number, has: number): ScanStep {
  const { sequence, type } = header;
  const wanted = frameBytes(header) - FRAME_HEADER_BYTES;
  const what = `frame ${sequence} has a body of ${wanted} bytes, the file ends after ${has} of them`;
  return damage("truncated", offset, sequence, what, type);
}

/**
 * Where to go on after a frame that is not used: at its end if a frame or the trailer is there, else wherever
 * one is. `isCut`: another capture begins at this place, inside the frame.
 */
function* afterDamage(
  start: SearchState,
  afterHeader: number,
  end: number,
): Scan<{ at: number; isCut: boolean }> {
  // Headers made to claim the same bytes over and over must not make the scan quadratic.
  if (start.wasted > start.limits.searchBytes) return { at: end, isCut: false };
  const head = yield* need(end, TRAILER_BYTES);
  if (
    parseFrameHeader(head, start.sync) !== null ||
    parseTrailer(head, start.captureId) !== null ||
    (yield* captureAt(start, end))
  ) {
    return { at: end, isCut: false };
  }
  // Bytes went missing or were added inside the frame: the next one starts earlier or later than it says.
  const next = yield* search(start, afterHeader);
  if (next.at !== null) return { at: next.at, isCut: false };
  return { at: Math.min(end, next.end), isCut: next.isCapture && next.end < end };
}
