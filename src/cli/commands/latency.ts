/** `msgtape latency`: how long calls took, in groups. */
import type { Argv } from "yargs";
import { formatJson } from "../../render/json.js";
import { formatLatency } from "../../render/latency.js";
import { latency } from "../../replay/latency.js";
import { DIMENSIONS, type Dimension } from "../../replay/latency-groups.js";
import { judge, ProblemLog, withCaptures } from "../captures.js";
import { type Io, Output, wantsColour } from "../io.js";
import {
  type FilterOptions,
  filterOptions,
  lists,
  parseFilter,
  type ReadingOptions,
  type Repeated,
  readingOptions,
  resolveFilter,
  wrong,
} from "../options.js";

export const command = "latency [files..]";
export const describe = "how long the calls took: percentiles and histograms";

export interface LatencyOptions extends ReadingOptions, FilterOptions {
  readonly by?: Repeated;
  readonly histogram?: boolean;
}

export function builder(yargs: Argv): Argv {
  return filterOptions(readingOptions(yargs))
    .usage("$0 latency FILE... [--by LIST] [filters] [--json]\n\nHow long complete calls took, in groups.")
    .option("by", {
      type: "string",
      requiresArg: true,
      describe: `group by these: ${DIMENSIONS.join(",")} [event]; layer: what callers of libc waited, beside the kernel's part`,
    })
    .option("histogram", { type: "boolean", describe: "also draw how the durations are spread" });
}

/** With `--json` one object over all captures. */
export async function run(options: LatencyOptions, io: Io): Promise<number> {
  const parsed = parseFilter(options);
  const by = parseBy(lists(options.by));
  if (by.includes("layer")) refuseUnknownOfLibc(by, options);
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const byName = new Map(captures.map((capture) => [capture.name, capture]));
    const result = latency(captures, resolveFilter(parsed, captures), by, {
      onProblem: ({ name }, problem) => {
        const capture = byName.get(name);
        if (capture !== undefined) log.add(capture, problem);
      },
    });
    const output = new Output(io.stdout);
    const text =
      options.json === true
        ? formatJson(result)
        : formatLatency(result, { colour: wantsColour(io), histogram: options.histogram === true });
    await output.line(text);
    await output.flush();
    return judge(captures, io, log);
  });
}

function parseBy(texts: readonly string[]): readonly Dimension[] {
  if (texts.length === 0) return ["event"];
  const found = texts.map((text) => {
    const dimension = DIMENSIONS.find((name) => name === text);
    if (dimension !== undefined) return dimension;
    throw wrong("by", `expected some of ${DIMENSIONS.join(", ")}, found ${JSON.stringify(text)}`);
  });
  return [...new Set<Dimension>(found.includes("layer") ? ["event", ...found] : found)];
}

/** LIBC records know neither the queue nor the error number: leaving calls out by them would be a guess. */
function refuseUnknownOfLibc(by: readonly Dimension[], options: LatencyOptions): void {
  const what =
    by.includes("queue") || options.queue !== undefined
      ? "the queue"
      : options.errno !== undefined
        ? "the error number"
        : null;
  if (what === null) return;
  throw wrong(
    "by",
    `layer does not go with ${what}: it is not known of libc's functions; leave one of them out`,
  );
}
