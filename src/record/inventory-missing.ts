/** What an inventory did not get to see, in words: absent is never taken for empty. */
import { errnoText } from "../catalog/errno.js";
import type { Inventory } from "../format/types.js";
import type { Unseen } from "./inventory-source.js";

export type Missing = Inventory["missing"][number];

/** Why a look ended before its end. */
export function tooLong(limitMs: number): string {
  return `looking for longer than ${limitMs} ms would hold up the recording`;
}

/** An errno's name in words. */
export function whyText(code: string, limitMs: number): string {
  if (code === "ETIME") return tooLong(limitMs);
  if (code === "ENOSPC") return "there are more than are kept";
  const text = errnoText(code) ?? code;
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

/** What of a look is missing. `rest`: what it calls those that it did not get to; `one`: each that was refused. */
export function unseen(
  look: Unseen,
  rest: string,
  one: (count: number) => string,
  limitMs: number,
): Missing[] {
  const refused =
    look.refused === 0 || look.whyRefused === null
      ? []
      : [{ what: one(look.refused), why: whyText(look.whyRefused, limitMs) }];
  return look.cut === null ? refused : [...refused, { what: rest, why: whyText(look.cut, limitMs) }];
}

/** "1 process", "2 processes". */
export function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}
