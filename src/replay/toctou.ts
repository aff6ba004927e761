/** Where memory or a queue changed between check and use: the answer of `toctou`, over one or more captures. */
import type { Problem } from "../format/types.js";
import { hasNothingToRead, lineMaker } from "./calls.js";
import type { CallFilter } from "./filter.js";
import { captureLoss } from "./losses.js";
import type { ReplayCapture } from "./source.js";
import { type CaptureClock, timeline } from "./time.js";
import { exposureTable } from "./toctou/exposure.js";
import { findingList } from "./toctou/findings.js";
import { shareUsed } from "./toctou/overlap-findings.js";
import { toctouPass } from "./toctou/pass.js";
import { type FindReceived, settle } from "./toctou/receivers.js";
import type { Exposure, Finding, FindingKind, ToctouResult } from "./toctou/types.js";

export interface ToctouOptions {
  /** As `timeline(captures)` gives it. */
  readonly clocks?: readonly CaptureClock[];
  /** List also what is neither proved nor excluded. */
  readonly withUndecided?: boolean;
  /** Finds the bytes that receivers got; without it only the kernel's own copies tell which value was used. */
  readonly findReceived?: FindReceived;
  readonly onProblem?: (capture: ReplayCapture, problem: Problem) => void;
}

/**
 * Findings in order of entry, and how long each argument stood open. Throws LayoutError or BtfError when a capture's
 * records have no usable layouts.
 */
export function toctou(
  captures: readonly ReplayCapture[],
  filter: CallFilter,
  options: ToctouOptions = {},
): ToctouResult {
  const clocks = options.clocks ?? timeline(captures);
  const findings = findingList({ withUndecided: options.withUndecided === true });
  const exposure = exposureTable();
  const damaged = new Set<ReplayCapture>();
  let overlapUnchecked = 0;
  for (const [index, capture] of captures.entries()) {
    if (hasNothingToRead(capture)) continue;
    const clock = clocks[index];
    const onProblem = (problem: Problem) => {
      damaged.add(capture);
      options.onProblem?.(capture, problem);
    };
    const lines = lineMaker(capture, { ...(clock === undefined ? {} : { clock }), onProblem });
    const result = toctouPass(capture, { filter, lines, findings, exposure, onProblem });
    overlapUnchecked += result.overlapUnchecked;
    if (options.findReceived !== undefined && result.waiting.length > 0) {
      const calls = new Set(result.waiting.map(({ id }) => id));
      settle(result.waiting, options.findReceived(capture, calls));
    }
  }
  shareUsed(findings.all);
  const losses = captures.map(captureLoss);
  const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
  return {
    findings: [...findings.all].sort(byEntry),
    exposure: exposure.rows().sort(byCalls),
    lost: damaged.size === 0 && losses.every((loss) => loss.whole) ? lost : null,
    lost_at_least: lost,
    undecided: findings.undecided,
    findings_omitted: findings.omitted,
    overlap_unchecked: overlapUnchecked,
  };
}

/** In this order when one call has several. */
const KINDS: readonly FindingKind[] = ["mutated", "overlap", "check_then_act"];

function byEntry(one: Finding, other: Finding): number {
  return (one.enter_ns ?? 0) - (other.enter_ns ?? 0) || KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind);
}

function byCalls(one: Exposure, other: Exposure): number {
  const order = `${one.event} ${one.arg}` < `${other.event} ${other.arg}` ? -1 : 1;
  return other.calls - one.calls || order;
}
