/**
 * The errors of the socket calls that net/socket.c gives, and those of TCP, UDP and Unix sockets that operators meet.
 * A protocol may give others.
 */
import type { ErrorRow } from "../types.js";

const EXHAUSTED = "needs a kernel without memory";
const NOT_SENT = "nothing was sent";
const NOT_TAKEN = "nothing was taken out";
const CLEARED = "the error is told once: the next call does not find it any more";

function common(queue: string): readonly ErrorRow[] {
  return [
    { errno: "EBADF", means: "fd is not open", queue },
    { errno: "ENOMEM", means: "no memory", queue, untested: EXHAUSTED },
    { errno: "ENOTSOCK", means: "fd is no socket", queue },
    {
      errno: "ERESTARTSYS",
      seenAs: "EINTR",
      means:
        "a signal came while the call waited. With SA_RESTART, or without a handler, the kernel begins the call anew; else user space gets EINTR",
      queue,
    },
    {
      errno: "EINTR",
      means:
        "a signal came while the call waited on a socket with SO_RCVTIMEO or SO_SNDTIMEO: never begun anew, whatever SA_RESTART says",
      queue,
    },
  ];
}

function sendErrors(fault: ErrorRow): readonly ErrorRow[] {
  return [
    {
      errno: "EAGAIN",
      means: "there is no room and the call does not wait, or SO_SNDTIMEO passed",
      queue: NOT_SENT,
    },
    {
      errno: "EACCES",
      means: "a broadcast without SO_BROADCAST, or the mode of a Unix socket's path forbids writing",
      queue: NOT_SENT,
    },
    {
      errno: "ECONNREFUSED",
      means: "an earlier datagram was refused by the peer's host, or a Unix socket's peer is gone",
      queue: `this message was not sent. UDP: ${CLEARED}`,
    },
    {
      errno: "ECONNRESET",
      means: "the peer ended the connection with a reset",
      queue: "not sent; what was sent before and not read is lost",
    },
    { errno: "EDESTADDRREQ", means: "the socket has no peer and the message no address", queue: NOT_SENT },
    fault,
    {
      errno: "EINVAL",
      means:
        "msg_namelen is negative, a control message is malformed, or flags has MSG_CMSG_COMPAT in a 64-bit call",
      queue: NOT_SENT,
    },
    {
      errno: "EISCONN",
      means: "an address was given although the socket is connected (streams; UDP allows it)",
      queue: NOT_SENT,
    },
    { errno: "EMSGSIZE", means: "more than 1024 iovecs, or a datagram too large", queue: NOT_SENT },
    {
      errno: "ENOBUFS",
      means: "msg_controllen is above 2147483647 or above net.core.optmem_max, or the device's queue is full",
      queue: NOT_SENT,
    },
    { errno: "ENOTCONN", means: "the socket is not connected", queue: NOT_SENT },
    { errno: "EOPNOTSUPP", means: "this socket does not know one of the flags", queue: NOT_SENT },
    {
      errno: "EPIPE",
      means: "the sending side is shut down, or a stream's peer is gone; SIGPIPE too unless MSG_NOSIGNAL",
      queue: NOT_SENT,
    },
    ...common(NOT_SENT),
  ];
}

export const SENDMSG_ERRORS: readonly ErrorRow[] = sendErrors({
  errno: "EFAULT",
  means: "a pointer leads to memory that cannot be used",
  queue: NOT_SENT,
});

export const SENDMMSG_ERRORS: readonly ErrorRow[] = sendErrors({
  errno: "EFAULT",
  means: "a pointer leads to memory that cannot be used",
  queue: "if msgvec could be read and not written, the first message was sent all the same",
});

function receiveErrors(invalid: string, refused: string, reset: string): readonly ErrorRow[] {
  return [
    {
      errno: "EAGAIN",
      means: "there is nothing to receive and the call does not wait, or SO_RCVTIMEO passed",
      queue: "there was nothing to take",
    },
    { errno: "ECONNREFUSED", means: "an earlier datagram was refused by the peer's host", queue: refused },
    {
      errno: "ECONNRESET",
      means: "the peer closed the connection with data unread, or reset it",
      queue: reset,
    },
    {
      errno: "EFAULT",
      means: "a pointer leads to memory that cannot be used",
      queue:
        "a datagram is taken out and lost when it was the memory to write to; if the header could not be read, nothing was; a stream keeps its bytes",
      loses: "sometimes",
    },
    { errno: "EINVAL", means: invalid, queue: NOT_TAKEN },
    { errno: "EMSGSIZE", means: "more than 1024 iovecs", queue: NOT_TAKEN },
    {
      errno: "ENOBUFS",
      means: "netlink: messages were dropped because the receive buffer was full",
      queue: "messages before the loss are still there, the dropped ones are lost",
      untested: "belongs to netlink, whose floods need a source of their own",
    },
    {
      errno: "ENOTCONN",
      means: "the socket is not connected (TCP; a Unix stream gives EINVAL)",
      queue: NOT_TAKEN,
    },
    { errno: "EOPNOTSUPP", means: "this socket does not know one of the flags", queue: NOT_TAKEN },
    ...common(NOT_TAKEN),
  ];
}

export const RECVMSG_ERRORS: readonly ErrorRow[] = receiveErrors(
  "msg_namelen is negative, a Unix stream is not connected, or flags has MSG_CMSG_COMPAT in a 64-bit call",
  CLEARED,
  CLEARED,
);

export const RECVMMSG_ERRORS: readonly ErrorRow[] = receiveErrors(
  "msg_namelen is negative, a Unix stream is not connected, flags has MSG_CMSG_COMPAT in a 64-bit call, or timeout is no valid time",
  `${CLEARED}. Datagrams that were there still are`,
  CLEARED,
);
