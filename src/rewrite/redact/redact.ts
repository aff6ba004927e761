/**
 * A capture made anew without what tells of somebody: every frame and every record is built from what the tables know,
 * so that what nobody thought of is left out. What cannot be read becomes a gap; damage is never mended.
 */
import { type Btf, parseBtf } from "../../btf/index.js";
import { atMostU64 } from "../../format/bytes.js";
import type { Capture, ChunkStep } from "../../format/capture.js";
import { createEncoder, type Encoder } from "../../format/encoder.js";
import type { ClockTriple, Gap, Problem, Summary } from "../../format/types.js";
import { hasNothingToRead, requireRecorderBtf } from "../../replay/calls.js";
import { joinRecordings } from "../../replay/recording-parts.js";
import { recordLayouts } from "../../replay/records.js";
import { redactBtf } from "./btf.js";
import { type NewChunk, redactChunks } from "./chunks.js";
import { RedactError } from "./ids.js";
import { INVENTORY } from "./inventory.js";
import type { Kind } from "./kinds.js";
import { CLOCK, GAP, HOST, rebuilt, SUMMARY } from "./metadata.js";
import { mergedPlans, NO_PLAN, planOf } from "./plan.js";
import { newShared, type Redaction, redactionOf } from "./redaction.js";

export interface RedactOptions {
  readonly keeps: ReadonlySet<Kind>;
  /** Of this program, for the frame that tells how the capture was made. */
  readonly version: string;
  /** Takes the bytes of the new capture, in order. */
  readonly write: (bytes: Uint8Array) => void;
  /** false: nobody reads the result; the capture is not read beforehand. */
  readonly isPlanned?: boolean;
}

export interface Redacted {
  readonly counts: ReadonlyMap<Kind, number>;
  readonly records: bigint;
  /** Gaps made in place of what could not be read. */
  readonly gapsMade: number;
}

/**
 * Several captures become as many, one after the other, with the same pseudonyms; the parts of one recording are still
 * parts of one.
 *
 * @throws RedactError, LayoutError, BtfError: it cannot be done; what was written so far is no capture.
 */
export function redactCaptures(captures: readonly Capture[], options: RedactOptions): Redacted {
  const isPlanned = options.isPlanned !== false;
  const plan = isPlanned ? mergedPlans(joinRecordings(captures).map((capture) => planOf(capture))) : NO_PLAN;
  const realtimesNs = captures.flatMap(({ clocks }) => clocks.map(({ realtimeNs }) => realtimeNs));
  const shared = newShared(options.keeps, plan, realtimesNs);
  try {
    // All of them before anything is replaced.
    const redactions = captures.map((capture) => {
      const hostBtf = capture.hostBtf === null ? null : parseBtf(capture.hostBtf);
      const recorderBtf = hasNothingToRead(capture) ? null : requireRecorderBtf(capture);
      return {
        capture,
        hostBtf,
        recorderBtf,
        to: redactionOf(shared, hostBtf, recorderBtf, plan.addresses),
      };
    });
    let records = 0n;
    let gapsMade = 0;
    for (const one of redactions) {
      const written = redactCapture(one, options);
      records += written.records;
      gapsMade += written.gapsMade;
    }
    return { counts: shared.census.counts, records, gapsMade };
  } finally {
    shared.key.destroy();
  }
}

interface OneCapture {
  readonly capture: Capture;
  readonly hostBtf: Btf | null;
  readonly recorderBtf: Btf | null;
  readonly to: Redaction;
}

function redactCapture({ capture, hostBtf, recorderBtf, to }: OneCapture, options: RedactOptions): Written {
  const { write } = options;
  const encoder = createEncoder({ captureId: idBytes(to.ids.capture(capture.captureId)) });
  write(encoder.fileHeader());
  if (capture.host !== null) write(encoder.host(rebuilt(HOST, capture.host, to)));
  const clocks = capture.clocks.map((clock): ClockTriple => rebuilt(CLOCK, clock, to));
  if (clocks.length > 0) write(encoder.clocks(clocks));
  if (recorderBtf !== null) write(encoder.btf(redactBtf(recorderBtf, "recorder")));
  if (hostBtf !== null) write(encoder.btf(redactBtf(hostBtf, "host")));
  const inventories = capture.inventories();
  for (const one of inventories.filter(({ reason }) => reason === "start")) {
    write(encoder.inventory(rebuilt(INVENTORY, one, to)));
  }
  const written = writeChunks(capture, to, encoder, write);
  for (const one of inventories.filter(({ reason }) => reason !== "start")) {
    write(encoder.inventory(rebuilt(INVENTORY, one, to)));
  }
  for (const gap of capture.gaps) write(encoder.gap(rebuilt(GAP, gap, to)));
  write(encoder.origin(originOf(capture, options)));
  // Whatever was not ended as it should is not made to look so.
  if (capture.complete && capture.summary !== null) {
    write(encoder.finish(newSummary(capture.summary, to, written, capture.gaps.length)));
  }
  return written;
}

type Whole = Extract<NewChunk, { readonly damaged?: undefined }>;

interface Written {
  readonly chunks: number;
  readonly records: bigint;
  readonly gapsMade: number;
  readonly lost: bigint;
  readonly planesLost: bigint;
  readonly counts: Summary["counts"];
}

function writeChunks(
  capture: Capture,
  to: Redaction,
  encoder: Encoder,
  write: RedactOptions["write"],
): Written {
  let chunks = 0;
  let recordsWritten = 0n;
  let gapsMade = 0;
  let lost = 0n;
  let planesLost = 0n;
  const counts = new Map<number, { event: number; entries: number; exits: number }>();
  const written = (): Written => ({
    chunks,
    records: recordsWritten,
    gapsMade,
    lost,
    planesLost,
    counts: [...counts.values()].sort((one, other) => one.event - other.event),
  });
  let lastNs: bigint | null = null;
  if (hasNothingToRead(capture)) return written();
  const recorderBtf = requireRecorderBtf(capture);
  const layouts = recordLayouts(recorderBtf);
  const waiting: Gap[] = [];
  const told = new Set<number>();
  const steps = function* (): Generator<ChunkStep> {
    for (const step of capture.chunks()) {
      if (step.problem !== undefined) told.add(step.problem.offset);
      yield step;
    }
  };
  const records = capture.summary?.records ?? null;
  const flush = (toNs: bigint | null) => {
    for (const gap of waiting.splice(0)) write(encoder.gap({ ...gap, toNs }));
  };
  for (const chunk of redactChunks(steps(), { to, layouts, recorderBtf, records })) {
    if (chunk.damaged !== undefined) {
      const gap = damageGap(chunk.damaged, chunk.records, lastNs);
      if (gap.plane === "planes") planesLost += gap.lost;
      else lost += gap.lost;
      gapsMade++;
      waiting.push(gap);
      continue;
    }
    flush(chunk.context.firstTimeNs);
    write(encodedChunk(encoder, chunk));
    chunks++;
    for (const { event, entries, exits } of chunk.context.counts) {
      const sum = counts.get(event) ?? { event, entries: 0, exits: 0 };
      counts.set(event, { event, entries: sum.entries + entries, exits: sum.exits + exits });
    }
    recordsWritten += BigInt(chunk.context.records);
    lastNs = chunk.context.lastTimeNs ?? lastNs;
  }
  flush(null);
  if (isMetadataLost(capture, told)) {
    write(encoder.gap(METADATA_GAP));
    gapsMade++;
  }
  // Bytes behind it that are no capture any more may have been one: whoever reads the output is to know.
  if (capture.problems.some(({ code }) => code === "trailing_bytes")) {
    write(encoder.gap({ cpu: null, fromNs: lastNs, toNs: null, lost: 0n, cause: "damage", atLeast: true }));
    gapsMade++;
  }
  return written();
}

/** Problems by which a frame could not be read. */
const UNREAD: ReadonlySet<string> = new Set([
  "frame_header_damaged",
  "frame_body_damaged",
  "frame_invalid",
  "frame_too_large",
  "frames_missing",
  "body_invalid",
  "btf_hash",
]);

/** A frame was lost that was no chunk: an inventory, clocks, gaps. `told`: offsets of what may have been chunks. */
function isMetadataLost(capture: Capture, told: ReadonlySet<number>): boolean {
  return capture.problems.some(({ code, offset }) => UNREAD.has(code) && !told.has(offset));
}

/** No calls are missing by it; what the planes have not is not known. So readers do not take the capture for whole. */
const METADATA_GAP: Gap = {
  cpu: null,
  fromNs: null,
  toNs: null,
  lost: 1n,
  cause: "damage",
  plane: "planes",
  atLeast: true,
};

/** Pseudonyms may be longer than the names: a chunk that was nearly too large can become it. */
function encodedChunk(encoder: Encoder, { context, body }: Pick<Whole, "context" | "body">): Uint8Array {
  try {
    return encoder.chunk(context, body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RedactError(`a chunk would become too large: ${error.message}`, { cause: error });
  }
}

/** Where nobody knows how many records there were, there was one at least. */
function damageGap(plane: "syscall" | "planes", records: number | null, fromNs: bigint | null): Gap {
  return {
    cpu: null,
    fromNs,
    toNs: null,
    lost: atMostU64(BigInt(Math.max(records ?? 1, 1))),
    cause: "damage",
    ...(plane === "planes" ? { plane } : {}),
    ...(records === null ? { atLeast: true } : {}),
  };
}

function newSummary(summary: Summary, to: Redaction, written: Written, gaps: number): Summary {
  return rebuilt(
    SUMMARY,
    {
      ...summary,
      records: written.records,
      chunks: written.chunks,
      gaps: gaps + written.gapsMade,
      lost: atMostU64(summary.lost + written.lost),
      counts: written.counts,
      ...(written.planesLost === 0n
        ? {}
        : { planesLost: atMostU64((summary.planesLost ?? 0n) + written.planesLost) }),
    },
    to,
  );
}

/** It says what was wrong, and nothing of where it came from: the id of a capture tells one from all others. */
function originOf(capture: Capture, { keeps, version }: RedactOptions): Parameters<Encoder["origin"]>[0] {
  const problems = capture.problems.map(({ code, offset, frame }: Problem) => ({
    code,
    offset,
    frame,
    message: "see its code",
  }));
  const options = keeps.size === 0 ? {} : { keep: [...keeps].sort() };
  return { madeBy: "redact", version, from: [], options, problems: problems.slice(0, MOST_PROBLEMS) };
}

const MOST_PROBLEMS = 1000;

function idBytes(uuid: string): Uint8Array {
  return new Uint8Array(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}
