/**
 * What a capture's SUMMARY says: of one that ends while the recording goes on, and of the last.
 */
import type { Gap, Summary } from "../format/types.js";
import type { Boundary } from "./boundary.js";
import { lostByEvent, total } from "./losses.js";
import type { RecordingEnd } from "./output.js";
import type { Written } from "./tally.js";
import type { Totals } from "./tape.js";

/** A capture: where it began, what the kernel had counted then (null: it is the recording's first), what is in it. */
export interface CaptureSpan {
  readonly startNs: bigint;
  readonly before: Totals | null;
}

export type HowEnded = Pick<Summary, "ended" | "trigger">;

/** Runs that the kernel skipped are no record's neighbours: the gap is known when a capture ends. */
export function recursionGaps(span: CaptureSpan, totals: Totals): readonly Gap[] {
  const lost = totals.lostRecursion - (span.before?.lostRecursion ?? 0n);
  return lost > 0n ? [{ cpu: null, fromNs: null, toNs: null, lost, cause: "recursion" }] : [];
}

/** Of a capture that ends at a boundary. `written`: all of it, its last gaps too. */
export function summaryAt(span: CaptureSpan, end: Boundary, written: Written, how: HowEnded): Summary {
  return {
    startNs: span.startNs,
    endNs: end.now.boottimeNs,
    ...how,
    records: written.records,
    lost: written.lostInGaps,
    lostByEvent: lostByEvent(end.totals, span.before, new Map()),
    gaps: written.gaps,
    chunks: written.chunks,
    counts: written.counts,
    x32Calls: end.totals.x32 - (span.before?.x32 ?? 0n),
    ...(written.planesLostInGaps === 0n ? {} : { planesLost: written.planesLostInGaps }),
  };
}

/** What the captures before the last one said was lost. */
export interface LostBefore {
  readonly lost: bigint;
  readonly planesLost: bigint;
}

/** Of the last capture: with what the kernel counted and no record tells of. */
export function summaryAtEnd(
  span: CaptureSpan,
  end: RecordingEnd,
  written: Written,
  earlier: LostBefore,
  how: HowEnded,
): Summary {
  const { planesLost: _, ...summary } = summaryAt(span, end.boundary, written, how);
  const planesLost = atLeastNone(end.lost.planes - earlier.planesLost);
  return {
    ...summary,
    lost: atLeastNone(total(end.lost) - earlier.lost),
    lostByEvent: lostByEvent(end.boundary.totals, span.before, end.unwrittenCounts),
    ...(planesLost === 0n ? {} : { planesLost }),
  };
}

function atLeastNone(count: bigint): bigint {
  return count < 0n ? 0n : count;
}
