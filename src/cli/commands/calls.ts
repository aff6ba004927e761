/** `msgtape calls`: one line a call, in order of exit, or sorted by entry. */
import type { Argv } from "yargs";
import { formatCall } from "../../render/calls.js";
import { formatJson } from "../../render/json.js";
import { callsOfAll } from "../../replay/calls.js";
import type { CallLine } from "../../replay/types.js";
import { judge, ProblemLog, withCaptures } from "../captures.js";
import { type Io, Output, wantsColour } from "../io.js";
import {
  type FilterOptions,
  filterOptions,
  once,
  parseFilter,
  type ReadingOptions,
  type Repeated,
  readingOptions,
  resolveFilter,
  wrong,
} from "../options.js";
import { LineSorter } from "../sorter.js";

export const command = "calls [files..]";
export const describe = "the calls, one a line, as strace users know them";

export interface CallsOptions extends ReadingOptions, FilterOptions {
  readonly sort?: Repeated;
  readonly strings?: Repeated;
}

export function builder(yargs: Argv): Argv {
  return filterOptions(readingOptions(yargs))
    .usage("$0 calls FILE... [filters] [--sort enter] [--json]\n\nThe calls, one a line, in order of exit.")
    .option("sort", { type: "string", requiresArg: true, describe: "exit, or enter [exit]" })
    .option("strings", {
      type: "string",
      requiresArg: true,
      alias: "s",
      describe: "bytes shown of each string [32]",
    });
}

/** With `--json` one object a call, each on its line (NDJSON). */
export async function run(options: CallsOptions, io: Io): Promise<number> {
  const parsed = parseFilter(options);
  const byEntry = parseSort(once("sort", options.sort));
  const format = lineFormat(options, io);
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const lines = callsOfAll(captures, resolveFilter(parsed, captures), (capture, problem) => {
      log.add(capture, problem);
    });
    const output = new Output(io.stdout);
    if (byEntry) await printSorted(lines, format, output);
    else await print(lines, format, output);
    await output.flush();
    return judge(captures, io, log);
  });
}

type LineFormat = (line: CallLine) => string;

async function print(lines: Iterable<CallLine>, format: LineFormat, output: Output): Promise<void> {
  for (const line of lines) {
    const full = output.line(format(line));
    if (full !== undefined) await full;
    if (output.isClosed) return;
  }
}

/** A call whose entry is not in the capture counts by its exit: it is known to have begun before. */
async function printSorted(lines: Iterable<CallLine>, format: LineFormat, output: Output): Promise<void> {
  const sorter = new LineSorter();
  try {
    for (const line of lines) sorter.add(line.enter_ns ?? line.exit_ns ?? 0, format(line));
    for (const text of sorter.sorted()) {
      const full = output.line(text);
      if (full !== undefined) await full;
      if (output.isClosed) return;
    }
  } finally {
    sorter.close();
  }
}

function lineFormat(options: CallsOptions, io: Io): LineFormat {
  const stringBytes = parseStrings(once("strings", options.strings));
  if (options.json === true) return (line) => formatJson(line);
  const text = {
    colour: wantsColour(io),
    width: null,
    ...(stringBytes === null ? {} : { stringBytes }),
  };
  return (line) => formatCall(line, text);
}

function parseSort(text: string | null): boolean {
  if (text === null || text === "exit") return false;
  if (text === "enter") return true;
  throw wrong("sort", `expected enter or exit, found ${JSON.stringify(text)}`);
}

function parseStrings(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw wrong("strings", `expected a number of bytes, found ${JSON.stringify(text)}`);
}
