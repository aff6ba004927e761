/** `msgtape queues`: the queues at any moment of a capture, in the views of ipcs. */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import { depthChart } from "../../render/depth-chart.js";
import { formatJson } from "../../render/json.js";
import { formatQueues, VIEWS, type View } from "../../render/queues.js";
import { isQueueNamed } from "../../replay/filter.js";
import { lastRegistration } from "../../replay/notifications/in-force.js";
import { registrationsOf } from "../../replay/notifications/notifications.js";
import { depthHistory } from "../../replay/queue-states/history.js";
import { endOf, type Moment, type QueueState, queueStates } from "../../replay/queue-states/queue-states.js";
import { type CaptureClock, parseTime, resolveTime, timeline } from "../../replay/time.js";
import { judge, ProblemLog, withCaptures } from "../captures.js";
import { type Io, Output, type UsageError, wantsColour } from "../io.js";
import { all, once, type ReadingOptions, type Repeated, readingOptions, wrong } from "../options.js";
import { safeText } from "../text.js";

export const command = "queues [files..]";
export const describe = "the queues at any moment, in the views of ipcs";

export interface QueuesOptions extends ReadingOptions {
  readonly at?: Repeated;
  readonly view?: Repeated;
  readonly queue?: Repeated;
  readonly all?: boolean;
  readonly "watch-depth"?: boolean;
}

export function builder(yargs: Argv): Argv {
  const text = { type: "string", requiresArg: true } as const;
  return readingOptions(yargs)
    .usage(
      "$0 queues FILE... [--at TIME] [--view VIEW] [--all] [--watch-depth] [--queue QUEUE] [--json]\n\n" +
        "The POSIX and System V queues at a moment of the capture; at its end unless told otherwise. ~ stands before " +
        "what is not sure, ? for what is not known.",
    )
    .option("at", {
      ...text,
      describe:
        "1.5s after the start, 10:15:00 or a date in UTC, or TID#CALL: just after that call of a thread",
    })
    .option("view", { ...text, describe: `as ipcs has them: ${VIEWS.join(", ")}` })
    .option("queue", { ...text, describe: "a queue: /NAME, 0xKEY, an id, or its key as --json prints it" })
    .option("all", { type: "boolean", describe: "also queues that were removed by then" })
    .option("watch-depth", {
      type: "boolean",
      describe: "draw how many messages were in each queue over time",
    });
}

/** With `--json` one object a capture, each on its line. */
export async function run(options: QueuesOptions, io: Io): Promise<number> {
  const view = parseView(once("view", options.view));
  const at = once("at", options.at);
  const wanted = all(options.queue);
  const isWanted = (queue: QueueState) =>
    (options.all === true || queue.exists !== "removed") &&
    (wanted.length === 0 || wanted.some((text) => isNamed(queue, text)));
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const clocks = timeline(captures);
    const output = new Output(io.stdout);
    let told = 0;
    for (const [i, capture] of captures.entries()) {
      const clock = clocks[i] as CaptureClock;
      const common = {
        clock,
        onProblem: (problem: Parameters<ProblemLog["add"]>[1]) => log.add(capture, problem),
      };
      if (options["watch-depth"] === true) {
        if (at !== null) throw wrong("at", "--watch-depth shows all moments");
        const history = depthHistory(capture, (io.columns ?? 80) - 1, common);
        const shown = history.queues.filter(
          ({ last }) => wanted.length === 0 || wanted.some((text) => isNamed(last, text)),
        );
        if (options.json === true)
          await output.line(formatJson({ capture: capture.captureId, ...history, queues: shown }));
        else for (const line of depthChart({ ...history, queues: shown }, clock)) await output.line(line);
        told++;
        continue;
      }
      const moment = momentIn(at, capture, clock, clocks);
      if (moment === null) continue;
      const [answer] = queueStates(capture, [moment], common);
      if (answer === undefined) continue;
      if (told++ > 0 && options.json !== true) await output.line("");
      const line = {
        capture: capture.captureId,
        at_ns: answer.atNs,
        at: clock.wall(answer.atNs),
        queues: withRegistrations(answer.queues.filter(isWanted), answer.atNs, () =>
          registrationsOf(capture, { clock }),
        ),
        limits: answer.limits,
      };
      if (options.json === true) await output.line(formatJson(line));
      else {
        if (captures.length > 1) await output.line(safeText(capture.name));
        await output.line(formatQueues(line, { view, colour: wantsColour(io) }));
      }
      if (answer.omitted > 0) io.stderr.write(`msgtape: ${answer.omitted} more queues are not told of\n`);
    }
    if (told === 0 && at !== null) throw notThere(at, captures, clocks);
    await output.flush();
    return judge(captures, io, log);
  });
}

/** A pass of its own, which only captures with POSIX queues pay for. */
function withRegistrations(
  queues: readonly QueueState[],
  atNs: number,
  read: () => ReturnType<typeof registrationsOf>,
) {
  const lines = queues.some(({ kind }) => kind === "posix") ? read() : [];
  return queues.map((queue) => ({ ...queue, last_registration: lastRegistration(lines, queue.key, atNs) }));
}

function isNamed(queue: QueueState, text: string): boolean {
  return isQueueNamed({ ...queue, depth_before: null, depth_after: null }, text);
}

function parseView(text: string | null): View {
  if (text === null) return "status";
  const found = VIEWS.find((view) => view === text);
  if (found !== undefined) return found;
  throw wrong("view", `expected one of ${VIEWS.join(", ")}, found ${JSON.stringify(text)}`);
}

/** null: that moment is not in this capture. */
function momentIn(
  at: string | null,
  capture: Capture,
  clock: CaptureClock,
  clocks: readonly CaptureClock[],
): Moment | null {
  if (at === null) return { kind: "end" };
  const call = /^(\d+(?::\d+)?)#(\d+)$/.exec(at);
  if (call !== null) return { kind: "call", task: call[1] ?? "", call: Number(call[2]) };
  const spec = parseTime(at);
  if (spec === null) {
    const expected = "expected 1.5s (since the start), 10:15:00, 2026-11-21T10:15:00Z or TID#CALL";
    throw wrong("at", `${expected}, found ${JSON.stringify(at)}`);
  }
  const atNs = resolveTime(spec, clocks);
  if (atNs === null) {
    throw wrong("at", "the capture has no clock readings to place a date by: give a time since its start");
  }
  const startNs = Number((capture.startNs ?? clock.baseNs) - clock.baseNs);
  const isInside = atNs >= startNs && atNs <= endOf(capture, capture.inventories(), clock.baseNs);
  return isInside ? { kind: "time", atNs } : null;
}

function notThere(at: string, captures: readonly Capture[], clocks: readonly CaptureClock[]): UsageError {
  if (at.includes("#")) return wrong("at", `no such call ended in the capture: ${JSON.stringify(at)}`);
  const ends = captures.map((capture, i) => {
    const baseNs = clocks[i]?.baseNs ?? 0n;
    return (endOf(capture, capture.inventories(), baseNs) / 1e9).toFixed(6);
  });
  return wrong("at", `is not in the capture, which ends ${ends.join(", ")} s after the start`);
}
