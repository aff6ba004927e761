/**
 * msghdr and mmsghdr: what the kernel read of a header comes from entry, what it wrote (msg_namelen,
 * msg_controllen, msg_flags of a receive, msg_len) from exit.
 */
import { ItemKind } from "../records.js";
import type { ArgValue } from "../types.js";
import { controlFields } from "./control.js";
import {
  addressOf,
  type CallContext,
  type Found,
  inputOf,
  integerOf,
  isReadable,
  noOutput,
  outputOf,
  takenAt,
  type ValueStatus,
  whyNoInput,
} from "./evidence.js";
import { type IovecsOf, iovecsValue } from "./iovecs.js";
import { sockaddrFields } from "./sockaddr.js";
import { decodeFields, type Fields, type StructDecoder } from "./structs.js";
import { bytesOf, evidenceNote, hexAddress, noBytesFields, shortStatus, statusOf } from "./values.js";

const MSGHDR = { native: "user_msghdr", compat: "compat_msghdr" };
const MMSGHDR = { native: "mmsghdr", compat: "compat_mmsghdr" };

const HEADER_FIELDS = ["msg_name", "msg_namelen", "msg_iov", "msg_iovlen", "msg_control", "msg_controllen"];

/** One message: its header as the kernel read it, and as it left it. */
interface Message {
  readonly arg: number;
  readonly number: number;
  readonly receives: boolean;
  readonly input: Found;
  readonly header: Fields;
  /** What the kernel wrote, or why it wrote nothing. */
  readonly output: { readonly header: Fields } | { readonly why: ValueStatus };
  readonly receivedBytes: number | null;
}

/** Do the bytes of this argument come from the call? The catalogue's exit steps say so. */
function receives(context: CallContext, arg: number): boolean {
  return context.call.event.exit.some(
    (step) => (step.take === "msghdr" || step.take === "mmsghdr") && step.arg === arg && step.received,
  );
}

/** `struct user_msghdr *` of sendmsg and recvmsg. */
export function msghdrValue(context: CallContext, arg: number): ArgValue {
  const addr = hexAddress(addressOf(context, arg));
  const decoder = context.structs.decoder(MSGHDR, context.variant);
  const input = inputOf(context, ItemKind.ARGUMENT, arg);
  const header = headerOf(decoder, input);
  if ("why" in header) return { addr, status: header.why };
  const isReceive = receives(context, arg);
  const output = isReceive
    ? headerOf(decoder, outputOf(context, ItemKind.ARGUMENT, arg))
    : { why: "unused" as const };
  const receivedBytes = isReceive ? context.call.ret : null;
  const message = {
    arg,
    number: 0,
    receives: isReceive,
    input,
    header: header.header,
    output,
    receivedBytes,
  };
  return { addr, ...messageFields(context, message), ...evidenceNote(input) };
}

/**
 * `struct mmsghdr *` of sendmmsg and recvmmsg, `count` long: a list of what was kept, which may be shorter. An object
 * with `status` when there is nothing at all.
 */
export function mmsghdrValue(context: CallContext, arg: number, count: number): ArgValue {
  const decoder = context.structs.decoder(MMSGHDR, context.variant);
  const messages: ArgValue[] = [];
  for (;;) {
    const input = inputOf(context, ItemKind.MMSGHDR, arg, messages.length);
    if (input.item === null) break;
    messages.push(messageValue(context, arg, messages.length, decoder, input));
  }
  if (messages.length > 0 || count === 0) return messages;
  return { addr: hexAddress(addressOf(context, arg)), status: whyNoInput(context) };
}

function messageValue(
  context: CallContext,
  arg: number,
  number: number,
  decoder: StructDecoder | null,
  input: Found,
): ArgValue {
  const addr = hexAddress(input.item?.addr ?? 0n);
  const whole = headerOf(decoder, input);
  if ("why" in whole) return { addr, status: whole.why };
  const isReceive = receives(context, arg);
  const written = writtenOf(context, arg, number, decoder);
  const header = nested(whole.header.msg_hdr);
  if (header === null) return { addr, status: shortStatus(input) };
  const msgLen = "header" in written ? (written.header.msg_len ?? null) : null;
  const receivedBytes = isReceive && typeof msgLen === "number" ? msgLen : null;
  const outer = "header" in written ? nested(written.header.msg_hdr) : null;
  const output =
    "why" in written ? written : outer === null ? { why: "truncated" as const } : { header: outer };
  const message = { arg, number, receives: isReceive, input, header, output, receivedBytes };
  return { addr, msg_hdr: messageFields(context, message), msg_len: msgLen, ...evidenceNote(input) };
}

/** The entry as the kernel left it. It got no further than the result says. */
function writtenOf(
  context: CallContext,
  arg: number,
  number: number,
  decoder: StructDecoder | null,
): { header: Fields } | { why: ValueStatus } {
  const why = noOutput(context);
  if (why !== null) return { why };
  if (number >= (context.call.ret ?? 0)) return { why: "no_output" };
  return headerOf(decoder, outputOf(context, ItemKind.MMSGHDR, arg, number));
}

function headerOf(decoder: StructDecoder | null, found: Found): { header: Fields } | { why: ValueStatus } {
  if (found.item === null) return { why: found.why };
  if (!isReadable(found.item)) return { why: found.item.status };
  if (decoder === null) return { why: "no_layout" };
  const { fields, whole } = decodeFields(decoder, bytesOf(found.item));
  if (!whole) return { why: shortStatus(found) };
  const header = nested(fields.msg_hdr) ?? fields;
  return HEADER_FIELDS.every((name) => name in header) ? { header: fields } : { why: "no_layout" };
}

function nested(value: ArgValue | undefined): Fields | null {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : null;
}

function messageFields(context: CallContext, message: Message): Fields {
  const { header, output } = message;
  const written = message.receives && "header" in output ? output.header : null;
  const lost = message.receives && "why" in output && !leftAlone(output.why);
  // Untouched by a receive that failed; not known when the kernel wrote it and nobody saw what.
  const valueResult = (name: string): ArgValue => (lost ? null : ((written ?? header)[name] ?? null));
  const iovecs = header.msg_iov === null ? null : iovecsValue(context, iovecsOf(message));
  const fields: Fields = {
    msg_name: nameValue(context, message, valueResult("msg_namelen")),
    msg_namelen: valueResult("msg_namelen"),
    msg_iov: iovecs?.value ?? null,
    ...(iovecs !== null && iovecs.notKept > 0 ? { msg_iov_not_kept: iovecs.notKept } : {}),
    msg_iovlen: header.msg_iovlen ?? null,
    msg_control: controlValue(context, message, valueResult("msg_controllen")),
    msg_controllen: valueResult("msg_controllen"),
    msg_flags: message.receives ? (written?.msg_flags ?? null) : (header.msg_flags ?? null),
  };
  if (written !== null && message.input.item !== null && message.input.from === "entry") {
    fields.at_entry = {
      msg_namelen: header.msg_namelen ?? null,
      msg_controllen: header.msg_controllen ?? null,
    };
  }
  return fields;
}

/** Before the exit, and after a failure, the header still holds what the caller put there. */
function leftAlone(why: ValueStatus): boolean {
  return why === "no_output" || why === "unknown";
}

function iovecsOf(message: Message): IovecsOf {
  const { arg, number, header, output, receivedBytes } = message;
  const count = integerOf(header.msg_iovlen ?? null);
  const address = typeof header.msg_iov === "string" ? header.msg_iov : "0x0";
  if (!message.receives) return { arg, message: number, address, count, payload: "send" };
  if (receivedBytes !== null && "header" in output) {
    return { arg, message: number, address, count, payload: { receivedBytes } };
  }
  const why = "why" in output ? output.why : "unknown";
  return { arg, message: number, address, count, payload: { why } };
}

/** Evidence of a part of the message: input of a send, output of a receive. */
function partOf(context: CallContext, message: Message, kind: number): Found {
  if (!message.receives) return inputOf(context, kind, message.arg, message.number);
  if ("why" in message.output) return { item: null, why: message.output.why };
  return outputOf(context, kind, message.arg, message.number);
}

function nameValue(context: CallContext, message: Message, namelen: ArgValue): ArgValue {
  const addr = message.header.msg_name ?? null;
  if (addr === null) return null;
  const found = takenAt(partOf(context, message, ItemKind.NAME), addr);
  if (found.item === null) {
    const isEmpty = namelen === 0 && found.why === "not_kept";
    return { addr, status: isEmpty ? (message.receives ? "no_output" : "unused") : found.why };
  }
  if (!isReadable(found.item)) return { addr, status: found.item.status };
  const all = bytesOf(found.item);
  // move_addr_to_user() in net/socket.c writes no more than the room that the caller gave.
  const roomBytes =
    message.receives && message.input.item !== null && message.input.from === "entry"
      ? message.header.msg_namelen
      : null;
  const bytes = typeof roomBytes === "number" ? all.subarray(0, Math.max(roomBytes, 0)) : all;
  const fields = sockaddrFields(context.structs, bytes);
  const status = bytes.length < all.length ? "truncated" : statusOf(found.item);
  return status === "read" ? { addr, ...fields } : { addr, ...fields, status };
}

function controlValue(context: CallContext, message: Message, controllen: ArgValue): ArgValue {
  const addr = message.header.msg_control ?? null;
  if (addr === null) return null;
  const found = takenAt(partOf(context, message, ItemKind.CONTROL), addr);
  if (found.item !== null) return { addr, ...controlFields(context, found.item) };
  if (controllen === "0") return { addr, len: 0, captured: 0, status: "read", cmsgs: [] };
  const { len, captured, status } = noBytesFields(null, found.why);
  return { addr, len: len ?? null, captured: captured ?? null, status: status ?? null, cmsgs: null };
}
