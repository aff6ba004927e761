/**
 * What a capture says of itself, as `info --json` prints it: from its metadata, gaps and chunk heads alone. No
 * chunk is decompressed and no record is read.
 */
import { eventById } from "../catalog/events.js";
import type { Capture } from "../format/capture.js";
import type { AttachedHook, ChunkContext, Gap, Problem } from "../format/types.js";
import { type CaptureLoss, callGaps, captureLoss } from "./losses.js";
import { timeline } from "./time.js";

/** Records of one event. A call leaves one at its entry and one at its exit. `lost` null: not known. */
export interface EventCounts {
  readonly entries: number;
  readonly exits: number;
  readonly lost: number | null;
}

/** Field order is the order in which they are printed. */
export interface CaptureInfo {
  readonly file: string;
  readonly bytes: number | null;
  /** `1.0`: major and minor. */
  readonly format: string;
  readonly capture_id: string;
  /** When the recording began, RFC 3339 in UTC. */
  readonly created: string | null;
  readonly complete: boolean;
  /** Why the recording ended: signal, duration, count, command, disk_full, error. */
  readonly ended: string | null;
  readonly host: string | null;
  readonly kernel: string | null;
  readonly arch: string | null;
  readonly cpus: number | null;
  readonly boot_id: string | null;
  readonly recorder: string | null;
  /** Written by a generator, not by a kernel. */
  readonly synthetic: boolean | null;
  /** Of which recording it is a part; `first_record`: the recording's records before it. A part of 1 may be
   * all of it. null: of none but its own. */
  readonly recording: { readonly id: string; readonly part: number; readonly first_record: number } | null;
  /** By which filters calls were chosen from a longer capture; `from` and `to` are CLOCK_BOOTTIME. null: it is no slice. */
  readonly sliced: Readonly<Record<string, readonly string[]>> | null;
  /** The kinds of data that `redact` let through. null: never redacted. */
  readonly redacted_but: readonly string[] | null;
  /** What was made of the recorder's file since, step by step. */
  readonly made_by: readonly {
    readonly command: string;
    readonly version: string;
    readonly from: readonly string[];
    readonly options: Readonly<Record<string, readonly string[]>>;
    /** What could not be taken over. */
    readonly problems: readonly Problem[];
  }[];
  readonly command: readonly string[] | null;
  readonly events: readonly string[] | null;
  readonly filters: Readonly<Record<string, readonly string[]>> | null;
  readonly snap_bytes: number | null;
  readonly buffer_bytes: number | null;
  readonly duration_ns: number | null;
  readonly records: number;
  /** Exact. null: the file was cut or damaged, so it is not known how many. */
  readonly lost: number | null;
  /** Those that are known of; as many as `lost` where that is known. */
  readonly lost_at_least: number;
  readonly lost_by_cause: Readonly<Record<string, number>>;
  /** KERNEL and LIBC records, which are not among `lost`. null: not known. */
  readonly planes_lost: number | null;
  /** How many gaps, without those of the planes. */
  readonly gaps: number;
  readonly by_event: Readonly<Record<string, EventCounts>>;
  /** Calls seen to enter and not to leave. null: no chunk tells, or the file was cut or damaged. */
  readonly in_flight: number | null;
  /** Calls of the x32 convention: counted, not recorded. null: not known. */
  readonly x32_calls: number | null;
  readonly chunks: number;
  readonly hooks: readonly AttachedHook[] | null;
  /** `index`: from the index at the end; `scan`: there is none, every frame's head was read. */
  readonly from: "index" | "scan";
  readonly problems: readonly Problem[];
}

/** Reads nothing but what `openCapture` read. */
export function captureInfo(capture: Capture): CaptureInfo {
  const { host, summary } = capture;
  const loss = captureLoss(capture);
  return {
    file: capture.name,
    bytes: capture.sizeBytes,
    format: `${capture.format.major}.${capture.format.minor}`,
    capture_id: capture.captureId,
    created: timeline([capture])[0]?.wall(0) ?? null,
    complete: capture.complete,
    ended: summary?.ended ?? null,
    host: host?.hostname ?? null,
    kernel: host?.release ?? null,
    arch: host?.arch ?? null,
    cpus: host?.cpus ?? null,
    boot_id: host?.bootId ?? null,
    recorder: host === null ? null : `${host.recorder.name} ${host.recorder.version}`,
    synthetic: host?.synthetic ?? null,
    recording: recordingOf(capture),
    sliced: host?.sliced ?? null,
    redacted_but: host?.redacted?.kept ?? null,
    made_by: capture.origins.map(({ madeBy, ...origin }) => ({ command: madeBy, ...origin })),
    command: host?.config.command ?? null,
    events: host?.config.events ?? null,
    filters: host?.config.filters ?? null,
    snap_bytes: host?.config.snapBytes ?? null,
    buffer_bytes: host?.config.bufferBytes ?? null,
    duration_ns: durationNs(capture),
    records: capture.index.reduce((sum, entry) => sum + entry.context.records, 0),
    lost: loss.whole ? loss.lost : null,
    lost_at_least: loss.lost,
    lost_by_cause: lostByCause(callGaps(capture), loss.lost),
    planes_lost: loss.whole && summary !== null ? Number(summary.planesLost ?? 0n) : null,
    gaps: callGaps(capture).length,
    by_event: byEvent(capture, loss),
    in_flight: loss.whole ? (capture.index.at(-1)?.context.openCalls ?? null) : null,
    x32_calls: summary === null || isX32Unknown(capture, loss) ? null : Number(summary.x32Calls),
    chunks: capture.index.length,
    hooks: host?.attachPlan ?? null,
    from: capture.indexFrom,
    problems: capture.problems,
  };
}

function recordingOf({ host }: Capture): CaptureInfo["recording"] {
  const recording = host?.recording;
  if (recording === undefined) return null;
  return { id: recording.id, part: recording.part, first_record: Number(recording.firstRecord) };
}

/** `recover` cannot know how many there were behind a cut, and a slice how many files that are missing have counted. */
function isX32Unknown({ summary, host }: Capture, { whole }: CaptureLoss): boolean {
  return summary?.ended === "recovered" || (host?.sliced !== undefined && !whole);
}

/** Of a recording that did not end as it should: up to the last record that there is. */
function durationNs(capture: Capture): number | null {
  if (capture.summary !== null) return Number(capture.summary.endNs - capture.summary.startNs);
  const last = capture.index.findLast((entry) => entry.context.lastTimeNs !== null)?.context.lastTimeNs;
  const start = capture.startNs;
  return last === undefined || last === null || start === null ? null : Number(last - start);
}

/** Losses that no gap accounts for have the cause `unknown`. */
function lostByCause(gaps: readonly Gap[], lost: number): Record<string, number> {
  const causes: Record<string, number> = {};
  let told = 0;
  for (const gap of gaps) {
    if (gap.lost === 0n) continue;
    causes[gap.cause] = (causes[gap.cause] ?? 0) + Number(gap.lost);
    told += Number(gap.lost);
  }
  if (lost > told) causes.unknown = (causes.unknown ?? 0) + lost - told;
  return causes;
}

/** In the catalogue's order of ids. Counts come from the chunks that are there. */
function byEvent(capture: Capture, loss: CaptureLoss): Record<string, EventCounts> {
  const sums = new Map<number, { entries: number; exits: number }>();
  const add = (counts: ChunkContext["counts"]) => {
    for (const { event, entries, exits } of counts) {
      const sum = sums.get(event) ?? { entries: 0, exits: 0 };
      sums.set(event, { entries: sum.entries + entries, exits: sum.exits + exits });
    }
  };
  for (const entry of capture.index) add(entry.context.counts);
  const lostOf = new Map(loss.byEvent?.map((one) => [one.event, one.entries + one.exits]));
  const told = [...lostOf.values()].reduce((sum, count) => sum + count, 0);
  const isKnown = loss.whole && loss.byEvent !== null && told === loss.lost;
  for (const [event, count] of lostOf)
    if (count > 0 && !sums.has(event)) sums.set(event, { entries: 0, exits: 0 });
  const rows = [...sums].sort(([one], [other]) => one - other);
  return Object.fromEntries(
    rows.map(([event, sum]) => [
      eventById(event)?.name ?? `event_${event}`,
      { ...sum, lost: isKnown ? (lostOf.get(event) ?? 0) : null },
    ]),
  );
}
