/**
 * A smaller capture of chosen calls: by time, event, task, queue. Records are taken over verbatim, whole calls at a time.
 * What is left out is no loss, and HOST says what was chosen; what the recorder had lost stays told.
 *
 * Refuses captures that are damaged or have no end: `recover` makes gaps of that first.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Capture } from "../../format/capture.js";
import { createEncoder } from "../../format/encoder.js";
import type { BtfFrame, Origin, Problem, Summary } from "../../format/types.js";
import { hasNothingToRead, requireRecorderBtf } from "../../replay/calls.js";
import type { CallFilter } from "../../replay/filter.js";
import { inventoryNames } from "../../replay/inventory-names.js";
import { nameTable } from "../../replay/names.js";
import { recordLayouts } from "../../replay/records.js";
import type { CaptureClock } from "../../replay/time.js";
import { RewriteError } from "../error.js";
import { slicedChunks } from "./chunks.js";
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
}

export interface SliceRequest {
  readonly filter: CallFilter;
  /** The filter as the user gave it. */
  readonly options: SliceOptions;
  readonly clock: CaptureClock;
  readonly version: string;
}

/** Writes the slice piece by piece. @throws RewriteError, LayoutError, BtfError */
export function sliceCapture(
  capture: Capture,
  request: SliceRequest,
  write: (bytes: Uint8Array) => void,
): Slice {
  const { filter, clock, options, version } = request;
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
  const layouts = recordLayouts(requireRecorderBtf(capture));
  for (const { context, body } of slicedChunks(capture, kept, layouts, clock.baseNs, names)) {
    write(encoder.chunk(context, body));
    chunks++;
    records += context.records;
    addCounts(counts, context.counts);
  }
  const gaps = slicedGaps(capture, filter, clock, kept);
  for (const gap of gaps) write(encoder.gap(gap));
  const own: Origin = { madeBy: "slice", version, from: [capture.captureId], options, problems: [] };
  for (const origin of [...capture.origins, own]) write(encoder.origin(origin));
  const counted = {
    records: BigInt(records),
    chunks,
    counts: [...counts.values()].sort((a, b) => a.event - b.event),
  };
  write(encoder.finish(slicedSummary(summary, counted, gaps, capture.gaps.length)));
  return { from: capture.captureId, calls: kept.calls, records };
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

function requireWhole(capture: Capture) {
  const { host, summary, problems, complete, name } = capture;
  const [problem] = problems;
  if (problem !== undefined) throw damaged(capture, problem);
  if (host === null || summary === null || !complete || hasNothingToRead(capture)) {
    throw new RewriteError(`${name}: the recording did not end as it should: msgtape recover it first`);
  }
  return { host, summary };
}

function damaged({ name }: Capture, { offset, message, code }: Problem): RewriteError {
  return new RewriteError(
    `${name}: damaged at offset ${offset} (${message}; ${code}): msgtape recover it first`,
  );
}

function btfFrames({ recorderBtf, hostBtf }: Capture): BtfFrame[] {
  const frame = (origin: BtfFrame["origin"], data: Uint8Array | null): BtfFrame[] =>
    data === null ? [] : [{ origin, sha256: createHash("sha256").update(data).digest("hex"), data }];
  return [...frame("recorder", recorderBtf), ...frame("host", hostBtf)];
}
