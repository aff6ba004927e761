/**
 * Control messages: headers stay, and of the data what is known here by its fields: descriptors, credentials, times,
 * packet info. All other data is replaced like payload. Walks as replay/arguments/control.ts does; what comes behind a
 * length that cannot be is left out.
 */
import type { StructLayout } from "../../btf/index.js";
import type { Variant } from "../../catalog/types.js";
import type { Redaction } from "./redaction.js";
import { bounded, readNumber, redactStruct, small16, small32, writeNumber } from "./structs.js";
import { USER_TABLES } from "./tables.js";

const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_IPV6 = 41;

/** No control message is longer; eight letters are. */
const MOST_LENGTH = 0x7fffffff;

interface Header {
  readonly lengthBytes: number;
  readonly level: number;
  readonly type: number;
}

export function redactControl(to: Redaction, bytes: Uint8Array, variant: Variant, tgid: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const layout = to.layout(variant === "native" ? "cmsghdr" : "compat_cmsghdr");
  const align = layout?.fields.find(({ name }) => name === "cmsg_len")?.sizeBytes ?? 0;
  if (layout === null || align === 0 || layout.sizeBytes === 0) return out;
  const aligned = (length: number) => Math.ceil(length / align) * align;
  const dataAt = aligned(layout.sizeBytes);
  for (let at = 0; at + layout.sizeBytes <= bytes.length; ) {
    const header = headerAt(layout, bytes, at);
    if (header === null || header.lengthBytes < layout.sizeBytes || header.lengthBytes > MOST_LENGTH) {
      out.set(bounds(layout, bytes, at), at);
      break;
    }
    out.set(headerBytes(layout, bytes, at), at);
    const end = Math.min(at + header.lengthBytes, bytes.length);
    const from = Math.min(at + dataAt, end);
    const isWhole = at + header.lengthBytes <= bytes.length;
    out.set(redactData(to, header, bytes.subarray(from, end), isWhole, variant, tgid), from);
    at += aligned(header.lengthBytes);
  }
  return out;
}

function headerAt(layout: StructLayout, bytes: Uint8Array, at: number): Header | null {
  const number = (name: string): number | null => {
    const field = layout.fields.find((one) => one.name === name);
    if (field === undefined || field.sizeBytes > 8) return null;
    return Number(
      readNumber(bytes.subarray(at + field.offsetBytes, at + field.offsetBytes + field.sizeBytes)),
    );
  };
  const lengthBytes = number("cmsg_len");
  const level = number("cmsg_level");
  const type = number("cmsg_type");
  return lengthBytes === null || level === null || type === null ? null : { lengthBytes, level, type };
}

/** Only the length, which is what is wrong, and no more of it than that it is. */
function bounds(layout: StructLayout, bytes: Uint8Array, at: number): Uint8Array {
  const out = new Uint8Array(layout.sizeBytes);
  const field = layout.fields.find(({ name }) => name === "cmsg_len");
  if (field === undefined) return out;
  const length = readNumber(bytes.subarray(at + field.offsetBytes, at + field.offsetBytes + field.sizeBytes));
  out.set(writeNumber(bounded(length), field.sizeBytes), field.offsetBytes);
  return out;
}

/** Its fields, and nothing of what lies between them. */
function headerBytes(layout: StructLayout, bytes: Uint8Array, at: number): Uint8Array {
  const out = new Uint8Array(layout.sizeBytes);
  for (const { name, offsetBytes, sizeBytes } of layout.fields) {
    if (USER_TABLES.cmsghdr?.[name] === undefined) continue;
    const own = bytes.subarray(at + offsetBytes, at + offsetBytes + sizeBytes);
    out.set(name === "cmsg_len" ? own : small16(own), offsetBytes);
  }
  return out;
}

function redactData(
  to: Redaction,
  { level, type }: Header,
  data: Uint8Array,
  isWhole: boolean,
  variant: Variant,
  tgid: number,
): Uint8Array {
  const isNative = variant === "native";
  const struct = (name: string, count = 1): Uint8Array | null => {
    const layout = to.layout(name);
    const table = USER_TABLES[name];
    if (layout === null || table === undefined || layout.sizeBytes * count !== data.length) return null;
    const parts = {
      tv_sec: (own: Uint8Array) => wallSeconds(to, own),
      tv_nsec: fraction,
      tv_usec: fraction,
      ipi_spec_dst: to.sockets.ip4,
      ipi_addr: to.sockets.ip4,
      ipi6_addr: to.sockets.ip6,
      ipi_ifindex: small16,
      ipi6_ifindex: small16,
    };
    const made = Array.from({ length: count }, (_, i) =>
      redactStruct(to, layout, table, data.slice(i * layout.sizeBytes, (i + 1) * layout.sizeBytes), {
        tgid,
        parts,
      }),
    );
    return new Uint8Array(Buffer.concat(made));
  };
  const known = (): Uint8Array | null => {
    switch (`${level} ${type}`) {
      case `${SOL_SOCKET} 1`: // SCM_RIGHTS
        return data.length % 4 === 0 ? descriptors(data) : null;
      case `${SOL_SOCKET} 2`: // SCM_CREDENTIALS
        return struct("ucred");
      case `${SOL_SOCKET} 29`: // SO_TIMESTAMP_OLD
        return struct(isNative ? "__kernel_old_timeval" : "old_timeval32");
      case `${SOL_SOCKET} 35`: // SO_TIMESTAMPNS_OLD
        return struct(isNative ? "__kernel_old_timespec" : "old_timespec32");
      case `${SOL_SOCKET} 37`: // SO_TIMESTAMPING_OLD
        return struct(isNative ? "__kernel_old_timespec" : "old_timespec32", 3);
      case `${SOL_SOCKET} 63`: // SO_TIMESTAMP_NEW
        return struct("__kernel_sock_timeval");
      case `${SOL_SOCKET} 64`: // SO_TIMESTAMPNS_NEW
        return struct("__kernel_timespec");
      case `${SOL_SOCKET} 65`: // SO_TIMESTAMPING_NEW
        return struct("__kernel_timespec", 3);
      case `${SOL_IP} 8`: // IP_PKTINFO
        return struct("in_pktinfo");
      case `${SOL_IPV6} 50`: // IPV6_PKTINFO
        return struct("in6_pktinfo");
      default:
        return null;
    }
  };
  return (isWhole ? known() : null) ?? to.payloads.replace(data);
}

function descriptors(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 4) {
    const fd = small32(BigInt.asIntN(32, readNumber(data.subarray(at, at + 4))));
    out.set(writeNumber(BigInt.asUintN(32, fd), 4), at);
  }
  return out;
}

/** No time is beyond; eight letters are. */
const MOST_KEPT = 1n << 47n;

export function wallSeconds(to: Redaction, own: Uint8Array): Uint8Array {
  const bits = 8 * own.length;
  const made = to.clock.seconds(BigInt.asIntN(bits, readNumber(own)));
  return writeNumber(
    BigInt.asUintN(bits, to.keeps.has("wall-clock") ? bounded(made, MOST_KEPT) : made),
    own.length,
  );
}

/** No fraction of a second has more than 32 bits; eight letters have. */
const MOST_FRACTION = 0xffffffffn;

export function fraction(own: Uint8Array): Uint8Array {
  const value = BigInt.asIntN(8 * own.length, readNumber(own));
  const kept = value > MOST_FRACTION ? MOST_FRACTION : value < -MOST_FRACTION ? -MOST_FRACTION : value;
  return writeNumber(BigInt.asUintN(8 * own.length, kept), own.length);
}
