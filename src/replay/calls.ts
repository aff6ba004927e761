/**
 * The calls of captures, as `calls --json` prints them: in order of exit, those that never end last, in order of
 * entry. One bounded pass.
 */
import { type Btf, parseBtf } from "../btf/index.js";
import { abiById, muxById } from "../catalog/abi.js";
import { errnoName } from "../catalog/errno.js";
import { eventById } from "../catalog/events.js";
import type { Abi, EventRow } from "../catalog/types.js";
import type { Problem } from "../format/types.js";
import type { CallEvidence } from "./arguments/evidence.js";
import { structsOf } from "./arguments/structs.js";
import { argumentDecoder } from "./arguments.js";
import { chunkPlan } from "./chunk-plan.js";
import { type CallFilter, errorNumber, passes, passesComm, passesQueue } from "./filter.js";
import { findItem, parseItems } from "./items.js";
import { captureLoss, lossLedger } from "./losses.js";
import { type NameTable, nameTable } from "./names.js";
import { inOrder, merge } from "./order.js";
import type { KeptNames, PairedCall } from "./paired-call.js";
import { pairs } from "./pairs.js";
import { queueNamer } from "./queue-name.js";
import { callQueue, seenQueue } from "./queues.js";
import {
  type Item,
  ItemKind,
  LayoutError,
  RecordFlag,
  type RecordLayouts,
  readArgs,
  recordLayouts,
} from "./records.js";
import type { ReplayCapture } from "./source.js";
import { type CaptureClock, timeline } from "./time.js";
import type { CallLine, CallQueue } from "./types.js";

/** `null`: nothing at all is known of the arguments. */
export type ArgumentDecoder = (evidence: CallEvidence) => CallLine["args"];

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

interface NamedCall {
  readonly endedNs: number;
  readonly call: PairedCall;
  readonly comm: string | null;
  readonly queue: CallQueue | null;
}

function* endedLines(capture: ReplayCapture, filter: CallFilter, options: CallOptions): Generator<EndedLine> {
  const lines = lineMaker(capture, options);
  const ordered = inOrder(namedCalls(capture, filter, lines, options), evidenceBytes);
  for (const call of ordered) yield { endedNs: call.endedNs, line: () => lines.line(call) };
}

function* namedCalls(
  capture: ReplayCapture,
  filter: CallFilter,
  lines: LineMaker,
  options: CallOptions,
): Generator<NamedCall> {
  const { layouts, clock } = lines;
  const names = nameTable(clock.baseNs);
  const loss = captureLoss(capture);
  const pass = {
    layouts,
    baseNs: clock.baseNs,
    losses: lossLedger(capture, clock.baseNs),
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
    onProblem: (problem: Problem) => options.onProblem?.(problem),
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

function evidenceBytes({ call }: NamedCall): number {
  let bytes = 0;
  for (const part of call.entry ?? []) bytes += part.byteLength;
  for (const part of call.exit ?? []) bytes += part.byteLength;
  return bytes;
}

interface LineMaker {
  readonly layouts: RecordLayouts;
  readonly clock: CaptureClock;
  readonly queueName: ReturnType<typeof queueNamer>;
  line(call: NamedCall): CallLine;
}

/** What is made once for a capture: its layouts, its clock, and the decoder of its arguments. */
function lineMaker(capture: ReplayCapture, options: CallOptions): LineMaker {
  const recorderBtf = requireRecorderBtf(capture);
  const hostBtf = capture.hostBtf === null ? null : parseBtf(capture.hostBtf);
  const layouts = recordLayouts(recorderBtf);
  const clock = options.clock ?? timeline([capture])[0];
  if (clock === undefined) throw new TypeError("a time line of no capture");
  const decode = options.decode ?? argumentDecoder(hostBtf, recorderBtf);
  return {
    layouts,
    clock,
    queueName: queueNamer(structsOf(hostBtf, recorderBtf)),
    line: (call) => callLine(capture, call, clock, decodedArgs(call.call, layouts, decode, options)),
  };
}

/** The BTF of a capture's record structs, parsed. Throws LayoutError when the capture has none. */
export function requireRecorderBtf(capture: Pick<ReplayCapture, "name" | "recorderBtf">): Btf {
  if (capture.recorderBtf !== null) return parseBtf(capture.recorderBtf);
  throw new LayoutError(
    `${capture.name}: no layouts of its records (a BTF frame of origin "recorder"), so they cannot be read`,
  );
}

function callLine(
  capture: ReplayCapture,
  { call, comm, queue }: NamedCall,
  clock: CaptureClock,
  args: CallLine["args"],
): CallLine {
  const error = call.ret === null ? 0 : errorNumber(call.ret);
  const momentNs = call.enterNs ?? call.exitNs;
  return {
    capture: capture.captureId,
    task: call.task,
    call: call.call,
    event: eventById(call.event)?.name ?? `event_${call.event}`,
    abi: abiName(call.abi),
    via: muxById(call.mux)?.mux ?? null,
    cpu: call.cpu,
    tid: call.tid,
    tgid: call.tgid,
    comm,
    enter_ns: call.enterNs,
    exit_ns: call.exitNs,
    duration_ns: call.enterNs === null || call.exitNs === null ? null : call.exitNs - call.enterNs,
    wall: momentNs === null ? null : clock.wall(momentNs),
    ret: call.ret,
    errno: error === 0 ? null : (errnoName(error) ?? `${error}`),
    state: call.state,
    restart_of: call.restartOf,
    args,
    queue,
  };
}

/** A convention that this version does not know is named by its number: its arguments are not decoded. */
function abiName(id: number): Abi {
  return abiById(id)?.abi ?? (`abi_${id}` as Abi);
}

function decodedArgs(
  call: PairedCall,
  layouts: RecordLayouts,
  decode: ArgumentDecoder,
  options: CallOptions,
): CallLine["args"] {
  const event: EventRow | undefined = eventById(call.event);
  const abi = abiById(call.abi)?.abi;
  if (event === undefined || abi === undefined) return null;
  const itemsOf = (parts: readonly Uint8Array[] | null): Item[] | null => {
    if (parts === null) return null;
    const items: Item[] = [];
    for (const part of parts) {
      const wrong = parseItems(part, layouts, items);
      if (wrong !== null) options.onProblem?.(itemProblem(call, event, wrong));
    }
    return items;
  };
  const entryItems = itemsOf(call.entry);
  const exitItems = itemsOf(call.exit);
  const args = rawArgs(call, layouts);
  return decode({
    event,
    abi,
    via: muxById(call.mux)?.mux ?? null,
    args,
    entryItems,
    exitItems,
    ret: call.ret,
  });
}

function itemProblem(call: PairedCall, event: EventRow, message: string): Problem {
  const which = `${event.name} of task ${call.task}, call ${call.call ?? "?"}`;
  return { code: "item", offset: 0, frame: null, message: `${which}: ${message}` };
}

/** With ARGS_UNKNOWN the multiplexer's operands could not be read: the zeros in the record mean nothing. */

/** The call's raw arguments: from its entry, else from what the exit brings in its place; null: not known. */
function rawArgs(call: PairedCall, layouts: RecordLayouts): bigint[] | null {
  const entry = call.entry?.[0];
  const record = entry ?? call.exit?.[0];
  if (record === undefined) return null;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if ((view.getUint8(layouts.record.flags) & RecordFlag.ARGS_UNKNOWN) !== 0) return null;
  if (entry !== undefined) return readArgs(view, layouts.record.sizeBytes, layouts);
  const { sizeBytes } = layouts.entry;
  const at = findItem(view, 0, record.byteLength, layouts, ItemKind.ARGS, sizeBytes);
  return at < 0 ? null : readArgs(view, at, layouts);
}
