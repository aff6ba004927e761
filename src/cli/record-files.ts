/**
 * The options of `record` that make several files of a recording: rotation, and the flight recorder's.
 */
import type { Argv } from "yargs";
import { DEFAULT_FLIGHT_BYTES, type FlightOptions, type RotationOptions } from "../record/options.js";
import { bytes, type Given, milliseconds, once, wrong } from "./record-values.js";

export interface FilesArguments {
  readonly "max-size"?: Given;
  readonly "max-age"?: Given;
  readonly "max-files"?: Given;
  readonly last?: Given;
  readonly "last-memory"?: Given;
  readonly after?: Given;
}

export function filesOptions(yargs: Argv): Argv {
  const text = { type: "string", requiresArg: true } as const;
  return yargs
    .option("max-size", { ...text, describe: "begin a new file at this size: 100M (FILE.000001.mtape, …)" })
    .option("max-age", { ...text, describe: "begin a new file after this time: 10min" })
    .option("max-files", { ...text, describe: "keep the newest so many files, delete those before" })
    .option("last", {
      ...text,
      describe:
        "flight recorder: keep the newest so much time in memory, write it on SIGUSR2, --trigger and at the end",
    })
    .option("last-memory", { ...text, describe: "memory for that [256M]" })
    .option("after", { ...text, describe: "with --last: write this long after SIGUSR2 or a trigger [0]" });
}

const MEBI = 2 ** 20;
const DAY_MS = 86_400_000;

const SIZE = { least: MEBI, most: 2 ** 50, expected: "a size of at least 1M, such as 100M" };
const AGE = { least: 1000, most: 365 * DAY_MS, expected: "a time of at least 1s, such as 10min" };
const WINDOW = { least: 1000, most: 7 * DAY_MS, expected: "a time from 1s to 7d, such as 60s" };
const MEMORY = { least: 16 * MEBI, most: 2 ** 36, expected: "a size from 16M to 64G, such as 256M" };
const FILES_MAX = 1_000_000;

/** null: one file. Throws RecordError (wrong usage) that names the option. */
export function parseRotation(options: FilesArguments): RotationOptions | null {
  const maxBytes = bytes("max-size", options["max-size"], SIZE);
  const maxAgeMs = milliseconds("max-age", options["max-age"], AGE);
  const maxFiles = parseMaxFiles(options["max-files"]);
  if (options.last !== undefined) {
    if (maxBytes !== null)
      throw wrong("max-size", "not with --last, whose files have the size of what is kept");
    if (maxAgeMs !== null) throw wrong("max-age", "not with --last, which writes a file when it is asked to");
    return null;
  }
  if (maxBytes === null && maxAgeMs === null) {
    if (maxFiles !== null) throw wrong("max-files", "when does a file end? add --max-size or --max-age");
    return null;
  }
  return { maxBytes, maxAgeMs, maxFiles };
}

/** null: no flight recorder. Throws RecordError (wrong usage) that names the option. */
export function parseFlight(options: FilesArguments): FlightOptions | null {
  const windowMs = milliseconds("last", options.last, WINDOW);
  if (windowMs === null) {
    for (const option of ["last-memory", "after"] as const) {
      if (options[option] !== undefined) throw wrong(option, "goes with --last");
    }
    return null;
  }
  const memoryBytes = bytes("last-memory", options["last-memory"], MEMORY) ?? DEFAULT_FLIGHT_BYTES;
  const expected = "a time shorter than --last, such as 2s";
  const afterMs = milliseconds("after", options.after, { least: 0, most: windowMs - 1, expected }) ?? 0;
  return { windowMs, memoryBytes, afterMs, maxFiles: parseMaxFiles(options["max-files"]) };
}

function parseMaxFiles(value: Given): number | null {
  const text = once("max-files", value);
  if (text === null) return null;
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= FILES_MAX) return count;
  throw wrong("max-files", `expected a number from 1 to ${FILES_MAX}, found ${JSON.stringify(text)}`);
}
