/**
 * A smaller capture of chosen calls: by time, event, task, queue. Records are taken over verbatim, whole calls at a time.
 * What is left out is no loss, and HOST says what was chosen; what the recorder had lost stays told.
 *
 * What readers of the capture pass by becomes a gap (gapped.ts). Refuses captures that are damaged otherwise or have no end:
 * `recover` makes gaps of that first.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Capture } from "../../format/capture.js";
import { createEncoder } from "../../format/encoder.js";
import type { BtfFrame, Origin, Problem, Summary } from "../../format/types.js";
import { hasNothingToRead, requireRecorderBtf } from "../../replay/calls.js";
import type { CallFilter } from "../../replay/filter.js";
import { inventoryNames } from "../../replay/inventory-names.js";
import { nameTable } from "../../replay/names.js";
import { type RecordLayouts, recordLayouts } from "../../replay/records.js";
import type { CaptureClock } from "../../replay/time.js";
import { RewriteError } from "../error.js";
import { slicedChunks } from "./chunks.js";
import { withGaps } from "./gapped.js";
import { isHole } from "./holes.js";
import { keptRecords } from "./keep.js";
import {
  type SliceOptions,
  slicedBy,
  slicedGaps,
  slicedHost,
  slicedInventories,
  slicedSummary,
} from "./metadata.js";

export interface Slice {
  /** Of the new capture it is another; this is the one that it was made from. */
  readonly from: string;
  readonly calls: number;
  readonly records: number;
  /** What was wrong with the capture, and whether what stands for it is in the slice: the slice may not reach so far. */
  readonly gapped: readonly { readonly found: Problem; readonly isInside: boolean }[];
}

export interface SliceRequest {
  readonly filter: CallFilter;
  /** The filter as the user gave it. */
  readonly options: SliceOptions;
  readonly clock: CaptureClock;
  readonly version: string;
  /** Chunks may have numbers that the format does not have: those are looked for, and become gaps. */
  readonly hasOdd?: boolean;
}

/** More are not told of. */
const MOST_PROBLEMS = 1000;

/** Writes the slice piece by piece. @throws RewriteError, LayoutError, BtfError */
export function sliceCapture(
  given: Capture,
  request: SliceRequest,
  write: (bytes: Uint8Array) => void,
): Slice {
  const { filter, clock, options, version } = request;
  const layouts = requireLayouts(given);
  const { capture, made } = withGaps(given, layouts, clock.baseNs, request.hasOdd === true);
  const { host, summary } = requireWhole(capture);
  const fail = (problem: Problem) => {
    throw damaged(capture, problem);
  };
  const kept = keptRecords(capture, filter, clock, fail);
  const encoder = createEncoder({ captureId: randomBytes(16) });
  write(encoder.fileHeader());
  write(encoder.host(slicedHost(host, slicedBy(options, filter, clock, host.sliced))));
  write(encoder.clocks(capture.clocks));
  for (const btf of btfFrames(capture)) write(encoder.btf(btf));
  for (const inventory of slicedInventories(capture, filter, clock)) write(encoder.inventory(inventory));
  const counts = new Map<number, { event: number; entries: number; exits: number }>();
  let [records, chunks] = [0, 0];
  const names = nameTable(clock.baseNs, inventoryNames(capture));
  for (const { context, body } of slicedChunks(capture, kept, layouts, clock.baseNs, names)) {
    write(encoder.chunk(context, body));
    chunks++;
    records += context.records;
    addCounts(counts, context.counts);
  }
  const gaps = slicedGaps(capture, filter, clock, kept);
  for (const gap of gaps) write(encoder.gap(gap));
  const problems = made.slice(0, MOST_PROBLEMS).map(({ told }) => told);
  const own: Origin = { madeBy: "slice", version, from: [capture.captureId], options, problems };
  for (const origin of [...capture.origins, own]) write(encoder.origin(origin));
  const counted = {
    records: BigInt(records),
    chunks,
    counts: [...counts.values()].sort((a, b) => a.event - b.event),
  };
  write(encoder.finish(slicedSummary(summary, counted, gaps, capture.gaps.length)));
  const gapped = made.map((one) => ({
    found: one.found ?? one.told,
    isInside: one.gaps.some((gap) => gaps.includes(gap)),
  }));
  return { from: capture.captureId, calls: kept.calls, records, gapped };
}

function addCounts(
  sums: Map<number, { event: number; entries: number; exits: number }>,
  counts: Summary["counts"],
): void {
  for (const { event, entries, exits } of counts) {
    const sum = sums.get(event) ?? { event, entries: 0, exits: 0 };
    sums.set(event, { event, entries: sum.entries + entries, exits: sum.exits + exits });
  }
}

function requireLayouts(capture: Capture): RecordLayouts {
  if (hasNothingToRead(capture)) throw lacking(capture, "BTF");
  return recordLayouts(requireRecorderBtf(capture));
}

function requireWhole(capture: Capture) {
  const { host, summary, problems, complete, name } = capture;
  const [problem] = problems;
  if (problem !== undefined) throw damaged(capture, problem);
  if (host === null) throw lacking(capture, "HOST");
  if (summary === null || !complete) {
    throw new RewriteError(`${name}: the recording did not end as it should: msgtape recover it first`);
  }
  return { host, summary };
}

function lacking({ name }: Capture, what: string): RewriteError {
  return new RewriteError(`${name}: it has no ${what} frame that can be used, and a slice needs it`);
}

/** Parts of a recording that contradict each other can be whole, each by itself. */
function damaged({ name }: Capture, problem: Problem): RewriteError {
  const { offset, message, code } = problem;
  const advice = isHole(problem) ? "slice its files one by one" : "msgtape recover it first";
  return new RewriteError(`${name}: damaged at offset ${offset} (${message}; ${code}): ${advice}`);
}

function btfFrames({ recorderBtf, hostBtf }: Capture): BtfFrame[] {
  const frame = (origin: BtfFrame["origin"], data: Uint8Array | null): BtfFrame[] =>
    data === null ? [] : [{ origin, sha256: createHash("sha256").update(data).digest("hex"), data }];
  return [...frame("recorder", recorderBtf), ...frame("host", hostBtf)];
}
