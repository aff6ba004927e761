/** `msgtape slice`: a smaller capture of chosen calls. */
import type { Argv } from "yargs";
import type { Capture } from "../../format/capture.js";
import { openSections, type Section } from "../../format/sections.js";
import type { ByteSource } from "../../format/source.js";
import type { Problem } from "../../format/types.js";
import { formatJson } from "../../render/json.js";
import type { CallFilter } from "../../replay/filter.js";
import { joinRecordings } from "../../replay/recording-parts.js";
import { timeline } from "../../replay/time.js";
import { verifyCapture } from "../../replay/verify/verify.js";
import { RewriteError } from "../../rewrite/error.js";
import type { SliceOptions as ChosenBy } from "../../rewrite/slice/metadata.js";
import { type Slice, sliceCapture } from "../../rewrite/slice/slice.js";
import { withSections } from "../captures.js";
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
    for (const section of sections) refuseDamage(section);
    const captures = joinRecordings(sections.map(({ capture }) => capture));
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
          const request = { filter: moved(filter, laterNs), options: chosen, clock: own, version: VERSION };
          return sliceCapture(capture, request, (bytes) => output.write(bytes));
        }),
      faultOfSlices,
    );
    await say(path, captures, slices, options.json === true, io);
    return ExitStatus.DONE;
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

/** A slice tells of no damage: whoever reads it would take what is missing for left out. */
function refuseDamage({ capture, source, behind }: Section): void {
  const [problem, ...more] = [...verifyCapture(source).problems, ...(behind === null ? [] : [behind])];
  if (problem === undefined) return;
  const rest = more.length === 0 ? "" : `, and ${counted(more.length, "more problem")}`;
  const what = `offset ${problem.offset}: ${problem.message} (${problem.code})${rest}`;
  throw new RewriteError(`${capture.name}: damaged, ${what}: msgtape recover it first`);
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
  for (const [i, { from, calls, records }] of slices.entries()) {
    if (isJson) await output.line(formatJson({ output: path, from, calls, records }));
    else {
      const what = `${counted(calls, "call")} of ${captures[i]?.name}, ${counted(records, "record")}`;
      await output.line(safeText(`${path}: ${what}`));
    }
  }
  await output.flush();
}
