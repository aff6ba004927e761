/**
 * Control messages of a socket message: descriptors, credentials, timestamps and packet info by their fields,
 * everything else as bytes. Walks as the kernel's CMSG_NXTHDR does and ends at the first length that cannot be.
 */
import type { StructNames } from "../../catalog/types.js";
import type { Item } from "../records.js";
import type { ArgValue } from "../types.js";
import { type CallContext, isReadable } from "./evidence.js";
import { inet6Text, inetText } from "./sockaddr.js";
import { decodeFields, readInteger } from "./structs.js";
import { base64, bytesOf, statusOf } from "./values.js";

const CMSGHDR = { native: "cmsghdr", compat: "compat_cmsghdr" };

type Decode = (context: CallContext, data: Uint8Array) => ArgValue;

/** SOL_SOCKET is 1 on x86 and arm64. */
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_IPV6 = 41;

/** By level and type. The old timestamps are 32-bit for 32-bit callers: put_cmsg_compat() in net/compat.c. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  [`${SOL_SOCKET} 1`, descriptors],
  [`${SOL_SOCKET} 2`, struct({ native: "ucred", compat: "ucred" })],
  [`${SOL_SOCKET} 29`, struct({ native: "__kernel_old_timeval", compat: "old_timeval32" })],
  [`${SOL_SOCKET} 35`, struct({ native: "__kernel_old_timespec", compat: "old_timespec32" })],
  [`${SOL_SOCKET} 37`, triple({ native: "__kernel_old_timespec", compat: "old_timespec32" })],
  [`${SOL_SOCKET} 63`, struct({ native: "__kernel_sock_timeval", compat: "__kernel_sock_timeval" })],
  [`${SOL_SOCKET} 64`, struct({ native: "__kernel_timespec", compat: "__kernel_timespec" })],
  [`${SOL_SOCKET} 65`, triple({ native: "__kernel_timespec", compat: "__kernel_timespec" })],
  [`${SOL_IP} 8`, packetInfo],
  [`${SOL_IPV6} 50`, packetInfo6],
]);

/** `{"len","captured","status","cmsgs":[…]}`; `cmsgs` is null when no byte of them could be read. */
export function controlFields(context: CallContext, item: Item): { [field: string]: ArgValue } {
  if (!isReadable(item)) return { len: item.wanted, captured: 0, status: item.status, cmsgs: null };
  const bytes = bytesOf(item);
  const head = { len: item.wanted, captured: bytes.length };
  const cmsgs = controlMessages(context, bytes, item.wanted);
  return cmsgs === null
    ? { ...head, status: "no_layout", cmsgs: null }
    : { ...head, status: statusOf(item), cmsgs };
}

function controlMessages(context: CallContext, bytes: Uint8Array, wantedBytes: number): ArgValue[] | null {
  const header = context.structs.decoder(CMSGHDR, context.variant);
  const align = context.structs
    .layout(header?.name ?? "")
    ?.fields.find((one) => one.name === "cmsg_len")?.sizeBytes;
  if (header === null || align === undefined) return null;
  const aligned = (length: number): number => Math.ceil(length / align) * align;
  const dataAt = aligned(header.sizeBytes);
  const cmsgs: ArgValue[] = [];
  let at = 0;
  while (at + header.sizeBytes <= bytes.length) {
    const { fields } = decodeFields(header, bytes, at);
    const length = Number(fields.cmsg_len);
    if (!(length >= header.sizeBytes) || at + length > wantedBytes) {
      cmsgs.push({ ...fields, cmsg_data: null, status: "malformed" });
      break;
    }
    const data = bytes.subarray(Math.min(at + dataAt, bytes.length), Math.min(at + length, bytes.length));
    const dataBytes = Math.max(length - dataAt, 0);
    cmsgs.push({ ...fields, cmsg_data: dataValue(context, fields, data, dataBytes) });
    at += aligned(length);
  }
  return cmsgs;
}

function dataValue(
  context: CallContext,
  header: { readonly [field: string]: ArgValue },
  data: Uint8Array,
  dataBytes: number,
): ArgValue {
  const isWhole = data.length === dataBytes;
  const decode = isWhole ? DECODERS.get(`${header.cmsg_level} ${header.cmsg_type}`) : undefined;
  return (
    decode?.(context, data) ?? {
      len: dataBytes,
      captured: data.length,
      bytes: base64(data),
      status: isWhole ? "read" : "truncated",
    }
  );
}

function descriptors(_context: CallContext, data: Uint8Array): ArgValue {
  if (data.length % 4 !== 0) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { fds: Array.from({ length: data.length / 4 }, (_, i) => view.getInt32(i * 4, true)) };
}

/** One struct that fills the data; null (bytes are shown then) when it is not of that size. */
function struct(names: StructNames): Decode {
  return (context, data) => {
    const decoder = context.structs.decoder(names, context.variant);
    return decoder?.sizeBytes === data.length ? decodeFields(decoder, data).fields : null;
  };
}

/** SCM_TIMESTAMPING: software, (unused), hardware. */
function triple(names: StructNames): Decode {
  return (context, data) => {
    const decoder = context.structs.decoder(names, context.variant);
    if (decoder === null || decoder.sizeBytes * 3 !== data.length) return null;
    return { ts: [0, 1, 2].map((i) => decodeFields(decoder, data, i * decoder.sizeBytes).fields) };
  };
}

function packetInfo(context: CallContext, data: Uint8Array): ArgValue {
  return fieldTexts(context, data, "in_pktinfo", ["ipi_ifindex", "ipi_spec_dst", "ipi_addr"]);
}

function packetInfo6(context: CallContext, data: Uint8Array): ArgValue {
  return fieldTexts(context, data, "in6_pktinfo", ["ipi6_addr", "ipi6_ifindex"]);
}

/** A struct of numbers and IP addresses; an address is known by its type. */
function fieldTexts(
  context: CallContext,
  data: Uint8Array,
  name: string,
  wanted: readonly string[],
): ArgValue {
  const layout = context.structs.layout(name);
  if (layout === null || layout.sizeBytes !== data.length) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const fields: { [field: string]: ArgValue } = {};
  for (const field of layout.fields) {
    if (!wanted.includes(field.name)) continue;
    const bytes = data.subarray(field.offsetBytes, field.offsetBytes + field.sizeBytes);
    if (field.struct === null) {
      fields[field.name] = Number(readInteger(view, field.offsetBytes, field.sizeBytes, field.signed));
    } else fields[field.name] = bytes.length === 16 ? inet6Text(bytes) : inetText(bytes);
  }
  return fields;
}
