/**
 * `--trigger`: the conditions that a recording waits for, from text to data. docs/triggers.md has the grammar. Asking them
 * is the kernel programs' work (bpf/trigger.h).
 */
import { errnoByName } from "../catalog/errno.js";
import { parseEventList } from "../catalog/event-list.js";
import type { EventRow } from "../catalog/types.js";
import { parseQueue, type QueueFilter } from "./filters.js";
import { type Scanner, scanner } from "./trigger-scanner.js";

export type Trigger = LatencyTrigger | DepthTrigger | ErrnoTrigger;

/** A call took more than `overNs`. */
export interface LatencyTrigger {
  readonly kind: "latency";
  /** As given. */
  readonly text: string;
  readonly events: readonly EventRow[];
  readonly overNs: number;
}

/** A queue had more than `over` messages when a call of it began or ended. */
export interface DepthTrigger {
  readonly kind: "depth";
  readonly text: string;
  /** null: any. */
  readonly queue: QueueFilter | null;
  readonly over: number;
}

/** More than `over` calls ended with this errno, the first and the last of them at most `windowNs` apart. */
export interface ErrnoTrigger {
  readonly kind: "errno";
  readonly text: string;
  /** Positive. */
  readonly errno: number;
  readonly events: readonly EventRow[];
  readonly over: number;
  readonly windowNs: number;
}

export interface TriggerContext {
  /** What is recorded: nothing else can be asked. */
  readonly events: readonly EventRow[];
  /** Nanoseconds of "50ms"; null: not a duration. */
  readonly parseDuration: (text: string) => number | null;
}

const DEFAULT_WINDOW_NS = 1e9;
/** Each is a place in the kernel's memory. */
const ERRNO_COUNT_MAX = 65_536;
const DEPTH_MAX = 0xffffffff;
const FORMS = "latency(EVENTS) > TIME, depth(QUEUE) > N, errno(NAME) > N in TIME, or an error's name";

/** Reads all of them. Throws RecordError (wrong usage) that names the place. */
export function parseTriggers(texts: readonly string[], context: TriggerContext): readonly Trigger[] {
  return texts.map((text) => parseTrigger(text, context));
}

function parseTrigger(text: string, context: TriggerContext): Trigger {
  const scan = scanner(text);
  const form = scan.take(/[A-Za-z_]\w*(?=\s*\()|[A-Z]\w*/y, FORMS);
  const parse = PARSERS.get(form.text);
  if (parse === undefined) {
    if (scan.next("(")) throw scan.wrong(form.at, `expected ${FORMS}, found ${JSON.stringify(form.text)}`);
    scan.end();
    return { kind: "errno", text, errno: errnoOf(scan, form), events: context.events, ...ANY_ONE };
  }
  scan.take(/\(/y, "(");
  const trigger = parse(scan, text, context);
  scan.end();
  return trigger;
}

const ANY_ONE = { over: 0, windowNs: DEFAULT_WINDOW_NS };

const PARSERS: ReadonlyMap<string, (scan: Scanner, text: string, context: TriggerContext) => Trigger> =
  new Map<string, (scan: Scanner, text: string, context: TriggerContext) => Trigger>([
    ["latency", parseLatency],
    ["depth", parseDepth],
    ["errno", parseErrno],
  ]);

function parseLatency(scan: Scanner, text: string, context: TriggerContext): Trigger {
  const events = parseEvents(scan, context);
  const { orEqual } = parseComparison(scan);
  const overNs = parseTime(scan, context, orEqual ? 1 : 0) - (orEqual ? 1 : 0);
  return { kind: "latency", text, events, overNs };
}

/** A queue's name may have anything in it, so it ends at the last closing parenthesis. */
function parseDepth(scan: Scanner, text: string, context: TriggerContext): Trigger {
  const given = scan.take(/.+(?=\))/sy, "a queue: /NAME, 0xKEY, an id, or *, and then )");
  const name = given.text.trim();
  const queue = name === "*" ? null : parseQueue(name);
  if (typeof queue === "string") throw scan.wrong(given.at, queue);
  if (!context.events.some((event) => hasDepth(event, queue))) {
    throw scan.wrong(given.at, "no event of such queues is recorded: add some to --events");
  }
  scan.take(/\)/y, ")");
  return { kind: "depth", text, queue, over: parseOver(scan, DEPTH_MAX) };
}

function hasDepth({ family }: EventRow, queue: QueueFilter | null): boolean {
  if (queue === null) return family !== "socket-msg";
  return family === (queue.kind === "posix" ? "posix-mq" : "sysv-msg");
}

function parseErrno(scan: Scanner, text: string, context: TriggerContext): Trigger {
  const errno = errnoOf(scan, scan.take(/\w+/y, "an error's name, such as EAGAIN"));
  const hasEvents = scan.next(",");
  if (hasEvents) scan.take(/,/y, ",");
  const events = hasEvents ? parseEvents(scan, context) : context.events;
  if (!hasEvents) scan.take(/\)/y, ") or a comma and events");
  if (scan.next("")) return { kind: "errno", text, errno, events, ...ANY_ONE };
  const over = parseOver(scan, ERRNO_COUNT_MAX);
  if (scan.next("")) return { kind: "errno", text, errno, events, over, windowNs: DEFAULT_WINDOW_NS };
  scan.take(/in\b/y, "in and a time, or nothing more");
  return { kind: "errno", text, errno, events, over, windowNs: parseTime(scan, context, 1) };
}

function errnoOf(scan: Scanner, name: { readonly text: string; readonly at: number }): number {
  const errno = errnoByName(name.text);
  if (errno !== null) return errno;
  throw scan.wrong(name.at, `there is no error ${JSON.stringify(name.text)}: expected a name such as EAGAIN`);
}

/** `*`, or names and groups with commas between them, each with something that is recorded; and the parenthesis. */
function parseEvents(scan: Scanner, context: TriggerContext): readonly EventRow[] {
  const wanted = new Set<EventRow>();
  for (let more = true; more; ) {
    const word = scan.take(/\*|[\w-]+/y, "an event, a group, or *");
    for (const event of eventsOf(scan, word, context)) wanted.add(event);
    more = scan.take(/[,)]/y, ") or a comma").text === ",";
  }
  return context.events.filter((event) => wanted.has(event));
}

function eventsOf(
  scan: Scanner,
  word: { readonly text: string; readonly at: number },
  context: TriggerContext,
): readonly EventRow[] {
  const parsed = parseEventList(word.text === "*" ? "all" : word.text);
  if (!("events" in parsed)) {
    const hint = parsed.suggestions.length > 0 ? `: did you mean ${parsed.suggestions.join(" or ")}?` : "";
    throw scan.wrong(word.at, `there is no event ${JSON.stringify(word.text)}${hint}`);
  }
  const recorded = parsed.events.filter((event) => context.events.includes(event));
  if (recorded.length > 0) return recorded;
  throw scan.wrong(word.at, `${word.text} is not recorded: add it to --events`);
}

function parseComparison(scan: Scanner): { readonly orEqual: boolean } {
  return { orEqual: scan.take(/>=?/y, "> or >=").text === ">=" };
}

/** What there must be more of: one less where "as many" will do. */
function parseOver(scan: Scanner, max: number): number {
  const { orEqual } = parseComparison(scan);
  const least = orEqual ? 1 : 0;
  const expected = `a number from ${least} to ${max}`;
  const number = scan.take(/\d{1,15}\b/y, expected);
  const value = Number(number.text);
  if (value < least || value > max) throw scan.wrong(number.at, `expected ${expected}, found ${number.text}`);
  return value - least;
}

function parseTime(scan: Scanner, { parseDuration }: TriggerContext, leastNs: number): number {
  const expected = "a time with its unit, such as 50ms";
  const time = scan.take(/\d[\d.]*\s*[a-zµ]+/y, expected);
  const ns = parseDuration(time.text);
  if (ns !== null && ns >= leastNs) return ns;
  const found = JSON.stringify(time.text);
  throw scan.wrong(time.at, `expected ${ns === null ? expected : "a time above 0"}, found ${found}`);
}
