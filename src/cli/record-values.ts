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

/** Milliseconds of an option that is a time of `least` to `most` ms; null: not given. */
export function milliseconds(
  option: string,
  value: Given,
  bounds: { readonly least: number; readonly most: number; readonly expected: string },
): number | null {
  const text = once(option, value);
  if (text === null) return null;
  const ns = parseDuration(text);
  if (ns !== null && ns / 1e6 >= bounds.least && ns / 1e6 <= bounds.most) return ns / 1e6;
  throw wrong(option, `expected ${bounds.expected}, found ${JSON.stringify(text)}`);
}

/** Bytes of an option that is a size; null: not given. */
export function bytes(
  option: string,
  value: Given,
  bounds: { readonly least: number; readonly most: number; readonly expected: string },
): number | null {
  const text = once(option, value);
  if (text === null) return null;
  const size = parseSize(text);
  if (size !== null && size >= bounds.least && size <= bounds.most) return size;
  throw wrong(option, `expected ${bounds.expected}, found ${JSON.stringify(text)}`);
}
