/**
 * The gaps that stand for what is in none of a recording's files, where a part was lost or deleted. How many recorded records
 * are missing is known by their numbers; what the recorder itself had lost meanwhile is not.
 */
import type { Capture, ChunkStep } from "../../format/capture.js";
import { problem } from "../../format/problem.js";
import type { Gap, IndexEntry, Problem } from "../../format/types.js";
import type { RecordLayouts } from "../../replay/records.js";
import { hasPlanes, PLANES_NS } from "../recovery-gaps.js";

/** Gaps in place of something that is wrong with a capture. */
export interface MadeGap {
  /** One, and another one for the planes. */
  readonly gaps: readonly Gap[];
  /** As the capture has it. */
  readonly found: Problem | null;
  /** As it is told to whoever reads the new capture. */
  readonly told: Problem;
}

export function isHole({ code }: Problem): boolean {
  return code === "records_missing";
}

/** Reads the first chunk behind each hole. */
export function holeGaps(capture: Capture, layouts: RecordLayouts): readonly MadeGap[] {
  const ends = endsBefore(capture.index);
  const isBehindHole = (entry: IndexEntry) => entry.context.firstRecord > (ends.get(entry) ?? 0n);
  const made: MadeGap[] = [];
  let hole: Problem | null = null;
  for (const step of capture.chunks(isBehindHole)) {
    if (step.problem !== undefined) {
      if (isHole(step.problem)) hole = step.problem;
      continue;
    }
    const missing = step.entry.context.firstRecord - (ends.get(step.entry) ?? 0n);
    if (hole !== null && missing > 0n)
      made.push(madeGap(capture, hole, missing, step.entry, firstNs(step, layouts)));
    hole = null;
  }
  return made;
}

/** Of each chunk: up to which number there are records before it. */
function endsBefore(index: readonly IndexEntry[]): ReadonlyMap<IndexEntry, bigint> {
  const ends = new Map<IndexEntry, bigint>();
  let next = index[0]?.context.firstRecord ?? 0n;
  for (const entry of index) {
    ends.set(entry, next);
    const end = entry.context.firstRecord + BigInt(entry.context.records);
    if (end > next) next = end;
  }
  return ends;
}

/** Of the record that comes first, which need not be the oldest. */
function firstNs({ body }: ChunkStep, layouts: RecordLayouts): bigint | null {
  if (body === undefined || body.records.byteLength < layouts.record.sizeBytes) return null;
  const { buffer, byteOffset, byteLength } = body.records;
  return new DataView(buffer, byteOffset, byteLength).getBigUint64(layouts.record.time_ns, true);
}

function madeGap(
  capture: Capture,
  found: Problem,
  missing: bigint,
  behind: IndexEntry,
  firstRecordNs: bigint | null,
): MadeGap {
  const at = capture.index.indexOf(behind);
  const last = capture.index.slice(0, at).findLast(({ context }) => context.lastTimeNs !== null)
    ?.context.lastTimeNs;
  const first = capture.index.slice(at).find(({ context }) => context.firstTimeNs !== null)
    ?.context.firstTimeNs;
  // Chunks overlap a little, and so does the gap with both.
  const times = [last, first, firstRecordNs].flatMap((ns) => ns ?? []).sort((a, b) => Number(a - b));
  const [least = 0n, most = 0n] = [times[0], times.at(-1)];
  const span = (roomNs: bigint) => ({
    fromNs: (last ?? null) === null ? null : least > roomNs ? least - roomNs : 0n,
    toNs: (first ?? null) === null ? null : most + roomNs,
  });
  const gap = { cpu: null, cause: "damage", atLeast: true } as const;
  const ofPlanes: Gap[] = hasPlanes(capture.host)
    ? [{ ...gap, ...span(PLANES_NS), lost: 0n, plane: "planes" }]
    : [];
  const { firstRecord } = behind.context;
  const what = `${missing} records of the recording before its record ${firstRecord} are in none of the files`;
  return {
    gaps: [{ ...gap, ...span(0n), lost: missing }, ...ofPlanes],
    found,
    told: problem("records_missing", Number(behind.offset), null, what),
  };
}
