/**
 * `msgtape record`: reads its command line, lets src/record do it, says how it went.
 *
 * Standard output is the capture's (`-o -`; a command's output then goes to standard error) or the command's; all
 * that is said goes to standard error. With
 * `--json` the closing line is an object, on standard output where that is free, else on standard error.
 */
import type { Writable } from "node:stream";
import type { Argv } from "yargs";
import { parseEventList } from "../../catalog/event-list.js";
import { DEFAULT_EVENTS, GROUPS } from "../../catalog/events.js";
import type { EventRow } from "../../catalog/types.js";
import { RecordError } from "../../record/errors.js";
import { type FilterText, parseFilters } from "../../record/filters.js";
import {
  BUFFER_MAX_BYTES,
  DEFAULT_SNAP_BYTES,
  type RecordOptions,
  SNAP_MAX_BYTES,
} from "../../record/options.js";
import { parseTriggers } from "../../record/triggers.js";
import { nameByUid, PASSWD_PATH } from "../../record/users.js";
import { formatJson } from "../../render/json.js";
import { type FilesArguments, filesOptions, parseFlight, parseRotation } from "../record-files.js";
import { all, once, wrong } from "../record-values.js";
import { safeText } from "../text.js";
import { parseDuration, parseSize } from "../units.js";

export const command = "record";
export const describe = "record the message passing of this host, or of a command";

const EXAMPLE_EVENT = "mq_timedsend";

/** What yargs makes of the command line; an option given several times is an array. */
export interface RecordArguments extends FilesArguments {
  readonly output?: string | readonly string[];
  readonly for?: string | readonly string[];
  readonly count?: string | readonly string[];
  readonly events?: string | readonly string[];
  readonly pid?: string | readonly string[];
  readonly comm?: string | readonly string[];
  readonly uid?: string | readonly string[];
  readonly cgroup?: string | readonly string[];
  readonly queue?: string | readonly string[];
  readonly trigger?: string | readonly string[];
  readonly buffer?: string | readonly string[];
  readonly snap?: string | readonly string[];
  readonly user?: string | readonly string[];
  readonly "drop-to"?: string | readonly string[];
  readonly "no-kernel"?: boolean;
  readonly libc?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** What follows `--`. */
  readonly "--"?: readonly (string | number)[];
}

export interface RecordIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stderrIsTerminal?: boolean;
}

export function builder(yargs: Argv): Argv {
  const text = { type: "string", requiresArg: true } as const;
  const described = yargs
    .usage("$0 record [-o FILE] [--for DURATION] [--events LIST] [filters] [-- COMMAND...]")
    .option("output", {
      ...text,
      alias: "o",
      describe: "the capture; - for a pipe [msgtape-HOST-TIME.mtape]",
    })
    .option("for", { ...text, describe: "end after this time: 10s, 500ms, 2min" })
    .option("count", { ...text, describe: "end after at least so many calls" })
    .option("events", {
      ...text,
      alias: "event",
      describe: "names and groups: posix-mq, sysv-msg, socket-msg, all [all but sendmsg, recvmsg]",
    })
    .option("pid", { ...text, describe: "only this process and its descendants" })
    .option("comm", { ...text, describe: "only tasks of this name" })
    .option("uid", { ...text, describe: "only this user" })
    .option("cgroup", { ...text, describe: "only this cgroup v2 and those below it" })
    .option("queue", { ...text, describe: "only this queue: /NAME, 0xKEY or an id" })
    .option("trigger", {
      ...text,
      describe: `with --last: when this happens: 'latency(${EXAMPLE_EVENT}) > 50ms', 'depth(/NAME) > 100', 'errno(EAGAIN) > 100 in 1s', EIDRM`,
    })
    .option("snap", { ...text, describe: `bytes kept of each piece of evidence [${DEFAULT_SNAP_BYTES}]` })
    .option("buffer", {
      ...text,
      describe: "kernel memory for records, of all cpus together [32M, 1M to 16M a cpu]",
    })
    .option("user", { ...text, describe: "run the command as this user" })
    .option("drop-to", {
      ...text,
      describe:
        "become this user when the probes are in place; root: stay root [who called sudo, else nobody]",
    })
    .option("no-kernel", {
      type: "boolean",
      describe: "calls alone: do not look at what the kernel does in them with messages",
    })
    .option("libc", {
      type: "boolean",
      describe: "also what callers of the C library wait (latency --by layer)",
    })
    .option("json", { type: "boolean", describe: "the closing line as JSON" })
    .option("quiet", { type: "boolean", alias: "q", describe: "say nothing but errors" });
  return filesOptions(described);
}

/** Exit status: the command's, or 0 done, 1 failed, 2 wrong usage, 3 done with losses; 125 failed with a command. */
export async function run(options: RecordArguments, io: RecordIo): Promise<number> {
  // All that record says passes here: names of files, users and commands may hold what moves a terminal.
  const say = (line: string) => void io.stderr.write(`msgtape: ${safeText(line)}\n`);
  try {
    const parsed = parseRecordOptions(options);
    // Native code and all that it needs is loaded only when there is something to record.
    const { record } = await import("../../record/recording.js");
    return await record(parsed, {
      say,
      answer: (object, stdoutIsFree) =>
        void (stdoutIsFree ? io.stdout : io.stderr).write(`${formatJson(object)}\n`),
      terminal: io.stderrIsTerminal === true && options.quiet !== true ? io.stderr : null,
      closing: options.quiet === true ? "none" : options.json === true ? "json" : "text",
    });
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    say(error.message);
    return error.exitStatus;
  }
}

/** Throws RecordError (wrong usage) that names the option. */
export function parseRecordOptions(options: RecordArguments): RecordOptions {
  const command = (options["--"] ?? []).map(String);
  const user = parseUser("user", once("user", options.user));
  const filterText: FilterText = {
    pid: all(options.pid),
    comm: all(options.comm),
    uid: all(options.uid),
    cgroup: all(options.cgroup),
    queue: all(options.queue),
  };
  // Without this a script whose variable is empty would record the whole host.
  if (options["--"] !== undefined && (command[0] ?? "") === "") {
    throw new RecordError("there is no command behind --: name one, or leave out the --", 2);
  }
  if (command.length === 0 && user !== null)
    throw wrong("user", "there is no command to run: add -- COMMAND");
  if (command.length > 0 && all(options.pid).length > 0) {
    throw wrong("pid", "a command is recorded alone: leave out --pid or the command");
  }
  const output = once("output", options.output);
  if (output === "") throw wrong("output", "the name is empty: name a file, or - for a pipe");
  const events = parseEvents(all(options.events));
  const [rotation, flight] = [parseRotation(options), parseFlight(options)];
  if (output === "-" && (rotation ?? flight) !== null) {
    throw wrong("output", "several files do not go into a pipe: name a file");
  }
  return {
    output,
    events,
    filters: parseFilters(filterText),
    filterText,
    triggers: parseTriggerOptions(options, events),
    snapBytes: parseSnap(once("snap", options.snap)),
    bufferBytes: parseBuffer(once("buffer", options.buffer)),
    durationMs: parseFor(once("for", options.for)),
    calls: parseCount(once("count", options.count)),
    command: command.length > 0 ? command : null,
    user,
    dropTo: parseUser("drop-to", once("drop-to", options["drop-to"])),
    kernelPlane: options["no-kernel"] !== true,
    libcPlane: options.libc === true,
    rotation,
    flight,
  };
}

function parseEvents(lists: readonly string[]): readonly EventRow[] {
  if (lists.length === 0) return DEFAULT_EVENTS;
  const parsed = parseEventList(lists.join(","));
  if ("events" in parsed) return parsed.events;
  const { unknown, suggestions } = parsed;
  const hint =
    suggestions.length > 0
      ? `did you mean ${suggestions.join(" or ")}?`
      : `try one of the groups ${GROUPS.join(", ")} or an event's name, such as ${EXAMPLE_EVENT}`;
  throw wrong("events", `there is no event ${JSON.stringify(unknown)}: ${hint}`);
}

/** What fires has to be told of by somebody: without --last nothing would come of it. */
function parseTriggerOptions({ trigger, last }: RecordArguments, events: readonly EventRow[]) {
  const triggers = parseTriggers(all(trigger), { events, parseDuration });
  if (triggers.length > 0 && last === undefined)
    throw wrong("trigger", "needs --last, whose snapshots it asks for");
  return triggers;
}

/** The kernel's number will do where passwd has a name for it: the user's groups come with the name. */
function parseUser(option: string, text: string | null): string | null {
  if (text === "") throw wrong(option, "expected a user's name");
  if (text === null || !/^\d{1,10}$/.test(text)) return text;
  const name = nameByUid(Number(text));
  if (name !== undefined) return name;
  throw wrong(option, `expected a user's name, or a number that has one in ${PASSWD_PATH}, found ${text}`);
}

function parseSnap(text: string | null): number {
  if (text === null) return DEFAULT_SNAP_BYTES;
  const bytes = parseSize(text);
  if (bytes !== null && bytes <= SNAP_MAX_BYTES) return bytes;
  throw wrong("snap", `expected 0 to ${SNAP_MAX_BYTES} bytes, found ${JSON.stringify(text)}`);
}

function parseBuffer(text: string | null): number | null {
  if (text === null) return null;
  const bytes = parseSize(text);
  if (bytes !== null && bytes > 0 && bytes <= BUFFER_MAX_BYTES) return bytes;
  throw wrong("buffer", `expected a size up to 2G, such as 64K or 16M, found ${JSON.stringify(text)}`);
}

function parseFor(text: string | null): number | null {
  if (text === null) return null;
  const ns = parseDuration(text);
  if (ns !== null && ns > 0) return ns / 1e6;
  throw wrong("for", `expected a time such as 10s, 500ms or 2min, found ${JSON.stringify(text)}`);
}

function parseCount(text: string | null): number | null {
  if (text === null) return null;
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw wrong("count", `expected a number of calls above 0, found ${JSON.stringify(text)}`);
}
