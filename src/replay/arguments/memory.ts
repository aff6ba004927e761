/** What plain pointers lead to: strings, bytes, System V messages, single numbers. */
import { type CallContext, type Found, isReadable, noOutput } from "./evidence.js";
import { type Fields, readInteger } from "./structs.js";
import {
  base64,
  bytesFields,
  bytesOf,
  evidenceNote,
  noBytesFields,
  shortStatus,
  statusOf,
} from "./values.js";

/**
 * `len` counts the bytes before the NUL and is null when no NUL was seen; `text` is the string where it is UTF-8.
 * The bytes are those before the NUL.
 */
export function stringFields(found: Found): Fields {
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
    bytes: base64(bytes),
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

/** `{"len","captured","bytes","status"}` of as many bytes as `length` says. */
export function bytesValue(
  context: CallContext,
  found: Found,
  length: { readonly arg: number } | "ret",
): Fields {
  if (found.item === null) return noBytesFields(lengthOf(context, length), found.why);
  return { ...bytesFields(found.item), ...evidenceNote(found) };
}

/** Bytes that the argument leads to; null: not known. */
function lengthOf(context: CallContext, length: { readonly arg: number } | "ret"): number | null {
  if (length === "ret") return noOutput(context) === null ? context.call.ret : null;
  const raw = context.call.args?.[length.arg] ?? 0n;
  return Number(context.variant === "native" ? BigInt.asUintN(64, raw) : BigInt.asUintN(32, raw));
}

/** `{"mtype","mtext":{"len","captured","bytes","status"}}`; mtext's length does not count mtype. */
export function msgbufFields(context: CallContext, found: Found): Fields {
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
  return {
    mtype: readInteger(view, mtype.offsetBytes, mtype.sizeBytes, mtype.signed).toString(),
    mtext,
    ...evidenceNote(found),
  };
}

/** `{"value"}` of an unsigned int. */
export function numberValue(found: Found): Fields {
  if (found.item === null) return { value: null, status: found.why };
  if (!isReadable(found.item)) return { value: null, status: found.item.status };
  const bytes = bytesOf(found.item);
  if (bytes.length < 4) return { value: null, status: shortStatus(found) };
  return { value: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) };
}
