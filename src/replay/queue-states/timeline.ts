/**
 * The steps of a capture in order of time, in one bounded pass. Records come nearly in order: each cpu has a ring of
 * its own, and a record may be overtaken between its time and its place.
 */
import { parseBtf } from "../../btf/index.js";
import { eventById } from "../../catalog/events.js";
import type { Inventory } from "../../format/types.js";
import { structsOf } from "../arguments/structs.js";
import type { NamedCall } from "../call-line.js";
import { type LineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { EVERYTHING } from "../filter.js";
import type { DeedParts } from "../flows/deeds.js";
import type { LossLedger } from "../losses.js";
import { type NameTable, nameTable } from "../names.js";
import type { Task } from "../paired-call.js";
import { planesReader } from "../planes.js";
import { planesState } from "../planes-state.js";
import type { ReplayCapture } from "../source.js";
import { effectOf, sendLength } from "./effect.js";
import { inventorySteps } from "./inventory.js";
import { kernelTimes } from "./kernel-times.js";
import { type OpenCall, openCall } from "./open-call.js";
import { actOf, isRemovedError, type Step, seenNamed } from "./steps.js";

export interface StateCapture extends ReplayCapture {
  inventories(): readonly Inventory[];
}

/** Steps held back, so that those that come late find their place. */
const HELD = 512;

/** Every step of the capture; calls that never end have no end here. */
export function* timelineSteps(
  capture: StateCapture,
  lines: LineMaker,
  losses: LossLedger,
  inventories: readonly Inventory[],
): Generator<Step> {
  const { baseNs } = lines.clock;
  const rest = inventories.flatMap((one) => inventorySteps(one, baseNs)).sort(byTime);
  for (const step of inOrder(callSteps(capture, lines, losses))) {
    while (rest[0] !== undefined && rest[0].atNs < step.atNs) yield rest.shift() as Step;
    yield step;
  }
  yield* rest;
}

function* inOrder(steps: Iterable<Step>): Generator<Step> {
  let waiting: Step[] = [];
  for (const step of steps) {
    waiting.push(step);
    if (waiting.length < 2 * HELD) continue;
    waiting.sort(byTime);
    yield* waiting.slice(0, HELD);
    waiting = waiting.slice(HELD);
  }
  yield* waiting.sort(byTime);
}

function byTime(one: Step, other: Step): number {
  return one.atNs - other.atNs;
}

function* callSteps(capture: StateCapture, lines: LineMaker, losses: LossLedger): Generator<Step> {
  const { layouts, clock } = lines;
  const recorderBtf = requireRecorderBtf(capture);
  const parts: DeedParts = {
    layouts,
    onProblem: lines.onProblem,
    structs: structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), recorderBtf),
  };
  const names = nameTable(clock.baseNs);
  const planes = planesState(capture, clock.baseNs);
  const kernel = kernelTimes(planes);
  const open = new Map<string, OpenCall>();
  const begun: Step[] = [];

  const onEntry = (task: Readonly<Task>) => {
    const queue = seenNamed(task.entry, task.enterNs, lines, names);
    if (queue === null) return;
    const event = eventById(task.event);
    const does = event?.message?.does;
    const call = openCall({
      tid: task.tid,
      tgid: task.tgid,
      does: does === "send" || does === "receive" ? does : "other",
      enterNs: task.enterNs,
      sizeBytes: sendLength(event, task, layouts),
    });
    open.set(keyOf(task), call);
    begun.push({ kind: "enter", atNs: task.enterNs, call, queue });
  };

  const calls = namedCalls(capture, EVERYTHING, lines, {
    losses,
    names,
    planes: {
      read: planesReader(recorderBtf, layouts, clock.baseNs),
      state: planes,
      onRecord: kernel.see,
    },
    onEntry,
  });
  for (const named of calls) {
    yield* begun;
    begun.length = 0;
    const step = leaveStep(named, { lines, names, parts, open, kernel });
    if (step !== null) yield step;
  }
  yield* begun;
}

interface LeaveParts {
  readonly lines: LineMaker;
  readonly names: NameTable;
  readonly parts: DeedParts;
  readonly open: Map<string, OpenCall>;
  readonly kernel: ReturnType<typeof kernelTimes>;
}

/** null: it never ended, or it touched no queue of these kinds. */
function leaveStep(named: NamedCall, { lines, names, parts, open, kernel }: LeaveParts): Step | null {
  const { call } = named;
  const key = keyOf(call);
  const begun = open.get(key);
  open.delete(key);
  if (named.queue?.kind === "socket" || eventById(call.event) === undefined) return null;
  const { effect, sizeBytes } = effectOf(named, parts);
  const does = eventById(call.event)?.message?.does;
  const own =
    begun ??
    openCall({
      tid: call.tid,
      tgid: call.tgid,
      does: does === "send" || does === "receive" ? does : "other",
      enterNs: call.enterNs ?? Number.NEGATIVE_INFINITY,
      sizeBytes: null,
    });
  own.sizeBytes = sizeBytes ?? (own.does === "send" ? own.sizeBytes : null);
  own.effect = effect;
  if (!Number.isFinite(call.endedNs)) return null;
  kernel.place(own, call);
  const atNs = call.exitNs ?? call.endedNs;
  const task = names.task(call.tid, call.startLow, call.startHigh, atNs);
  return {
    kind: "leave",
    atNs,
    call: own,
    before: begun === undefined ? seenNamed(call.entry, call.enterNs ?? atNs, lines, names) : null,
    after: seenNamed(call.exit, atNs, lines, names),
    act: actOf(named, lines),
    task: call.task,
    number: call.call,
    uid: task?.uid ?? null,
    gid: task?.gid ?? null,
    isRemovedError: isRemovedError(call),
  };
}

function keyOf({ tid, enterNs }: { readonly tid: number; readonly enterNs: number | null }): string {
  return `${tid}:${enterNs}`;
}
