/** The limits of an ipc namespace, by their names under /proc/sys: each namespace has its own. */
import { errnoName } from "../catalog/errno.js";
import { IPC_LIMITS } from "../catalog/ipc-limits.js";
import { type Missing, whyText } from "./inventory-missing.js";

export type Limits = Readonly<Record<string, string>>;

/** `text`: lines of a path and a value, or "!" and an errno. `missing`: where to say which are not there; null: nowhere. */
export function parseLimits(text: string, missing: Missing[] | null): Limits {
  const lines = text.split("\n").map((line) => line.split(" "));
  const values = new Map(lines.map(([path = "", value]) => [path.replaceAll("/", "."), value]));
  const limits: Record<string, string> = {};
  for (const name of IPC_LIMITS) {
    const value = values.get(name) ?? "!";
    if (value.startsWith("!")) missing?.push({ what: name, why: reason(Number(value.slice(1))) });
    else limits[name] = value;
  }
  return limits;
}

function reason(number: number): string {
  return number === 0 ? "it was not read" : whyText(errnoName(number) ?? `error ${number}`, 0);
}
