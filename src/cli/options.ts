/**
 * The options that all reading commands share: captures, `--json` and the filters of replay/filter.ts. Wrong values
 * are UsageErrors that name the option and say what was expected.
 */
import type { Argv } from "yargs";
import { errnoByName } from "../catalog/errno.js";
import { parseEventList } from "../catalog/event-list.js";
import type { CallFilter } from "../replay/filter.js";
import type { ReplayCapture } from "../replay/source.js";
import { parseDuration, parseTime, resolveTime, type TimeSpec, timeline } from "../replay/time.js";
import { UsageError } from "./io.js";

export type Repeated = string | readonly string[];

/** What yargs makes of the shared options; one given several times is an array. */
export interface ReadingOptions {
  readonly files: readonly string[];
  readonly json?: boolean;
}

export interface FilterOptions {
  readonly event?: Repeated;
  readonly pid?: Repeated;
  readonly tid?: Repeated;
  readonly comm?: Repeated;
  readonly queue?: Repeated;
  readonly errno?: Repeated;
  readonly failed?: boolean;
  readonly "min-duration"?: Repeated;
  readonly from?: Repeated;
  readonly to?: Repeated;
}

/** Captures to read, and `--json`. */
export function readingOptions(yargs: Argv): Argv {
  return yargs
    .positional("files", { type: "string", array: true, describe: "captures" })
    .option("json", { type: "boolean", describe: "for programs: JSON on standard output" });
}

export function filterOptions(yargs: Argv): Argv {
  const text = { type: "string", requiresArg: true, group: "Filters:" } as const;
  return yargs
    .option("event", { ...text, describe: "names and groups: posix-mq, sysv-msg, socket-msg" })
    .option("pid", { ...text, describe: "processes" })
    .option("tid", { ...text, describe: "threads" })
    .option("comm", { ...text, describe: "tasks of this name" })
    .option("queue", { ...text, describe: "a queue: /NAME, 0xKEY, an id, or its key as --json prints it" })
    .option("errno", { ...text, describe: "calls that gave this error: EAGAIN, or a number" })
    .option("failed", { type: "boolean", group: "Filters:", describe: "calls that gave an error" })
    .option("min-duration", { ...text, describe: "calls that took this long: 250us, 1.5s" })
    .option("from", {
      ...text,
      describe: "from this time on: 1.5s after the start, 10:15:00 or a date, in UTC",
    })
    .option("to", { ...text, describe: "up to this time" });
}

/** The filters as given; times wait for the captures that they are told by. */
export interface ParsedFilter {
  readonly filter: CallFilter;
  readonly from: TimeSpec | null;
  readonly to: TimeSpec | null;
}

/** @throws UsageError that names the option. */
export function parseFilter(options: FilterOptions): ParsedFilter {
  const minDuration = once("min-duration", options["min-duration"]);
  return {
    filter: {
      events: parseEvents(all(options.event)),
      pids: setOf(lists(options.pid).map((text) => parseId("pid", text))),
      tids: setOf(lists(options.tid).map((text) => parseId("tid", text))),
      comms: setOf(all(options.comm)),
      queues: setOf(all(options.queue)),
      errnos: setOf(lists(options.errno).map(parseErrno)),
      failed: options.failed === true,
      minDurationNs: minDuration === null ? null : parseMinDuration(minDuration),
      fromNs: null,
      toNs: null,
    },
    from: parseMoment("from", once("from", options.from)),
    to: parseMoment("to", once("to", options.to)),
  };
}

/** @throws UsageError for a date where no capture has clock readings, and for a window that ends before it begins. */
export function resolveFilter(parsed: ParsedFilter, captures: readonly ReplayCapture[]): CallFilter {
  const { from, to } = parsed;
  if (from === null && to === null) return parsed.filter;
  const clocks = timeline(captures);
  const resolve = (option: string, spec: TimeSpec | null) => {
    if (spec === null) return null;
    const atNs = resolveTime(spec, clocks);
    if (atNs !== null) return atNs;
    throw wrong(option, "the capture has no clock readings to place a date by: give a time since its start");
  };
  const fromNs = resolve("from", from);
  const toNs = resolve("to", to);
  if (fromNs !== null && toNs !== null && toNs <= fromNs) throw wrong("to", "is not after --from");
  return { ...parsed.filter, fromNs, toNs };
}

function parseEvents(texts: readonly string[]): ReadonlySet<number> | null {
  if (texts.length === 0) return null;
  const parsed = parseEventList(texts.join(","));
  if ("events" in parsed) return new Set(parsed.events.map((event) => event.id));
  const { unknown, suggestions } = parsed;
  const hint =
    suggestions.length > 0
      ? `did you mean ${suggestions.join(" or ")}?`
      : "names are those of system calls: mq_timedsend, msgrcv, …";
  throw wrong("event", `there is no event ${JSON.stringify(unknown)}: ${hint}`);
}

function parseId(option: string, text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (id >= 0 && id < 2 ** 31) return id;
  throw wrong(option, `expected a number, found ${JSON.stringify(text)}`);
}

const MAX_ERRNO = 4095;

function parseErrno(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : errnoByName(text.toUpperCase());
  if (number !== null && number > 0 && number <= MAX_ERRNO) return number;
  throw wrong("errno", `expected a name such as EAGAIN, or a number, found ${JSON.stringify(text)}`);
}

function parseMinDuration(text: string): number {
  const ns = parseDuration(text);
  if (ns !== null) return ns;
  throw wrong("min-duration", `expected a time such as 250us, 10ms or 1.5s, found ${JSON.stringify(text)}`);
}

function parseMoment(option: string, text: string | null): TimeSpec | null {
  if (text === null) return null;
  const spec = parseTime(text);
  if (spec !== null) return spec;
  const expected = "expected 1.5s (since the start), 10:15:00 or 2026-11-21T10:15:00Z";
  throw wrong(option, `${expected}, found ${JSON.stringify(text)}`);
}

export function all(value: Repeated | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** Numbers and error names may come as one list. Names may not: commas are legal in them. */
export function lists(value: Repeated | undefined): string[] {
  return all(value).flatMap((text) => text.split(",").map((part) => part.trim()));
}

/** @throws UsageError when an option that has one value is given more than once. */
export function once(option: string, value: Repeated | undefined): string | null {
  const values = all(value);
  if (values.length > 1) throw wrong(option, "is given more than once");
  return values[0] ?? null;
}

export function wrong(option: string, what: string): UsageError {
  return new UsageError(`--${option}: ${what}`);
}

function setOf<T>(values: readonly T[]): ReadonlySet<T> | null {
  return values.length === 0 ? null : new Set(values);
}
