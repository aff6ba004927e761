/** The captures that a reading command was given: opened together, and at the end judged for loss and damage. */
import { type Stats, statSync } from "node:fs";
import { BtfError } from "../btf/index.js";
import type { Capture } from "../format/capture.js";
import { CaptureError } from "../format/problem.js";
import { openSections, type Section } from "../format/sections.js";
import type { Problem } from "../format/types.js";
import { leftOutCopies } from "../replay/better-copy.js";
import { captureLoss } from "../replay/losses.js";
import { type FileSource, fileSource, SourceError } from "../replay/open.js";
import { joinRecordings } from "../replay/recording-parts.js";
import { LayoutError } from "../replay/records.js";
import { ExitStatus, type Io } from "./io.js";
import { counted, safeText } from "./text.js";

/**
 * Opens captures, gives them to `use`, closes them. A file may hold several; the parts of one recording are given as
 * one capture, and copies once, unless `apart`. Throws SourceError or CaptureError for the first that cannot be
 * read at all.
 */
export async function withCaptures<T>(
  paths: readonly string[],
  io: Io,
  use: (captures: readonly Capture[]) => Promise<T>,
  apart = false,
): Promise<T> {
  return withSections(paths, (sections) => {
    const captures = sections.map(({ capture }) => capture);
    if (apart) return use(captures);
    noteCopies(captures, io);
    return use(joinRecordings(captures));
  });
}

/** One line on standard error about captures that were given more than once. No problem: nothing is missing by it. */
export function noteCopies(captures: readonly Capture[], io: Io): void {
  const [first, ...more] = leftOutCopies(captures);
  if (first === undefined) return;
  const { copy, of } = first;
  const what =
    copy.name === of.name ? "given more than once, read once" : `the same capture as ${of.name}, left out`;
  const rest = more.length === 0 ? "" : `; and so ${counted(more.length, "more capture")}`;
  io.stderr.write(`msgtape: ${safeText(`${copy.name}: ${what}${rest}`)}\n`);
}

/**
 * As `withCaptures`, each capture apart and with its own bytes. `refused` is told of each file that cannot be read at all,
 * and the others are given; without it, and for the only file, that is thrown.
 */
export async function withSections<T>(
  paths: readonly string[],
  use: (sections: readonly Section[]) => Promise<T>,
  refused?: (error: CaptureError, file: string) => void,
): Promise<T> {
  const sources: FileSource[] = [];
  try {
    const sections = paths.flatMap((path) => {
      refuseDevice(path);
      const source = fileSource(path);
      sources.push(source);
      try {
        return openSections(source);
      } catch (error) {
        if (refused === undefined || paths.length === 1 || !(error instanceof CaptureError)) throw error;
        refused(error, path);
        return [];
      }
    });
    return await use(sections);
  } catch (error) {
    // The BTF parser does not know whose bytes it reads.
    if (error instanceof BtfError) throw new LayoutError(`${paths.join(", ")}: ${error.message}`);
    throw error;
  } finally {
    for (const source of sources) source.close();
  }
}

/** Before it is opened: a device may refuse that in its own words, and a named pipe waits for its writer. */
function refuseDevice(path: string): void {
  const status = attemptStat(path);
  if (status === null || status.isFile() || status.isDirectory()) return;
  throw new SourceError("ENOTFILE", `${path}: not a regular file; save the capture to a file first`);
}

/** null: whoever opens it says why. */
function attemptStat(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

const SHOWN_PROBLEMS = 3;

/**
 * Says on standard error what the captures lack. Gives the exit status: 0 when they are whole and nothing was
 * lost, else 3.
 */
export function judge(captures: readonly Capture[], io: Io, read?: ProblemLog): number {
  let isWhole = true;
  const warn = (capture: Capture, text: string) => {
    isWhole = false;
    io.stderr.write(`msgtape: ${safeText(`${capture.name}: ${text}`)}\n`);
  };
  for (const capture of captures) {
    const note = sliceNote(capture);
    if (note !== null) io.stderr.write(`msgtape: ${safeText(`${capture.name}: ${note}`)}\n`);
    const { lost } = captureLoss(capture);
    const cut = capture.complete ? undefined : capture.problems.find(({ code }) => code === "truncated");
    if (!capture.complete) {
      const where = cut === undefined ? "" : ` (it was cut inside the frame at offset ${cut.offset})`;
      const what = "the recording did not end as it should";
      warn(capture, `${what}${where}: calls and losses at its end are not known`);
    }
    if (isMended(capture)) warn(capture, "a part of it was damaged, and is left out");
    if (lost > 0) warn(capture, `${counted(lost, "record")} lost: answers near them are marked uncertain`);
    if (capture.gaps.some((gap) => gap.atLeast === true)) {
      warn(capture, "records are missing, how many is not known: answers near them are marked uncertain");
    }
    // An end that is not there has been said already, in better words.
    const told = capture.problems.filter((problem) => problem.code !== "no_trailer" && problem !== cut);
    const problems = [...told, ...(read?.shown(capture) ?? [])];
    const count = told.length + (read?.count(capture) ?? 0);
    for (const problem of problems.slice(0, SHOWN_PROBLEMS)) warn(capture, problemText(problem));
    if (count > SHOWN_PROBLEMS) warn(capture, `and ${counted(count - SHOWN_PROBLEMS, "more problem")}`);
  }
  return isWhole ? ExitStatus.DONE : ExitStatus.LOSS;
}

/** Nothing is wrong with a slice, but its answers are about what was chosen. */
function sliceNote({ host }: Capture): string | null {
  const filters = Object.keys(host?.sliced ?? {});
  if (filters.length === 0) return null;
  return `a slice by ${filters.join(", ")}: of calls that it leaves out nothing is known`;
}

/** Of a capture that `recover` made: something is missing that is no record. */
function isMended({ gaps }: Capture): boolean {
  return (
    gaps.some((gap) => gap.cause === "damage") && gaps.every((gap) => gap.lost === 0n && gap.atLeast !== true)
  );
}

function problemText(problem: Problem): string {
  const place = problem.code === "item" ? "" : `offset ${problem.offset}, `;
  return `damaged: ${place}${problem.message} (${problem.code})`;
}

/** Remembers the first few problems of each capture and counts the rest: a damaged file may have millions. */
export class ProblemLog {
  readonly #shown = new Map<string, Problem[]>();
  readonly #counts = new Map<string, number>();

  add(capture: { readonly name: string; readonly problems: readonly Problem[] }, problem: Problem): void {
    if (capture.problems.includes(problem)) return;
    const shown = this.#shown.get(capture.name) ?? [];
    if (shown.length < SHOWN_PROBLEMS) this.#shown.set(capture.name, [...shown, problem]);
    this.#counts.set(capture.name, this.count(capture) + 1);
  }

  shown(capture: { readonly name: string }): readonly Problem[] {
    return this.#shown.get(capture.name) ?? [];
  }

  count(capture: { readonly name: string }): number {
    return this.#counts.get(capture.name) ?? 0;
  }
}
