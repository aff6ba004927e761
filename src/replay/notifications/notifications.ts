/**
 * The registrations of mq_notify in a capture, each from its beginning to its end. One bounded pass: every call counts
 * for following them, the filter chooses among the answers.
 */
import { EVENTS } from "../../catalog/events.js";
import type { Problem } from "../../format/types.js";
import type { NamedCall } from "../call-line.js";
import { type CallOptions, hasNothingToRead, lineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { type CallFilter, EVERYTHING, passes, passesComm, passesQueue } from "../filter.js";
import { absence, lossLedger } from "../losses.js";
import { nameTable, queueKeyText } from "../names.js";
import { entryArgs, type Task } from "../paired-call.js";
import { planesReader } from "../planes.js";
import { type PlanesState, planesState } from "../planes-state.js";
import { type SeenQueue, seenQueue } from "../queues.js";
import type { ReplayCapture } from "../source.js";
import { timeline } from "../time.js";
import { actOf, doesOf, readingOf } from "./acts.js";
import type { Evidence } from "./ending.js";
import { firingTable } from "./firings.js";
import { lookAt } from "./inventories.js";
import type { NotificationLine } from "./line.js";
import { lineSink } from "./sink.js";
import { watchTable } from "./watch-table.js";

export type NotificationOptions = Pick<CallOptions, "clock" | "onProblem">;

/** Every registration of one capture in which a call passes the filter, in no order. Throws as `calls` does. */
export function* notifications(
  capture: ReplayCapture,
  filter: CallFilter,
  options: NotificationOptions = {},
): Generator<NotificationLine> {
  if (hasNothingToRead(capture)) return;
  const out: NotificationLine[] = [];
  const pass = notificationPass(capture, filter, options, out);
  for (const call of pass.calls) {
    pass.take(call);
    if (out.length === 0) continue;
    yield* out;
    out.length = 0;
  }
  pass.finish();
  yield* out;
}

/** As `notifications`, over several captures on one time line. */
export function* notificationsOfAll(
  captures: readonly ReplayCapture[],
  filter: CallFilter,
  onProblem?: (capture: ReplayCapture, problem: Problem) => void,
): Generator<NotificationLine> {
  const clocks = timeline(captures);
  for (const [index, capture] of captures.entries()) {
    const clock = clocks[index];
    yield* notifications(capture, filter, {
      ...(clock === undefined ? {} : { clock }),
      onProblem: (problem) => onProblem?.(capture, problem),
    });
  }
}

/** All registrations of a capture, for `registrationAt`. */
export function registrationsOf(
  capture: ReplayCapture,
  options: NotificationOptions = {},
): readonly NotificationLine[] {
  return [...notifications(capture, EVERYTHING, options)];
}

interface NotificationPass {
  readonly calls: Iterable<NamedCall>;
  take(call: NamedCall): void;
  finish(): void;
}

function notificationPass(
  capture: ReplayCapture,
  filter: CallFilter,
  options: NotificationOptions,
  out: NotificationLine[],
): NotificationPass {
  const lines = lineMaker(capture, options);
  const { layouts } = lines;
  const { baseNs } = lines.clock;
  const losses = lossLedger(capture, baseNs);
  const planes = planesState(capture, baseNs);
  const names = nameTable(baseNs);
  const sink = lineSink({ captureId: lines.captureId, filter, baseNs, endedBy: capture.summary?.ended }, out);
  const firings = firingTable(names);
  const table = watchTable({
    evidence: evidenceOf(capture, absence(capture, losses, baseNs, "tasks"), planes),
    firingsOf: firings.of,
    start: lookAt(capture, "start", baseNs),
    end: lookAt(capture, "end", baseNs),
    allGoneNs: capture.summary?.ended === "command" ? Number(capture.summary.endNs - baseNs) : null,
    sink,
  });

  const onEntry = (task: Readonly<Task>) => {
    const seen = posixQueue(task.entry);
    if (seen === null) {
      table.left(task.tid);
      return;
    }
    const key = queueKeyText(seen.key);
    const args = entryArgs(task.entry[0], layouts);
    const before = readingOf(task.entry, task.enterNs, key, layouts);
    const { tid, tgid, enterNs } = task;
    const does = doesOf(task.event, args);
    table.enter(seen.key, { does, tid, tgid, enterNs, notifyPid: before?.notifyPid ?? null }, before);
  };

  const posixQueue = (parts: readonly Uint8Array[] | null): SeenQueue | null => {
    const seen = seenQueue(parts, layouts);
    return seen?.key.kind === "posix" ? seen : null;
  };

  const calls = namedCalls(capture, EVERYTHING, lines, {
    losses,
    names: {
      ...names,
      load(body) {
        names.load(body);
        sink.load(body);
      },
    },
    planes: {
      read: planesReader(requireRecorderBtf(capture), layouts, baseNs),
      state: planes,
      onRecord: firings.see,
    },
    onEntry,
  });

  return {
    calls,
    take(named) {
      const { call, comm, queue } = named;
      if (queue?.kind === "posix" && queue.key !== null) {
        const seen = posixQueue(call.entry) ?? posixQueue(call.exit);
        const isWanted = passes(filter, call) && passesComm(filter, comm) && passesQueue(filter, queue);
        if (seen !== null) table.leave(seen.key, queue, actOf(named, queue.key, lines, isWanted));
      }
      sink.see(call);
    },
    finish() {
      table.finish();
      sink.finish();
    },
  };
}

/** What can end a registration: a message, or its owner's word. */
const ENDING = EVENTS.filter(
  ({ family, message, notify }) =>
    family === "posix-mq" && (message?.does === "send" || notify !== undefined),
);

function evidenceOf(
  capture: ReplayCapture,
  losses: { between(fromNs: number, toNs: number): boolean },
  planes: PlanesState,
): Evidence {
  const recorded = capture.host?.config.events ?? [];
  const isThere = recorded.length === 0 || ENDING.every(({ name }) => recorded.includes(name));
  return {
    callsLost: losses.between,
    hookTells: (fromNs, toNs) => planes.inPlace.do_notify && !planes.lostBetween(fromNs, toNs),
    // x32's calls are counted, and nothing else is known of them.
    isEveryEventThere: isThere && (capture.summary?.x32Calls ?? 0n) === 0n,
  };
}
