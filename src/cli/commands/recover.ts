/** `msgtape recover`: a new capture from whatever is readable of a damaged one. */
import type { Argv } from "yargs";
import { formatJson } from "../../render/json.js";
import { faultOfRecovered, type Recovery, recoverCapture } from "../../rewrite/recover.js";
import { withSections } from "../captures.js";
import { ExitStatus, type Io, Output, UsageError } from "../io.js";
import { type ReadingOptions, readingOptions } from "../options.js";
import { type OutputOptions, outputOption, outputPath, writeVerified } from "../rewriting.js";
import { counted, safeText } from "../text.js";
import { VERSION } from "../version.js";

export const command = "recover [files..]";
export const describe = "a new capture from what is readable of a damaged one";

export interface RecoverOptions extends ReadingOptions, OutputOptions {}

export function builder(yargs: Argv): Argv {
  return outputOption(readingOptions(yargs)).usage(
    "$0 recover FILE -o OUT [--json]\n\nA new capture from whatever is readable of a damaged one: what is whole is taken " +
      "over byte by byte, what is not becomes a gap. FILE stays as it is.",
  );
}

export async function run(options: RecoverOptions, io: Io): Promise<number> {
  const path = outputPath(options);
  const [file, second] = options.files;
  if (file === undefined || second !== undefined) throw new UsageError("recover takes one file");
  const recoveries = await withSections([file], async (sections) =>
    writeVerified(
      path,
      (output) =>
        sections.map(({ source }) =>
          recoverCapture(source, (bytes) => output.write(bytes), { version: VERSION }),
        ),
      (written, made) => faultOfRecovered(written, made),
    ),
  );
  const output = new Output(io.stdout);
  for (const recovery of recoveries) {
    if (options.json === true) await output.line(formatJson(answerOf(recovery)));
    else await output.line(safeText(`${path}: ${recoveryText(recovery)}`));
  }
  await output.flush();
  return recoveries.every(({ problems }) => problems.length === 0) ? ExitStatus.DONE : ExitStatus.LOSS;
}

function answerOf({ captureId, problems, records, missing, atLeast }: Recovery): object {
  return {
    capture: captureId,
    records,
    missing: atLeast ? null : Number(missing),
    missing_at_least: Number(missing),
    problems,
  };
}

function recoveryText({ problems, records, missing, atLeast }: Recovery): string {
  const has = counted(records, "record");
  if (problems.length === 0) return `${has}; nothing was wrong, it is a copy`;
  const lacks = atLeast
    ? `${missing === 0n ? "some" : `at least ${missing}`} may be missing`
    : missing === 0n
      ? "no record is missing"
      : `${missing} are missing`;
  return `${has}; ${lacks} (${counted(problems.length, "problem")})`;
}
