/**
 * What a queue is called in answers: POSIX `/name`, System V its key as ipcs prints it (`0x000004d2`), a socket as
 * `strace -yy` would show it (`UDP:[127.0.0.1:1234->127.0.0.1:5678]`).
 */
import type { QueueEntry } from "../format/types.js";
import { sockaddrFields } from "./arguments/sockaddr.js";
import type { Fields, Structs } from "./arguments/structs.js";
import { nameText } from "./names.js";

export type QueueNamer = (entry: QueueEntry) => string | null;

/** Linux's numbers of address families, the same on every architecture. */
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
/** Socket types, likewise. */
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** IP protocols that have a name of their own here; the default of a type is 0. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, "ICMP"],
  [6, "TCP"],
  [17, "UDP"],
  [58, "ICMPv6"],
  [132, "SCTP"],
  [136, "UDPLITE"],
  [262, "MPTCP"],
]);

/** Makes the function that names queue entries; socket addresses are laid out by the capture's BTF. */
export function queueNamer(structs: Structs): QueueNamer {
  const cache = new WeakMap<QueueEntry, string | null>();
  return (entry) => {
    let name = cache.get(entry);
    if (name === undefined) {
      name = queueName(entry, structs);
      cache.set(entry, name);
    }
    return name;
  };
}

function queueName(entry: QueueEntry, structs: Structs): string | null {
  if (entry.kind === "posix") return entry.name === null ? null : `/${nameText(entry.name)}`;
  if (entry.kind === "sysv") {
    return entry.key === null ? null : `0x${(entry.key >>> 0).toString(16).padStart(8, "0")}`;
  }
  return socketName(entry, structs);
}

function socketName(entry: QueueEntry, structs: Structs): string | null {
  const protocol = protocolName(entry);
  if (protocol === null) return null;
  const local = address(entry.local, structs);
  const peer = address(entry.peer, structs);
  const ends = [local ?? (peer === null ? `${entry.id}` : ""), peer].filter((end) => end !== null);
  return `${protocol}:[${ends.join("->")}]`;
}

function protocolName({ family, socketType, protocol }: QueueEntry): string | null {
  if (family === AF_UNIX) return "UNIX";
  if (family === AF_NETLINK) return "NETLINK";
  if (family !== AF_INET && family !== AF_INET6) return family === null ? null : `socket family ${family}`;
  const byType = socketType === SOCK_STREAM ? "TCP" : socketType === SOCK_DGRAM ? "UDP" : "RAW";
  const name = protocol === null || protocol === 0 ? byType : (PROTOCOLS.get(protocol) ?? byType);
  return family === AF_INET6 && !name.endsWith("v6") ? `${name}v6` : name;
}

/** One end of a socket; null when it has no address, or none that the BTF lays out. */
function address(bytes: Uint8Array | null, structs: Structs): string | null {
  if (bytes === null || bytes.length === 0) return null;
  const fields: Fields = sockaddrFields(structs, bytes);
  if (typeof fields.sin_addr === "string") return `${fields.sin_addr}:${fields.sin_port}`;
  if (typeof fields.sin6_addr === "string") return `[${fields.sin6_addr}]:${fields.sin6_port}`;
  if (typeof fields.sun_path === "string") return fields.sun_path === "" ? null : fields.sun_path;
  if (typeof fields.nl_pid === "number") return `${fields.nl_pid}`;
  return null;
}
