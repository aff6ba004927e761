/**
 * Which chunks of a recording's parts make up the whole: each record once, with what is missing between two parts. Looks at
 * the heads of chunks alone, and reads none.
 */
import type { Capture } from "../format/capture.js";
import { problem } from "../format/problem.js";
import { joinedRows, lazyRows, type Rows } from "../format/rows.js";
import {
  type ChunkContext,
  FrameType,
  type Gap,
  type IndexEntry,
  type Problem,
  type RecordingPart,
} from "../format/types.js";

export interface Part {
  readonly capture: Capture;
  readonly recording: RecordingPart;
}

/** Chunks of a part, one behind the other, that the whole has: a recording of days has too many to keep each. */
export interface Run {
  readonly part: Part;
  /** The number of the first among the part's own. */
  readonly from: number;
  count: number;
  /** Bytes of the parts before. */
  readonly baseBytes: bigint;
  readonly lostBefore: ReadonlyMap<number, bigint>;
  /** What is missing before the first. */
  readonly lack: Problem | null;
}

/** A chunk of the run as the whole has it. Losses of parts that overlap cannot be added: the gaps tell of them. */
export function entryIn(run: Run, own: IndexEntry, overlaps: boolean): IndexEntry {
  const { context } = own;
  const firstRecord = run.part.recording.firstRecord + context.firstRecord;
  const lost = overlaps ? [] : sumLost(run.lostBefore, context.lost);
  return { ...own, offset: own.offset + run.baseBytes, context: { ...context, firstRecord, lost } };
}

/** Which chunks of which part make up the whole, without those that an earlier part has. */
export interface RecordingPlan {
  readonly runs: readonly Run[];
  readonly overlaps: boolean;
  /** Between snapshots. */
  readonly holes: readonly Gap[];
}

/** `parts`: in their order. */
export function recordingPlan(parts: readonly Part[]): RecordingPlan {
  const runs: Run[] = [];
  const holes: Gap[] = [];
  /** How many chunks without records, of the planes alone, begin at a record. */
  const planesAlone = new Map<bigint, number>();
  let lastNs: bigint | null = null;
  let isSnapshot = false;
  let next = parts[0]?.recording.firstRecord ?? 0n;
  let overlaps = false;
  let baseBytes = 0n;
  let lostBefore: ReadonlyMap<number, bigint> = new Map();
  let told: readonly Gap[] = [];
  for (const part of parts) {
    const { capture, recording } = part;
    const edges = damageAtEdges(capture);
    told = [...told, ...edges.before];
    const before = next;
    // Of chunks without records, of the planes alone, only their place tells whether they are the same.
    let known = recording.firstRecord < before ? (planesAlone.get(before) ?? 0) : 0;
    let isFirst = true;
    let number = -1;
    let run: Run | null = null;
    for (const own of capture.index) {
      number++;
      const { context } = own;
      const firstRecord = recording.firstRecord + context.firstRecord;
      const end = firstRecord + BigInt(context.records);
      const isAgain = context.records === 0 && firstRecord === before && known-- > 0;
      if (isAgain || (firstRecord < before && end <= before)) {
        overlaps = true;
        run = null;
        continue;
      }
      const isLacking = isFirst && !isSnapshot && !isTold(told, firstRecord - before);
      const lack = isLacking ? lackBefore(part, own, before, firstRecord) : null;
      if (isFirst && isSnapshot && firstRecord > before) holes.push(holeBefore(lastNs, context));
      isFirst = false;
      if (run === null) {
        run = { part, from: number, count: 0, baseBytes, lostBefore, lack };
        runs.push(run);
      }
      run.count++;
      if (context.records === 0) planesAlone.set(firstRecord, (planesAlone.get(firstRecord) ?? 0) + 1);
      lastNs = context.lastTimeNs;
      if (end > next) next = end;
    }
    if (capture.index.length > 0) told = edges.after;
    isSnapshot = capture.summary?.trigger !== undefined;
    baseBytes += BigInt(capture.sizeBytes ?? 0);
    lostBefore = new Map(
      sumLost(lostBefore, capture.index.at(-1)?.context.lost ?? []).map((one) => [one.cpu, one.records]),
    );
  }
  return { runs, overlaps, holes };
}

/** All chunks of the whole. */
export function indexOf(runs: readonly Run[], overlaps: boolean): Rows<IndexEntry> {
  return joinedRows(
    runs.map((run) => {
      const { index } = run.part.capture;
      return lazyRows(run.count, (i) => entryIn(run, index.at(run.from + i) as IndexEntry, overlaps));
    }),
  );
}

/** Gaps that `recover` put before the first chunk of a part, and behind its last one. */
function damageAtEdges({ gaps, frames, index }: Capture): {
  readonly before: readonly Gap[];
  readonly after: readonly Gap[];
} {
  const places = frames.filter(({ type }) => type === FrameType.GAP);
  // One that cannot be read is no gap: which frame is which is not known then.
  if (places.length !== gaps.length) return { before: [], after: [] };
  const first = Number(index.at(0)?.offset ?? Number.POSITIVE_INFINITY);
  const last = Number(index.at(-1)?.offset ?? Number.POSITIVE_INFINITY);
  const damage = gaps
    .map((gap, i) => ({ gap, offset: places[i]?.offset ?? 0 }))
    .filter(({ gap }) => gap.cause === "damage" && gap.plane !== "planes");
  return {
    before: damage.filter(({ offset }) => offset < first).map(({ gap }) => gap),
    after: damage.filter(({ offset }) => offset > last).map(({ gap }) => gap),
  };
}

/** Do gaps tell of so many missing records? */
function isTold(gaps: readonly Gap[], missing: bigint): boolean {
  const lost = gaps.reduce((sum, gap) => sum + gap.lost, 0n);
  return missing > 0n && (gaps.some((gap) => gap.atLeast === true) || lost >= missing);
}

/** What happened between two snapshots that have no records in common: nothing of it was kept. */
function holeBefore(lastNs: bigint | null, context: ChunkContext): Gap {
  return { cpu: null, fromNs: lastNs, toNs: context.firstTimeNs, lost: 0n, cause: "output" };
}

/** Records of the recording that are in no part given, between the part before and this one. */
function lackBefore(part: Part, own: IndexEntry, before: bigint, firstRecord: bigint): Problem | null {
  if (firstRecord === before) return null;
  const what =
    firstRecord > before
      ? `${firstRecord - before} records of the recording before this part are in none of the files`
      : `the part begins with record ${firstRecord}, inside a chunk of the part before, which ends at ${before}`;
  return problem("records_missing", Number(own.offset), null, `in ${part.capture.name}: ${what}`);
}

function sumLost(
  before: ReadonlyMap<number, bigint>,
  own: readonly { readonly cpu: number; readonly records: bigint }[],
): { cpu: number; records: bigint }[] {
  const sum = new Map(before);
  for (const { cpu, records } of own) sum.set(cpu, (sum.get(cpu) ?? 0n) + records);
  return [...sum].map(([cpu, records]) => ({ cpu, records }));
}
