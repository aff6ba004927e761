/**
 * A call's arguments out of its evidence, as `calls --json` prints them (docs: format-spec and DESIGN "JSON").
 * Knows pointees, no event: the catalogue's row says what each argument is. Every offset comes from the
 * capture's own BTF; a struct that it lacks gives `"status":"no_layout"`, never a guess.
 */
import { type Btf, BtfError } from "../btf/index.js";
import type { Argument, Condition, Pointee, Step, StructNames } from "../catalog/types.js";
import {
  addressOf,
  type CallContext,
  type CallEvidence,
  callContext,
  type Found,
  inputOf,
  isReadable,
  noOutput,
  outputOf,
} from "./arguments/evidence.js";
import { mmsghdrValue, msghdrValue } from "./arguments/messages.js";
import { isSigevent, sigeventFields } from "./arguments/sigevent.js";
import { decodeFields, type Fields, readInteger, structsOf } from "./arguments/structs.js";
import {
  bytesFields,
  bytesOf,
  evidenceNote,
  hexAddress,
  noBytesFields,
  scalarValue,
  statusOf,
} from "./arguments/values.js";
import { ItemKind } from "./records.js";
import type { ArgValue } from "./types.js";

export type { CallEvidence, ValueStatus } from "./arguments/evidence.js";

export type Arguments = { readonly [name: string]: ArgValue };

/** Makes the decoder of one capture. It gives null for a call whose raw arguments are not known. */
export function argumentDecoder(
  hostBtf: Btf | null,
  recorderBtf: Btf,
): (call: CallEvidence) => Arguments | null {
  const structs = structsOf(hostBtf, recorderBtf);
  return (call) => {
    if (call.args === null) return null;
    const context = callContext(call, structs);
    const values: { [name: string]: ArgValue } = {};
    call.event.args.forEach((argument, arg) => {
      addArgument(context, argument, arg, values);
    });
    return values;
  };
}

function addArgument(
  context: CallContext,
  argument: Argument,
  arg: number,
  values: { [name: string]: ArgValue },
): void {
  const { name, value } = argument;
  if (value.kind === "scalar") {
    values[name] = scalarValue(value.type, context.call.args?.[arg] ?? 0n, context.variant !== "native");
    return;
  }
  const address = addressOf(context, arg);
  if (address === 0n) {
    values[name] = null;
  } else if (!isUsed(context, arg)) {
    values[name] = { addr: hexAddress(address), status: "unused" };
  } else if (value.to.kind === "mmsghdr") {
    const vlen = Number(BigInt.asUintN(32, context.call.args?.[value.to.count.arg] ?? 0n));
    const { value: messages, notKept } = mmsghdrValue(context, arg, vlen);
    values[name] = messages;
    if (notKept > 0) values[`${name}_not_kept`] = notKept;
  } else {
    values[name] = pointeeValue(context, argument, value.to, arg, hexAddress(address));
  }
}

function pointeeValue(
  context: CallContext,
  argument: Argument,
  to: Pointee,
  arg: number,
  addr: string,
): ArgValue {
  const evidence = (): Found =>
    argument.direction === "out"
      ? outputOf(context, ItemKind.ARGUMENT, arg)
      : inputOf(context, ItemKind.ARGUMENT, arg);
  switch (to.kind) {
    case "string":
      return { addr, ...stringFields(evidence()) };
    case "bytes":
      return { addr, ...bytesOrWhy(evidence(), lengthOf(context, to.length)), ...note(argument, evidence()) };
    case "msgbuf":
      return {
        addr,
        ...msgbufFields(context, evidence()),
        ...note(argument, evidence()),
      };
    case "number":
      return numberValue(addr, evidence());
    case "struct":
      if (argument.direction === "out") return structValue(context, arg, to.struct, addr, evidence());
      if (argument.direction === "in") return inputStruct(context, arg, to.struct, addr);
      return timeoutValue(context, arg, to.struct, addr);
    case "msgctl":
      return msgctlValue(context, arg, addr);
    case "msghdr":
      return msghdrValue(context, arg);
    case "mmsghdr":
      return null; // addArgument has done it
  }
}

function note(argument: Argument, found: Found): Fields {
  return argument.direction === "out" ? {} : evidenceNote(found);
}

/** Has this call's plan a step for the argument? msgctl's IPC_RMID, say, leaves buf alone. */
function isUsed(context: CallContext, arg: number): boolean {
  return (
    context.call.event.entry.some((step) => concerns(context, step, arg)) ||
    context.call.event.exit.some((step) => concerns(context, step, arg))
  );
}

function concerns(context: CallContext, step: Step, arg: number): boolean {
  return "arg" in step && step.arg === arg && step.take !== "cookie" && applies(context, step);
}

function applies(context: CallContext, step: Step): boolean {
  if (step.only !== undefined && !step.only.includes(context.variant)) return false;
  return step.when === undefined || holds(step.when, context.call.args?.[step.when.arg] ?? 0n);
}

function holds(when: Condition, raw: bigint): boolean {
  const value = Number(BigInt.asUintN(32, raw));
  if ((value & when.mask) >>> 0 !== when.value) return false;
  return when.low === undefined || when.low.includes(value & 31);
}

/** Bytes that the argument leads to; null: not known. */
function lengthOf(context: CallContext, length: { readonly arg: number } | "ret"): number | null {
  if (length === "ret") return noOutput(context) === null ? context.call.ret : null;
  const raw = context.call.args?.[length.arg] ?? 0n;
  return Number(context.variant === "native" ? BigInt.asUintN(64, raw) : BigInt.asUintN(32, raw));
}

function bytesOrWhy(found: Found, length: number | null): Fields {
  return found.item === null ? noBytesFields(length, found.why) : bytesFields(found.item);
}

/**
 * `len` counts the bytes before the NUL and is null when no NUL was seen; `text` is the string where it is UTF-8.
 * The bytes are those before the NUL.
 */
function stringFields(found: Found): Fields {
  if (found.item === null) return { ...noBytesFields(null, found.why), text: null };
  const { item } = found;
  if (!isReadable(item)) return { ...noBytesFields(null, item.status), text: null };
  const all = bytesOf(item);
  const nul = all.indexOf(0);
  const bytes = nul < 0 ? all : all.subarray(0, nul);
  const status = nul >= 0 ? "read" : statusOf(item);
  return {
    len: status === "read" ? bytes.length : null,
    captured: bytes.length,
    bytes: Buffer.from(bytes).toString("base64"),
    status,
    text: utf8(bytes),
    ...evidenceNote(found),
  };
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** `{"mtype","mtext":{"len","captured","bytes","status"}}`; mtext's length does not count mtype. */
function msgbufFields(context: CallContext, found: Found): Fields {
  const layout = context.structs.layout(context.variant === "native" ? "msgbuf" : "compat_msgbuf");
  const mtype = layout?.fields.find((field) => field.name === "mtype");
  if (mtype === undefined) return { status: "no_layout" };
  if (found.item === null) return { status: found.why };
  if (!isReadable(found.item)) return { status: found.item.status };
  const bytes = bytesOf(found.item);
  const end = mtype.offsetBytes + mtype.sizeBytes;
  const mtext = bytesFields(found.item, end);
  if (bytes.length < end) return { mtype: null, mtext, status: shortStatus(found) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { mtype: readInteger(view, mtype.offsetBytes, mtype.sizeBytes, mtype.signed).toString(), mtext };
}

function numberValue(addr: string, found: Found): ArgValue {
  if (found.item === null) return { addr, value: null, status: found.why };
  const bytes = bytesOf(found.item);
  if (!isReadable(found.item)) return { addr, value: null, status: found.item.status };
  if (bytes.length < 4) return { addr, value: null, status: shortStatus(found) };
  return { addr, value: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) };
}

/** Fields that the bytes do not reach are null, and `status` says why. */
function structValue(
  context: CallContext,
  arg: number,
  names: StructNames,
  addr: string,
  found: Found,
): Fields {
  if (found.item === null) return { addr, status: found.why };
  if (!isReadable(found.item)) return { addr, status: found.item.status };
  const decoded = decodedStruct(context, arg, names, bytesOf(found.item));
  if (decoded === null) return { addr, status: "no_layout" };
  const status = decoded.whole ? {} : { status: shortStatus(found) };
  return { addr, ...decoded.fields, ...status };
}

function decodedStruct(
  context: CallContext,
  arg: number,
  names: StructNames,
  bytes: Uint8Array,
): { fields: Fields; whole: boolean } | null {
  try {
    if (isSigevent(names)) return sigeventFields(context, arg, names, bytes);
    const decoder = context.structs.decoder(names, context.variant);
    return decoder === null ? null : decodeFields(decoder, bytes);
  } catch (error) {
    if (error instanceof BtfError) return null; // a struct without the fields that it must have
    throw error;
  }
}

function shortStatus(found: Found): ArgValue {
  if (found.item === null) return found.why;
  return statusOf(found.item) === "read" ? "truncated" : statusOf(found.item);
}

function inputStruct(context: CallContext, arg: number, names: StructNames, addr: string): Fields {
  const found = inputOf(context, ItemKind.ARGUMENT, arg);
  return { ...structValue(context, arg, names, addr, found), ...evidenceNote(found) };
}

/**
 * recvmmsg's timeout: the kernel writes the time that is left over it, but only when at least one message came.
 * From then on what the caller had put there is known from the entry alone.
 */
function timeoutValue(context: CallContext, arg: number, names: StructNames, addr: string): Fields {
  if ((context.call.ret ?? 0) <= 0) return inputStruct(context, arg, names, addr);
  const entry = inputOf({ ...context, exit: null }, ItemKind.ARGUMENT, arg);
  const { addr: _, ...remaining } = structValue(
    context,
    arg,
    names,
    addr,
    outputOf(context, ItemKind.ARGUMENT, arg),
  );
  return { ...structValue(context, arg, names, addr, entry), remaining };
}

/** msgctl's struct is that of the step which applies to its command; input when it is kept at entry. */
function msgctlValue(context: CallContext, arg: number, addr: string): ArgValue {
  const structOf = (steps: readonly Step[]): StructNames | null => {
    const step = steps.find((one) => one.take === "struct" && concerns(context, one, arg));
    return step?.take === "struct" ? step.struct : null;
  };
  const input = structOf(context.call.event.entry);
  if (input !== null) return inputStruct(context, arg, input, addr);
  const output = structOf(context.call.event.exit);
  if (output === null) return { addr, status: "unused" };
  return structValue(context, arg, output, addr, outputOf(context, ItemKind.ARGUMENT, arg));
}
