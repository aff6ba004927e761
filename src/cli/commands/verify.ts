/**
 * `msgtape verify`: reads all of a capture and tells what is wrong with it. With `--model` also where the queues at
 * its end are not as its calls left them.
 */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import type { Problem } from "../../format/types.js";
import { formatJson } from "../../render/json.js";
import { hasNothingToRead, lineMaker } from "../../replay/calls.js";
import { lossLedger } from "../../replay/losses.js";
import { nameTable } from "../../replay/names.js";
import { pairs } from "../../replay/pairs.js";
import { checkModel, type ModelCheck } from "../../replay/queue-states/model-check.js";
import { withCaptures } from "../captures.js";
import { ExitStatus, type Io, Output } from "../io.js";
import { type ReadingOptions, readingOptions } from "../options.js";
import { counted, safeText } from "../text.js";

export const command = "verify [files..]";
export const describe = "check a capture: that it can be read, and that its calls explain its end";

export interface VerifyOptions extends ReadingOptions {
  readonly model?: boolean;
}

export function builder(yargs: Argv): Argv {
  return readingOptions(yargs)
    .usage("$0 verify FILE... [--model] [--json]\n\nReads all of a capture, and tells what is wrong with it.")
    .option("model", {
      type: "boolean",
      describe: "also compute every queue's end from its calls, and compare it with the inventory at the end",
    });
}

interface Verdict {
  readonly capture: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly records: number;
  /** With --model. */
  readonly model?: { readonly queues: number | null; readonly unsure: number };
}

/** With `--json` one object a capture, each on its line. */
export async function run(options: VerifyOptions, io: Io): Promise<number> {
  return withCaptures(
    options.files,
    async (captures) => {
      const output = new Output(io.stdout);
      let isOk = true;
      for (const capture of captures) {
        const verdict = verify(capture, options.model === true);
        isOk &&= verdict.ok;
        if (options.json === true) await output.line(formatJson(verdict));
        else for (const line of verdictLines(capture, verdict)) await output.line(line);
      }
      await output.flush();
      return isOk ? ExitStatus.DONE : ExitStatus.LOSS;
    },
    true,
  );
}

/** Problems that are told; a damaged file may have millions. */
const MOST_PROBLEMS = 1000;

function verify(capture: Capture, withModel: boolean): Verdict {
  const found = new Map<string, Problem>();
  const add = (problem: Problem) => {
    if (found.size < MOST_PROBLEMS)
      found.set(`${problem.code} ${problem.offset} ${problem.message}`, problem);
  };
  readAll(capture, add);
  capture.inventories();
  for (const problem of capture.problems) add(problem);
  const model: ModelCheck | null = withModel && !hasNothingToRead(capture) ? checkModel(capture) : null;
  const problems = [...found.values(), ...(model?.problems ?? [])];
  return {
    capture: capture.captureId,
    ok: problems.length === 0,
    problems,
    records: capture.index.reduce((sum, { context }) => sum + context.records, 0),
    ...(model === null ? {} : { model: { queues: model.queues, unsure: model.unsure } }),
  };
}

/** Every chunk with every record; what is wrong with one is told on the way. */
function readAll(capture: Capture, onProblem: (problem: Problem) => void): void {
  if (hasNothingToRead(capture)) return;
  const { layouts, clock } = lineMaker(capture, {});
  const calls = pairs(capture, {
    layouts,
    baseNs: clock.baseNs,
    losses: lossLedger(capture, clock.baseNs),
    names: nameTable(clock.baseNs),
    keep: () => ({ comm: null, queueName: null }),
    plan: () => "read",
    onProblem,
  });
  for (const _ of calls);
}

function verdictLines(capture: Capture, { ok, problems, records, model }: Verdict): string[] {
  const name = safeText(capture.name);
  const lines = problems.map(({ code, offset, message }) =>
    safeText(`${capture.name}: ${code === "model" ? "" : `offset ${offset}: `}${message} (${code})`),
  );
  lines.push(`${name}: ${ok ? "ok" : counted(problems.length, "problem")}, ${counted(records, "record")}`);
  if (model === undefined) return lines;
  const { queues, unsure } = model;
  const compared =
    queues === null
      ? "not compared: it has no inventories at its start and its end that list all queues of an ipc namespace"
      : `${counted(queues, "queue")} compared, ${counted(unsure, "value")} not sure`;
  return [...lines, `${name}: the queues at its end: ${compared}`];
}
