/** How long calls took: the answer of `latency`, over one or more captures. */
import { parseBtf } from "../btf/index.js";
import type { Problem } from "../format/types.js";
import { structsOf } from "./arguments/structs.js";
import { eventName } from "./call-line.js";
import { hasNothingToRead, requireRecorderBtf } from "./calls.js";
import type { CallFilter } from "./filter.js";
import { type Dimension, groupResult, groupTable, type LatencyGroup } from "./latency-groups.js";
import { countLibcCalls, type LibcLayer, libcLayer } from "./latency-libc.js";
import { countLatencies } from "./latency-pass.js";
import { captureLoss } from "./losses.js";
import { queueNamer } from "./queue-name.js";
import { recordLayouts } from "./records.js";
import type { ReplayCapture } from "./source.js";
import { type CaptureClock, timeline } from "./time.js";

export interface LatencyResult {
  /** Most calls first. */
  readonly groups: readonly LatencyGroup[];
  /**
   * Records lost while recording, whatever the filters: any of them may have belonged to these calls. null: a
   * capture was cut or damaged, so it is not known how many.
   */
  readonly lost: number | null;
  /** Those that are known of; as many as `lost` where that is known. */
  readonly lost_at_least: number;
  /** By event; null when a capture has no summary to tell it. */
  readonly lost_by_event: {
    readonly [event: string]: { readonly entries: number; readonly exits: number };
  } | null;
  /** By the capture, and only where layers were asked for: what is known of the C library's functions. */
  readonly libc?: readonly LibcLayer[];
}

export interface LatencyOptions {
  /** As `timeline(captures)` gives it. */
  readonly clocks?: readonly CaptureClock[];
  readonly onProblem?: (capture: ReplayCapture, problem: Problem) => void;
}

/**
 * Durations of complete calls, from entry to exit, in groups. An interrupted call that the kernel begins anew
 * counts as two. By layer: also of the C library's functions, where these were recorded; queue and error number are
 * not known of them, so `filter` and `by` must not ask for those. Throws LayoutError or BtfError when a capture's records have no usable layouts.
 */
export function latency(
  captures: readonly ReplayCapture[],
  filter: CallFilter,
  by: readonly Dimension[] = ["event"],
  options: LatencyOptions = {},
): LatencyResult {
  const clocks = options.clocks ?? timeline(captures);
  const groups = groupTable(by);
  const damaged = new Set<ReplayCapture>();
  for (const [index, capture] of captures.entries()) {
    if (hasNothingToRead(capture)) continue;
    const recorderBtf = requireRecorderBtf(capture);
    const layouts = recordLayouts(recorderBtf);
    const baseNs = clocks[index]?.baseNs ?? 0n;
    const onProblem = (problem: Problem) => {
      damaged.add(capture);
      options.onProblem?.(capture, problem);
    };
    const hostBtf = capture.hostBtf === null ? null : parseBtf(capture.hostBtf);
    countLatencies(capture, {
      layouts,
      baseNs,
      filter,
      by,
      groups,
      nameOf: queueNamer(structsOf(hostBtf, recorderBtf)),
      onProblem,
    });
    if (by.includes("layer")) {
      countLibcCalls(capture, { btf: recorderBtf, layouts, baseNs, filter, groups, onProblem });
    }
  }
  const losses = captures.map(captureLoss);
  const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
  return {
    groups: inOrder(groups.all().map(groupResult)),
    lost: damaged.size === 0 && losses.every((loss) => loss.whole) ? lost : null,
    lost_at_least: lost,
    lost_by_event: lostByEvent(captures),
    ...(by.includes("layer") ? { libc: captures.map(libcLayer) } : {}),
  };
}

/** Most calls first; the layers of one key stay together, the caller's view before the kernel's. */
function inOrder(groups: readonly LatencyGroup[]): readonly LatencyGroup[] {
  const keyOf = ({ key: { layer: _, ...rest } }: LatencyGroup) => JSON.stringify(rest);
  const most = new Map<string, number>();
  for (const group of groups) most.set(keyOf(group), Math.max(group.count, most.get(keyOf(group)) ?? 0));
  return [...groups].sort(
    (a, b) =>
      (most.get(keyOf(b)) ?? 0) - (most.get(keyOf(a)) ?? 0) ||
      compareText(keyOf(a), keyOf(b)) ||
      compareText(b.key.layer ?? "", a.key.layer ?? ""),
  );
}

function lostByEvent(captures: readonly ReplayCapture[]): LatencyResult["lost_by_event"] {
  const sums: { [event: string]: { entries: number; exits: number } } = {};
  for (const capture of captures) {
    const { byEvent, lost } = captureLoss(capture);
    // What `recover` found missing, or a slice left out of its sums, has no event.
    const told = (byEvent ?? []).reduce((sum, { entries, exits }) => sum + entries + exits, 0);
    const isPartial = capture.summary?.ended === "recovered" || capture.host?.sliced !== undefined;
    if (byEvent === null || (isPartial && told !== lost)) return null;
    for (const { event, entries, exits } of byEvent) {
      const name = eventName(event);
      const sum = sums[name] ?? { entries: 0, exits: 0 };
      sums[name] = { entries: sum.entries + entries, exits: sum.exits + exits };
    }
  }
  return sums;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
