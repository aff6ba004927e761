/**
 * What the user asked a recorder or a slice for: filters and triggers, as options and their texts. Names and ids in them
 * become the pseudonyms that the records have; what is not understood becomes a word that says so.
 */
import { errnoByName } from "../../catalog/errno.js";
import { eventByName, GROUPS } from "../../catalog/events.js";
import type { RecordConfig } from "../../format/types.js";
import type { Redaction } from "./redaction.js";

/** By option. Of an option that is not known here: that there was one. */
const FILTERS: Readonly<Record<string, (value: string, to: Redaction) => string>> = {
  pid: (value, to) => numeric(value, (pid) => to.ids.pid(pid)) ?? "?",
  comm: (value, to) => textOf(to.names.program(bytesOf(value))),
  uid: (value, to) => numeric(value, (uid) => to.ids.uid(uid)) ?? to.names.user(value),
  cgroup: (value, to) =>
    /^\d{1,19}$/.test(value) ? `${to.ids.cgroup(BigInt(value))}` : to.names.cgroup(value),
  queue: (value, to) => queueText(value, to),
  trigger: (value, to) => triggerText(value, to),
  tid: (value, to) => numeric(value, (tid) => to.ids.pid(tid)) ?? "?",
  event: (value) => (value.split(",").every(isEvents) ? value : "?"),
  from: (value) => (/^\d{1,20}$/.test(value) ? value : "?"),
  to: (value) => (/^\d{1,20}$/.test(value) ? value : "?"),
};

export function filters(value: RecordConfig["filters"], to: Redaction): RecordConfig["filters"] {
  const made: Record<string, readonly string[]> = {};
  for (const [option, values] of Object.entries(value)) {
    const change = Object.hasOwn(FILTERS, option) ? FILTERS[option] : undefined;
    if (change === undefined) made.other = ["?"];
    else
      made[option] = values
        .flatMap((text) => (LISTS.has(option) ? text.split(",") : [text]))
        .map((text) => change(text, to));
  }
  return made;
}

const LISTS: ReadonlySet<string> = new Set(["pid", "tid", "uid"]);

/** What asked for a snapshot: a word of the recorder, or a trigger; several with `; ` between them. */
export function snapshotReason(value: string, to: Redaction): string {
  return value
    .split("; ")
    .map((one) => (one === "signal" || one === "exit" ? one : triggerText(one, to)))
    .join("; ");
}

/** docs/triggers.md has the grammar. The text is made anew from its parts, so that nothing else is in it. */
function triggerText(text: string, to: Redaction): string {
  const [, kind, inside = "", sign, limit, window] =
    /^\s*(latency|depth|errno)\s*\((.*)\)\s*(?:(>=?)\s*([0-9.]{1,20}(?:ns|us|µs|ms|s|m|min|h|d)?)(?:\s*in\s*([0-9.]{1,20}[a-zµ]{1,3}))?)?\s*$/s.exec(
      text,
    ) ?? [];
  const rest = `${sign === undefined ? "" : ` ${sign} ${limit}`}${window === undefined ? "" : ` in ${window}`}`;
  if (kind === "depth") {
    const queue = inside.trim();
    return `depth(${queue === "*" ? "*" : queueText(queue, to)})${rest}`;
  }
  const words = (kind === undefined ? text : inside).split(",").map((word) => word.trim());
  if (!words.every((word) => isEvents(word) || errnoByName(word) !== null)) return "?";
  return kind === undefined ? words.join(", ") : `${kind}(${words.join(", ")})${rest}`;
}

function isEvents(word: string): boolean {
  return word === "*" || eventByName(word) !== undefined || isGroup(word);
}

export function isGroup(name: string): boolean {
  return GROUPS.some((group) => group === name);
}

function numeric(text: string, change: (value: number) => number): string | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? `${change(Number(text))}` : null;
}

/** `/name`, a key or an id, as users and inventories write them. */
export function queueText(text: string, to: Redaction): string {
  if (text.startsWith("/")) return `/${textOf(to.names.queue(bytesOf(text.slice(1))))}`;
  const [, front = "", hex] = /^(key:)?(0x[0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (hex !== undefined) return `${front}${hexKey(to.ids.key(Number(hex)))}`;
  const [, key] = /^key:(-?\d{1,10})$/.exec(text) ?? [];
  if (key !== undefined) return `key:${to.ids.key(Number(key) >>> 0) | 0}`;
  const [, prefix = "", id] = /^(msqid:)?(\d{1,10})$/.exec(text) ?? [];
  return id === undefined ? "?" : `${prefix}${to.ids.msqid(Number(id))}`;
}

function hexKey(key: number): string {
  return `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

export function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("utf8");
}
