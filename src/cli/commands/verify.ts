/**
 * `msgtape verify`: holds all of a capture against itself and tells what is wrong with it. With `--model` also where the
 * queues at its end are not as its calls left them.
 */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import type { CaptureError } from "../../format/problem.js";
import type { Section } from "../../format/sections.js";
import type { Problem } from "../../format/types.js";
import { formatJson } from "../../render/json.js";
import { hasNothingToRead } from "../../replay/calls.js";
import { checkModel, type ModelCheck } from "../../replay/queue-states/model-check.js";
import { joinRecordings } from "../../replay/recording-parts.js";
import { verifySection } from "../../replay/verify/verify.js";
import { withSections } from "../captures.js";
import { ExitStatus, type Io, Output } from "../io.js";
import { type ReadingOptions, readingOptions } from "../options.js";
import { counted, safeText } from "../text.js";

export const command = "verify [files..]";
export const describe = "check a capture: every frame, and all frames against each other";

export interface VerifyOptions extends ReadingOptions {
  readonly model?: boolean;
}

export function builder(yargs: Argv): Argv {
  return readingOptions(yargs)
    .usage(
      "$0 verify FILE... [--model] [--json]\n\nReads all of a capture, frame by frame, and tells what is wrong with it.",
    )
    .option("model", {
      type: "boolean",
      describe: "also compute every queue's end from its calls, and compare it with the inventory at the end",
    });
}

interface Verdict {
  /** null: the file is refused, which is its only problem. */
  readonly capture: string | null;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly records: number;
  /** Tasks and queues of its records that have no name in their chunk. */
  readonly unnamed: { readonly tasks: number; readonly queues: number };
  /** With --model. */
  readonly model?: { readonly queues: number | null; readonly unsure: number };
}

/** With `--json` one object a capture, each on its line; files that are refused come last, when others are not. */
export async function run(options: VerifyOptions, io: Io): Promise<number> {
  const refusals: { readonly name: string; readonly verdict: Verdict }[] = [];
  const use = async (sections: readonly Section[]) => {
    const output = new Output(io.stdout);
    let isOk = refusals.length === 0;
    const tell = async (name: string, verdict: Verdict, about: About | null) => {
      isOk &&= verdict.ok;
      if (options.json === true) await output.line(formatJson(verdict));
      else for (const line of verdictLines(name, verdict, about)) await output.line(line);
    };
    const models = options.model === true ? modelled(sections.map(({ capture }) => capture)) : null;
    for (const section of sections) {
      const { capture } = section;
      const goesOn = models?.(capture) === "later";
      await tell(capture.name, verify(section, models), { capture, goesOn });
    }
    for (const { name, verdict } of refusals) await tell(name, verdict, null);
    await output.flush();
    for (const hole of holesBetween(sections.map(({ capture }) => capture))) {
      isOk = false;
      io.stderr.write(`msgtape: ${safeText(hole)}\n`);
    }
    return isOk ? ExitStatus.DONE : ExitStatus.LOSS;
  };
  return withSections(options.files, use, (error, name) => refusals.push({ name, verdict: refusal(error) }));
}

/** Between the parts of one recording: of each by itself nothing is wrong. */
function holesBetween(captures: readonly Capture[]): string[] {
  return joinRecordings(captures)
    .filter((one) => !captures.includes(one))
    .flatMap(({ problems }) => problems.filter(({ code }) => code === "records_missing"))
    .filter(
      ({ message }) => !captures.some((one) => one.problems.some((own) => message.endsWith(own.message))),
    )
    .map(({ message }) => `${message} (records_missing)`);
}

function refusal({ code, offset, frame, message }: CaptureError): Verdict {
  const problems = [{ code, offset: offset ?? 0, frame, message }];
  return { capture: null, ok: false, problems, records: 0, unnamed: { tasks: 0, queues: 0 } };
}

/** Whose queues at the end are those of each capture: of parts of a recording only the last has the recording's. */
type Modelled = (capture: Capture) => Capture | "later";

function modelled(captures: readonly Capture[]): Modelled {
  const wholes = joinRecordings(captures).filter((one) => !captures.includes(one));
  const lasts = new Map<string, Capture>();
  for (const capture of captures) {
    const recording = capture.host?.recording;
    const last = recording && lasts.get(recording.id)?.host?.recording;
    if (recording && recording.part >= (last?.part ?? 0)) lasts.set(recording.id, capture);
  }
  return (capture) => {
    const id = capture.host?.recording?.id;
    const whole = wholes.find((one) => one.host?.recording?.id === id);
    if (id === undefined || whole === undefined) return capture;
    return lasts.get(id) === capture ? whole : "later";
  };
}

function modelOf(capture: Capture, models: Modelled): ModelCheck {
  const of = models(capture);
  return of === "later" ? { problems: [], queues: null, unsure: 0 } : checkModel(of);
}

function verify({ capture, source, behind }: Section, models: Modelled | null): Verdict {
  const { problems: all, records, unnamed } = verifySection({ capture, source });
  const found = all.filter((one) => one !== behind);
  const model = models !== null && !hasNothingToRead(capture) ? modelOf(capture, models) : null;
  const problems = [...found, ...(behind === null ? [] : [behind]), ...(model?.problems ?? [])];
  return {
    capture: capture.captureId,
    ok: problems.length === 0,
    problems,
    records,
    unnamed,
    ...(model === null ? {} : { model: { queues: model.queues, unsure: model.unsure } }),
  };
}

function verdictLines(
  file: string,
  { ok, problems, records, unnamed, model }: Verdict,
  about: About | null,
): string[] {
  const name = safeText(file);
  const lines = problems.map(({ code, offset, message }) =>
    safeText(`${file}: ${code === "model" ? "" : `offset ${offset}: `}${message} (${code})`),
  );
  lines.push(`${name}: ${ok ? "ok" : counted(problems.length, "problem")}, ${counted(records, "record")}`);
  if (unnamed.tasks + unnamed.queues > 0) {
    const of = `${counted(unnamed.tasks, "task")} and ${counted(unnamed.queues, "queue")} of its records`;
    lines.push(`${name}: ${of} have no name in it, which is no fault`);
  }
  if (model === undefined) return lines;
  const { queues, unsure } = model;
  const compared =
    queues === null
      ? `not compared: ${whyNotCompared(about)}`
      : `${counted(queues, "queue")} compared, ${counted(unsure, "value")} not sure`;
  return [...lines, `${name}: the queues at its end: ${compared}`];
}

interface About {
  readonly capture: Capture;
  /** The recording has a later part. */
  readonly goesOn: boolean;
}

function whyNotCompared(about: About | null): string {
  if (about?.goesOn === true) return "the recording goes on in a later part, which has all of them";
  if (about?.capture.host?.sliced !== undefined) {
    return "it is a slice, and calls that it left out may have changed them";
  }
  return "it has no inventories at its start and its end that list all queues of an ipc namespace";
}
