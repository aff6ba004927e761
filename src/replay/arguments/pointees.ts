/** What pointers to structs lead to. */
import { BtfError } from "../../btf/index.js";
import type { StructNames } from "../../catalog/types.js";
import { ItemKind } from "../records.js";
import { type CallContext, type Found, inputOf, isReadable, outputOf } from "./evidence.js";
import { isSigevent, sigeventFields } from "./sigevent.js";
import { structTaken } from "./steps.js";
import { decodeFields, type Fields } from "./structs.js";
import { bytesOf, evidenceNote, shortStatus } from "./values.js";

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

/** A struct that the kernel reads. */
export function inputStruct(context: CallContext, arg: number, names: StructNames, addr: string): Fields {
  const found = inputOf(context, ItemKind.ARGUMENT, arg);
  return { ...structValue(context, arg, names, addr, found), ...evidenceNote(found) };
}

/** A struct that the kernel fills. */
export function outputStruct(context: CallContext, arg: number, names: StructNames, addr: string): Fields {
  return structValue(context, arg, names, addr, outputOf(context, ItemKind.ARGUMENT, arg));
}

/**
 * recvmmsg's timeout: the kernel writes the time that is left over it, but only when at least one message came.
 * From then on what the caller had put there is known from the entry alone.
 */
export function timeoutValue(context: CallContext, arg: number, names: StructNames, addr: string): Fields {
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
export function msgctlValue(context: CallContext, arg: number, addr: string): Fields {
  const input = structTaken(context, context.call.event.entry, arg);
  if (input !== null) return inputStruct(context, arg, input, addr);
  const output = structTaken(context, context.call.event.exit, arg);
  return output === null ? { addr, status: "unused" } : outputStruct(context, arg, output, addr);
}
