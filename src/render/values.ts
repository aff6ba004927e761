/**
 * Decoded argument values as strace writes them. Works on what `calls --json` prints and nothing else, so every
 * answer here can be had from the JSON too. Which field has which notation is one table.
 */
import { formatFlags, formatMode } from "../catalog/flags.js";
import { cmsgLevelName, cmsgTypeName, familyName, sigevName, signalName } from "../catalog/names.js";
import type { ArgValue } from "../replay/types.js";
import { escapeText, quoteBytes } from "./text.js";

export interface ValueOptions {
  /** Bytes shown of each string; the rest is `...`. */
  readonly shownBytes: number;
  /** The call has not ended in the capture: outputs that nobody saw are no surprise. */
  readonly isOpen: boolean;
}

type Fields = { readonly [name: string]: ArgValue };

/** Elements shown of a list. */
const SHOWN_ELEMENTS = 32;

/** What `status` adds to a value. Those that strace users expect to see as a bare address add nothing. */
const STATUS_NOTES: ReadonlyMap<string, string> = mapOf({
  partly: "partly resident",
  not_resident: "not resident",
  refused: "not a user address",
  unknown: "unknown",
  not_kept: "not kept",
  no_layout: "no layout",
  malformed: "malformed",
});

/** Fields beside a struct's own. */
const ADDITIVE = new Set(["addr", "status", "evidence", "at_entry", "remaining", "text", "sun_path_bytes"]);

/** Fields for which null is the null pointer. */
const POINTERS = new Set([
  "msg_name",
  "msg_iov",
  "msg_control",
  "iov_base",
  "sival_ptr",
  "sigev_notify_function",
  "sigev_notify_attributes",
  "cookie",
]);

/** Left out until the kernel has written them: what was there before means nothing. */
const OUTPUTS = new Set(["msg_flags", "msg_len"]);

type FieldText = (value: ArgValue, fields: Fields, options: ValueOptions) => string;

/** `name=text` for the fields that are more than a number. */
const FIELD_TEXTS: ReadonlyMap<string, FieldText> = mapOf<FieldText>({
  sun_family: (value) => `sa_family=${named(familyName, value)}`,
  sin_family: (value) => `sa_family=${named(familyName, value)}`,
  sin6_family: (value) => `sa_family=${named(familyName, value)}`,
  nl_family: (value) => `sa_family=${named(familyName, value)}`,
  sa_family: (value) => `sa_family=${named(familyName, value)}`,
  sun_path: (value, fields, options) => `sun_path=${pathText(value, fields, options)}`,
  sin_port: (value) => `sin_port=htons(${atom(value)})`,
  sin_addr: (value) => `sin_addr=inet_addr("${atom(value)}")`,
  sin6_port: (value) => `sin6_port=htons(${atom(value)})`,
  sin6_flowinfo: (value) => `sin6_flowinfo=htonl(${atom(value)})`,
  sin6_addr: (value) => `inet_pton(AF_INET6, "${atom(value)}", &sin6_addr)`,
  ipi_spec_dst: (value) => `ipi_spec_dst=inet_addr("${atom(value)}")`,
  ipi_addr: (value) => `ipi_addr=inet_addr("${atom(value)}")`,
  ipi6_addr: (value) => `inet_pton(AF_INET6, "${atom(value)}", &ipi6_addr)`,
  mq_flags: (value) => `mq_flags=${queueFlags(value)}`,
  msg_flags: (value) => `msg_flags=${typeof value === "number" ? formatFlags("msg_flags", value) : "?"}`,
  key: (value) => `key=${typeof value === "number" ? formatFlags("key", value) : "?"}`,
  mode: (value) => `mode=${typeof value === "number" ? formatMode(value) : "?"}`,
  sigev_signo: (value) => `sigev_signo=${named(signalName, value)}`,
  sigev_notify: (value) => `sigev_notify=${named(sigevName, value)}`,
  cmsg_level: (value) => `cmsg_level=${named(cmsgLevelName, value)}`,
  cmsg_type: (value, fields) => {
    const level = Number(fields.cmsg_level);
    return `cmsg_type=${named((type) => cmsgTypeName(level, type), value)}`;
  },
  msg_namelen: (value, fields) => `msg_namelen=${entryAndExit("msg_namelen", value, fields)}`,
  msg_controllen: (value, fields) => `msg_controllen=${entryAndExit("msg_controllen", value, fields)}`,
});

/** Any value that stands behind a pointer, or inside a struct. `null` must have been dealt with by the caller. */
export function formatValue(value: ArgValue, options: ValueOptions): string {
  if (value === null) return "?";
  if (typeof value !== "object") return atom(value);
  if (isList(value)) return formatList(value, false, options);
  if ("cmsgs" in value) return controlText(value, options);
  if ("fds" in value) return formatValue(value.fds ?? null, options);
  if ("bytes" in value && "len" in value) return bytesText(value, options);
  if ("value" in value)
    return value.value === null ? unread(value, options) : `[${atom(value.value ?? null)}]`;
  const names = Object.keys(value).filter((name) => !ADDITIVE.has(name));
  if (names.length === 0) return unread(value, options);
  return structText(value, options) + (value.status === undefined ? "" : note(value.status, options));
}

/** `[a, b, ...]`. */
export function formatList(values: readonly ArgValue[], isCut: boolean, options: ValueOptions): string {
  const shown = values.slice(0, SHOWN_ELEMENTS).map((value) => formatValue(value, options));
  if (isCut || values.length > SHOWN_ELEMENTS) shown.push("...");
  return `[${shown.join(", ")}]`;
}

function structText(fields: Fields, options: ValueOptions): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (ADDITIVE.has(name) || name.endsWith("_not_kept")) continue;
    if (name === "msg_control" && isEmptyControl(value)) continue;
    if (value === null && OUTPUTS.has(name)) continue;
    parts.push(fieldText(name, value, fields, options));
  }
  return `{${parts.join(", ")}}`;
}

function fieldText(name: string, value: ArgValue, fields: Fields, options: ValueOptions): string {
  const special = FIELD_TEXTS.get(name);
  if (special !== undefined) return special(value, fields, options);
  return `${escapeText(name)}=${plainFieldText(name, value, fields, options)}`;
}

function plainFieldText(name: string, value: ArgValue, fields: Fields, options: ValueOptions): string {
  if (value === null) return POINTERS.has(name) && fields.status === undefined ? "NULL" : "?";
  if (isList(value)) return formatList(value, fields[`${name}_not_kept`] !== undefined, options);
  return formatValue(value, options);
}

/** Bytes in quotes; their address where none could be looked at. */
function bytesText(value: Fields, options: ValueOptions): string {
  if (typeof value.bytes !== "string") return unread(value, options);
  const bytes = Buffer.from(value.bytes, "base64");
  const isCut = value.status !== "read";
  if (isCut && bytes.length === 0) return unread(value, options);
  return quoteBytes(bytes, { shownBytes: options.shownBytes, isCut }) + note(value.status ?? null, options);
}

function unread(value: Fields, options: ValueOptions): string {
  const address = typeof value.addr === "string" ? escapeText(value.addr) : "?";
  return address + note(value.status ?? null, options);
}

function note(status: ArgValue, options: ValueOptions): string {
  if (typeof status !== "string" || (status === "unknown" && options.isOpen)) return "";
  const text = STATUS_NOTES.get(status);
  return text === undefined ? "" : ` /* ${text} */`;
}

function controlText(value: Fields, options: ValueOptions): string {
  if (!isList(value.cmsgs ?? null)) return unread(value, options);
  const cmsgs = (value.cmsgs ?? null) as readonly ArgValue[];
  return formatList(cmsgs, value.status !== "read", options);
}

function isEmptyControl(value: ArgValue): boolean {
  if (value === null) return true;
  return typeof value === "object" && !isList(value) && value.len === 0;
}

/** An abstract name has its `@` outside the quotes, so that it is no path that begins with one. */
function pathText(value: ArgValue, fields: Fields, options: ValueOptions): string {
  if (typeof value !== "string") return "?";
  const shownBytes = Math.max(options.shownBytes, 108);
  if (typeof fields.sun_path_bytes === "string") {
    const bytes = Buffer.from(fields.sun_path_bytes, "base64");
    return bytes[0] === 0
      ? `@${quoteBytes(bytes.subarray(1), { shownBytes, isCut: false })}`
      : quoteBytes(bytes, { shownBytes, isCut: false });
  }
  const isAbstract = value.startsWith("@");
  const quoted = quoteBytes(Buffer.from(isAbstract ? value.slice(1) : value), { shownBytes, isCut: false });
  return isAbstract ? `@${quoted}` : quoted;
}

/** mq_flags has no access mode. */
function queueFlags(value: ArgValue): string {
  if (value === null) return "?";
  const flags = Number(value);
  if (!Number.isSafeInteger(flags) || flags < 0 || flags > 0xffffffff) return atom(value);
  if ((flags & 3) !== 0) return `0x${flags.toString(16)}`;
  return flags === 0 ? "0" : formatFlags("oflag", flags).replace(/^O_RDONLY\|/, "");
}

function entryAndExit(name: string, value: ArgValue, fields: Fields): string {
  const entry = fields.at_entry;
  if (entry === null || entry === undefined || typeof entry !== "object" || isList(entry)) return atom(value);
  const before = entry[name];
  return before === undefined || before === value ? atom(value) : `${atom(before)} => ${atom(value)}`;
}

function named(name: (value: number) => string | null, value: ArgValue): string {
  return typeof value === "number" ? (name(value) ?? String(value)) : "?";
}

/** A value of one word. Strings here are numbers, addresses and the like, but the file may hold anything. */
function atom(value: ArgValue): string {
  if (value === null) return "?";
  return typeof value === "number" ? String(value) : typeof value === "string" ? escapeText(value) : "?";
}

/** A lookup by names out of a capture must find nothing but what is listed. */
function mapOf<Value>(entries: { readonly [name: string]: Value }): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries));
}

function isList(value: ArgValue): value is readonly ArgValue[] {
  return Array.isArray(value);
}
