/** Reference pages as Markdown: the files of docs/events/, which `npm run docs` writes. Never edit those by hand. */
import type { ErrnoUse, EventPage, PageArgument, PageError } from "../catalog/page.js";
import { wrap } from "./explain.js";
import {
  errnoLabel,
  hookLines,
  numberLines,
  relatedLines,
  structLines,
  untestedLines,
} from "./explain-lines.js";

const WIDTH = 118;
const GENERATED = "<!-- Written by `npm run docs` from src/catalog. Change the catalogue, not this file. -->";

/** The page of one event. */
export function markdownPage(page: EventPage): string {
  const untested = untestedLines(page);
  return join([
    GENERATED,
    "",
    `# ${page.event}`,
    "",
    ...paragraph(page.summary),
    "",
    page.on_request
      ? `Group \`${page.family}\`. Recorded on request: \`record --events ${page.event}\`.`
      : `Group \`${page.family}\`. Recorded unless told otherwise.`,
    ...section("Description", paragraph(page.description.map(({ says }) => says).join(" "))),
    ...section("Use", paragraph(page.use_case)),
    ...section("Arguments", argumentTable(page.arguments)),
    ...section("Result", paragraph(page.result.says)),
    ...section("Behaviour", bullets(page.behaviour.map(({ says }) => says))),
    ...section("Pitfalls", bullets(page.pitfalls.map(({ says }) => says))),
    ...section("Errors", errorTable(page.errors)),
    ...section("Numbers", bullets(numberLines(page))),
    ...section("Hooks", bullets(hookLines(page).map(({ plane, text }) => `${plane}: ${text}`))),
    ...section("Related", bullets(relatedLines(page).map(linked))),
    ...section("Not tested, and why", bullets(untested)),
  ]);
}

/** docs/events/README.md. */
export function markdownIndex(pages: readonly EventPage[]): string {
  return join([
    GENERATED,
    "",
    "# The events",
    "",
    ...paragraph(
      "What msgtape records, one page each; `msgtape explain EVENT` prints the same. Statements and errors are executed on a live kernel by `test/live/facts-*.test.ts`, which also records the calls and compares what the capture says. What no test executes is listed at the end of its page, with the reason.",
    ),
    "",
    ...paragraph(
      "`msgtape explain EVENT --json` gives the page as one object; of each statement its `id`, what it `says`, and why it is `untested` (null: it is tested). Of each error `message_lost` says whether a message is gone that nobody has: `never`, `sometimes` or `always`. `msgtape explain --errors EAGAIN --json` gives a line for each event, with the `event` and the same fields.",
    ),
    "",
    "Tags of arguments:",
    "",
    "- `K`: the kernel gives it meaning by value",
    "- `U`: points to user memory",
    "- `TOCTOU`: the kernel reads that memory after a tracer could have read it",
    "- `OPT`: may be null",
    "",
    "| event | group | what it does |",
    "|---|---|---|",
    ...pages.map(
      ({ event, family, summary }) => `| [${event}](${event}.md) | ${family} | ${cell(summary)} |`,
    ),
  ]);
}

/** `explain --errors`, for those who paste it into a report. */
export function markdownErrno(errno: string, uses: readonly ErrnoUse[]): string {
  const rows = uses.map(({ event, error }) => `| ${event} | ${cell(error.means)} | ${cell(error.queue)} |`);
  return join([`# ${errno}`, "", "| event | means | queue |", "|---|---|---|", ...rows]);
}

function argumentTable(rows: readonly PageArgument[]): readonly string[] {
  return [
    "| argument | type | direction | tags | |",
    "|---|---|---|---|---|",
    ...rows.map((row) => {
      const more = [
        ...(row.note === null ? [] : [row.note]),
        ...structLines(row).map((line) => `\`${line}\``),
      ];
      const tags = row.tags.map((tag) => `\`${tag}\``).join(" ");
      return `| ${row.name} | \`${row.type}\` | ${row.direction} | ${tags} | ${cell(more.join("; "))} |`;
    }),
  ];
}

const LOST = { never: "no", sometimes: "sometimes", always: "yes" } as const;

function errorTable(rows: readonly PageError[]): readonly string[] {
  return [
    "| error | means | for the queue | message lost |",
    "|---|---|---|---|",
    ...rows.map(
      (row) => `| ${errnoLabel(row)} | ${cell(row.means)} | ${cell(row.queue)} | ${LOST[row.message_lost]} |`,
    ),
  ];
}

/** Names of events as links to their pages. */
function linked(line: string): string {
  return line.replace(/\b[a-z]+_?\w+\b(?=,|$)/g, (name) => `[${name}](${name}.md)`);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];
}

function paragraph(text: string): readonly string[] {
  return wrap(text, WIDTH, "");
}

function bullets(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => wrap(line, WIDTH, "- ", "  "));
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function join(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
