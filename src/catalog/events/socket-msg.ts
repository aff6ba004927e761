/** Messages on sockets: net/socket.c and net/compat.c, also through ia32's `socketcall`. */
import type { Argument, EventRow, StructNames } from "../types.js";
import { pointer, sameStruct, scalar, toStruct } from "./build.js";

const TIMESPEC = sameStruct("__kernel_timespec");
const TIMESPEC32 = sameStruct("old_timespec32");

const FD = scalar("fd", "int", "fd");
const FLAGS = scalar("flags", "unsigned int", "msg_flags");
const QUEUE: EventRow["queue"] = { kind: "socket", by: { arg: 0 } };

const COMMON_ERRORS: EventRow["errors"] = [
  { errno: "EBADF", means: "fd is not open" },
  { errno: "EFAULT", means: "a pointer leads to memory that cannot be used" },
  { errno: "ENOMEM", means: "no memory" },
  { errno: "ENOTSOCK", means: "fd is no socket" },
  {
    errno: "ERESTARTSYS",
    means:
      "a signal came while waiting; the kernel begins the call anew or user space gets EINTR, as the handler's SA_RESTART says",
  },
  {
    errno: "EINTR",
    means:
      "a signal came while waiting on a socket with SO_RCVTIMEO or SO_SNDTIMEO: never begun anew, whatever SA_RESTART says",
  },
];

const SEND_ERRORS: EventRow["errors"] = [
  { errno: "EAGAIN", means: "the socket does not wait and has no room" },
  { errno: "EACCES", means: "a broadcast without SO_BROADCAST, or the path's mode forbids writing" },
  { errno: "ECONNREFUSED", means: "an earlier datagram was refused by the peer, or nobody listens" },
  { errno: "ECONNRESET", means: "the peer closed the connection" },
  { errno: "EDESTADDRREQ", means: "the socket has no peer and the message no address" },
  {
    errno: "EINVAL",
    means:
      "msg_namelen is negative, a control message is malformed, or flags has MSG_CMSG_COMPAT in a 64-bit call",
  },
  { errno: "EISCONN", means: "an address was given although the socket is connected" },
  { errno: "EMSGSIZE", means: "more than 1024 iovecs, or a datagram too large" },
  { errno: "ENOBUFS", means: "msg_controllen is too large, or the device's queue is full" },
  { errno: "ENOTCONN", means: "the socket is not connected" },
  { errno: "EOPNOTSUPP", means: "this socket does not know one of the flags" },
  { errno: "EPIPE", means: "the sending side is shut down; SIGPIPE too unless MSG_NOSIGNAL" },
  ...COMMON_ERRORS,
];

const RECEIVE_ERRORS: EventRow["errors"] = [
  { errno: "EAGAIN", means: "nothing to receive and the socket does not wait, or SO_RCVTIMEO passed" },
  { errno: "ECONNREFUSED", means: "an earlier datagram was refused by the peer" },
  { errno: "ECONNRESET", means: "the peer closed the connection with data unread" },
  { errno: "EINVAL", means: "msg_namelen is negative, or flags has MSG_CMSG_COMPAT in a 64-bit call" },
  { errno: "EMSGSIZE", means: "more than 1024 iovecs" },
  { errno: "ENOBUFS", means: "netlink: messages were dropped because the receive buffer was full" },
  { errno: "ENOTCONN", means: "the socket is not connected" },
  { errno: "EOPNOTSUPP", means: "this socket does not know one of the flags" },
  ...COMMON_ERRORS,
];

const RECVMMSG_ERRORS: EventRow["errors"] = [
  ...RECEIVE_ERRORS.map((row) =>
    row.errno === "EINVAL" ? { ...row, means: `${row.means}, or timeout is no valid time` } : row,
  ),
];

const MSGVEC: Argument = pointer("msgvec", "struct mmsghdr *", "inout", ["TOCTOU"], {
  kind: "mmsghdr",
  count: { arg: 2 },
});

/** recvmmsg as 64-bit and 32-bit time have it. */
function recvmmsg(
  timespec: StructNames,
): Pick<
  EventRow,
  "args" | "returns" | "entry" | "exit" | "queue" | "access" | "message" | "errors" | "family" | "onRequest"
> {
  return {
    family: "socket-msg",
    onRequest: false,
    args: [
      FD,
      MSGVEC,
      scalar("vlen", "unsigned int", "decimal"),
      FLAGS,
      pointer(
        "timeout",
        `struct ${timespec.native} *`,
        "inout",
        ["TOCTOU", "OPT"],
        toStruct(timespec),
        "relative, looked at only after each message: it never wakes a call that waits. The rest is written back when at least one message came",
      ),
    ],
    returns: "count",
    entry: [
      { take: "socket", from: { arg: 0 } },
      { take: "mmsghdr", arg: 1, count: { arg: 2 }, payload: false, received: false },
      { take: "struct", arg: 4, struct: timespec },
    ],
    exit: [
      { take: "socket", from: { arg: 0 } },
      // Only the messages that came: of the rest the kernel wrote nothing, and read at most one header more.
      { take: "mmsghdr", arg: 1, count: "ret", payload: true, received: true, onSuccess: true },
      { take: "struct", arg: 4, struct: timespec },
    ],
    queue: QUEUE,
    access: [],
    message: { does: "receive", payload: 1, flags: 3 },
    errors: RECVMMSG_ERRORS,
  };
}

export const SOCKET_MSG: readonly EventRow[] = [
  {
    id: 13,
    name: "sendmsg",
    family: "socket-msg",
    onRequest: true,
    numbers: { x86_64: 46, ia32: 370, arm64: 211 },
    x32: 518,
    muxes: [{ mux: "socketcall", call: 16, from: [0, 1, 2] }],
    args: [
      FD,
      pointer(
        "msg",
        "struct user_msghdr *",
        "in",
        ["TOCTOU"],
        { kind: "msghdr" },
        "msg_flags is not looked at",
      ),
      FLAGS,
    ],
    returns: "bytes",
    entry: [
      { take: "socket", from: { arg: 0 } },
      { take: "msghdr", arg: 1, payload: true, received: false },
    ],
    exit: [
      { take: "socket", from: { arg: 0 } },
      { take: "msghdr", arg: 1, payload: true, received: false },
    ],
    queue: QUEUE,
    access: [],
    message: { does: "send", payload: 1 },
    errors: SEND_ERRORS,
    related: ["recvmsg", "sendmmsg"],
    summary: "Sends a message on a socket, gathered from several buffers, with address and control messages.",
  },
  {
    id: 14,
    name: "recvmsg",
    family: "socket-msg",
    onRequest: true,
    numbers: { x86_64: 47, ia32: 372, arm64: 212 },
    x32: 519,
    muxes: [{ mux: "socketcall", call: 17, from: [0, 1, 2] }],
    args: [
      FD,
      pointer(
        "msg",
        "struct user_msghdr *",
        "inout",
        ["TOCTOU"],
        { kind: "msghdr" },
        "the kernel writes msg_namelen, msg_controllen and msg_flags",
      ),
      FLAGS,
    ],
    returns: "bytes",
    entry: [
      { take: "socket", from: { arg: 0 } },
      { take: "msghdr", arg: 1, payload: false, received: false },
    ],
    exit: [
      { take: "socket", from: { arg: 0 } },
      { take: "msghdr", arg: 1, payload: true, received: true },
    ],
    queue: QUEUE,
    access: [],
    message: { does: "receive", payload: 1, flags: 2 },
    errors: RECEIVE_ERRORS,
    related: ["sendmsg", "recvmmsg"],
    summary:
      "Receives a message from a socket into several buffers, with address and control messages. The result may be more than was stored: with MSG_TRUNC in flags it is the datagram's own length.",
  },
  {
    id: 15,
    name: "sendmmsg",
    family: "socket-msg",
    onRequest: false,
    numbers: { x86_64: 307, ia32: 345, arm64: 269 },
    x32: 538,
    muxes: [{ mux: "socketcall", call: 20, from: [0, 1, 2, 3] }],
    args: [
      FD,
      MSGVEC,
      scalar("vlen", "unsigned int", "decimal", "the kernel sends at most 1024 messages a call"),
      FLAGS,
    ],
    returns: "count",
    entry: [
      { take: "socket", from: { arg: 0 } },
      { take: "mmsghdr", arg: 1, count: { arg: 2 }, payload: true, received: false },
    ],
    exit: [
      { take: "socket", from: { arg: 0 } },
      { take: "mmsghdr", arg: 1, count: { arg: 2 }, payload: true, received: false },
    ],
    queue: QUEUE,
    access: [],
    message: { does: "send", payload: 1 },
    errors: SEND_ERRORS,
    related: ["recvmmsg", "sendmsg"],
    summary:
      "Sends several messages on one socket. The result is how many were sent; an error shows only when none was, and is forgotten otherwise.",
  },
  {
    id: 16,
    name: "recvmmsg",
    numbers: { x86_64: 299, ia32: 417, arm64: 243 },
    x32: 537,
    muxes: [],
    ...recvmmsg(TIMESPEC),
    related: ["sendmmsg", "recvmsg", "recvmmsg_time32"],
    summary:
      "Receives several messages from one socket. The result is how many came; an error after the first is kept for the socket's next call.",
  },
  {
    id: 17,
    name: "recvmmsg_time32",
    numbers: { ia32: 337 },
    muxes: [{ mux: "socketcall", call: 19, from: [0, 1, 2, 3, 4] }],
    ...recvmmsg(TIMESPEC32),
    related: ["recvmmsg", "sendmmsg"],
    summary: "recvmmsg of 32-bit programs with 32-bit time.",
  },
];
