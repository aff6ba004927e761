/** Reference pages for a terminal: sections of indented, wrapped text. All of it is the catalogue's own. */
import type { ErrnoUse, EventPage, PageArgument, PageError, Statement } from "../catalog/page.js";
import {
  errnoLabel,
  hookLines,
  numberLines,
  relatedLines,
  structLines,
  untestedLines,
} from "./explain-lines.js";
import { padRight } from "./text.js";

const INDENT = "  ";

/** The page of one event, as lines of at most `width` characters; longer words stand alone. */
export function formatPage(page: EventPage, width: number): readonly string[] {
  const list = (statements: readonly Statement[]) =>
    statements.flatMap(({ says }) => wrap(says, width, `${INDENT}- `, `${INDENT}  `));
  const plain = (lines: readonly string[]) => lines.flatMap((line) => wrap(line, width, INDENT));
  const untested = untestedLines(page);
  return [
    `${page.event} (${page.family}${page.on_request ? ", recorded on request" : ""})`,
    ...wrap(page.summary, width, INDENT),
    ...section("DESCRIPTION", wrap(page.description.map(({ says }) => says).join(" "), width, INDENT)),
    ...section("USE", wrap(page.use_case, width, INDENT)),
    ...section("ARGUMENTS", argumentLines(page.arguments, width)),
    ...section("RESULT", wrap(page.result.says, width, INDENT)),
    ...section("BEHAVIOUR", list(page.behaviour)),
    ...section("PITFALLS", list(page.pitfalls)),
    ...section(
      "ERRORS",
      page.errors.flatMap((error) => errorLines(errnoLabel(error), error, width)),
    ),
    ...section("NUMBERS", plain(numberLines(page))),
    ...section(
      "HOOKS",
      hookLines(page).flatMap(({ plane, text }) =>
        wrap(text, width, `${INDENT}${plane.padEnd(13)}`, `${INDENT}${" ".repeat(13)}`),
      ),
    ),
    ...section("RELATED", plain(relatedLines(page))),
    ...section("NOT TESTED, AND WHY", plain(untested)),
  ];
}

/** One line an event: its name and the first sentence of its summary. */
export function formatList(pages: readonly EventPage[]): readonly string[] {
  const names = Math.max(...pages.map(({ event }) => event.length));
  return pages.map(({ event, summary }) => `${padRight(event, names)}  ${firstSentence(summary)}`);
}

/** What an error means, event by event. */
export function formatErrno(
  { errno, number, text }: { readonly errno: string; readonly number: number; readonly text: string },
  uses: readonly ErrnoUse[],
  width: number,
): readonly string[] {
  const head = `${errno} (${number}): ${text}`;
  if (uses.length === 0) {
    return [
      head,
      ...wrap("No event's page names it. Security modules and seccomp may give any error.", width, INDENT),
    ];
  }
  return [
    head,
    ...uses.flatMap(({ event, error }) => {
      const label = error.errno === errno ? event : `${event} (the tracer sees ${error.errno})`;
      return ["", ...errorLines(label, error, width)];
    }),
  ];
}

function firstSentence(text: string): string {
  return /^.*?[.](?= |$)/.exec(text)?.[0] ?? text;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

function argumentLines(rows: readonly PageArgument[], width: number): readonly string[] {
  const names = Math.max(...rows.map(({ name }) => name.length));
  const types = Math.max(...rows.map(({ type }) => type.length));
  return rows.flatMap((row) => {
    const head = `${INDENT}${padRight(row.name, names)}  ${padRight(row.type, types)}  ${padRight(row.direction, 5)}  `;
    const inner = " ".repeat(INDENT.length * 3);
    return [
      `${head}${row.tags.join(" ")}`,
      ...(row.note === null ? [] : wrap(row.note, width, inner)),
      ...structLines(row).flatMap((line) => wrap(line, width, inner)),
    ];
  });
}

function errorLines(label: string, error: PageError, width: number): readonly string[] {
  const inner = " ".repeat(INDENT.length * 3);
  return [
    `${INDENT}${label}`,
    ...wrap(error.means, width, inner),
    ...wrap(`queue: ${error.queue}`, width, inner, `${inner}  `),
  ];
}

/** Breaks at blanks. `first` stands before the first line, `rest` before the others. */
export function wrap(text: string, width: number, first: string, rest = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
