/** `msgtape recover`: a new capture from whatever is readable of a damaged one. */
import type { Argv } from "yargs";
import { CaptureError } from "../../format/problem.js";
import { openSections } from "../../format/sections.js";
import { formatJson } from "../../render/json.js";
import { fileSource } from "../../replay/open.js";
import { mendedHeader } from "../../rewrite/file-header.js";
import { faultOfRecovered, type Recovery } from "../../rewrite/recover.js";
import { type Damaged, damagedWithMended, mendedProblem, recoverAll } from "../../rewrite/recover-file.js";
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
  const { recoveries: all, leftOut } = await withMended(file, async (sources) =>
    writeVerified(
      path,
      (output) => recoverAll(sources, (bytes) => output.write(bytes), VERSION),
      (written, { recoveries }) => faultOfRecovered(written, recoveries),
    ),
  );
  const recoveries = all.flatMap((one) => one ?? []);
  for (const why of leftOut) io.stderr.write(`msgtape: ${safeText(`${why}; it is left out`)}\n`);
  const unread = recoveries.flatMap(({ problems }) =>
    problems.filter(({ code }) => code === "trailing_bytes"),
  );
  for (const { message } of unread) {
    io.stderr.write(`msgtape: ${safeText(`${file}: ${message}: records may be missing`)}\n`);
  }
  const output = new Output(io.stdout);
  for (const recovery of recoveries) {
    if (options.json === true) await output.line(formatJson(answerOf(recovery)));
    else await output.line(safeText(`${path}: ${recoveryText(recovery)}`));
  }
  await output.flush();
  return recoveries.every(({ problems }) => problems.length === 0) ? ExitStatus.DONE : ExitStatus.LOSS;
}

/** The captures of a file; where its header is damaged, with one that is made anew from the frames. */
async function withMended<T>(file: string, use: (sources: readonly Damaged[]) => Promise<T>): Promise<T> {
  try {
    return await withSections([file], (sections) => use(damagedWithMended(sections)));
  } catch (error) {
    if (!(error instanceof CaptureError) || !MENDABLE.has(error.code) || (error.offset ?? 0) !== 0)
      throw error;
    return await withHeader(file, error, use);
  }
}

const MENDABLE: ReadonlySet<string> = new Set(["file_header_damaged", "not_a_capture"]);

async function withHeader<T>(
  file: string,
  damage: CaptureError,
  use: (sources: readonly Damaged[]) => Promise<T>,
): Promise<T> {
  const source = fileSource(file);
  try {
    const mended = mendedHeader(source);
    if (mended === null) throw damage;
    const known = mendedProblem(damage.code, mended);
    const damaged = damagedWithMended(openSections(mended.source));
    return await use(damaged.map((one, i) => (i === 0 ? { ...one, known: [known, ...one.known] } : one)));
  } finally {
    source.close();
  }
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
