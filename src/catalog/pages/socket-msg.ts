/** What `explain` says of the socket calls. */
import type { Fact, Page } from "../types.js";

const RESTART = (id: string): Fact => ({
  id,
  says: "A signal ends the wait with ERESTARTSYS (512) for the tracer: begun anew with SA_RESTART, else EINTR. On a socket with SO_RCVTIMEO (SO_SNDTIMEO for sends) it is EINTR (4) for the tracer too, and never begun anew.",
});

const NO_SECURITY_HOOK = "needs a program in a security hook";

const OTHERS = (id: string): Fact => ({
  id,
  says: "Each protocol adds errors of its own: those below are of the call itself, TCP, UDP and Unix sockets.",
  untested: "has no end",
});

export const SENDMSG_PAGE: Page = {
  description: [
    {
      id: "sendmsg.gathers",
      says: "Sends the buffers of msg_iov, one after the other, as one message on a socket: to msg_name, or to the peer of a connected socket, with the control messages of msg_control.",
    },
    {
      id: "sendmsg.reads-only",
      says: "All of it is input. msg_flags in the header is ignored: flags is the argument.",
    },
  ],
  useCase:
    "Who sends what to whom, with which descriptors or credentials; sends that wait for a slow receiver.",
  result: {
    id: "sendmsg.bytes",
    says: "The bytes that were sent: of a datagram all or none. Of a stream it may be less than was given when the call does not wait.",
  },
  behaviour: [
    { id: "sendmsg.empty", says: "A datagram of 0 bytes is a datagram: the receiver gets 0." },
    {
      id: "sendmsg.late-error",
      says: "UDP tells what became of an earlier datagram: ECONNREFUSED is about that one, and this one is not sent. The next call works again.",
    },
    {
      id: "sendmsg.sigpipe",
      says: "A stream whose peer is gone gives EPIPE and SIGPIPE; with MSG_NOSIGNAL EPIPE alone.",
    },
    { id: "sendmsg.timeout", says: "SO_SNDTIMEO that passes is EAGAIN, not ETIMEDOUT." },
    RESTART("sendmsg.restart"),
  ],
  pitfalls: [{ id: "sendmsg.iovecs", says: "More than 1024 iovecs are EMSGSIZE." }, OTHERS("sendmsg.others")],
  kernel: [],
};

export const RECVMSG_PAGE: Page = {
  description: [
    {
      id: "recvmsg.scatters",
      says: "Receives one message from a socket and fills the buffers of msg_iov one after the other. The sender's address goes to msg_name, control messages to msg_control.",
    },
    {
      id: "recvmsg.inout",
      says: "The header is input and output: the kernel writes msg_namelen, msg_controllen and msg_flags, and ignores the msg_flags that it finds.",
    },
  ],
  useCase: "Who receives what and from whom; datagrams that were cut; how long a receiver waits.",
  result: {
    id: "recvmsg.bytes",
    says: "The bytes received. 0 is the end of a stream, or an empty datagram.",
  },
  behaviour: [
    {
      id: "recvmsg.cut",
      says: "A datagram longer than the buffers is cut, the rest is gone, and msg_flags has MSG_TRUNC. With MSG_TRUNC in flags the result is the datagram's whole length: more than was stored.",
    },
    {
      id: "recvmsg.name-cut",
      says: "An address that does not fit is cut; msg_namelen then has its whole length.",
    },
    {
      id: "recvmsg.control-cut",
      says: "Control messages that do not fit are cut or left out, and msg_flags has MSG_CTRUNC. Descriptors that did not fit are closed.",
    },
    { id: "recvmsg.peek", says: "MSG_PEEK leaves the message where it is." },
    { id: "recvmsg.timeout", says: "SO_RCVTIMEO that passes is EAGAIN, not ETIMEDOUT." },
    RESTART("recvmsg.restart"),
  ],
  pitfalls: [
    {
      id: "recvmsg.fault",
      says: "EFAULT for a buffer: a datagram is lost, a Unix stream keeps its bytes.",
    },
    {
      id: "recvmsg.error-once",
      says: "A pending error is told once, and the call after it receives what is there.",
    },
    OTHERS("recvmsg.others"),
  ],
  kernel: [],
};

export const SENDMMSG_PAGE: Page = {
  description: [
    {
      id: "sendmmsg.many",
      says: "Sends up to vlen messages on one socket, in order, each as sendmsg would, and writes the bytes sent into each msg_len.",
    },
  ],
  useCase: "Whether batches go out whole; errors that a result above 0 hides.",
  result: {
    id: "sendmmsg.count",
    says: "How many messages were sent; it may be fewer than vlen.",
  },
  behaviour: [
    {
      id: "sendmmsg.error-hidden",
      says: "An error shows only when nothing was sent. After the first message it ends the call, the count is the result, and the error is forgotten: the next call does not tell it.",
    },
    { id: "sendmmsg.cap", says: "At most 1024 messages a call: a larger vlen is cut without a word." },
    {
      id: "sendmmsg.partial",
      says: "A message that a stream took only in part ends the call; it counts as sent, and msg_len has how much.",
    },
    RESTART("sendmmsg.restart"),
  ],
  pitfalls: [
    {
      id: "sendmmsg.fault-sent",
      says: "When msg_len cannot be written the message has been sent, and is not counted.",
    },
    {
      id: "sendmmsg.security-hooks",
      says: "Security hooks are not asked again for a message to the same address as the one before: who watches there misses it.",
      untested: NO_SECURITY_HOOK,
    },
    OTHERS("sendmmsg.others"),
  ],
  kernel: [],
};

const RECVMMSG: Page = {
  description: [
    {
      id: "recvmmsg.many",
      says: "Receives up to vlen messages from one socket, each as recvmsg would, and writes the bytes received into each msg_len.",
    },
    {
      id: "recvmmsg.waits-for-all",
      says: "A call that may wait waits for all vlen of them. With MSG_WAITFORONE it waits for the first alone and takes what else is there.",
    },
  ],
  useCase: "Whether a receiver's batches are full; receivers that wait in spite of their timeout.",
  result: {
    id: "recvmmsg.count",
    says: "How many messages came. EAGAIN only when none did.",
  },
  behaviour: [
    {
      id: "recvmmsg.timeout-after-each",
      says: "timeout is relative, and looked at only after each message: with nothing to receive the call waits on, past the timeout, until a message or a signal comes.",
    },
    {
      id: "recvmmsg.timeout-remains",
      says: "When messages came, what remained of timeout is written there. When none came, it is as it was.",
    },
    {
      id: "recvmmsg.timeout-zero",
      says: "A timeout of 0 ends the call after the first message, which it waits for.",
    },
    {
      id: "recvmmsg.error-kept",
      says: "An error after the first message ends the call with the count, and the socket's next receive gets the error, whatever it is about. EAGAIN is not kept.",
    },
    {
      id: "recvmmsg.pending-first",
      says: "A pending error of the socket is the answer before any message is taken, and is told once.",
    },
    {
      id: "recvmmsg.no-cap",
      says: "vlen is not cut at 1024, as sendmmsg's is.",
    },
    RESTART("recvmmsg.restart"),
  ],
  pitfalls: [
    {
      id: "recvmmsg.errno-512",
      says: "A signal after the first message ends the call with the count, and the next recvmmsg fails with errno 512, which has no name in user space.",
    },
    {
      id: "recvmmsg.fault-loses",
      says: "When a header or msg_len cannot be written, the message of that entry is lost and not counted.",
    },
    {
      id: "recvmmsg.timeout-fault",
      says: "When the rest of timeout cannot be written, EFAULT stands in the place of the count: all messages received are out of the socket.",
    },
    {
      id: "recvmmsg.security-hooks",
      says: "Security hooks are asked for the first message alone: who watches there misses the others.",
      untested: NO_SECURITY_HOOK,
    },
    OTHERS("recvmmsg.others"),
  ],
  kernel: [],
};

export const RECVMMSG_PAGE: Page = { ...RECVMMSG, twin: "recvmmsg_time32" };

export const RECVMMSG_TIME32_PAGE: Page = {
  ...RECVMMSG,
  description: [
    ...RECVMMSG.description,
    {
      id: "recvmmsg_time32.only-32-bit",
      says: "Only 32-bit programs have this call. It differs in nothing but timeout: two 32-bit numbers in place of two of 64 bits.",
    },
  ],
  twin: "recvmmsg",
};
