/**
 * The captures of one recording, read as one: calls that began in one and ended in the next are whole, queues and
 * messages are followed across. Spec: `recording` of HOST.
 *
 * Parts may overlap (a flight recorder's snapshots): records that are in two count once. Records between two parts that
 * neither has are damage at that place: they were recorded, and are not here. Behind a snapshot they are a gap in which
 * nothing was lost: nobody asked for them. Captures of other recordings stay as they
 * are. Refuses to join parts whose layouts differ: a recorder's parts never do.
 */
import type { Capture, ChunkStep } from "../format/capture.js";
import { problem } from "../format/problem.js";
import {
  type ChunkContext,
  FrameType,
  type Gap,
  type IndexEntry,
  type Inventory,
  type Problem,
  type RecordingPart,
  type Summary,
} from "../format/types.js";
import { withoutCopies } from "./better-copy.js";

/**
 * In the order of the first capture of each; a recording of which one part is given stays as it is. A capture that was
 * given twice counts once.
 */
export function joinRecordings(captures: readonly Capture[]): readonly Capture[] {
  const groups = new Map<string | number, Capture[]>();
  for (const [i, capture] of withoutCopies(captures).entries()) {
    const id = capture.host?.recording?.id ?? i;
    groups.set(id, [...(groups.get(id) ?? []), capture]);
  }
  return [...groups.values()].flatMap((group) => {
    const parts = partsInOrder(group);
    return parts.length > 1 && isOneLayout(parts) ? [joined(parts)] : group;
  });
}

interface Part {
  readonly capture: Capture;
  readonly recording: RecordingPart;
}

function partsInOrder(captures: readonly Capture[]): readonly Part[] {
  return captures
    .flatMap((capture) => {
      const recording = capture.host?.recording;
      return recording === undefined ? [] : [{ capture, recording }];
    })
    .sort((a, b) => a.recording.part - b.recording.part);
}

function isOneLayout(parts: readonly Part[]): boolean {
  const [first] = parts;
  const same = (a: Uint8Array | null | undefined, b: Uint8Array | null) =>
    a === null || a === undefined || b === null ? (a ?? null) === b : Buffer.compare(a, b) === 0;
  return parts.every(
    ({ capture }) =>
      same(first?.capture.recorderBtf, capture.recorderBtf) && same(first?.capture.hostBtf, capture.hostBtf),
  );
}

/** A chunk of a part as the whole has it; `lack`: what is missing before it. */
interface Planned {
  readonly part: Part;
  readonly own: IndexEntry;
  readonly entry: IndexEntry;
  readonly lack: Problem | null;
}

function joined(parts: readonly Part[]): Capture {
  const [first] = parts as readonly [Part, ...Part[]];
  const captures = parts.map(({ capture }) => capture);
  const last = captures.at(-1) ?? first.capture;
  const { planned, overlaps, holes } = plan(parts);
  const gaps = distinct([...captures.flatMap((capture) => capture.gaps), ...holes], gapKey);
  const lacks = planned.flatMap(({ lack }) => lack ?? []);
  const named = problemsByPart();
  const ofPart = new Map(captures.map((capture) => [capture, new Map<IndexEntry, Planned>()]));
  for (const one of planned) ofPart.get(one.part.capture)?.set(one.own, one);
  return {
    name: `${first.capture.name} and ${parts.length - 1} more of its recording`,
    captureId: first.recording.id,
    format: first.capture.format,
    sizeBytes: captures.reduce<number | null>(
      (sum, { sizeBytes }) => (sum === null || sizeBytes === null ? null : sum + sizeBytes),
      0,
    ),
    nextOffset: null,
    createdNs: first.capture.createdNs,
    startNs: first.capture.startNs,
    host: first.capture.host,
    get recorderBtf() {
      return first.capture.recorderBtf;
    },
    get hostBtf() {
      return first.capture.hostBtf;
    },
    clocks: distinct(
      captures.flatMap((capture) => capture.clocks),
      (clock) => String(clock.boottimeNs),
    ).sort((a, b) => compareBig(a.boottimeNs, b.boottimeNs)),
    inventories: () =>
      distinct(
        captures.flatMap((capture) => capture.inventories()),
        inventoryKey,
      ).sort((a, b) => compareBig(a.atNs, b.atNs)),
    gaps,
    origins: captures.flatMap((capture) => capture.origins),
    index: planned.map(({ entry }) => entry),
    indexFrom: captures.every((capture) => capture.indexFrom === "index") ? "index" : "scan",
    frames: captures.flatMap((capture) => capture.frames),
    summary: summaryOf(captures, planned, gaps, overlaps),
    complete: captures.every((capture) => capture.complete) && last.complete,
    get problems() {
      return [...lacks, ...captures.flatMap((capture) => capture.problems.map((one) => named(capture, one)))];
    },
    *chunks(wanted = () => true) {
      for (const { capture } of parts)
        yield* partChunks(capture, ofPart.get(capture) ?? new Map(), wanted, named);
    },
  };
}

type NamedProblem = (capture: Capture, problem: Problem) => Problem;

/** Says of each problem in which file it is; always the same object for the same problem. */
function problemsByPart(): NamedProblem {
  const known = new WeakMap<Problem, Problem>();
  return (capture, one) => {
    const before = known.get(one);
    if (before !== undefined) return before;
    const made = { ...one, message: `in ${capture.name}: ${one.message}` };
    known.set(one, made);
    return made;
  };
}

function* partChunks(
  capture: Capture,
  own: ReadonlyMap<IndexEntry, Planned>,
  wanted: (entry: IndexEntry) => boolean,
  named: NamedProblem,
): Generator<ChunkStep> {
  let lack: Problem | null = null;
  const isWanted = (entry: IndexEntry) => {
    const plannedEntry = own.get(entry);
    if (plannedEntry === undefined) return false;
    lack ??= plannedEntry.lack;
    return wanted(plannedEntry.entry);
  };
  for (const step of capture.chunks(isWanted)) {
    if (lack !== null) yield { entry: null, problem: lack };
    lack = null;
    const entry = step.entry === null ? null : (own.get(step.entry)?.entry ?? null);
    if (step.problem !== undefined) yield { entry, problem: named(capture, step.problem) };
    else if (entry !== null) yield { entry, body: step.body };
  }
}

/** Which chunks of which part make up the whole, without those that an earlier part has. */
interface Plan {
  readonly planned: readonly Planned[];
  readonly overlaps: boolean;
  /** Between snapshots. */
  readonly holes: readonly Gap[];
}

function plan(parts: readonly Part[]): Plan {
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

/** null unless every part has one. */
function summaryOf(
  captures: readonly Capture[],
  planned: readonly Planned[],
  gaps: readonly Gap[],
  overlaps: boolean,
): Summary | null {
  const summaries = captures.flatMap(({ summary }) => summary ?? []);
  const [first] = summaries;
  const last = summaries.at(-1);
  if (first === undefined || last === undefined || summaries.length < captures.length) return null;
  const sum = (of: (summary: Summary) => bigint) =>
    summaries.reduce((total, summary) => total + of(summary), 0n);
  const inGaps = (plane: "syscall" | "planes") =>
    gaps.filter((gap) => (gap.plane ?? "syscall") === plane).reduce((total, gap) => total + gap.lost, 0n);
  return {
    startNs: first.startNs,
    endNs: last.endNs,
    records: planned.reduce((total, { entry }) => total + BigInt(entry.context.records), 0n),
    lost: overlaps ? inGaps("syscall") : sum((summary) => summary.lost),
    lostByEvent: overlaps ? [] : sumByEvent(summaries),
    gaps: gaps.length,
    chunks: planned.length,
    counts: countsOf(planned),
    x32Calls: sum((summary) => summary.x32Calls),
    planesLost: overlaps ? inGaps("planes") : sum((summary) => summary.planesLost ?? 0n),
    ended: last.ended,
  };
}

function sumByEvent(summaries: readonly Summary[]): Summary["lostByEvent"] {
  const sums = new Map<number, { event: number; entries: bigint; exits: bigint }>();
  for (const { event, entries, exits } of summaries.flatMap(({ lostByEvent }) => lostByEvent)) {
    const sum = sums.get(event) ?? { event, entries: 0n, exits: 0n };
    sums.set(event, { event, entries: sum.entries + entries, exits: sum.exits + exits });
  }
  return [...sums.values()];
}

function countsOf(planned: readonly Planned[]): Summary["counts"] {
  const sums = new Map<number, { event: number; entries: number; exits: number }>();
  for (const { event, entries, exits } of planned.flatMap(({ entry }) => entry.context.counts)) {
    const sum = sums.get(event) ?? { event, entries: 0, exits: 0 };
    sums.set(event, { event, entries: sum.entries + entries, exits: sum.exits + exits });
  }
  return [...sums.values()].sort((a, b) => a.event - b.event);
}

/** Without the second of those with the same key. */
function distinct<T>(values: readonly T[], key: (value: T) => string): T[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const own = key(value);
    const isNew = !seen.has(own);
    seen.add(own);
    return isNew;
  });
}

function gapKey({ cpu, fromNs, toNs, lost, cause, plane, atLeast }: Gap): string {
  return [cpu, fromNs, toNs, lost, cause, plane ?? "syscall", atLeast ?? false].join(" ");
}

function inventoryKey({ atNs, reason }: Inventory): string {
  return `${atNs} ${reason}`;
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
