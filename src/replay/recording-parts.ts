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
import { joinedRows, type Rows } from "../format/rows.js";
import type { Gap, IndexEntry, Inventory, Problem, Summary } from "../format/types.js";
import { withoutCopies } from "./better-copy.js";
import { entryIn, indexOf, type Part, type Run, recordingPlan } from "./recording-plan.js";

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

function joined(parts: readonly Part[]): Capture {
  const [first] = parts as readonly [Part, ...Part[]];
  const captures = parts.map(({ capture }) => capture);
  const last = captures.at(-1) ?? first.capture;
  const { runs, overlaps, holes } = recordingPlan(parts);
  const index = indexOf(runs, overlaps);
  const runsOf = new Map<Part, Run[]>(parts.map((part) => [part, []]));
  for (const run of runs) runsOf.get(run.part)?.push(run);
  const gaps = distinct([...captures.flatMap((capture) => capture.gaps), ...holes], gapKey);
  const lacks = runs.flatMap(({ lack }) => lack ?? []);
  const named = problemsByPart();
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
    index,
    indexFrom: captures.every((capture) => capture.indexFrom === "index") ? "index" : "scan",
    frames: joinedRows(captures.map((capture) => capture.frames)),
    summary: summaryOf(captures, index, gaps, overlaps),
    complete: captures.every((capture) => capture.complete) && last.complete,
    get problems() {
      return [...lacks, ...captures.flatMap((capture) => capture.problems.map((one) => named(capture, one)))];
    },
    *chunks(wanted = () => true) {
      for (const part of parts) {
        yield* partChunks(
          part.capture,
          runsOf.get(part) ?? [],
          (run, entry) => entryIn(run, entry, overlaps),
          wanted,
          named,
        );
      }
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
  runs: readonly Run[],
  entryOf: (run: Run, own: IndexEntry) => IndexEntry,
  wanted: (entry: IndexEntry) => boolean,
  named: NamedProblem,
): Generator<ChunkStep> {
  let lack: Problem | null = null;
  /** Of the part's own chunks: all are asked for, in their order. */
  let number = 0;
  let at = 0;
  let current: IndexEntry | null = null;
  const isWanted = (own: IndexEntry) => {
    const place = number++;
    for (let run = runs[at]; run !== undefined && place >= run.from + run.count; ) run = runs[++at];
    const run = runs[at];
    if (run === undefined || place < run.from) return false;
    if (place === run.from) lack ??= run.lack;
    current = entryOf(run, own);
    return wanted(current);
  };
  for (const step of capture.chunks(isWanted)) {
    if (lack !== null) yield { entry: null, problem: lack };
    lack = null;
    const entry = step.entry === null ? null : current;
    if (step.problem !== undefined) yield { entry, problem: named(capture, step.problem) };
    else if (entry !== null) yield { entry, body: step.body };
  }
}

/** null unless every part has one. */
function summaryOf(
  captures: readonly Capture[],
  index: Rows<IndexEntry>,
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
    records: index.reduce((total, { context }) => total + BigInt(context.records), 0n),
    lost: overlaps ? inGaps("syscall") : sum((summary) => summary.lost),
    lostByEvent: overlaps ? [] : sumByEvent(summaries),
    gaps: gaps.length,
    chunks: index.length,
    counts: countsOf(index),
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

function countsOf(index: Rows<IndexEntry>): Summary["counts"] {
  const sums = new Map<number, { event: number; entries: number; exits: number }>();
  for (const { context } of index) {
    for (const { event, entries, exits } of context.counts) {
      const sum = sums.get(event) ?? { event, entries: 0, exits: 0 };
      sums.set(event, { event, entries: sum.entries + entries, exits: sum.exits + exits });
    }
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
