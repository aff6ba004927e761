/**
 * The calls of captures, as `calls --json` prints them: in order of exit, those that never end last, in order of
 * entry. One bounded pass.
 */
import { type Btf, parseBtf } from "../btf/index.js";
import { eventById } from "../catalog/events.js";
import type { Problem } from "../format/types.js";
import { structsOf } from "./arguments/structs.js";
import { argumentDecoder } from "./arguments.js";
import { type ArgumentDecoder, callLine, type LineParts, type NamedCall } from "./call-line.js";
import { chunkPlan } from "./chunk-plan.js";
import { type CallFilter, passes, passesComm, passesQueue } from "./filter.js";
import { inventoryNames } from "./inventory-names.js";
import { captureLoss, lossLedger } from "./losses.js";
import { type NameTable, nameTable } from "./names.js";
import { inOrder, merge } from "./order.js";
import type { KeptNames, PairedCall } from "./paired-call.js";
import { type PassOptions, pairs } from "./pairs.js";
import { type QueueNamer, queueNamer } from "./queue-name.js";
import { callQueue, seenQueue } from "./queues.js";
import { LayoutError, recordLayouts } from "./records.js";
import type { ReplayCapture } from "./source.js";
import { type CaptureClock, timeline } from "./time.js";
import type { CallLine } from "./types.js";

export interface CallOptions {
  /** Where the capture lies on the time line; without it, times count from this capture's start. */
  readonly clock?: CaptureClock;
  /** Damage met on the way; it is no reason to stop. */
  readonly onProblem?: (problem: Problem) => void;
  /** In place of the one made of the capture's BTF. */
  readonly decode?: ArgumentDecoder;
}

/** Every call of one capture that passes the filter. Throws LayoutError or BtfError when its records have no usable layouts. */
export function* calls(
  capture: ReplayCapture,
  filter: CallFilter,
  options: CallOptions = {},
): Generator<CallLine> {
  for (const { line } of endedLines(capture, filter, options)) yield line();
}

/** As `calls`, over several captures put on one time line and merged in order of exit. */
export function* callsOfAll(
  captures: readonly ReplayCapture[],
  filter: CallFilter,
  onProblem?: (capture: ReplayCapture, problem: Problem) => void,
): Generator<CallLine> {
  const clocks = timeline(captures);
  const sources = captures.map((capture, index) => {
    const clock = clocks[index];
    return endedLines(capture, filter, {
      ...(clock === undefined ? {} : { clock }),
      onProblem: (problem) => onProblem?.(capture, problem),
    });
  });
  for (const { line } of merge(sources)) yield line();
}

interface EndedLine {
  readonly endedNs: number;
  readonly line: () => CallLine;
}

function* endedLines(capture: ReplayCapture, filter: CallFilter, options: CallOptions): Generator<EndedLine> {
  if (hasNothingToRead(capture)) return;
  const lines = lineMaker(capture, options);
  const ordered = inOrder(namedCalls(capture, filter, lines), evidenceBytes);
  for (const call of ordered) yield { endedNs: call.endedNs, line: () => callLine(call, lines) };
}

/** The calls that pass the filter, with their names, nearly in order of exit. What is `watched` follows the pass. */
export function* namedCalls(
  capture: ReplayCapture,
  filter: CallFilter,
  lines: LineMaker,
  watched: Pick<PassOptions, "planes" | "onEntry"> & Partial<Pick<PassOptions, "losses" | "names">> = {},
): Generator<NamedCall> {
  const { layouts, clock } = lines;
  const names = watched.names ?? nameTable(clock.baseNs, inventoryNames(capture));
  const loss = captureLoss(capture);
  const pass: PassOptions = {
    layouts,
    baseNs: clock.baseNs,
    losses: lossLedger(capture, clock.baseNs),
    ...watched,
    names,
    keep: (open: { task: TaskKey; atNs: number; entry: readonly Uint8Array[] }): KeptNames => {
      const seen = seenQueue(open.entry, layouts);
      const entry = seen === null ? null : names.queue(seen.key, open.atNs);
      return {
        comm: names.comm(open.task.tid, open.task.startLow, open.task.startHigh, open.atNs),
        queueName: entry === null ? null : lines.queueName(entry),
      };
    },
    plan: chunkPlan(capture, filter, clock.baseNs, loss.whole && loss.lost === 0),
    onProblem: lines.onProblem,
  };
  for (const call of pairs(capture, pass)) {
    if (!passes(filter, call)) continue;
    const comm = commOf(call, names);
    if (!passesComm(filter, comm)) continue;
    const queue = callQueue(call, eventById(call.event), layouts, names, lines.queueName);
    if (passesQueue(filter, queue)) yield { endedNs: call.endedNs, call, comm, queue };
  }
}

type TaskKey = Pick<PairedCall, "tid" | "startLow" | "startHigh">;

function commOf(call: PairedCall, names: NameTable): string | null {
  const atNs = call.exitNs ?? call.enterNs ?? 0;
  return names.comm(call.tid, call.startLow, call.startHigh, atNs) ?? call.kept?.comm ?? null;
}

/** Of a call: what it holds in memory. */
export function evidenceBytes({ call }: Pick<NamedCall, "call">): number {
  let bytes = 0;
  for (const part of call.entry ?? []) bytes += part.byteLength;
  for (const part of call.exit ?? []) bytes += part.byteLength;
  return bytes;
}

export interface LineMaker extends LineParts {
  readonly queueName: QueueNamer;
}

/** What is made once for a capture: its layouts, its clock, and the decoder of its arguments. */
export function lineMaker(capture: ReplayCapture, options: CallOptions): LineMaker {
  const recorderBtf = requireRecorderBtf(capture);
  const hostBtf = capture.hostBtf === null ? null : parseBtf(capture.hostBtf);
  const clock = options.clock ?? timeline([capture])[0];
  if (clock === undefined) throw new TypeError("a time line of no capture");
  return {
    captureId: capture.captureId,
    layouts: recordLayouts(recorderBtf),
    clock,
    decode: options.decode ?? argumentDecoder(hostBtf, recorderBtf),
    onProblem: (problem) => options.onProblem?.(problem),
    queueName: queueNamer(structsOf(hostBtf, recorderBtf)),
  };
}

/** A capture that was cut before its first chunk has no record that would need layouts: its damage says it all. */
export function hasNothingToRead(capture: Pick<ReplayCapture, "recorderBtf" | "index">): boolean {
  return capture.recorderBtf === null && capture.index.length === 0;
}

/** The BTF of a capture's record structs, parsed. Throws LayoutError, which names the damage, when there is none. */
export function requireRecorderBtf(capture: Pick<ReplayCapture, "name" | "recorderBtf" | "problems">): Btf {
  if (capture.recorderBtf !== null) return parseBtf(capture.recorderBtf);
  const [damage] = capture.problems;
  const why = damage === undefined ? "" : `damaged at offset ${damage.offset} (${damage.message}): `;
  throw new LayoutError(
    `${capture.name}: ${why}no layouts of its records (a BTF frame of origin "recorder"), so they cannot be read`,
  );
}
