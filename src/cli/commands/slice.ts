/** `msgtape slice`: a smaller capture of chosen calls. */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import { MINOR } from "../../format/file-header.js";
import { openSections, type Section } from "../../format/sections.js";
import type { ByteSource } from "../../format/source.js";
import { FrameType, type Problem } from "../../format/types.js";
import { formatJson } from "../../render/json.js";
import type { CallFilter } from "../../replay/filter.js";
import { joinRecordings } from "../../replay/recording-parts.js";
import { timeline } from "../../replay/time.js";
import { verifyCapture } from "../../replay/verify/verify.js";
import { RewriteError } from "../../rewrite/error.js";
import { recoveryPlan } from "../../rewrite/recover.js";
import { damagedOf } from "../../rewrite/recover-file.js";
import type { SliceOptions as ChosenBy } from "../../rewrite/slice/metadata.js";
import { type Slice, sliceCapture } from "../../rewrite/slice/slice.js";
import { noteCopies, withSections } from "../captures.js";
import { ExitStatus, type Io, Output, UsageError } from "../io.js";
import {
  all,
  type FilterOptions,
  filterOptions,
  parseFilter,
  type ReadingOptions,
  readingOptions,
  resolveFilter,
} from "../options.js";
import { type OutputOptions, outputOption, outputPath, writeVerified } from "../rewriting.js";
import { counted, safeText } from "../text.js";
import { VERSION } from "../version.js";

export const command = "slice [files..]";
export const describe = "a smaller capture of chosen calls: by time, event, task, queue";

export interface SliceOptions extends ReadingOptions, FilterOptions, OutputOptions {}

export function builder(yargs: Argv): Argv {
  return filterOptions(outputOption(readingOptions(yargs))).usage(
    "$0 slice FILE... FILTERS -o OUT [--json]\n\nA smaller capture of the calls that pass the filters: whole calls, as they " +
      "were recorded, with what the rest needs. Each recording stays apart; the files stay as they are.",
  );
}

export async function run(options: SliceOptions, io: Io): Promise<number> {
  const path = outputPath(options);
  const parsed = parseFilter(options);
  const chosen = chosenBy(options);
  if (Object.keys(chosen).length === 0) {
    throw new UsageError("no filter given: say which calls are wanted, or use merge to join files");
  }
  return withSections(options.files, async (sections) => {
    const hasOdd = sections.map(requireSound).includes(true);
    const given = sections.map(({ capture }) => capture);
    noteCopies(given, io);
    const captures = joinRecordings(given);
    const filter = resolveFilter(parsed, captures);
    const clocks = timeline(captures);
    const slices = writeVerified(
      path,
      (output) =>
        captures.map((capture, i) => {
          const [own] = timeline([capture]);
          if (own === undefined) throw new RewriteError(`${capture.name}: it has no clock readings`);
          // By its own clock: where captures are far apart, the common time line is not exact to the nanosecond.
          const laterNs = Number(own.baseNs - (clocks[i]?.baseNs ?? own.baseNs));
          const request = {
            filter: moved(filter, laterNs),
            options: chosen,
            clock: own,
            version: VERSION,
            hasOdd,
          };
          return sliceCapture(capture, request, (bytes) => output.write(bytes));
        }),
      faultOfSlices,
    );
    await say(path, captures, slices, options.json === true, io);
    for (const [i, { gapped }] of slices.entries()) {
      if (gapped.length > 0)
        io.stderr.write(`msgtape: ${safeText(gappedText(captures[i]?.name ?? "", gapped))}\n`);
    }
    return slices.every(({ gapped }) => gapped.length === 0) ? ExitStatus.DONE : ExitStatus.LOSS;
  });
}

/** The filter on a time line that begins so much later. */
function moved(filter: CallFilter, laterNs: number): CallFilter {
  const move = (timeNs: number | null) => (timeNs === null ? null : timeNs - laterNs);
  return { ...filter, fromNs: move(filter.fromNs), toNs: move(filter.toNs) };
}

/** The filters as they were given, by the names of their options. */
function chosenBy(options: SliceOptions): ChosenBy {
  const names = ["event", "pid", "tid", "comm", "queue", "errno", "min-duration", "from", "to"] as const;
  const given = names
    .map((name) => [name, all(options[name])] as const)
    .filter(([, values]) => values.length > 0);
  return Object.fromEntries([...given, ...(options.failed === true ? [["failed", ["true"]] as const] : [])]);
}

/**
 * Refuses what would leave no trace in a slice: whoever reads it would take what is missing for left out. Gives whether
 * there are records that readers pass by, for which gaps can stand.
 */
function requireSound(section: Section): boolean {
  const { capture, source, behind } = section;
  const chunks = new Set<number | null>(
    capture.frames.filter(({ type }) => type === FrameType.CHUNK).map(({ sequence }) => sequence),
  );
  const isOdd = ({ code, frame }: Problem) => code === "implausible" && chunks.has(frame);
  const found = [...verifyCapture(source).problems, ...(behind === null ? [] : [behind])];
  const [problem, ...more] = found.filter((one) => !isOdd(one));
  // Numbers of a later minor are no problem there; what is written is of this one.
  if (problem === undefined) return found.length > 0 || capture.format.minor > MINOR;
  const rest = more.length === 0 ? "" : `, and ${counted(more.length, "more problem")}`;
  const what = `offset ${problem.offset}: ${problem.message} (${problem.code})${rest}`;
  throw new RewriteError(`${capture.name}: damaged, ${what}: ${adviceFor(section)}`);
}

/** Only what helps: nothing may be left of a capture, or not what a slice needs. */
function adviceFor(section: Section): string {
  const { source, known } = damagedOf(section);
  try {
    const { lacks } = recoveryPlan(source, { version: VERSION, known });
    if (lacks.length === 0) return "msgtape recover it first";
    return `without its ${lacks.join(", ")} no slice can be made, also not of what can be recovered`;
  } catch (error) {
    if (!(error instanceof RewriteError)) throw error;
    return error.message.replace(`${source.name}: `, "");
  }
}

/** One line, whatever their number. */
function gappedText(name: string, gapped: Slice["gapped"]): string {
  const [first, ...more] = gapped;
  const rest = more.length === 0 ? "" : `, and ${counted(more.length, "more problem")}`;
  const inside = gapped.filter(({ isInside }) => isInside).length;
  const gaps = inside === 1 ? "a gap" : `${inside} gaps`;
  const where = inside === 0 ? "the slice does not reach so far" : `the slice has ${gaps} for it`;
  const found = first?.found;
  return `${name}: offset ${found?.offset}, ${found?.message} (${found?.code})${rest}: ${where}`;
}

function faultOfSlices(written: ByteSource, slices: readonly Slice[]): Problem | null {
  const sections = openSections(written);
  for (const [i, { source }] of sections.entries()) {
    const { problems, records } = verifyCapture(source);
    const [fault] = problems;
    if (fault !== undefined) return fault;
    const wanted = slices[i]?.records;
    if (records !== wanted) {
      return {
        code: "summary_mismatch",
        offset: 0,
        frame: null,
        message: `${records} records, not ${wanted}`,
      };
    }
  }
  return null;
}

async function say(
  path: string,
  captures: readonly Capture[],
  slices: readonly Slice[],
  isJson: boolean,
  io: Io,
): Promise<void> {
  const output = new Output(io.stdout);
  for (const [i, { from, calls, records, gapped }] of slices.entries()) {
    const problems = gapped.map(({ found }) => found);
    if (isJson) await output.line(formatJson({ output: path, from, calls, records, problems }));
    else {
      const what = `${counted(calls, "call")} of ${captures[i]?.name}, ${counted(records, "record")}`;
      await output.line(safeText(`${path}: ${what}`));
    }
  }
  await output.flush();
}
