/**
 * Socket addresses, each in as many bytes as it had. Families that are not known here, and structs that the capture's BTF
 * lacks, become bytes that say nothing.
 */
import type { StructLayout } from "../../btf/index.js";
import type { Ids } from "./ids.js";
import type { IpAddresses } from "./ip.js";
import type { RedactKey } from "./key.js";
import type { Census, Kind } from "./kinds.js";
import type { Names } from "./names.js";
import { scrambler } from "./values.js";

export interface SocketAddresses {
  /** A struct sockaddr of some family, perhaps cut short. */
  address(bytes: Uint8Array): Uint8Array;
  ip4(bytes: Uint8Array): Uint8Array;
  ip6(bytes: Uint8Array): Uint8Array;
  /** The one became the other under a call: they differ from the same byte on. To be told before any is replaced. */
  join(before: Uint8Array, after: Uint8Array): void;
}

export interface SocketAddressParts {
  readonly keeps: ReadonlySet<Kind>;
  readonly census: Census;
  readonly key: RedactKey;
  readonly names: Names;
  readonly ids: Ids;
  readonly ips: IpAddresses;
  readonly layout: (name: string) => StructLayout | null;
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const FAMILY_BYTES = 2;
const KNOWN: ReadonlySet<number> = new Set([AF_UNIX, AF_INET, AF_INET6, AF_NETLINK]);

/** Fields with IP addresses and ports, by family. */
const IP_FIELDS: ReadonlyMap<number, { readonly struct: string; readonly fields: readonly IpField[] }> =
  new Map([
    [
      AF_INET,
      {
        struct: "sockaddr_in",
        fields: [
          ["sin_port", "port"],
          ["sin_addr", "ip4"],
        ],
      },
    ],
    [
      AF_INET6,
      {
        struct: "sockaddr_in6",
        fields: [
          ["sin6_port", "port"],
          ["sin6_addr", "ip6"],
        ],
      },
    ],
  ]);

type IpField = readonly [name: string, kind: "port" | "ip4" | "ip6"];

export function newSocketAddresses(parts: SocketAddressParts): SocketAddresses {
  const { keeps, census, key, names, ids, ips, layout } = parts;
  const isKept = keeps.has("socket-addresses");
  const scramble = scrambler(key);
  const flow = (field: Uint8Array) => (isKept ? field : scramble(field));
  const port = (field: Uint8Array) => (isKept ? field : ips.port(field));
  const path = (name: Uint8Array) => (isKept ? name : names.socketPath(name));
  /** Interfaces and groups have small numbers; what has not may be anything. */
  const small = (field: Uint8Array) => (field.subarray(2).every((byte) => byte === 0) ? field : flow(field));
  const ip4 = (bytes: Uint8Array) => (isKept ? bytes : ips.ip4(bytes));
  const ip6 = (bytes: Uint8Array) => (isKept ? bytes : ips.ip6(bytes));
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
  const known = (bytes: Uint8Array, family: number): Uint8Array | null => {
    switch (family) {
      case AF_UNIX:
        return unixAddress(bytes, path);
      case AF_INET:
        return fields(bytes, "sockaddr_in", { sin_port: port, sin_addr: ip4 });
      case AF_INET6:
        return fields(bytes, "sockaddr_in6", {
          sin6_port: port,
          sin6_flowinfo: flow,
          sin6_addr: ip6,
          sin6_scope_id: small,
        });
      case AF_NETLINK:
        return fields(bytes, "sockaddr_nl", {
          nl_pid: (field) => number32(field, ids.pid),
          nl_groups: small,
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
      // Of a family that is known here only its fields are the address, whether they are kept or not.
      const family = familyOf(bytes);
      if (isKept && !(bytes.length >= FAMILY_BYTES && KNOWN.has(family))) return bytes;
      if (bytes.length < FAMILY_BYTES) return key.stream("sockaddr", bytes.length, bytes);
      return known(bytes, family) ?? opaque(bytes);
    },
    join(before, after) {
      const family = familyOf(before);
      if (isKept || family !== familyOf(after)) return;
      if (family === AF_UNIX) {
        const [one, other] = [unixName(before), unixName(after)];
        if (one.front === other.front && one.isAbstract === other.isAbstract) {
          names.joinSockets([one.name, other.name]);
        }
      }
      const known = IP_FIELDS.get(family);
      const found = known === undefined ? null : layout(known.struct);
      for (const [name, kind] of known?.fields ?? []) {
        const field = found?.fields.find((candidate) => candidate.name === name);
        if (field === undefined) continue;
        const end = field.offsetBytes + field.sizeBytes;
        if (end > before.length || end > after.length) continue;
        ips.join(kind, before.slice(field.offsetBytes, end), after.slice(field.offsetBytes, end));
      }
    },
  };
}

function familyOf(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}

interface UnixName {
  readonly name: Uint8Array;
  /** Bytes in front of it: the NUL of an abstract name, a leading slash. */
  readonly front: number;
  readonly isAbstract: boolean;
}

/**
 * A path ends at its NUL, if it has one; an abstract name, which begins with one, has all bytes that there are. A leading
 * slash stays: it tells whether the path leads to the same place for everybody.
 */
function unixName(bytes: Uint8Array): UnixName {
  const path = bytes.subarray(FAMILY_BYTES);
  const isAbstract = path[0] === 0;
  if (isAbstract) return { name: path.subarray(1), front: 1, isAbstract };
  const end = path.indexOf(0);
  const front = path[0] === SLASH ? 1 : 0;
  return { name: path.subarray(front, end < 0 ? path.length : end), front, isAbstract };
}

const SLASH = 0x2f;

function unixAddress(bytes: Uint8Array, path: Names["socketPath"]): Uint8Array {
  if (bytes.length === FAMILY_BYTES) return bytes.slice();
  const { name, front } = unixName(bytes);
  const made = path(name);
  const out = new Uint8Array(bytes.length + made.length - name.length);
  out.set(bytes.subarray(0, FAMILY_BYTES));
  if (bytes[FAMILY_BYTES] === SLASH) out[FAMILY_BYTES] = SLASH;
  out.set(made, FAMILY_BYTES + front);
  return out;
}

function number32(field: Uint8Array, change: (value: number) => number): Uint8Array {
  const out = new Uint8Array(4);
  const view = new DataView(field.buffer, field.byteOffset, field.byteLength);
  if (field.length === 4) new DataView(out.buffer).setUint32(0, change(view.getUint32(0, true)), true);
  return out;
}
