/**
 * A new capture from whatever is readable of a damaged one: its good frames byte for byte, with gaps in the places of the
 * others, and an ORIGIN frame that lists what was wrong.
 *
 * Refuses to use any part of a frame that is damaged, to make anything more certain than it was, and to give out what does
 * not stand its own verification.
 */
import { openCapture } from "../format/capture.js";
import { createEncoder } from "../format/encoder.js";
import { captureIdText, type FileHeader, readFileHeader } from "../format/file-header.js";
import { LIMITS, type Limits } from "../format/limits.js";
import { problem } from "../format/problem.js";
import { openSections } from "../format/sections.js";
import type { ByteSource } from "../format/source.js";
import { FrameType, type Problem } from "../format/types.js";
import { startNs } from "../replay/time.js";
import { verifyCapture } from "../replay/verify/verify.js";
import { RewriteError } from "./error.js";
import { recoveredSummary } from "./recovered-summary.js";
import { frameAt, type LeftFrames, leftFrames } from "./recovery-frames.js";
import { recoveryGaps } from "./recovery-gaps.js";

export interface Recovery {
  readonly captureId: string;
  /** What was wrong; empty: nothing, and the output is the input. */
  readonly problems: readonly Problem[];
  /** In the output. */
  readonly records: number;
  /** Records known to be missing, and whether more may be. */
  readonly missing: bigint;
  readonly atLeast: boolean;
}

export interface RecoverOptions {
  readonly version: string;
  readonly limits?: Limits;
  /** What is known to be wrong beside what verifying it finds: its file header was mended. */
  readonly known?: readonly Problem[];
}

const COPY_BYTES = 1 << 20;

export interface RecoveryPlan {
  /** What whoever reads on needs before the first chunk, and what will not be there: `HOST`, `CLOCKS`, `BTF`. */
  readonly lacks: readonly string[];
  /** Writes the recovered capture, piece by piece. `beside`: what else is missing, of captures next to it. */
  run(write: (bytes: Uint8Array) => void, beside?: readonly Problem[]): Recovery;
}

/** As `recoveryPlan`, and writes it. */
export function recoverCapture(
  source: ByteSource,
  write: (bytes: Uint8Array) => void,
  options: RecoverOptions,
): Recovery {
  return recoveryPlan(source, options).run(write);
}

/**
 * Looks what is left of a capture.
 *
 * @throws CaptureError as a reader does, RewriteError when nothing of it can be recovered
 */
export function recoveryPlan(
  source: ByteSource,
  { version, limits = LIMITS, known = [] }: RecoverOptions,
): RecoveryPlan {
  const header = readFileHeader(source, limits);
  const captureId = captureIdText(header.captureId);
  const { records, problems: found } = verifyCapture(source, limits);
  const own = [...known, ...found];
  const planned = own.length === 0 ? null : requireLeft(source, header, own, limits);
  return {
    lacks: planned === null ? [] : lackedBy(planned),
    run(write, beside = []) {
      const problems = [...own, ...beside];
      if (problems.length === 0) {
        copy(source, write);
        return { captureId, problems, records, missing: 0n, atLeast: false };
      }
      const left = planned ?? requireLeft(source, header, problems, limits);
      return writeRecovered({ source, header, left, problems, limits, version }, write);
    },
  };
}

function lackedBy({ host, hasClock, layouts }: LeftFrames): string[] {
  const isLeft = { HOST: host !== null, CLOCKS: hasClock, BTF: layouts !== null };
  return Object.entries(isLeft).flatMap(([name, is]) => (is ? [] : [name]));
}

function requireLeft(
  source: ByteSource,
  header: FileHeader,
  problems: readonly Problem[],
  limits: Limits,
): LeftFrames {
  const left = leftFrames(source, header, distrustedFrames(problems), limits);
  if (left.frames.length === 0) {
    throw new RewriteError(`${source.name}: nothing can be recovered: no frame of it is whole`);
  }
  const hasChunks = left.frames.some(({ chunk }) => chunk !== null);
  if (hasChunks && left.layouts === null) {
    throw new RewriteError(
      `${source.name}: nothing can be recovered: the layouts of its records (BTF of origin "recorder") are damaged`,
    );
  }
  return left;
}

interface Writing {
  readonly source: ByteSource;
  readonly header: FileHeader;
  readonly left: LeftFrames;
  readonly problems: readonly Problem[];
  readonly limits: Limits;
  readonly version: string;
}

function writeRecovered(
  { source, header, left, problems, limits, version }: Writing,
  write: (bytes: Uint8Array) => void,
): Recovery {
  const captureId = captureIdText(header.captureId);
  const capture = openCapture(source, limits);
  const encoder = createEncoder({
    captureId: header.captureId,
    sync: header.sync,
    limits,
    header: source.read(0, header.headerBytes),
  });
  // Nobody knows what the bytes were that are not read.
  const isMoreBehind = problems.some(({ code }) => code === "trailing_bytes");
  const gaps = recoveryGaps(left, isMoreBehind);
  write(encoder.fileHeader());
  let next = 0;
  for (const frame of left.frames) {
    for (; (gaps[next]?.sequence ?? frame.sequence) < frame.sequence; next++) writeGap(next);
    write(encoder.verbatim(frameAt(source, frame)));
  }
  for (; next < gaps.length; next++) writeGap(next);
  const told = problems.map(({ code, offset, frame, message }) => ({ code, offset, frame, message }));
  write(encoder.origin({ madeBy: "recover", version, from: [captureId], options: {}, problems: told }));
  const made = gaps.map(({ gap }) => gap);
  const lastClockNs = capture.clocks.at(-1)?.boottimeNs ?? startNs(capture);
  const summary = recoveredSummary(left, made, startNs(capture), lastClockNs);
  write(encoder.finish(summary));
  return {
    captureId,
    problems,
    records: Number(summary.records),
    missing: made.reduce((sum, gap) => sum + gap.lost, 0n),
    atLeast: made.some((gap) => gap.atLeast === true),
  };

  function writeGap(at: number): void {
    const gap = gaps[at]?.gap;
    if (gap !== undefined) write(encoder.gap(gap));
  }
}

/**
 * What contradicts itself, or its neighbours, is no more to be believed than what is damaged. A chunk with numbers that
 * readers are to pass by is whole: it stays as it is.
 */
function distrustedFrames(problems: readonly Problem[]): (sequence: number, type: number) => boolean {
  // A summary counts what is missing, too.
  const isAllThere = !problems.some(({ code }) => LACKS.has(code));
  const framesOf = (isOne: (code: string) => boolean) =>
    new Set(problems.filter(({ code }) => isOne(code)).map(({ frame }) => frame));
  const wrong = framesOf((code) => CONTRADICTIONS.has(code) || (code === "summary_mismatch" && isAllThere));
  const odd = framesOf((code) => code === "implausible");
  return (sequence, type) => wrong.has(sequence) || (odd.has(sequence) && type !== FrameType.CHUNK);
}

/** Chunks or gaps are not in the file any more, or cannot be used. */
const LACKS: ReadonlySet<string> = new Set([
  "frames_missing",
  "frame_header_damaged",
  "frame_body_damaged",
  "frame_invalid",
  "frame_too_large",
  "frame_out_of_order",
  "context_invalid",
  "body_invalid",
  "records_invalid",
]);

const CONTRADICTIONS: ReadonlySet<string> = new Set([
  "metadata_misplaced",
  "context_mismatch",
  "record_invalid",
  "times_disordered",
  "losses_mismatch",
  "index_mismatch",
]);

/**
 * Does what was written stand? Metadata that the input lacks is still lacking, and chunks may have numbers that readers
 * pass by; anything else that is wrong is reported.
 */
export function faultOfRecovered(
  written: ByteSource,
  all: readonly (Recovery | null)[],
  limits: Limits = LIMITS,
): Problem | null {
  const sections = openSections(written, limits);
  const recoveries = all.flatMap((one) => one ?? []);
  for (const [i, { capture, source }] of sections.entries()) {
    const { problems, records } = verifyCapture(source, limits);
    const chunks = new Set<number | null>(
      capture.frames.filter(({ type }) => type === FrameType.CHUNK).map(({ sequence }) => sequence),
    );
    const isTakenOver = ({ code, frame }: Problem) =>
      code === "metadata_missing" || (code === "implausible" && chunks.has(frame));
    const fault = problems.find((one) => !isTakenOver(one));
    if (fault !== undefined) return fault;
    if (records !== recoveries[i]?.records) {
      return problem(
        "summary_mismatch",
        0,
        null,
        `${records} records in it, ${recoveries[i]?.records} were written`,
      );
    }
  }
  if (sections.length === recoveries.length) return null;
  return problem(
    "trailing_bytes",
    0,
    null,
    `${sections.length} captures in it, ${recoveries.length} were written`,
  );
}

function copy(source: ByteSource, write: (bytes: Uint8Array) => void): void {
  for (let offset = 0; ; ) {
    const bytes = source.read(offset, COPY_BYTES);
    if (bytes.length === 0) return;
    write(bytes);
    offset += bytes.length;
  }
}
