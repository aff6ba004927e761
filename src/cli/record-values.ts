/** Options of `record` as yargs gives them: a text, or an array where one was given several times. */
import { RecordError } from "../record/errors.js";
import { parseDuration, parseSize } from "./units.js";

export type Given = string | readonly string[] | undefined;

export function all(value: Given): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value.map(String);
}

/** null: not given. Throws RecordError (wrong usage) when it was given more than once. */
export function once(option: string, value: Given): string | null {
  const values = all(value);
  if (values.length > 1) throw wrong(option, "is given more than once");
  return values[0] ?? null;
}

export function wrong(option: string, what: string): RecordError {
  return new RecordError(`--${option}: ${what}`, 2);
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  /** For who gives another. */
  readonly expected: string;
}

/** Milliseconds of an option that is a time of `least` to `most` ms; null: not given. */
export function milliseconds(option: string, value: Given, bounds: Bounds): number | null {
  return bounded(option, value, bounds, (text) => {
    const ns = parseDuration(text);
    return ns === null ? null : ns / 1e6;
  });
}

/** Bytes of an option that is a size; null: not given. */
export function bytes(option: string, value: Given, bounds: Bounds): number | null {
  return bounded(option, value, bounds, parseSize);
}

function bounded(
  option: string,
  value: Given,
  { least, most, expected }: Bounds,
  parse: (text: string) => number | null,
): number | null {
  const text = once(option, value);
  if (text === null) return null;
  const number = parse(text);
  if (number !== null && number >= least && number <= most) return number;
  throw wrong(option, `expected ${expected}, found ${JSON.stringify(text)}`);
}
