/**
 * The program's command line: which commands there are, who runs one, and what becomes of its errors. A command's
 * module is loaded when it is asked for, so that reading needs nothing of what recording needs.
 */
import yargs, { type Argv } from "yargs";
import { BtfError } from "../btf/index.js";
import { CaptureError } from "../format/problem.js";
import { SourceError } from "../replay/open.js";
import { LayoutError } from "../replay/records.js";
import { RewriteError } from "../rewrite/error.js";
import { OutputFileError } from "../rewrite/output.js";
import { RedactError } from "../rewrite/redact/ids.js";
import { ExitStatus, type Io, Output, OutputError, UsageError } from "./io.js";
import { safeText } from "./text.js";
import { VERSION } from "./version.js";

/** What each module in commands/ exports. `Options` is what its builder declares. */
export interface CommandModule<Options> {
  /** yargs notation: name and positional arguments. */
  readonly command: string;
  readonly describe: string;
  builder(yargs: Argv): Argv;
  /** Gives the exit status. */
  run(options: Options, io: Io): Promise<number>;
}

interface CommandEntry {
  readonly name: string;
  readonly describe: string;
  // biome-ignore lint/suspicious/noExplicitAny: yargs gives what the module's own builder declared.
  readonly load: () => Promise<CommandModule<any>>;
}

/** In the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "record",
    describe: "record the message passing of this host, or of a command",
    load: () => import("./commands/record.js"),
  },
  { name: "info", describe: "what is in a capture", load: () => import("./commands/info.js") },
  {
    name: "calls",
    describe: "the calls, one a line, as strace users know them",
    load: () => import("./commands/calls.js"),
  },
  {
    name: "latency",
    describe: "how long the calls took: percentiles and histograms",
    load: () => import("./commands/latency.js"),
  },
  {
    name: "toctou",
    describe: "what changed between check and use: arguments, overlaps, queues",
    load: () => import("./commands/toctou.js"),
  },
  {
    name: "flows",
    describe: "each message from send to receive, with its time in the queue",
    load: () => import("./commands/flows.js"),
  },
  {
    name: "queues",
    describe: "the queues at any moment, in the views of ipcs",
    load: () => import("./commands/queues.js"),
  },
  {
    name: "verify",
    describe: "check a capture: every frame, and all frames against each other",
    load: () => import("./commands/verify.js"),
  },
  {
    name: "recover",
    describe: "a new capture from what is readable of a damaged one",
    load: () => import("./commands/recover.js"),
  },
  {
    name: "slice",
    describe: "a smaller capture of chosen calls: by time, event, task, queue",
    load: () => import("./commands/slice.js"),
  },
  {
    name: "merge",
    describe: "several captures in one file, in the order of their starts",
    load: () => import("./commands/merge.js"),
  },
  {
    name: "notifications",
    describe: "each registration of mq_notify, from its beginning to what ended it",
    load: () => import("./commands/notifications.js"),
  },
  {
    name: "redact",
    describe: "make a capture that can be shown to strangers",
    load: () => import("./commands/redact.js"),
  },
  {
    name: "explain",
    describe: "the reference page of an event, or what an error means",
    load: () => import("./commands/explain.js"),
  },
  { name: "doctor", describe: "what this host can record", load: () => import("./commands/doctor.js") },
];

/** Runs one command line (without `node` and the script). Gives the exit status; never throws. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  return answering(() => dispatch(args, io), io, isDebug(args, io));
}

/** What becomes of the errors of a command: a line for its user, and an exit status. Never throws. */
export async function answering(work: () => Promise<number>, io: Io, withStack: boolean): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const stack = withStack && error instanceof Error ? (error.stack ?? "").split("\n") : [];
    await say(io, [errorLine(error), ...stack]);
    return error instanceof UsageError ? ExitStatus.USAGE : ExitStatus.FAILED;
  }
}

async function dispatch(given: readonly string[], io: Io): Promise<number> {
  const name = beforeDashes(given).find((arg) => !arg.startsWith("-"));
  const wanted = COMMANDS.find((entry) => entry.name === name);
  if (name !== undefined && wanted === undefined) throw unknownCommand(name);
  const args = name === undefined ? given : commandFirst(given, name);
  const module = wanted === undefined ? null : await wanted.load();

  let status: Promise<number> | null = null;
  const parser = baseParser(name, args, io);
  for (const entry of COMMANDS) {
    if (entry !== wanted || module === null) {
      parser.command(entry.name, entry.describe);
      continue;
    }
    parser.command(module.command, entry.describe, module.builder, (options) => {
      refuseFlagValues(options, args);
      status = module.run(
        module.command.includes(FILES) ? withFiles(options, args) : withDashes(options, args),
        io,
      );
    });
  }
  const shown = await helpOrVersion(parser, args);
  if (shown !== "") {
    const output = new Output(io.stdout);
    await output.line(shown);
    await output.flush();
    return ExitStatus.DONE;
  }
  if (status === null) throw new UsageError("no command given: try msgtape --help");
  return status;
}

/** What is msgtape's own: all before `--`. */
function beforeDashes(args: readonly string[]): readonly string[] {
  return args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
}

/** yargs knows a command's options only behind its name; users also write `msgtape --json info FILE`. */
function commandFirst(args: readonly string[], name: string): readonly string[] {
  const at = args.indexOf(name);
  return [name, ...args.slice(0, at), ...args.slice(at + 1)];
}

/** In the notation of the commands that read captures. Not `<files..>`: unknown options are to be told first. */
const FILES = "[files..]";

/** yargs' options with all files that are meant: yargs forgets a `-`, and takes what follows `--` for something else. */
function withFiles(options: Readonly<Record<string, unknown>>, args: readonly string[]): object {
  const { files, "--": behind } = options as { files?: readonly string[]; "--"?: readonly string[] };
  const all = [...(files ?? []), ...(behind ?? [])].map(String);
  const asValues = Object.entries(options)
    .filter(([key]) => key.length > 1 && !["files", "--"].includes(key))
    .flatMap(([, value]) => value)
    .filter((value) => value === "-").length;
  const dashes = beforeDashes(args).filter((arg) => /^(--[^=]+=)?-$/.test(arg)).length;
  if (dashes > asValues || all.includes("-")) {
    throw new UsageError("-: a capture cannot be read from a pipe; save it to a file first");
  }
  if (all.length === 0) throw new UsageError(`no capture given: msgtape ${args[0]} FILE`);
  return { ...options, files: all };
}

/** yargs takes every value of a flag but `true` for no: `--failed=yes` would answer as if it were not there. */
function refuseFlagValues(options: Readonly<Record<string, unknown>>, args: readonly string[]): void {
  for (const arg of beforeDashes(args)) {
    const [, option = "", name = "", value = ""] = /^(--?([^-=][^=]*))=(.*)$/s.exec(arg) ?? [];
    if (typeof options[name] !== "boolean" || value === "true" || value === "false") continue;
    throw new UsageError(`${option}: takes no value, found ${JSON.stringify(value)}`);
  }
}

/** yargs tells no empty `--` from none. */
function withDashes(options: object, args: readonly string[]): object {
  return args.includes("--") ? { "--": [], ...options } : options;
}

function baseParser(name: string | undefined, args: readonly string[], io: Io): Argv {
  return yargs()
    .scriptName("msgtape")
    .usage("$0 COMMAND [OPTIONS]\n\nA tape recorder for Linux message passing: record here, replay anywhere.")
    .parserConfiguration({
      "populate--": true,
      // Names of files, tasks and queues may look like numbers, and may have dots in them.
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "dot-notation": false,
      "boolean-negation": false,
      "camel-case-expansion": false,
    })
    .locale("en")
    .option("debug", { type: "boolean", describe: "show where an error comes from", global: true })
    .strict()
    .version(VERSION)
    .help()
    .alias("help", "h")
    .epilogue("Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but with loss or damage.")
    .wrap(Math.min(io.columns ?? 100, 110))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message: string | null, error: Error | undefined) => {
      // yargs' own errors are about the command line; others come out of a command.
      if (error !== undefined && error.name !== "YError") throw error;
      throw new UsageError(usageText(error?.message ?? message ?? "wrong usage", name, args));
    });
}

/** yargs prints help and version itself unless it is given a place for them. */
async function helpOrVersion(parser: Argv, args: readonly string[]): Promise<string> {
  let text = "";
  await parser.parseAsync([...args], {}, (_error, _options, output) => {
    text = output;
  });
  return text;
}

/** yargs' words, for users of this program. */
function usageText(message: string, name: string | undefined, args: readonly string[]): string {
  const [first = ""] = message.split("\n");
  const help = `try msgtape ${name === undefined ? "" : `${name} `}--help`;
  const missing = /^Not enough arguments following: (.*)$/.exec(first);
  if (missing !== null) return `${asOption(missing[1] ?? "")}: its value is missing: ${help}`;
  const unknown = /^Unknown arguments?: (.*)$/.exec(first)?.[1];
  if (unknown === undefined) return `${first}: ${help}`;
  const hint = name === "record" ? `a command to record goes behind --, or ${help}` : help;
  const names = unknown.split(", ").map((word) => asGiven(word, args));
  return `unknown option or argument ${[...new Set(names)].join(", ")}: ${hint}`;
}

function asOption(name: string): string {
  return `${name.length === 1 ? "-" : "--"}${name}`;
}

/** yargs names options without their dashes, and each letter of `-xyz` by itself. */
function asGiven(word: string, args: readonly string[]): string {
  const own = beforeDashes(args);
  const option = asOption(word);
  if (own.some((arg) => arg === option || arg.startsWith(`${option}=`))) return option;
  if (own.includes(word)) return word;
  const letters = (arg: string) => /^-[^-]/.test(arg) && arg.includes(word);
  return word.length === 1 && own.some(letters) ? option : word;
}

function unknownCommand(name: string): UsageError {
  const names = COMMANDS.map((entry) => entry.name);
  const near = names.find((one) => one.startsWith(name) || name.startsWith(one) || one[0] === name[0]);
  const hint = near === undefined ? `the commands are ${names.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`there is no command ${JSON.stringify(name)}: ${hint}`);
}

/** Errors that say all that a user needs; any other is a fault of msgtape. */
const EXPECTED = [
  UsageError,
  OutputError,
  OutputFileError,
  RewriteError,
  RedactError,
  SourceError,
  CaptureError,
  LayoutError,
  BtfError,
];

function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (EXPECTED.some((known) => error instanceof known)) return `msgtape: ${message}`;
  return `msgtape: this is a fault of msgtape itself: ${message} (add --debug to see where)`;
}

function isDebug(args: readonly string[], io: Io): boolean {
  return beforeDashes(args).includes("--debug") || (io.env.MSGTAPE_DEBUG ?? "") !== "";
}

/** Each of `lines` stays one line: what it quotes, a file's name say, may have line ends of its own. */
async function say(io: Io, lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => `${safeText(line)}\n`).join("");
  await new Promise((resolve) => io.stderr.write(text, resolve));
}
