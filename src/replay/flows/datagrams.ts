/**
 * Datagrams between sockets of this host: what calls sent to which address, and what they received on it. Only
 * addresses that lead to a socket of the same host for sure: AF_UNIX names, and loopback. Streams have no messages.
 */
import { eventById } from "../../catalog/events.js";
import type { QueueEntry } from "../../format/types.js";
import { sockaddrFields } from "../arguments/sockaddr.js";
import type { Structs } from "../arguments/structs.js";
import { callEvidence, type LineParts } from "../call-line.js";
import type { ArgValue } from "../types.js";
import { addressIn } from "./addresses.js";
import { endOf, type QueueCall } from "./deeds.js";
import { type Print, printKey, printOf } from "./payload.js";
import type { Received, Sent } from "./types.js";

export interface DatagramParts extends Pick<LineParts, "layouts" | "onProblem" | "decode"> {
  readonly structs: Structs;
}

/** By channel: where the datagrams of one address meet. */
export interface Datagrams {
  readonly sent: readonly { readonly channel: string; readonly sent: Sent }[];
  readonly received: readonly { readonly channel: string; readonly received: Received }[];
}

const SOCK_DGRAM = 2;
/** Flags of recvmsg: what was only looked at, and what is no datagram. */
const MSG_PEEK = 0x2;
const MSG_ERRQUEUE = 0x2000;
/** In msg_flags: the datagram was longer than the room for it. */
const MSG_TRUNC = 0x20;

const NONE: Datagrams = { sent: [], received: [] };

/** `socket`: what is known of the call's socket. */
export function datagramsOf(of: QueueCall, socket: QueueEntry, parts: DatagramParts): Datagrams {
  const { call } = of;
  const event = eventById(call.event);
  const role = event?.message;
  if (event === undefined || role === undefined || role.does === "remove") return NONE;
  if (socket.socketType !== SOCK_DGRAM || call.ret === null || call.ret < 0) return NONE;
  const evidence = callEvidence(call, parts);
  const args = evidence === null ? null : parts.decode(evidence);
  if (evidence === null || args === null) return NONE;
  const isVector = event.returns === "count";
  const value = args[event.args[role.payload]?.name ?? ""];
  const messages = isVector ? (Array.isArray(value) ? value.slice(0, call.ret) : []) : [value ?? null];
  const own = endOf(of);
  const ends = messages.flatMap((message: ArgValue, at: number) => {
    const outer = fieldsOf(message);
    const header = isVector ? fieldsOf(outer?.msg_hdr) : outer;
    if (outer === null || header === null) return [];
    const sizeBytes = isVector ? numberOf(outer.msg_len) : call.ret;
    const print = payloadOf(header.msg_iov, sizeBytes);
    const party = { ...of.party, message: isVector ? at : null };
    return [{ header, sizeBytes, print, end: { ...own, party, rank: null, identity: null } }];
  });
  const bound = addressOf(socket.local, parts.structs);
  const local = addressIn(bound);
  if (role.does === "send") {
    const peer = addressOf(socket.peer, parts.structs);
    return {
      received: [],
      sent: ends.flatMap(({ header, sizeBytes, print, end }) => {
        const to = fieldsOf(header.msg_name) ?? peer;
        const channel = channelOf(to, socket, false);
        if (channel === null) return [];
        const route = { from: local, to: addressIn(to) };
        const prints = print === null ? [] : [print];
        const key = keyOf(sizeBytes, print);
        return [{ channel, sent: { ...end, route, key, sizeBytes, prints, isSure: true, wasFull: null } }];
      }),
    };
  }
  const flags = Number(evidence.args?.[role.flags ?? 0] ?? 0n);
  const channel = channelOf(bound, socket, true);
  if (channel === null || (flags & (MSG_PEEK | MSG_ERRQUEUE)) !== 0) return NONE;
  return {
    sent: [],
    received: ends.map(({ header, sizeBytes, print, end }) => {
      const written = numberOf(header.msg_flags);
      const isCut = written === null || (written & MSG_TRUNC) !== 0;
      const key = isCut ? null : keyOf(sizeBytes, print);
      const selector = { kind: "first" } as const;
      const route = { from: addressIn(fieldsOf(header.msg_name)), to: local };
      return {
        channel,
        received: { ...end, route, key, sizeBytes, isCut, print, selector, result: "taken" },
      };
    }),
  };
}

type Fields = { readonly [name: string]: ArgValue };

function fieldsOf(value: ArgValue | undefined): Fields | null {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : null;
}

function numberOf(value: ArgValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function addressOf(bytes: Uint8Array | null, structs: Structs): Fields | null {
  return bytes === null || bytes.length === 0 ? null : sockaddrFields(structs, bytes);
}

/**
 * Where datagrams to this address, or received at it, may meet. null: not known, or perhaps another host's. Ports of
 * all loopback addresses are one place, since who is bound to any address gets them all; `isElsewhere` tells the
 * addresses apart.
 */
function channelOf(address: Fields | null, socket: QueueEntry, isBound: boolean): string | null {
  if (address === null || "status" in address) return null;
  if (typeof address.sun_path === "string" && address.sun_path !== "") {
    const isAbstract = address.sun_path.startsWith("@");
    // What a relative path leads to depends on who says it.
    if (!isAbstract && !address.sun_path.startsWith("/")) return null;
    const name = address.sun_path_bytes ?? address.sun_path;
    return `unix ${isAbstract ? socket.namespaceInum : ""} ${name}`;
  }
  const host = address.sin_addr ?? address.sin6_addr;
  const port = address.sin_port ?? address.sin6_port;
  if (typeof host !== "string" || typeof port !== "number" || port === 0) return null;
  const isHere = /^127\.|^::1$|^::ffff:127\./.test(host) || (isBound && /^(0\.0\.0\.0|::)$/.test(host));
  return isHere ? `port ${socket.namespaceInum} ${socket.protocol} ${port}` : null;
}

/** The bytes of a message in order, up to the first that was not captured. */
function payloadOf(iovecs: ArgValue | undefined, sizeBytes: number | null): Print | null {
  if (!Array.isArray(iovecs) || sizeBytes === null) return null;
  const parts: Uint8Array[] = [];
  for (const iovec of iovecs as readonly ArgValue[]) {
    const base = fieldsOf(fieldsOf(iovec)?.iov_base);
    if (base === null) continue;
    if (typeof base.bytes !== "string") break;
    const bytes = Buffer.from(base.bytes, "base64");
    parts.push(bytes);
    if (bytes.length < Number(base.len)) break;
  }
  const all = Buffer.concat(parts);
  return printOf(all.subarray(0, sizeBytes));
}

function keyOf(sizeBytes: number | null, print: Print | null): string | null {
  return sizeBytes === null || print === null ? null : `${sizeBytes}/${printKey(print)}`;
}
