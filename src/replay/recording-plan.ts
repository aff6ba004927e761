/**
 * Which chunks of a recording's parts make up the whole: each record once, with what is missing between two parts. Looks at
 * the heads of chunks alone, and reads none.
 */
import type { Capture } from "../format/capture.js";
import { problem } from "../format/problem.js";
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

/** A chunk of a part as the whole has it; `lack`: what is missing before it. */
export interface Planned {
  readonly part: Part;
  readonly own: IndexEntry;
  readonly entry: IndexEntry;
  readonly lack: Problem | null;
}

/** Which chunks of which part make up the whole, without those that an earlier part has. */
export interface RecordingPlan {
  readonly planned: readonly Planned[];
  readonly overlaps: boolean;
  /** Between snapshots. */
  readonly holes: readonly Gap[];
}

/** `parts`: in their order. */
export function recordingPlan(parts: readonly Part[]): RecordingPlan {
  const planned: Planned[] = [];
  const holes: Gap[] = [];
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
    let known = recording.firstRecord < before ? planesAloneAt(planned, before) : 0;
    let isFirst = true;
    for (const own of capture.index) {
      const { context } = own;
      const firstRecord = recording.firstRecord + context.firstRecord;
      const end = firstRecord + BigInt(context.records);
      const isAgain = context.records === 0 && firstRecord === before && known-- > 0;
      if (isAgain || (firstRecord < before && end <= before)) {
        overlaps = true;
        continue;
      }
      const isLacking = isFirst && !isSnapshot && !isTold(told, firstRecord - before);
      const lack = isLacking ? lackBefore(part, own, before, firstRecord) : null;
      if (isFirst && isSnapshot && firstRecord > before) holes.push(holeBefore(planned, context));
      isFirst = false;
      const lost = sumLost(lostBefore, context.lost);
      planned.push({
        part,
        own,
        entry: { ...own, offset: own.offset + baseBytes, context: { ...context, firstRecord, lost } },
        lack,
      });
      if (end > next) next = end;
    }
    if (capture.index.length > 0) told = edges.after;
    isSnapshot = capture.summary?.trigger !== undefined;
    baseBytes += BigInt(capture.sizeBytes ?? 0);
    lostBefore = new Map(
      sumLost(lostBefore, capture.index.at(-1)?.context.lost ?? []).map((one) => [one.cpu, one.records]),
    );
  }
  // Losses of parts that overlap cannot be added: the gaps tell of them.
  const lossless = ({ entry, ...rest }: Planned): Planned => ({
    ...rest,
    entry: { ...entry, context: { ...entry.context, lost: [] } },
  });
  return { planned: overlaps ? planned.map(lossless) : planned, overlaps, holes };
}

/** Gaps that `recover` put before the first chunk of a part, and behind its last one. */
function damageAtEdges({ gaps, frames, index }: Capture): {
  readonly before: readonly Gap[];
  readonly after: readonly Gap[];
} {
  const places = frames.filter(({ type }) => type === FrameType.GAP);
  // One that cannot be read is no gap: which frame is which is not known then.
  if (places.length !== gaps.length) return { before: [], after: [] };
  const first = Number(index[0]?.offset ?? Number.POSITIVE_INFINITY);
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

function planesAloneAt(planned: readonly Planned[], record: bigint): number {
  return planned.filter(({ entry: { context } }) => context.records === 0 && context.firstRecord === record)
    .length;
}

/** What happened between two snapshots that have no records in common: nothing of it was kept. */
function holeBefore(planned: readonly Planned[], context: ChunkContext): Gap {
  const lastNs = planned.at(-1)?.entry.context.lastTimeNs ?? null;
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
