/**
 * The gaps that stand for missing frames: one for each missing number, so that numbers have no hole. The first of a stretch
 * that may have held records says how many are missing and when; it never says less than readers of the damaged file
 * would have taken for possible.
 */
import { FrameType, type Gap } from "../format/types.js";
import type { GoodFrame, LeftFrames } from "./recovery-frames.js";

/** Instead of frame `sequence`. */
export interface RecoveryGap {
  readonly sequence: number;
  readonly gap: Gap;
}

const NOTHING: Gap = { cpu: null, fromNs: null, toNs: null, lost: 0n, cause: "damage" };
/** Records of the planes are in a chunk whose calls are up to one look older or younger. */
const PLANES_NS = 1_000_000_000n;

type Chunk = NonNullable<GoodFrame["chunk"]>;

export function recoveryGaps(left: LeftFrames): readonly RecoveryGap[] {
  const chunks = left.frames.flatMap((frame) =>
    frame.chunk === null ? [] : [{ ...frame, chunk: frame.chunk }],
  );
  const gaps: RecoveryGap[] = [];
  let at = 0; // of the first chunk behind the stretch
  let isToldUpTo = -1; // records up to this chunk are told of
  for (const [from, to] of stretches(left)) {
    while ((chunks[at]?.sequence ?? Number.POSITIVE_INFINITY) < from) at++;
    const before = chunks[at - 1]?.chunk ?? null;
    const after = chunks[at]?.chunk ?? null;
    const known = Array.from({ length: to - from }, (_, i) => left.missing(from + i));
    const isFirst = isToldUpTo !== at;
    const mayHoldRecords = known.some(({ type }) => type === null || type === FrameType.CHUNK);
    if (mayHoldRecords) isToldUpTo = at;
    const isOpen = left.count === null && at === chunks.length && to > (left.frames.at(-1)?.sequence ?? -1);
    gaps.push(...gapsOf(from, known, { before, after, isFirst, isOpen, left }));
  }
  return gaps;
}

/** `[from, to)` of the numbers that are missing; the last one may be of frames that nobody knows of. */
function stretches({ frames, count }: LeftFrames): [number, number][] {
  const found: [number, number][] = [];
  let next = 0;
  for (const { sequence } of frames) {
    if (sequence > next) found.push([next, sequence]);
    next = sequence + 1;
  }
  if (count === null) found.push([next, next + 1]);
  else if (count > next) found.push([next, count]);
  return found;
}

interface Around {
  readonly before: Chunk | null;
  readonly after: Chunk | null;
  /** No other stretch between the same two chunks has told of their records. */
  readonly isFirst: boolean;
  /** Nobody knows where the capture ended. */
  readonly isOpen: boolean;
  readonly left: LeftFrames;
}

function gapsOf(
  from: number,
  known: readonly ReturnType<LeftFrames["missing"]>[],
  around: Around,
): RecoveryGap[] {
  const carrier = known.findIndex(({ type }) => type === null || type === FrameType.CHUNK);
  return known.map(({ type }, i) => {
    const sequence = from + i;
    const span = spanOf(around);
    // What a gap told of that is itself missing.
    const hidesLosses = type === FrameType.GAP && around.left.summary === null;
    if (i !== carrier)
      return { sequence, gap: { ...NOTHING, ...span, ...(hidesLosses ? { atLeast: true } : {}) } };
    const lost = recordsBetween(known, around);
    const isExact = lost.isExact && !mayHideMore(known, around);
    return {
      sequence,
      gap: { ...NOTHING, ...span, lost: lost.records, ...(isExact ? {} : { atLeast: true }) },
    };
  });
}

/** By the numbers of the records around; at the end by the summary, or by the index. */
function recordsBetween(
  known: readonly ReturnType<LeftFrames["missing"]>[],
  { before, after, isFirst, isOpen, left }: Around,
): { readonly records: bigint; readonly isExact: boolean } {
  if (!isFirst) return { records: 0n, isExact: true };
  const fromRecord = before === null ? 0n : before.context.firstRecord + BigInt(before.context.records);
  const toRecord = after?.context.firstRecord ?? left.summary?.records ?? null;
  // Numbers that do not fit say nothing.
  if (toRecord !== null) {
    return toRecord >= fromRecord
      ? { records: toRecord - fromRecord, isExact: true }
      : { records: 0n, isExact: false };
  }
  const contexts = known.flatMap(({ context }) => context ?? []);
  const records = contexts.reduce((sum, context) => sum + BigInt(context.records), 0n);
  const isExact =
    !isOpen &&
    known.every(({ type, context }) => type !== null && (type !== FrameType.CHUNK || context !== null));
  return { records, isExact };
}

/** Could the stretch have held more than records of calls that are counted: gaps of the recorder, records of the planes? */
function mayHideMore(known: readonly ReturnType<LeftFrames["missing"]>[], { isOpen, left }: Around): boolean {
  if (isOpen || hasPlanes(left)) return true;
  const isAllChunks = known.every(({ type }) => type === FrameType.CHUNK) || known.length === 1;
  return (
    left.summary === null && !isAllChunks && known.some(({ type }) => type === null || type === FrameType.GAP)
  );
}

function hasPlanes({ host }: LeftFrames): boolean {
  return (
    host === null ||
    host.attachPlan.some(({ plane, attached }) => attached && (plane === "kernel" || plane === "libc"))
  );
}

/** null: since the start, to the end. Chunks overlap a little, and so does the gap with both. */
function spanOf({ before, after, left }: Around): Pick<Gap, "fromNs" | "toNs"> {
  const room = hasPlanes(left) ? PLANES_NS : 0n;
  const last = before?.context.lastTimeNs ?? null;
  const first = after?.context.firstTimeNs ?? null;
  const times = [last, first, after?.firstRecordNs ?? null].flatMap((time) => time ?? []);
  const least = times.reduce((a, b) => (a < b ? a : b), times[0] ?? 0n);
  const most = times.reduce((a, b) => (a > b ? a : b), times[0] ?? 0n);
  return {
    fromNs: last === null ? null : least > room ? least - room : 0n,
    toNs: first === null ? null : most + room,
  };
}
