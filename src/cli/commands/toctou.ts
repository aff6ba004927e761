/** `msgtape toctou`: what changed between check and use, and how long it could. */
import type { Argv } from "yargs";
import { formatJson } from "../../render/json.js";
import { formatToctou } from "../../render/toctou.js";
import { findReceived } from "../../replay/toctou/flow-receivers.js";
import { toctou } from "../../replay/toctou.js";
import { judge, ProblemLog, withCaptures } from "../captures.js";
import { type Io, Output, wantsColour } from "../io.js";
import {
  type FilterOptions,
  filterOptions,
  parseFilter,
  type ReadingOptions,
  readingOptions,
  resolveFilter,
} from "../options.js";

export const command = "toctou [files..]";
export const describe = "what changed between check and use: arguments, overlaps, queues";

export interface ToctouOptions extends ReadingOptions, FilterOptions {
  readonly unknown?: boolean;
}

export function builder(yargs: Argv): Argv {
  return filterOptions(readingOptions(yargs))
    .usage(
      "$0 toctou FILE... [filters] [--unknown] [--json]\n\nInputs that changed while a call was in flight, memory " +
        "that another call overwrote, checks of a queue that were no longer true, and how long each argument " +
        "stood open.",
    )
    .option("unknown", { type: "boolean", describe: "list also what is neither proved nor excluded" });
}

/** With `--json` one object over all captures. */
export async function run(options: ToctouOptions, io: Io): Promise<number> {
  const parsed = parseFilter(options);
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const byName = new Map(captures.map((capture) => [capture.name, capture]));
    const result = toctou(captures, resolveFilter(parsed, captures), {
      withUndecided: options.unknown === true,
      findReceived,
      onProblem: ({ name }, problem) => {
        const capture = byName.get(name);
        if (capture !== undefined) log.add(capture, problem);
      },
    });
    const output = new Output(io.stdout);
    await output.line(
      options.json === true ? formatJson(result) : formatToctou(result, { colour: wantsColour(io) }),
    );
    await output.flush();
    return judge(captures, io, log);
  });
}
