/**
 * A call's arguments out of its evidence, as `calls --json` prints them: docs/arguments.md says how.
 * Knows pointees, no event: the catalogue's row says what each argument is. Every offset comes from the
 * capture's own BTF; a struct that it lacks gives `"status":"no_layout"`, never a guess.
 */
import type { Btf } from "../btf/index.js";
import type { Argument } from "../catalog/types.js";
import {
  addressOf,
  type CallContext,
  type CallEvidence,
  callContext,
  type Found,
  inputOf,
  outputOf,
} from "./arguments/evidence.js";
import { bytesValue, msgbufFields, numberValue, stringFields } from "./arguments/memory.js";
import { mmsghdrValue, msghdrValue } from "./arguments/messages.js";
import { inputStruct, msgctlValue, outputStruct, timeoutValue } from "./arguments/pointees.js";
import { isUsed } from "./arguments/steps.js";
import { structsOf } from "./arguments/structs.js";
import { hexAddress, scalarValue } from "./arguments/values.js";
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
      const value = argumentValue(context, argument, arg);
      values[argument.name] = value;
      const notKept = messagesNotKept(context, argument, value);
      // Of an entry that is there in part nobody knows how many it kept.
      if (notKept > 0) values[`${argument.name}_not_kept`] = context.call.isEntryWhole ? notKept : null;
    });
    return values;
  };
}

function argumentValue(context: CallContext, argument: Argument, arg: number): ArgValue {
  const { value, direction } = argument;
  if (value.kind === "scalar") {
    return scalarValue(value.type, context.call.args?.[arg] ?? 0n, context.variant !== "native");
  }
  const address = addressOf(context, arg);
  if (address === 0n) return null;
  const addr = hexAddress(address);
  if (!isUsed(context, arg)) return { addr, status: "unused" };
  const { to } = value;
  switch (to.kind) {
    case "string":
      return { addr, ...stringFields(evidenceOf(context, argument, arg)) };
    case "bytes":
      return { addr, ...bytesValue(context, evidenceOf(context, argument, arg), to.length) };
    case "msgbuf":
      return { addr, ...msgbufFields(context, evidenceOf(context, argument, arg)) };
    case "number":
      return { addr, ...numberValue(evidenceOf(context, argument, arg)) };
    case "struct":
      if (direction === "inout") return timeoutValue(context, arg, to.struct, addr);
      return (direction === "in" ? inputStruct : outputStruct)(context, arg, to.struct, addr);
    case "msgctl":
      return msgctlValue(context, arg, addr);
    case "msghdr":
      return msghdrValue(context, arg);
    case "mmsghdr":
      return mmsghdrValue(context, arg, countOf(context, to.count.arg));
  }
}

/** Of a vector of messages: the entries that are not in the list. */
function messagesNotKept(context: CallContext, argument: Argument, value: ArgValue): number {
  if (argument.value.kind !== "pointer" || argument.value.to.kind !== "mmsghdr") return 0;
  const count = countOf(context, argument.value.to.count.arg);
  return Array.isArray(value) ? Math.max(count - value.length, 0) : 0;
}

function countOf(context: CallContext, arg: number): number {
  return Number(BigInt.asUintN(32, context.call.args?.[arg] ?? 0n));
}

function evidenceOf(context: CallContext, argument: Argument, arg: number): Found {
  const of = argument.direction === "out" ? outputOf : inputOf;
  return of(context, ItemKind.ARGUMENT, arg);
}
