/**
 * The messages of a capture, each from its send to what became of it. One bounded pass: every call counts for the
 * matching, the filter chooses among the answers.
 */
import { parseBtf } from "../../btf/index.js";
import { eventById } from "../../catalog/events.js";
import type { Problem } from "../../format/types.js";
import { structsOf } from "../arguments/structs.js";
import { eventName, type NamedCall } from "../call-line.js";
import { type CallOptions, hasNothingToRead, lineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { type CallFilter, EVERYTHING, passes, passesComm, passesQueue } from "../filter.js";
import { inventoryNames } from "../inventory-names.js";
import { absence, lossLedger } from "../losses.js";
import { type NameTable, nameTable, queueKeyText, taskKeyText } from "../names.js";
import { type Task, unfinished } from "../paired-call.js";
import { type KernelRecord, planesReader } from "../planes.js";
import { planesState } from "../planes-state.js";
import { seenQueue } from "../queues.js";
import type { ReplayCapture } from "../source.js";
import { timeline } from "../time.js";
import type { CallQueue } from "../types.js";
import { isElsewhere } from "./addresses.js";
import { datagramsOf } from "./datagrams.js";
import { type Deed, type DeedParts, depthChange, type QueueCall, queueDeed } from "./deeds.js";
import { identities } from "./identities.js";
import { type FlowLine, flowLine, orphanLine } from "./line.js";
import type { Attempt, OpenCall } from "./open-calls.js";
import type { QueueModel } from "./queue-model.js";
import { queueTable } from "./queue-table.js";
import { type Reading, readings } from "./readings.js";
import type { FlowQueue, FlowSink, Party } from "./types.js";

export interface FlowOptions extends Pick<CallOptions, "clock" | "onProblem"> {
  /** Also messages that were received, and whose send is not in the capture. */
  readonly withReceived?: boolean;
}

/** Every message of one capture of which an end passes the filter, in no order. Throws as `calls` does. */
export function* flows(
  capture: ReplayCapture,
  filter: CallFilter,
  options: FlowOptions = {},
): Generator<FlowLine> {
  if (hasNothingToRead(capture)) return;
  const out: FlowLine[] = [];
  const pass = flowPass(capture, filter, options, out);
  for (const call of pass.calls) {
    pass.take(call);
    if (out.length === 0) continue;
    yield* out;
    out.length = 0;
  }
  pass.finish();
  yield* out;
}

/** As `flows`, over several captures on one time line. A message is followed within its capture alone. */
export function* flowsOfAll(
  captures: readonly ReplayCapture[],
  filter: CallFilter,
  options: { readonly withReceived?: boolean } = {},
  onProblem?: (capture: ReplayCapture, problem: Problem) => void,
): Generator<FlowLine> {
  const clocks = timeline(captures);
  for (const [index, capture] of captures.entries()) {
    const clock = clocks[index];
    yield* flows(capture, filter, {
      ...options,
      ...(clock === undefined ? {} : { clock }),
      onProblem: (problem) => onProblem?.(capture, problem),
    });
  }
}

const NO_LOSS = { between: () => false, after: () => false };

interface FlowPass {
  readonly calls: Iterable<NamedCall>;
  take(call: NamedCall): void;
  finish(): void;
}

function flowPass(
  capture: ReplayCapture,
  filter: CallFilter,
  options: FlowOptions,
  out: FlowLine[],
): FlowPass {
  const lines = lineMaker(capture, options);
  const parts: DeedParts = {
    layouts: lines.layouts,
    onProblem: lines.onProblem,
    structs: structsOf(
      capture.hostBtf === null ? null : parseBtf(capture.hostBtf),
      requireRecorderBtf(capture),
    ),
  };
  const { baseNs } = lines.clock;
  const losses = lossLedger(capture, baseNs);
  const names = nameTable(baseNs, inventoryNames(capture));
  const planes = planesState(capture, baseNs);
  const sink = lineSink(out, lines.captureId, options.withReceived === true);
  const known = identities({
    planes,
    sink,
    partyOf: (record) => strangerOf(record, names),
    forget: (sent) => table.of(sent.queue.key)?.take(sent),
  });
  const missing = absence(capture, losses, baseNs, "queues");
  // The kernel's number tells of a receive whose records were lost, and not of one that a slice left out.
  const leftOut = absence(capture, NO_LOSS, baseNs, "queues");
  const table = queueTable({
    losses: missing,
    sink,
    excludes: known.excludes,
    isSurelyThere: (sent) => !leftOut.after(sent.fromNs) && known.isSurelyThere(sent),
  });
  const records = readings();
  const open = new Map<
    number,
    { readonly model: QueueModel; readonly enterNs: number; readonly does: "send" | "receive" }
  >();

  const onEntry = (task: Readonly<Task>) => {
    const reading = records.next(task.cpu, task.tid, task.enterNs);
    const does = eventById(task.event)?.message?.does;
    if (does !== "send" && does !== "receive") return;
    const before = open.get(task.tid);
    if (before !== undefined) {
      open.delete(task.tid);
      if (before.does === "receive") {
        before.model.unended({ fromNs: before.enterNs, selector: { kind: "unknown" }, isOver: true });
      }
      before.model.leave({
        reading: null,
        tid: task.tid,
        depth: null,
        isCounted: true,
        does: before.does,
        change: null,
      });
    }
    const seen = seenQueue(task.entry, lines.layouts);
    if (seen === null || seen.key.kind === "socket") return;
    const model = table.make(queueKeyText(seen.key));
    const attempt = () => attemptOf(task, does, parts);
    model.enter({ fromNs: task.enterNs, tid: task.tid, does, attempt }, reading, seen.depth);
    open.set(task.tid, { model, enterNs: task.enterNs, does });
  };

  const calls = namedCalls(capture, EVERYTHING, lines, {
    losses,
    names,
    planes: {
      read: planesReader(requireRecorderBtf(capture), lines.layouts, baseNs),
      state: planes,
      onRecord: (record) => {
        if (record.plane === "kernel") known.see(record);
      },
    },
    onEntry,
  });

  // Others than the recorded calls may send and receive: only a payload of its own says which one it is.
  const channels = queueTable({
    losses: missing,
    sink: { ...sink, flow: (flow) => flow.received !== null && sink.flow(flow) },
    excludes: isElsewhere,
    isSurelyThere: () => false,
    enoughKinds: 2,
  });

  const takeDatagrams = (named: NamedCall) => {
    const seen = seenQueue(named.call.entry, lines.layouts) ?? seenQueue(named.call.exit, lines.layouts);
    const socket = seen === null ? null : names.queue(seen.key, named.call.exitNs ?? 0);
    if (socket === null || named.queue === null) return;
    const { sent, received } = datagramsOf(queueCall(named, named.queue), socket, {
      ...parts,
      decode: lines.decode,
    });
    const touched = new Set<QueueModel>();
    const modelOf = (channel: string) => {
      const model = channels.make(channel);
      touched.add(model);
      return model;
    };
    for (const one of sent) modelOf(one.channel).sent(one.sent);
    for (const one of received) modelOf(one.channel).received(one.received);
    for (const model of touched) {
      model.settle();
      channels.tidy(model);
    }
  };

  const queueCall = (named: NamedCall, queue: CallQueue): QueueCall => {
    const { call, comm } = named;
    const isWanted = passes(filter, call) && passesComm(filter, comm) && passesQueue(filter, queue);
    return { call, party: partyOf(named), queue, isWanted };
  };

  const take = (named: NamedCall) => {
    const { call, queue } = named;
    const reading = call.exitNs === null ? null : records.next(call.cpu, call.tid, call.exitNs);
    if (queue?.kind === "socket") {
      takeDatagrams(named);
      return;
    }
    const opened = open.get(call.tid);
    const isCounted = opened !== undefined && opened.enterNs === call.enterNs;
    if (isCounted) open.delete(call.tid);
    const model = isCounted ? opened.model : queue?.key == null ? null : table.make(queue.key);
    const deed =
      queue !== null && queue.key !== null && model !== null ? takeDeed(named, queue, model) : null;
    const does = eventById(call.event)?.message?.does;
    if (model === null || queue === null) return;
    if (does === "send" || does === "receive") {
      const { tid } = call;
      model.leave({ reading, tid, depth: queue.depth_after, isCounted, does, change: depthChange(deed) });
    } else seeDepths(named, model, reading);
    table.tidy(model);
  };

  const takeDeed = (named: NamedCall, queue: CallQueue, model: QueueModel): Deed | null => {
    const of = queueCall(named, queue);
    const deed = queueDeed(of, parts);
    switch (deed?.did) {
      case "send":
        if (!known.sent(deed.sent)) model.sent(deed.sent);
        break;
      case "receive":
        if (!known.received(deed.received)) model.received(deed.received);
        break;
      case "wait":
        model.unended(deed);
        break;
      case "remove":
        model.remove(of.party, named.call.exitNs);
    }
    return deed;
  };

  return {
    calls,
    take,
    finish() {
      known.settle();
      table.finish();
      channels.finish();
      known.finish();
    },
  };
}

/** Puts lines into `out`, of flows that the filter lets through at one of their ends. */
function lineSink(out: FlowLine[], captureId: string, withReceived: boolean): FlowSink {
  return {
    flow(flow) {
      const isWanted = flow.sent.isWanted || flow.received?.isWanted === true;
      if (isWanted) out.push(flowLine(flow, captureId));
    },
    orphan(received) {
      if (withReceived && received.isWanted) out.push(orphanLine(received, captureId));
    },
  };
}

/** What a call under way is about to do, by its entry alone. */
function attemptOf(task: Readonly<Task>, does: OpenCall["does"], parts: DeedParts): Attempt {
  const call = unfinished(task, "in_flight", Number.POSITIVE_INFINITY);
  const queue: FlowQueue = { kind: "posix", key: null, name: null };
  const deed = queueDeed({ call, party: partyOf({ call, comm: null }), queue, isWanted: false }, parts);
  if (does === "send") return { does, sent: deed?.did === "send" ? deed.sent : null };
  return { does, selector: deed?.did === "wait" ? deed.selector : { kind: "unknown" } };
}

/** Any other call of a queue that shows how deep it is. */
function seeDepths({ call, queue }: NamedCall, model: QueueModel, reading: Reading | null): void {
  const before = queue?.depth_before ?? null;
  const after = queue?.depth_after ?? null;
  if (call.enterNs !== null && before !== null) {
    model.sawBefore({ atNs: call.enterNs, readByNs: call.exitNs ?? Number.POSITIVE_INFINITY }, before);
  }
  if (reading !== null && after !== null) model.saw(reading, after);
}

function partyOf({ call, comm }: Pick<NamedCall, "call" | "comm">): Party {
  const { task, tid, tgid, enterNs, exitNs } = call;
  return {
    task,
    tid,
    tgid,
    comm,
    event: eventName(call.event),
    call: call.call,
    message: null,
    enterNs,
    exitNs,
  };
}

/** A task that was in no recorded call. */
function strangerOf(record: KernelRecord, names: NameTable): Party {
  const { tid, tgid, startLow, startHigh, timeNs } = record;
  return {
    task: taskKeyText(record),
    tid,
    tgid,
    comm: names.comm(tid, startLow, startHigh, timeNs),
    event: record.call === null ? null : eventName(record.event),
    call: record.call,
    message: null,
    enterNs: null,
    exitNs: null,
  };
}
