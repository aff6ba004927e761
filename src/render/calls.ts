/**
 * A call as one line that a user of strace reads at once, out of what `calls --json` prints. Looks up notations in
 * the catalogue; an event that this version does not know is shown by its values alone.
 */
import { errnoText, isRestart } from "../catalog/errno.js";
import { eventByName } from "../catalog/events.js";
import { formatFlags } from "../catalog/flags.js";
import type { Argument, EventRow } from "../catalog/types.js";
import type { ArgValue, CallLine } from "../replay/types.js";
import { escapeText, type Piece, padRight, paintLine } from "./text.js";
import { formatList, formatValue, type ValueOptions } from "./values.js";

export interface CallTextOptions {
  readonly colour: boolean;
  /** Characters to cut the line to; null: whole lines. */
  readonly width: number | null;
  /** Bytes shown of each string, 32 as in strace unless told otherwise. */
  readonly stringBytes?: number;
  /** Digits of a duration's fraction of a second: 9 unless told otherwise, since many calls take less than 1 µs. */
  readonly durationDigits?: number;
}

const TIME_WIDTH = 14;
const TID_WIDTH = 7;
/** TASK_COMM_LEN without its NUL. */
const COMM_WIDTH = 15;

/** One line without a newline: time since the capture's start in seconds, tid, name, call, result, duration, queue. */
export function formatCall(line: CallLine, options: CallTextOptions): string {
  const event = eventByName(line.event);
  return paintLine(
    [...headPieces(line), ...callPieces(line, event, options), ...resultPieces(line, event, options)],
    options,
  );
}

function headPieces(line: CallLine): Piece[] {
  const time = line.enter_ns ?? line.exit_ns;
  const timeText = time === null ? "?" : seconds(time, 9);
  const comm = line.comm === null ? "?" : escapeText(line.comm);
  return [
    { text: `${timeText.padStart(TIME_WIDTH)} ${String(line.tid).padStart(TID_WIDTH)} `, style: "dim" },
    { text: `${padRight(comm, COMM_WIDTH)} ` },
  ];
}

function callPieces(line: CallLine, event: EventRow | undefined, options: CallTextOptions): Piece[] {
  const isOpen = line.exit_ns === null;
  const args = argumentTexts(line, event, { shownBytes: options.stringBytes ?? 32, isOpen });
  const name: Piece = { text: escapeText(line.event), style: "bold" };
  const end = isOpen ? " <unfinished ...>" : ")";
  return line.enter_ns === null
    ? [{ text: "<... " }, name, { text: ` resumed>${args}${end}` }]
    : [name, { text: `(${args}${end}` }];
}

function argumentTexts(line: CallLine, event: EventRow | undefined, options: ValueOptions): string {
  const { args } = line;
  if (args === null) return line.enter_ns === null ? "" : "?";
  if (event === undefined) {
    return Object.entries(args)
      .map(([name, value]) => `${escapeText(name)}=${value === null ? "NULL" : formatValue(value, options)}`)
      .join(", ");
  }
  return event.args
    .slice(0, shownArguments(event, args))
    .map((argument, i) => argumentText(line, event, argument, i, options))
    .join(", ");
}

const O_CREAT = 0o100;

/** As open(2): without O_CREAT what follows the flags is not meant, unless it points somewhere. */
function shownArguments(event: EventRow, args: { readonly [name: string]: ArgValue }): number {
  const oflag = event.args.findIndex(
    (argument) => argument.value.kind === "scalar" && argument.value.notation === "oflag",
  );
  const flags = args[event.args[oflag]?.name ?? ""];
  if (typeof flags !== "number" || (flags & O_CREAT) !== 0) return event.args.length;
  const rest = event.args.slice(oflag + 1);
  const pointsSomewhere = rest.some(
    (argument) => argument.value.kind === "pointer" && args[argument.name] !== null,
  );
  return pointsSomewhere ? event.args.length : oflag + 1;
}

function argumentText(
  line: CallLine,
  event: EventRow,
  argument: Argument,
  arg: number,
  options: ValueOptions,
): string {
  const value = line.args?.[argument.name];
  if (value === undefined) return "?";
  if (argument.value.kind === "scalar") {
    if (typeof value !== "number") return value === null ? "?" : formatValue(value, options);
    const text = formatFlags(argument.value.notation, value, line.abi);
    const isQueue = event.queue !== null && event.queue.by !== "ret" && event.queue.by.arg === arg;
    return isQueue && argument.value.notation === "fd" ? text + queueSuffix(line) : text;
  }
  if (value === null) return "NULL";
  if (!Array.isArray(value)) return formatValue(value, options);
  const messages: readonly ArgValue[] = value;
  const shown = receivedCount(line, event, arg) ?? messages.length;
  if (shown === 0 && messages.length > 0) return addressOf(messages);
  const isCut = shown < messages.length || line.args?.[`${argument.name}_not_kept`] !== undefined;
  return formatList(messages.slice(0, shown), isCut, options);
}

/** Of a receive only the messages that came are of interest: none before its end or after a failure. null: show all. */
function receivedCount(line: CallLine, event: EventRow, arg: number): number | null {
  const isReceive = event.exit.some((step) => step.take === "mmsghdr" && step.arg === arg && step.received);
  return isReceive ? Math.max(line.ret ?? 0, 0) : null;
}

/** A vector is where its first message is. */
function addressOf(messages: readonly ArgValue[]): string {
  const first = messages[0];
  const fields =
    typeof first === "object" && first !== null ? (first as { readonly [name: string]: ArgValue }) : {};
  return typeof fields.addr === "string" ? escapeText(fields.addr) : "?";
}

/** `</q>` behind a descriptor. */
function queueSuffix(line: CallLine): string {
  const name = line.queue?.name ?? null;
  return name === null ? "" : `<${escapeText(name)}>`;
}

function resultPieces(line: CallLine, event: EventRow | undefined, options: CallTextOptions): Piece[] {
  const pieces: Piece[] = [];
  if (line.exit_ns !== null) pieces.push(...returnPieces(line, event));
  if (line.duration_ns !== null) {
    pieces.push({ text: ` <${seconds(line.duration_ns, options.durationDigits ?? 9)}>`, style: "dim" });
  }
  const depth = depthText(line);
  if (depth !== null) pieces.push({ text: ` [${depth}]`, style: "cyan" });
  for (const text of remarks(line)) pieces.push({ text: ` /* ${text} */`, style: "yellow" });
  return pieces;
}

function returnPieces(line: CallLine, event: EventRow | undefined): Piece[] {
  const { ret, errno } = line;
  if (ret === null) return [{ text: " = ?" }];
  if (errno !== null) {
    const meaning = errnoText(errno);
    const text = escapeText(errno) + (meaning === null ? "" : ` (${meaning})`);
    // What user space gets of an interrupted call is decided after the exit hook.
    return [{ text: isRestart(-ret) ? " = ? " : " = -1 " }, { text, style: "red" }];
  }
  const isQueue = event?.returns === "fd" && ret >= 0;
  return [{ text: ` = ${ret}${isQueue ? queueSuffix(line) : ""}` }, ...leftPieces(line)];
}

/** The time that recvmmsg left of its timeout, as strace has it. */
function leftPieces(line: CallLine): Piece[] {
  const timeout = line.args?.timeout;
  if (timeout === null || timeout === undefined || typeof timeout !== "object" || Array.isArray(timeout))
    return [];
  const { remaining } = timeout as { readonly [name: string]: ArgValue };
  if (remaining === undefined || remaining === null) return [];
  return [{ text: ` (left ${formatValue(remaining, { shownBytes: 0, isOpen: false })})` }];
}

/** `/q 3→4`: what is in the queue before and after. null: nothing to say. */
function depthText(line: CallLine): string | null {
  const { queue } = line;
  if (queue === null || queue.kind === "socket") return null;
  const name = queue.name === null ? null : escapeText(queue.name);
  const { depth_before: before, depth_after: after } = queue;
  if (before === null && after === null) return queue.kind === "sysv" ? name : null;
  const depth = line.exit_ns === null ? `${before ?? "?"}→` : `${before ?? "?"}→${after ?? "?"}`;
  return `${name ?? "?"} ${depth}`;
}

function remarks(line: CallLine): string[] {
  const remarks: string[] = [];
  if (line.state === "uncertain") remarks.push("uncertain: records were lost");
  if (line.restart_of !== null) remarks.push(`restart of call ${line.restart_of}`);
  if (line.abi === "ia32") remarks.push(line.via === null ? "ia32" : `ia32, through ${line.via}`);
  return remarks;
}

/** Nanoseconds as seconds, rounded down to the digits wanted. */
function seconds(ns: number, digits: number): string {
  const sign = ns < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(ns) / 1e9);
  const fraction = String(Math.round(Math.abs(ns) - whole * 1e9)).padStart(9, "0");
  return `${sign}${whole}${digits === 0 ? "" : `.${fraction.slice(0, digits)}`}`;
}
