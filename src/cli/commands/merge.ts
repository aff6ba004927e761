/** `msgtape merge`: several captures in one file, one behind the other in the order of their starts. */
import type { Argv } from "yargs";
import type { CaptureError } from "../../format/problem.js";
import type { Section } from "../../format/sections.js";
import { formatJson } from "../../render/json.js";
import { timeline } from "../../replay/time.js";
import { verifyCapture } from "../../replay/verify/verify.js";
import { type MergePlan, mergePlan, type Source } from "../../rewrite/merge-plan.js";
import { faultOfRecovered, type Recovery } from "../../rewrite/recover.js";
import { damagedOf, recoverAll } from "../../rewrite/recover-file.js";
import { withSections } from "../captures.js";
import { ExitStatus, type Io, Output } from "../io.js";
import { type ReadingOptions, readingOptions } from "../options.js";
import { type OutputOptions, outputOption, outputPath, writeVerified } from "../rewriting.js";
import { counted, safeText } from "../text.js";
import { VERSION } from "../version.js";

export const command = "merge [files..]";
export const describe = "several captures in one file, in the order of their starts";

export interface MergeOptions extends ReadingOptions, OutputOptions {}

export function builder(yargs: Argv): Argv {
  return outputOption(readingOptions(yargs)).usage(
    "$0 merge FILE... -o OUT [--json]\n\nSeveral captures in one file, in the order of their starts: of several hosts, or " +
      "the files of one recording. Each stays as it is; one that is damaged is recovered on the way.",
  );
}

export async function run(options: MergeOptions, io: Io): Promise<number> {
  const path = outputPath(options);
  const refused: CaptureError[] = [];
  const use = async (sections: readonly Section[]) => {
    const [first] = refused;
    if (first !== undefined && sections.length === 0) throw first;
    const plan = mergePlan(sections, damageTeller());
    for (const line of alignmentLines(plan)) io.stderr.write(`msgtape: ${safeText(line)}\n`);
    const damaged = plan.sources.map(({ section }) => damagedOf(section));
    const { recoveries, leftOut } = writeVerified(
      path,
      (output) => recoverAll(damaged, (bytes) => output.write(bytes), VERSION),
      (written, made) => faultOfRecovered(written, made.recoveries),
    );
    for (const [i, recovery] of recoveries.entries()) {
      if (recovery === null || recovery.problems.length === 0) continue;
      const { problems, atLeast } = recovery;
      const lacks = atLeast ? "; records may be missing" : "";
      const what = `damaged (${counted(problems.length, "problem")}): recovered on the way${lacks}`;
      io.stderr.write(`msgtape: ${safeText(`${plan.sources[i]?.name}: ${what}`)}\n`);
    }
    const lacking = [...refused.map(({ message }) => message), ...leftOut];
    for (const why of lacking) io.stderr.write(`msgtape: ${safeText(`${why}; it is left out`)}\n`);
    const output = new Output(io.stdout);
    if (options.json === true) await output.line(formatJson(answerOf(path, plan, recoveries, lacking)));
    else await output.line(safeText(`${path}: ${summaryText(recoveries)}`));
    await output.flush();
    const isAll = refused.length === 0 && recoveries.every((one) => one?.problems.length === 0);
    return isAll ? ExitStatus.DONE : ExitStatus.LOSS;
  };
  return withSections(options.files, use, (error) => refused.push(error));
}

/** Reads a capture only when it has to be chosen between two. */
function damageTeller(): (section: Section) => boolean {
  const known = new Map<Section, boolean>();
  return (section) => {
    const before = known.get(section);
    if (before !== undefined) return before;
    const isDamaged = verifyCapture(section.source).problems.length > 0;
    known.set(section, isDamaged);
    return isDamaged;
  };
}

function summaryText(all: readonly (Recovery | null)[]): string {
  const recoveries = all.flatMap((one) => one ?? []);
  const records = recoveries.reduce((sum, one) => sum + one.records, 0);
  return `${counted(recoveries.length, "capture")}, ${counted(records, "record")}`;
}

/** How the captures lie to each other in time, and how sure that is. */
function alignmentLines({ sources, duplicates }: MergePlan): string[] {
  const lines = sources.map((source) => `${source.name}: ${placeText(source)}`);
  for (const { name, of } of duplicates) lines.push(`${name}: the same capture as ${of}, left out`);
  const boots = new Set(sources.map(({ section }) => section.capture.host?.bootId ?? section));
  if (boots.size > 1) {
    lines.push("of different boots: their order is that of their hosts' clocks, which nothing here compares");
  }
  return lines;
}

function placeText(source: Source): string {
  const { hostname, sameBootAs, uncertaintyNs, steppedNs, section } = source;
  const wall = timeline([section.capture])[0]?.wall(0) ?? null;
  const host = hostname === null ? "" : `${hostname}, `;
  if (wall === null) return `${host}without clock readings: put last`;
  const how =
    sameBootAs === null
      ? `to ${uncertaintyNs} ns by its own clock`
      : `exact to ${sameBootAs}: one boot, one CLOCK_BOOTTIME`;
  const stepped = steppedNs === 0n ? "" : `; its CLOCK_REALTIME was set by ${steppedNs} ns meanwhile`;
  return `${host}from ${wall}, ${how}${stepped}`;
}

function answerOf(
  path: string,
  { sources, duplicates }: MergePlan,
  recoveries: readonly (Recovery | null)[],
  leftOut: readonly string[],
): object {
  const captures = sources.flatMap((source, i) => {
    const recovery = recoveries[i] ?? null;
    return recovery === null ? [] : [captureAnswer(source, recovery)];
  });
  return { output: path, captures, duplicates, ...(leftOut.length === 0 ? {} : { left_out: leftOut }) };
}

function captureAnswer(source: Source, { records, problems }: Recovery): object {
  const { name, hostname, uncertaintyNs, sameBootAs, steppedNs, section } = source;
  return {
    file: name,
    capture: section.capture.captureId,
    host: hostname,
    created: timeline([section.capture])[0]?.wall(0) ?? null,
    uncertainty_ns: uncertaintyNs === null ? null : Number(uncertaintyNs),
    same_boot_as: sameBootAs,
    realtime_stepped_ns: Number(steppedNs),
    records,
    problems,
  };
}
