/**
 * struct sigevent as mq_notify has it: the union's member is chosen by sigev_notify, and SIGEV_THREAD's cookie
 * (32 bytes at sigev_value.sival_ptr, sent back over the netlink socket) comes with it.
 */
import { fieldAt, type StructLayout } from "../../btf/index.js";
import type { StructNames } from "../../catalog/types.js";
import { ItemKind } from "../records.js";
import type { ArgValue } from "../types.js";
import { type CallContext, inputOf } from "./evidence.js";
import { type Fields, readInteger } from "./structs.js";
import { bytesFields, hexAddress, noBytesFields } from "./values.js";

/** include/uapi/asm-generic/siginfo.h. */
const SIGEV_THREAD = 2;
const SIGEV_THREAD_ID = 4;
const COOKIE_BYTES = 32;

/** Is this struct one that must be read by this file's rules? */
export function isSigevent(names: StructNames): boolean {
  return names.native === "sigevent";
}

/** Fields by their C names (the macros' names for those inside the union); null for what the bytes do not reach. */
export function sigeventFields(
  context: CallContext,
  arg: number,
  names: StructNames,
  bytes: Uint8Array,
): { fields: Fields; whole: boolean } | null {
  const layout = context.structs.layout(context.variant === "native" ? names.native : names.compat);
  if (layout === null) return null;
  const number = (path: string): number | bigint | null => integerAt(layout, path, bytes);
  const pointer = (path: string): ArgValue => {
    const value = number(path);
    return value === null ? null : BigInt(value) === 0n ? null : hexAddress(unsigned(value));
  };
  const value = (path: string): ArgValue => {
    const found = number(path);
    return found === null ? null : Number(found);
  };
  const notify = value("sigev_notify");
  const fields: Fields = {
    sigev_value: { sival_int: value("sigev_value.sival_int"), sival_ptr: pointer("sigev_value.sival_ptr") },
    sigev_signo: value("sigev_signo"),
    sigev_notify: notify,
  };
  if (notify === SIGEV_THREAD_ID) fields.sigev_notify_thread_id = value("_sigev_un._tid");
  if (notify === SIGEV_THREAD) {
    fields.sigev_notify_function = pointer("_sigev_un._sigev_thread._function");
    fields.sigev_notify_attributes = pointer("_sigev_un._sigev_thread._attribute");
    const address = number("sigev_value.sival_ptr");
    fields.cookie = address === null ? null : cookieValue(context, arg, unsigned(address));
  }
  return { fields, whole: bytes.length >= layout.sizeBytes };
}

function cookieValue(context: CallContext, arg: number, address: bigint): ArgValue {
  if (address === 0n) return null;
  const found = inputOf(context, ItemKind.COOKIE, arg);
  const bytes = found.item === null ? noBytesFields(COOKIE_BYTES, found.why) : bytesFields(found.item);
  return { addr: hexAddress(address), ...bytes };
}

function unsigned(value: number | bigint): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** null: beyond the bytes. Throws BtfError when the capture's struct has no such field. */
function integerAt(layout: StructLayout, path: string, bytes: Uint8Array): number | bigint | null {
  const field = fieldAt(layout, path);
  if (field.offsetBytes + field.sizeBytes > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readInteger(view, field.offsetBytes, field.sizeBytes, field.signed);
}
