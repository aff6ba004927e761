/**
 * `msgtape redact`: a capture to attach to a public bug report. Payloads, names, addresses and ids are replaced so that
 * the analyses still give the same figures; `--check` tells what a file holds of each kind.
 */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import { formatJson } from "../../render/json.js";
import { createOutput } from "../../rewrite/output.js";
import { type KindReport, reportOf } from "../../rewrite/redact/check.js";
import { KINDS, type Kind, kindByName } from "../../rewrite/redact/kinds.js";
import { type Redacted, redactCaptures } from "../../rewrite/redact/redact.js";
import { judge, withCaptures } from "../captures.js";
import { ExitStatus, type Io, Output, UsageError } from "../io.js";
import { lists, once, type ReadingOptions, type Repeated, readingOptions, wrong } from "../options.js";
import { counted, safeText } from "../text.js";
import { VERSION } from "../version.js";

export const command = "redact [files..]";
export const describe = "make a capture that can be shown to strangers";

export interface RedactOptions extends ReadingOptions {
  readonly output?: Repeated;
  readonly keep?: Repeated;
  readonly check?: boolean;
}

export function builder(yargs: Argv): Argv {
  return readingOptions(yargs)
    .usage(
      "$0 redact FILE... -o OUT [--keep KIND]...\n$0 redact --check FILE... [--json]\n\n" +
        "Makes a capture without what tells of somebody, in which every analysis gives the same figures. Times since boot, " +
        "sizes, results and message types stay. docs/redact.md tells what is replaced how.",
    )
    .epilogue(`Kinds of data:\n${KINDS.map(({ name, says }) => `  ${name}: ${says}`).join("\n")}`)
    .option("output", { alias: "o", type: "string", requiresArg: true, describe: "the new capture" })
    .option("keep", {
      type: "string",
      requiresArg: true,
      describe: "let a kind of data through; may be repeated",
    })
    .option("check", {
      type: "boolean",
      describe: "tell what the captures hold of each kind, and write nothing",
    });
}

export async function run(options: RedactOptions, io: Io): Promise<number> {
  const output = once("output", options.output);
  const keeps = new Set(lists(options.keep).map(parseKind));
  if (options.check === true) {
    if (output !== null || keeps.size > 0)
      throw new UsageError("--check writes nothing: it goes without -o and --keep");
    return check(options, io);
  }
  if (output === null) throw new UsageError("no output given: msgtape redact FILE -o OUT");
  if (output === "-")
    throw new UsageError("-o -: the new capture is removed again when redact fails, so it has to be a file");
  return redact(options, output, keeps, io);
}

function parseKind(name: string): Kind {
  const kind = kindByName(name);
  if (kind !== null) return kind;
  const names = KINDS.map((row) => row.name).join(", ");
  throw wrong("keep", `there is no kind of data ${JSON.stringify(name)}: expected one of ${names}`);
}

async function redact(
  options: RedactOptions,
  path: string,
  keeps: ReadonlySet<Kind>,
  io: Io,
): Promise<number> {
  return withCaptures(
    options.files,
    io,
    async (captures) => {
      const file = createOutput(path);
      let redacted: Redacted;
      try {
        redacted = redactCaptures(captures, {
          keeps,
          version: VERSION,
          write: (bytes) => file.write(bytes),
        });
        file.finish();
        const output = new Output(io.stdout);
        for (const line of resultLines(path, keeps, redacted, options.json === true)) await output.line(line);
        await output.flush();
      } finally {
        file.discard();
      }
      const status = judge(captures, io);
      if (redacted.gapsMade === 0) return status;
      const places = counted(redacted.gapsMade, "place");
      io.stderr.write(
        `msgtape: ${safeText(options.files.join(", "))}: ${places} could not be read: gaps stand for them\n`,
      );
      return ExitStatus.LOSS;
    },
    true,
  );
}

function resultLines(
  path: string,
  keeps: ReadonlySet<Kind>,
  { counts, records, gapsMade }: Redacted,
  asJson: boolean,
): string[] {
  const replaced = Object.fromEntries([...counts].filter(([kind, count]) => count > 0 && !keeps.has(kind)));
  const kept = [...keeps].sort();
  if (asJson)
    return [formatJson({ output: path, records: Number(records), kept, replaced, gaps_made: gapsMade })];
  const what = Object.keys(replaced).join(", ");
  const but = kept.length === 0 ? "" : `; kept: ${kept.join(", ")}`;
  return [safeText(`${path}: ${counted(Number(records), "record")}; replaced: ${what || "nothing"}${but}`)];
}

async function check(options: RedactOptions, io: Io): Promise<number> {
  return withCaptures(
    options.files,
    io,
    async (captures) => {
      const output = new Output(io.stdout);
      for (const [i, capture] of captures.entries()) {
        const report = reportOf(capture, VERSION);
        if (options.json === true) await output.line(formatJson(report));
        else {
          if (i > 0) await output.line("");
          for (const line of checkLines(capture, report)) await output.line(line);
        }
      }
      await output.flush();
      return judge(captures, io);
    },
    true,
  );
}

function checkLines(capture: Capture, report: ReturnType<typeof reportOf>): string[] {
  const head = `${capture.name}: ${report.redacted ? "redacted" : "not redacted"}`;
  const line = ({ kind, state, count }: KindReport) =>
    `  ${kind.padEnd(18)}${state.padEnd(14)}${count === 0 ? "" : `${count}`.padStart(9)}`.trimEnd();
  return [safeText(head), ...report.kinds.map(line), `  always there: ${report.always.join(", ")}`];
}
