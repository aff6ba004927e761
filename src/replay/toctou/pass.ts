/**
 * One pass over a capture for `toctou`: every call is judged for changed inputs, compared with those that it ran beside,
 * and followed through what it checks and acts on. Filters say which calls findings are about; the others are looked at
 * all the same, since they may be who did it.
 */
import { parseBtf } from "../../btf/index.js";
import { eventById } from "../../catalog/events.js";
import type { Problem } from "../../format/types.js";
import { type CallContext, callContext } from "../arguments/evidence.js";
import { structsOf } from "../arguments/structs.js";
import { callEvidence, type NamedCall } from "../call-line.js";
import { evidenceBytes, type LineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { type CallFilter, EVERYTHING, passes, passesComm, passesQueue } from "../filter.js";
import { absence, lossLedger } from "../losses.js";
import { inOrder } from "../order.js";
import { planesReader } from "../planes.js";
import { planesState } from "../planes-state.js";
import type { ReplayCapture } from "../source.js";
import { type QueueWatch, queueWatch, type StaleCheck } from "./check-then-act.js";
import type { ExposureTable } from "./exposure.js";
import { type FindingList, newFinding } from "./findings.js";
import { type InputFindings, judgeInputs } from "./input-findings.js";
import { type OverlapFinder, overlapFinder } from "./overlap-findings.js";
import type { Waiting } from "./receivers.js";

export interface ToctouPass {
  readonly filter: CallFilter;
  readonly lines: LineMaker;
  readonly findings: FindingList;
  readonly exposure: ExposureTable;
  readonly onProblem: (problem: Problem) => void;
}

export interface PassResult {
  /** Findings to which the receivers' bytes may say more. */
  readonly waiting: readonly Waiting[];
  readonly overlapUnchecked: number;
}

export function toctouPass(capture: ReplayCapture, pass: ToctouPass): PassResult {
  const { filter, lines, findings, exposure } = pass;
  const recorderBtf = requireRecorderBtf(capture);
  const structs = structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), recorderBtf);
  const losses = lossLedger(capture, lines.clock.baseNs);
  const queues = queueWatch(absence(capture, losses, lines.clock.baseNs, "queues"));
  const overlaps = overlapFinder(capture.captureId, findings);
  const waiting: Waiting[] = [];
  const planes = {
    read: planesReader(recorderBtf, lines.layouts, lines.clock.baseNs),
    state: planesState(capture, lines.clock.baseNs),
    onRecord: (record: Parameters<QueueWatch["notified"]>[0] | { readonly plane: "libc" }) => {
      if (record.plane === "kernel" && record.hook === "do_notify") queues.notified(record);
    },
  };

  const ordered = inOrder(namedCalls(capture, EVERYTHING, lines, { losses, planes }), evidenceBytes);
  for (const named of ordered) {
    const evidence = callEvidence(named.call, lines);
    if (evidence === null) continue;
    const context = callContext(evidence, structs);
    const isWanted =
      passes(filter, named.call) && passesComm(filter, named.comm) && passesQueue(filter, named.queue);
    const inputs = judgeInputs(context, named, capture.captureId);
    if (isWanted) {
      for (const { arg, call } of inputs.exposed) exposure.count(context.call.event.name, arg, call);
    }
    watchOverlaps(overlaps, context, named, inputs, isWanted);
    if (isWanted) addMutations(findings, inputs, waiting);
    for (const stale of checkedBefore(queues, context, named)) {
      if (isWanted) findings.add(staleFinding(stale, context, named, capture.captureId));
    }
  }
  return { waiting, overlapUnchecked: overlaps.unchecked };
}

function watchOverlaps(
  overlaps: OverlapFinder,
  context: CallContext,
  named: NamedCall,
  inputs: InputFindings,
  isWanted: boolean,
): void {
  if (named.call.state === "complete" || named.call.state === "in_flight") {
    overlaps.see(context, named, inputs, isWanted);
  }
}

function addMutations(findings: FindingList, inputs: InputFindings, waiting: Waiting[]): void {
  for (const { finding, wait } of inputs.findings) {
    if (findings.add(finding) && wait !== null) waiting.push(wait);
  }
}

function checkedBefore(queues: QueueWatch, context: CallContext, named: NamedCall): readonly StaleCheck[] {
  const event = eventById(named.call.event);
  const { args } = context.call;
  return event === undefined || args === null ? [] : queues.see(named, event, args);
}

function staleFinding(stale: StaleCheck, context: CallContext, named: NamedCall, captureId: string) {
  const { event } = context.call;
  const by = event.queue?.by;
  const { kind, key, name } = stale.subject;
  return {
    ...newFinding("check_then_act", named, captureId),
    queue: named.queue ?? { kind, key, name, depth_before: null, depth_after: null },
    arg:
      by === undefined || by === "ret" ? (event.args[0]?.name ?? null) : (event.args[by.arg]?.name ?? null),
    window_ns: [stale.check.exit_ns, named.call.enterNs] as const,
    verdict: stale.isCertain ? ("changed" as const) : ("unknown" as const),
    // The act came after the change, and met the queue as the change had left it.
    kernel_used: stale.isCertain ? ("after" as const) : ("unknown" as const),
    by: stale.by,
    check: { ...stale.check, of: stale.of },
  };
}
