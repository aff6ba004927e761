/**
 * Socket addresses, each in as many bytes as it had. What an address means to the matching of messages stays: loopback
 * stays loopback, any stays any, multicast stays multicast. Families that are not known here, and structs that the
 * capture's BTF lacks, become bytes that say nothing.
 */
import { randomInt } from "node:crypto";
import type { StructLayout } from "../../btf/index.js";
import { type Ids, MOST_DIFFERENT, RedactError } from "./ids.js";
import type { RedactKey } from "./key.js";
import type { Census, Kind } from "./kinds.js";
import type { Names } from "./names.js";

export interface SocketAddresses {
  /** A struct sockaddr of some family, perhaps cut short. */
  address(bytes: Uint8Array): Uint8Array;
  ip4(bytes: Uint8Array): Uint8Array;
  ip6(bytes: Uint8Array): Uint8Array;
}

export interface SocketAddressParts {
  readonly keeps: ReadonlySet<Kind>;
  readonly census: Census;
  readonly key: RedactKey;
  readonly names: Names;
  readonly ids: Ids;
  readonly layout: (name: string) => StructLayout | null;
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const FAMILY_BYTES = 2;

export function newSocketAddresses(parts: SocketAddressParts): SocketAddresses {
  const { keeps, census, key, names, ids, layout } = parts;
  const isKept = keeps.has("socket-addresses");
  const port = ports();
  const four = numbered((count) => [10, (count >> 16) & 255, (count >> 8) & 255, count & 255]);
  const loopback = numbered((count) => [127, 1 + ((count >> 16) & 127), (count >> 8) & 255, count & 255]);
  const group = numbered((count) => [239, (count >> 16) & 255, (count >> 8) & 255, count & 255]);
  const six = numbered((count) => sixOf([0xfd, 0], count));
  const link = numbered((count) => sixOf([0xfe, 0x80], count));
  const ip4 = (bytes: Uint8Array): Uint8Array => {
    if (isKept || bytes.length !== 4 || isSpecial4(bytes)) return bytes;
    if (bytes[0] === 127) return loopback(bytes);
    return (bytes[0] ?? 0) >> 4 === 14 ? group(bytes) : four(bytes);
  };
  const ip6 = (bytes: Uint8Array): Uint8Array => {
    if (isKept || bytes.length !== 16) return bytes;
    const zeros = bytes.findIndex((byte) => byte !== 0);
    if (zeros < 0 || (zeros === 15 && bytes[15] === 1)) return bytes;
    if (zeros === 10 && bytes[10] === 0xff && bytes[11] === 0xff) {
      return new Uint8Array([...bytes.subarray(0, 12), ...ip4(bytes.subarray(12))]);
    }
    if (bytes[0] === 0xff) {
      const made = six(bytes);
      return new Uint8Array([0xff, bytes[1] ?? 0, ...made.subarray(2)]);
    }
    return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80 ? link(bytes) : six(bytes);
  };
  /** Fields by name; what none of them covers becomes zero. */
  const fields = (
    bytes: Uint8Array,
    struct: string,
    change: Readonly<Record<string, (field: Uint8Array) => Uint8Array>>,
  ): Uint8Array | null => {
    const found = layout(struct);
    if (found === null) return null;
    const out = new Uint8Array(bytes.length);
    out.set(bytes.subarray(0, FAMILY_BYTES));
    for (const { name, offsetBytes, sizeBytes } of found.fields) {
      const end = offsetBytes + sizeBytes;
      if (change[name] === undefined || end > bytes.length) continue;
      out.set(change[name](bytes.slice(offsetBytes, end)), offsetBytes);
    }
    return out;
  };
  const opaque = (bytes: Uint8Array): Uint8Array => {
    const out = bytes.slice();
    const rest = bytes.subarray(FAMILY_BYTES);
    if (rest.length > 0) out.set(key.stream("sockaddr", rest.length, bytes), FAMILY_BYTES);
    return out;
  };
  const same = (field: Uint8Array) => field;
  const known = (bytes: Uint8Array, family: number): Uint8Array | null => {
    switch (family) {
      case AF_UNIX:
        return unixAddress(bytes, names);
      case AF_INET:
        return fields(bytes, "sockaddr_in", { sin_port: port, sin_addr: ip4 });
      case AF_INET6:
        return fields(bytes, "sockaddr_in6", { sin6_port: port, sin6_addr: ip6, sin6_scope_id: same });
      case AF_NETLINK:
        return fields(bytes, "sockaddr_nl", {
          nl_pid: (field) => number32(field, ids.pid),
          nl_groups: same,
        });
      default:
        return null;
    }
  };
  return {
    ip4,
    ip6,
    address(bytes) {
      if (bytes.length === 0) return bytes;
      census.count("socket-addresses");
      if (isKept) return bytes;
      if (bytes.length < FAMILY_BYTES) return key.stream("sockaddr", bytes.length, bytes);
      return known(bytes, (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8)) ?? opaque(bytes);
    },
  };
}

/** A path ends at its NUL, if it has one; an abstract name, which begins with one, has all bytes that there are. */
function unixAddress(bytes: Uint8Array, names: Names): Uint8Array {
  const out = new Uint8Array(bytes.length);
  out.set(bytes.subarray(0, FAMILY_BYTES));
  const path = bytes.subarray(FAMILY_BYTES);
  if (path.length === 0) return out;
  const isAbstract = path[0] === 0;
  const end = path.indexOf(0);
  const name = isAbstract ? path.subarray(1) : end < 0 ? path : path.subarray(0, end);
  // A leading slash tells whether the path leads to the same place for everybody.
  const isRooted = !isAbstract && name[0] === 0x2f;
  const front = isAbstract || isRooted ? 1 : 0;
  if (isRooted) out[FAMILY_BYTES] = 0x2f;
  out.set(names.socketPath(isRooted ? name.subarray(1) : name), FAMILY_BYTES + front);
  return out;
}

/** 0.0.0.0, 127.0.0.1 and 255.255.255.255 say nothing of anybody. */
function isSpecial4(bytes: Uint8Array): boolean {
  const text = bytes.join(".");
  return text === "0.0.0.0" || text === "127.0.0.1" || text === "255.255.255.255";
}

function sixOf(front: readonly number[], count: number): number[] {
  const bytes = new Array<number>(16).fill(0);
  front.forEach((byte, i) => {
    bytes[i] = byte;
  });
  for (let i = 0; i < 4; i++) bytes[15 - i] = (count >> (8 * i)) & 255;
  return bytes;
}

function numbered(make: (count: number) => readonly number[]): (bytes: Uint8Array) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  return (bytes) => {
    const text = Buffer.from(bytes).toString("latin1");
    let found = known.get(text);
    if (found === undefined) {
      if (known.size >= MOST_DIFFERENT) throw new RedactError("too many different addresses");
      found = new Uint8Array(make(known.size + 1));
      known.set(text, found);
    }
    return found;
  };
}

/** All ports shuffled; 0 is none, and stays. */
function ports(): (field: Uint8Array) => Uint8Array {
  let table: Uint16Array | null = null;
  return (field) => {
    const port = ((field[0] ?? 0) << 8) | (field[1] ?? 0);
    if (port === 0 || field.length !== 2) return field;
    table ??= shuffled();
    const other = table[port] ?? 0;
    return new Uint8Array([other >> 8, other & 255]);
  };
}

function shuffled(): Uint16Array {
  const table = Uint16Array.from({ length: 65_536 }, (_, port) => port);
  for (let i = 65_535; i > 1; i--) {
    const other = 1 + randomInt(i);
    const value = table[i] ?? 0;
    table[i] = table[other] ?? 0;
    table[other] = value;
  }
  return table;
}

function number32(field: Uint8Array, change: (value: number) => number): Uint8Array {
  const out = new Uint8Array(4);
  const view = new DataView(field.buffer, field.byteOffset, field.byteLength);
  if (field.length === 4) new DataView(out.buffer).setUint32(0, change(view.getUint32(0, true)), true);
  return out;
}
