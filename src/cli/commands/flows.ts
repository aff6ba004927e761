/** `msgtape flows`: each message from its send to what became of it, in order of send. */
import type { Argv } from "yargs";
import { formatFlow } from "../../render/flows.js";
import { formatJson } from "../../render/json.js";
import { flowsOfAll } from "../../replay/flows/flows.js";
import type { FlowLine } from "../../replay/flows/line.js";
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
import { LineSorter } from "../sorter.js";

export const command = "flows [files..]";
export const describe = "each message from send to receive, with its time in the queue";

export interface FlowsOptions extends ReadingOptions, FilterOptions {
  readonly received?: boolean;
}

export function builder(yargs: Argv): Argv {
  return filterOptions(readingOptions(yargs))
    .usage(
      "$0 flows FILE... [filters] [--received] [--json]\n\n" +
        "Each message from send to receive, in order of send. Filters ask for its send or its receive.",
    )
    .option("received", {
      type: "boolean",
      describe: "also messages that were received and whose send is not in the capture",
    });
}

/** With `--json` one object a message, each on its line (NDJSON). */
export async function run(options: FlowsOptions, io: Io): Promise<number> {
  const parsed = parseFilter(options);
  const format = lineFormat(options, io);
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const withReceived = options.received === true;
    const lines = flowsOfAll(
      captures,
      resolveFilter(parsed, captures),
      { withReceived },
      (capture, problem) => {
        log.add(capture, problem);
      },
    );
    const output = new Output(io.stdout);
    const sorter = new LineSorter();
    try {
      for (const line of lines) sorter.add(startNs(line), format(line));
      for (const text of sorter.sorted()) {
        const full = output.line(text);
        if (full !== undefined) await full;
        if (output.isClosed) break;
      }
    } finally {
      sorter.close();
    }
    await output.flush();
    return judge(captures, io, log);
  });
}

/** Matching tells of a message when it is received or given up; people read them as they were sent. */
function startNs({ send, receive }: FlowLine): number {
  return send?.enter_ns ?? send?.exit_ns ?? receive?.exit_ns ?? 0;
}

function lineFormat(options: FlowsOptions, io: Io): (line: FlowLine) => string {
  if (options.json === true) return (line) => formatJson(line);
  const text = { colour: wantsColour(io), width: null };
  return (line) => formatFlow(line, text);
}
