/** The small values that decoded arguments are made of: addresses, bytes, scalars. */
import type { ScalarType } from "../../catalog/types.js";
import type { Item } from "../records.js";
import type { ArgValue } from "../types.js";
import { type Found, isReadable, type ValueStatus } from "./evidence.js";

export function hexAddress(address: bigint | number): string {
  return `0x${address.toString(16)}`;
}

/** A null pointer is null. */
export function pointerValue(address: bigint | number): ArgValue {
  return Number(address) === 0 ? null : hexAddress(address);
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The bytes that an item may be believed: never more than it wanted. */
export function bytesOf(item: Item): Uint8Array {
  return item.bytes.length > item.wanted ? item.bytes.subarray(0, item.wanted) : item.bytes;
}

/** What an item says of its own completeness; bytes that are not there cannot have been read. */
export function statusOf(item: Item): ValueStatus {
  return item.status === "read" && item.bytes.length < item.wanted ? "truncated" : item.status;
}

/** Why fields are missing that the evidence should have had. */
export function shortStatus(found: Found): ValueStatus {
  if (found.item === null) return found.why;
  const status = statusOf(found.item);
  return status === "read" ? "truncated" : status;
}

/** Bytes from `from` on as `{"len","captured","bytes","status"}`; `bytes` is null when none could be looked at. */
export function bytesFields(item: Item, from = 0): { [field: string]: ArgValue } {
  const len = Math.max(item.wanted - from, 0);
  if (!isReadable(item)) return { len, captured: 0, bytes: null, status: item.status };
  const bytes = bytesOf(item).subarray(from);
  return { len, captured: bytes.length, bytes: base64(bytes), status: statusOf(item) };
}

/** The same when there is no evidence. No bytes are a fact, not evidence that is missing. */
export function noBytesFields(len: number | null, why: ValueStatus): { [field: string]: ArgValue } {
  if (len === 0) return { len, captured: 0, bytes: "", status: "read" };
  return { len, captured: 0, bytes: null, status: why };
}

/** `{"evidence":"exit"}` for an input that only the exit's copy shows; nothing otherwise. */
export function evidenceNote(found: Found): { [field: string]: ArgValue } {
  return found.item !== null && found.from === "exit" ? { evidence: "exit" } : {};
}

/** 64-bit C types are decimal strings in every ABI, narrower ones numbers. ia32 arguments come zero-extended. */
export function scalarValue(type: ScalarType, raw: bigint, is32Bit: boolean): ArgValue {
  switch (type) {
    case "int":
    case "mqd_t":
    case "key_t":
      return Number(BigInt.asIntN(32, raw));
    case "unsigned int":
      return Number(BigInt.asUintN(32, raw));
    case "umode_t":
      return Number(BigInt.asUintN(16, raw));
    case "size_t":
      return BigInt.asUintN(is32Bit ? 32 : 64, raw).toString();
    case "long":
      return BigInt.asIntN(is32Bit ? 32 : 64, raw).toString();
  }
}
