/** `msgtape explain`: the reference page of an event, the list of events, or what an error means. Reads no capture. */
import type { Argv } from "yargs";
import { errnoByName, errnoName, errnoText } from "../../catalog/errno.js";
import { parseEventList } from "../../catalog/event-list.js";
import { EVENTS, eventByName } from "../../catalog/events.js";
import { pageOf, usesOfErrno } from "../../catalog/page.js";
import type { EventRow } from "../../catalog/types.js";
import { formatErrno, formatList, formatPage } from "../../render/explain.js";
import { markdownErrno, markdownIndex, markdownPage } from "../../render/explain-markdown.js";
import { formatJson } from "../../render/json.js";
import { ExitStatus, type Io, Output, UsageError } from "../io.js";
import { once, type Repeated, wrong } from "../options.js";

export const command = "explain [event]";
export const describe = "the reference page of an event, or what an error means";

export interface ExplainOptions {
  readonly event?: string;
  readonly errors?: Repeated;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

export function builder(yargs: Argv): Argv {
  return yargs
    .usage(
      "$0 explain [EVENT] [--json]\n$0 explain --errors EAGAIN [--json]\n\nThe reference page of an event; without an event all of them, a line each; with a group those of the group.",
    )
    .positional("event", { type: "string", describe: "an event or a group" })
    .option("errors", {
      type: "string",
      requiresArg: true,
      describe: "what this error means, event by event: EAGAIN, ERESTARTSYS, or a number",
    })
    .option("markdown", { type: "boolean", describe: "as Markdown" })
    .option("json", { type: "boolean", describe: "for programs: JSON, one object a line" });
}

/** Needs no capture, no kernel and no root. */
export async function run(options: ExplainOptions, io: Io): Promise<number> {
  const errors = once("errors", options.errors);
  if (errors !== null && options.event !== undefined) {
    throw new UsageError("--errors does not go with an event: leave one of them out");
  }
  if (options.json === true && options.markdown === true) {
    throw new UsageError("--json does not go with --markdown: leave one of them out");
  }
  const width = Math.min(Math.max(io.columns ?? 100, 80), 100);
  const output = new Output(io.stdout);
  const lines = errors === null ? eventLines(options, width) : errnoLines(errors, options, width);
  for (const line of lines) await output.line(line);
  await output.flush();
  return ExitStatus.DONE;
}

function eventLines({ event: word, json, markdown }: ExplainOptions, width: number): readonly string[] {
  const event = word === undefined ? undefined : eventByName(word);
  if (event === undefined) {
    const pages = (word === undefined ? EVENTS : eventsNamed(word)).map(pageOf);
    if (json === true) return pages.map(formatJson);
    return markdown === true ? textLines(markdownIndex(pages)) : formatList(pages);
  }
  const page = pageOf(event);
  if (json === true) return [formatJson(page)];
  return markdown === true ? textLines(markdownPage(page)) : formatPage(page, width);
}

/** @throws UsageError with near names. */
function eventsNamed(word: string): readonly EventRow[] {
  const parsed = parseEventList(word);
  if ("events" in parsed) return parsed.events;
  const { unknown, suggestions } = parsed;
  const hint =
    suggestions.length > 0
      ? `did you mean ${suggestions.join(" or ")}?`
      : "msgtape explain without a name lists them all";
  throw new UsageError(`there is no event ${JSON.stringify(unknown)}: ${hint}`);
}

function errnoLines(text: string, { json, markdown }: ExplainOptions, width: number): readonly string[] {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : errnoByName(text.toUpperCase());
  // The name that pages have: EWOULDBLOCK is EAGAIN.
  const errno = number === null ? null : errnoName(number);
  if (number === null || errno === null) {
    throw wrong("errors", `expected an error such as EAGAIN, or its number, found ${JSON.stringify(text)}`);
  }
  const uses = usesOfErrno(errno);
  if (json === true) return uses.map(({ event, error }) => formatJson({ event, ...error }));
  if (markdown === true) return textLines(markdownErrno(errno, uses));
  return formatErrno({ errno, number, text: errnoText(errno) ?? "" }, uses, width);
}

function textLines(text: string): readonly string[] {
  return text.replace(/\n$/, "").split("\n");
}
