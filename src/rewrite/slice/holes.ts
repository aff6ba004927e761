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

/** What is missing before a chunk, and when the last one before it ended. */
interface Hole {
  readonly missing: bigint;
  readonly lastNs: bigint | null;
}

/** Reads the first chunk behind each hole. */
export function holeGaps(capture: Capture, layouts: RecordLayouts): readonly MadeGap[] {
  const holes = holesBefore(capture.index);
  const made: MadeGap[] = [];
  let found: Problem | null = null;
  for (const step of capture.chunks(({ offset }) => holes.has(offset))) {
    if (step.problem !== undefined) {
      if (isHole(step.problem)) found = step.problem;
      continue;
    }
    const hole = holes.get(step.entry.offset);
    if (found !== null && hole !== undefined) {
      made.push(madeGap(capture, found, hole, step.entry, firstNs(step, layouts)));
    }
    found = null;
  }
  return made;
}

/** By the offset of the chunk behind it. */
function holesBefore(index: Capture["index"]): ReadonlyMap<bigint, Hole> {
  const holes = new Map<bigint, Hole>();
  let next = index.at(0)?.context.firstRecord ?? 0n;
  let lastNs: bigint | null = null;
  for (const { offset, context } of index) {
    const { firstRecord, records, lastTimeNs } = context;
    if (firstRecord > next) holes.set(offset, { missing: firstRecord - next, lastNs });
    const end = firstRecord + BigInt(records);
    if (end > next) next = end;
    lastNs = lastTimeNs ?? lastNs;
  }
  return holes;
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
  { missing, lastNs }: Hole,
  behind: IndexEntry,
  firstRecordNs: bigint | null,
): MadeGap {
  const first = capture.index.find(
    ({ offset, context }) => offset >= behind.offset && context.firstTimeNs !== null,
  )?.context.firstTimeNs;
  // Chunks overlap a little, and so does the gap with both.
  const times = [lastNs, first, firstRecordNs].flatMap((ns) => ns ?? []).sort((a, b) => Number(a - b));
  const [least = 0n, most = 0n] = [times[0], times.at(-1)];
  const span = (roomNs: bigint) => ({
    fromNs: lastNs === null ? null : least > roomNs ? least - roomNs : 0n,
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
