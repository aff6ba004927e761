/** What all frames of a capture come to, held against its summary, its trailer and its index. */
import { equalBytes } from "../../format/bytes.js";
import { type FrameEntry, frameBytes } from "../../format/frame.js";
import type { FrameTable } from "../../format/frame-table.js";
import { type ProblemCode, problem } from "../../format/problem.js";
import type { Trailer } from "../../format/trailer.js";
import { TRAILER_BYTES } from "../../format/trailer.js";
import type { ChunkContext, Gap, Problem, Summary } from "../../format/types.js";

/** Sums over the frames that are good. */
export interface Totals {
  chunk(entry: FrameEntry, context: ChunkContext): readonly Problem[];
  gap(gap: Gap): void;
  /** What disagrees with the summary. `jumped`: records that the sequences say are missing; null: they say nothing. */
  compare(summary: Summary, entry: FrameEntry, ends: Ends): readonly Problem[];
}

export interface Ends {
  /** One of several captures of a recording. */
  readonly isPart: boolean;
  readonly startNs: bigint | null;
  readonly lastNs: bigint | null;
  readonly jumped: bigint | null;
}

/** `event` of a record is one byte. */
const MAX_EVENT = 255;
/** Beyond any machine. */
const MAX_CPUS = 8192;

export function totals(): Totals {
  const counts = new Map<number, { entries: bigint; exits: bigint }>();
  const lostOfCpu = new Map<number, bigint>();
  const lost = { syscall: 0n, planes: 0n };
  let [gaps, chunks, records] = [0, 0, 0n];
  let isAtLeast = false;

  const lossFault = ({ lost: told }: ChunkContext): string | null => {
    for (const { cpu, records } of told) {
      if (cpu >= MAX_CPUS) return `records lost on cpu ${cpu}, which no host has`;
      const before = lostOfCpu.get(cpu) ?? 0n;
      if (records < before) return `${records} records lost on cpu ${cpu}, a chunk before says ${before}`;
    }
    const missing = [...lostOfCpu.keys()].find((cpu) => !told.some((one) => one.cpu === cpu));
    for (const { cpu, records } of told) lostOfCpu.set(cpu, records);
    return missing === undefined ? null : `nothing lost on cpu ${missing}, a chunk before says otherwise`;
  };

  return {
    chunk(entry, context) {
      chunks++;
      records += BigInt(context.records);
      for (const { event, entries, exits } of context.counts) {
        if (event > MAX_EVENT) continue; // no record has it, as records.ts tells
        const sum = counts.get(event) ?? { entries: 0n, exits: 0n };
        counts.set(event, { entries: sum.entries + BigInt(entries), exits: sum.exits + BigInt(exits) });
      }
      const fault = lossFault(context);
      if (fault === null) return [];
      return [problem("losses_mismatch", entry.offset, entry.sequence, `frame ${entry.sequence}: ${fault}`)];
    },
    gap(gap) {
      gaps++;
      lost[gap.plane ?? "syscall"] += gap.lost;
      isAtLeast ||= gap.atLeast === true;
    },
    compare(summary, entry, ends) {
      const found: Problem[] = [];
      const add = (code: ProblemCode, what: string) =>
        found.push(problem(code, entry.offset, entry.sequence, what));
      const differs = (name: string, says: unknown, has: unknown) => {
        if (says !== has) add("summary_mismatch", `the summary says ${says} ${name}, the frames have ${has}`);
      };
      differs("records", summary.records, records);
      differs("chunks", summary.chunks, chunks);
      differs("gaps", summary.gaps, gaps);
      for (const what of countFaults(summary, counts)) add("summary_mismatch", what);
      for (const what of timeFaults(summary, ends)) add("summary_mismatch", what);
      const byContexts = [...lostOfCpu.values()].reduce((sum, one) => sum + one, 0n);
      const byEvent = summary.lostByEvent.reduce((sum, one) => sum + one.entries + one.exits, 0n);
      const most = (what: string, has: bigint, says: bigint) => {
        if (has > says)
          add("losses_mismatch", `the summary says ${says} records lost, ${what} tell of ${has}`);
      };
      most("its gaps", lost.syscall, summary.lost);
      most("its chunks", byContexts, summary.lost);
      if (!ends.isPart && !goesOn(summary)) most("its own counts by event", byEvent, summary.lost);
      most("gaps of the planes", lost.planes, summary.planesLost ?? 0n);
      if (ends.jumped !== null && ends.jumped > lost.syscall && !isAtLeast) {
        add(
          "losses_mismatch",
          `the sequences say ${ends.jumped} records lost, the gaps tell of ${lost.syscall}`,
        );
      }
      return found;
    },
  };
}

/**
 * The recording went on, or this is the end of a flight recorder: losses by event were counted at another moment than
 * the gaps, and the gap may be in another capture. Slices say so, too, which are parts no more.
 */
function goesOn({ ended, trigger }: Summary): boolean {
  return ended === "rotation" || ended === "snapshot" || trigger !== undefined;
}

function* countFaults(
  summary: Summary,
  counts: ReadonlyMap<number, { readonly entries: bigint; readonly exits: bigint }>,
): Generator<string> {
  const told = new Map(summary.counts.map((one) => [one.event, one]));
  for (const event of new Set([...told.keys(), ...counts.keys()])) {
    const { entries, exits } = told.get(event) ?? { entries: 0, exits: 0 };
    const has = counts.get(event) ?? { entries: 0n, exits: 0n };
    if (BigInt(entries) === has.entries && BigInt(exits) === has.exits) continue;
    yield `the summary counts ${entries} entries and ${exits} exits of event ${event}, the chunks ${has.entries} and ${has.exits}`;
  }
}

function* timeFaults({ startNs, endNs }: Summary, ends: Ends): Generator<string> {
  if (endNs < startNs) yield `the summary ends at ${endNs}, before its start at ${startNs}`;
  if (ends.startNs !== null && ends.startNs !== startNs) {
    yield `the summary starts at ${startNs}, the first clock reading is of ${ends.startNs}`;
  }
  if (ends.lastNs !== null && ends.lastNs > endNs) {
    yield `the summary ends at ${endNs}, before the last record at ${ends.lastNs}`;
  }
}

/** Lines that are told of. */
const MOST_LINES = 20;

/** The index against the frames before it that are there. */
export function* indexFaults(lines: FrameTable, index: FrameEntry, found: FrameTable): Generator<Problem> {
  let told = 0;
  const mismatch = (what: string) => problem("index_mismatch", index.offset, index.sequence, what);
  if (lines.length !== index.sequence) {
    yield mismatch(`the index has ${lines.length} frames, it is frame ${index.sequence}`);
  }
  for (let i = 0; i < found.length; i++) {
    const entry = found.entry(i);
    if (entry.sequence >= lines.length) return;
    const line = lines.entry(entry.sequence);
    const isSame =
      line.type === entry.type &&
      line.flags === entry.flags &&
      line.offset === entry.offset &&
      line.storedBytes === entry.storedBytes &&
      line.rawBytes === entry.rawBytes &&
      equalBytes(lines.context(entry.sequence), found.context(i));
    if (!isSame && told++ < MOST_LINES)
      yield mismatch(`the index says otherwise of frame ${entry.sequence} than the frame at ${entry.offset}`);
  }
}

/** The trailer against the frames that it points to. */
export function* trailerFaults(
  trailer: Trailer,
  offset: number,
  index: FrameEntry | null,
  summary: FrameEntry | null,
): Generator<Problem> {
  const mismatch = (what: string) => problem("trailer_mismatch", offset, null, what);
  const end = offset + TRAILER_BYTES;
  if (trailer.fileBytes !== end)
    yield mismatch(`the trailer says ${trailer.fileBytes} bytes, it ends at ${end}`);
  if (trailer.indexOffset !== (index?.offset ?? null)) {
    yield mismatch(
      `the trailer says the index is at ${trailer.indexOffset}, it is at ${index?.offset ?? null}`,
    );
  }
  if (trailer.summaryOffset !== (summary?.offset ?? null)) {
    yield mismatch(
      `the trailer says the summary is at ${trailer.summaryOffset}, it is at ${summary?.offset ?? null}`,
    );
  }
  // For readers of the spec no contradiction; but no recorder ends so, and what was lost is not known.
  if (summary === null) yield problem("summary_mismatch", offset, null, "the capture ends without a summary");
  const last = summary ?? index;
  if (last !== null && last.offset + frameBytes(last) !== offset) {
    yield mismatch("index, summary and trailer do not follow each other");
  }
}
