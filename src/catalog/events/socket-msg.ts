/** Messages on sockets: net/socket.c and net/compat.c, also through ia32's `socketcall`. */
import {
  RECVMMSG_PAGE,
  RECVMMSG_TIME32_PAGE,
  RECVMSG_PAGE,
  SENDMMSG_PAGE,
  SENDMSG_PAGE,
} from "../pages/socket-msg.js";
import type { Argument, EventRow, StructNames } from "../types.js";
import { pointer, sameStruct, scalar, toStruct } from "./build.js";
import { RECVMMSG_ERRORS, RECVMSG_ERRORS, SENDMMSG_ERRORS, SENDMSG_ERRORS } from "./socket-msg-errors.js";

const TIMESPEC = sameStruct("__kernel_timespec");
const TIMESPEC32 = sameStruct("old_timespec32");

const FD = scalar("fd", "int", "fd");
const FLAGS = scalar("flags", "unsigned int", "msg_flags");
const QUEUE: EventRow["queue"] = { kind: "socket", by: { arg: 0 } };

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
    errors: SENDMSG_ERRORS,
    related: ["recvmsg", "sendmmsg"],
    summary: "Sends a message on a socket, gathered from several buffers, with address and control messages.",
    page: SENDMSG_PAGE,
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
    errors: RECVMSG_ERRORS,
    related: ["sendmsg", "recvmmsg"],
    summary:
      "Receives a message from a socket into several buffers, with address and control messages. The result may be more than was stored: with MSG_TRUNC in flags it is the datagram's own length.",
    page: RECVMSG_PAGE,
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
    errors: SENDMMSG_ERRORS,
    related: ["recvmmsg", "sendmsg"],
    summary:
      "Sends several messages on one socket. The result is how many were sent; an error shows only when none was, and is forgotten otherwise.",
    page: SENDMMSG_PAGE,
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
      "Receives several messages from one socket. The result is how many came; an error after the first is kept for the socket's next receive.",
    page: RECVMMSG_PAGE,
  },
  {
    id: 17,
    name: "recvmmsg_time32",
    numbers: { ia32: 337 },
    muxes: [{ mux: "socketcall", call: 19, from: [0, 1, 2, 3, 4] }],
    ...recvmmsg(TIMESPEC32),
    related: ["recvmmsg", "sendmmsg"],
    summary: "recvmmsg of 32-bit programs with 32-bit time.",
    page: RECVMMSG_TIME32_PAGE,
  },
];
