/**
 * The gaps that stand for missing frames: one for each missing number, so that numbers have no hole. The first of a stretch
 * that may have held records says how many are missing and when; it never says less than readers of the damaged file
 * would have taken for possible, unless the numbers of records and frames prove it.
 */
import { FrameType, type Gap, type HostInfo } from "../format/types.js";
import type { GoodFrame, LeftFrames } from "./recovery-frames.js";

/** Instead of frame `sequence`. */
export interface RecoveryGap {
  readonly sequence: number;
  readonly gap: Gap;
}

const UNKNOWN = { type: null, context: null };
const NOTHING: Gap = { cpu: null, fromNs: null, toNs: null, lost: 0n, cause: "damage" };
/** Records of the planes are in a chunk whose calls are up to one look older or younger. */
export const PLANES_NS = 1_000_000_000n;

type Missing = ReturnType<LeftFrames["missing"]>;
type Chunk = NonNullable<GoodFrame["chunk"]>;

/** `isMoreBehind`: there is something behind the capture's end that nobody can read. */
export function recoveryGaps(left: LeftFrames, isMoreBehind = false): readonly RecoveryGap[] {
  const chunks = left.frames.flatMap((frame) =>
    frame.chunk === null ? [] : [{ ...frame, chunk: frame.chunk }],
  );
  const gaps: RecoveryGap[] = [];
  let at = 0; // of the first chunk behind the stretch
  let isToldUpTo = -1; // records up to this chunk are told of
  for (const { from, to, isOpen } of stretches(left, isMoreBehind)) {
    while ((chunks[at]?.sequence ?? Number.POSITIVE_INFINITY) < from) at++;
    const before = chunks[at - 1]?.chunk ?? null;
    const after = chunks[at]?.chunk ?? null;
    const known = isOpen ? [UNKNOWN] : Array.from({ length: to - from }, (_, i) => left.missing(from + i));
    const isFirst = isToldUpTo !== at;
    const mayHoldRecords = known.some(({ type }) => type === null || type === FrameType.CHUNK);
    if (mayHoldRecords) isToldUpTo = at;
    gaps.push(...gapsOf(from, known, { before, after, isFirst, isOpen, left }));
  }
  return gaps;
}

interface Stretch {
  readonly from: number;
  /** The first that is not missing. */
  readonly to: number;
  /** Nobody knows what else there was: where the capture ended, or what its recorder had lost. */
  readonly isOpen: boolean;
}

function stretches({ frames, count, summary }: LeftFrames, isMoreBehind: boolean): Stretch[] {
  const found: Stretch[] = [];
  let next = 0;
  for (const { sequence } of frames) {
    if (sequence > next) found.push({ from: next, to: sequence, isOpen: false });
    next = sequence + 1;
  }
  if (count !== null && count > next) {
    found.push({ from: next, to: count, isOpen: false });
    next = count;
  }
  return summary === null || isMoreBehind ? [...found, { from: next, to: next + 1, isOpen: true }] : found;
}

interface Around {
  readonly before: Chunk | null;
  readonly after: Chunk | null;
  /** No other stretch between the same two chunks has told of their records. */
  readonly isFirst: boolean;
  readonly isOpen: boolean;
  readonly left: LeftFrames;
}

function gapsOf(from: number, known: readonly Missing[], around: Around): RecoveryGap[] {
  const carrier = known.findIndex(({ type }) => type === null || type === FrameType.CHUNK);
  return known.map(({ type }, i) => ({ sequence: from + i, gap: gapOf(type, i === carrier, known, around) }));
}

function gapOf(type: number | null, isCarrier: boolean, known: readonly Missing[], around: Around): Gap {
  // What held no records is missing at no time: no answer depends on it.
  if (type !== null && type !== FrameType.CHUNK && type !== FrameType.GAP)
    return { ...NOTHING, fromNs: 0n, toNs: 0n };
  const span = spanOf(around);
  if (type === FrameType.GAP) return { ...NOTHING, ...span, atLeast: true };
  if (!isCarrier) return { ...NOTHING, ...span };
  const { records, isExact } = recordsBetween(known, around);
  const isAll = isExact && !mayHideMore(known, records, around);
  return { ...NOTHING, ...span, lost: records, ...(isAll ? {} : { atLeast: true }) };
}

/** By the numbers of the records around; at the end by the summary, or by the index. */
function recordsBetween(
  known: readonly Missing[],
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
function mayHideMore(known: readonly Missing[], records: bigint, { isOpen, left }: Around): boolean {
  if (isOpen || hasPlanes(left.host)) return true;
  const lacksGaps = left.summary === null || left.summary.gaps > left.gaps.length;
  const isOneChunk = known.length === 1 && records > 0n;
  return lacksGaps && !isOneChunk && known.some(({ type }) => type === null);
}

/** May a capture of this host have records of the planes? */
export function hasPlanes(host: HostInfo | null): boolean {
  return (
    host === null ||
    host.attachPlan.some(({ plane, attached }) => attached && (plane === "kernel" || plane === "libc"))
  );
}

/** null: since the start, to the end. Chunks overlap a little, and so does the gap with both. */
function spanOf({ before, after, left }: Around): Pick<Gap, "fromNs" | "toNs"> {
  const room = hasPlanes(left.host) ? PLANES_NS : 0n;
  const last = before?.context.lastTimeNs ?? null;
  const first = after?.context.firstTimeNs ?? null;
  const times = [last, first, after?.firstRecordNs ?? null].flatMap((time) => time ?? []);
  const ordered = times.sort((a, b) => Number(a - b));
  const [least = 0n, most = 0n] = [ordered[0], ordered.at(-1)];
  return {
    fromNs: last === null ? null : least > room ? least - room : 0n,
    toNs: first === null ? null : most + room,
  };
}
