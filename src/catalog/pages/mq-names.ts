/** What `explain` says of the POSIX calls that find, name and describe queues. */
import type { Page } from "../types.js";

export const MQ_OPEN_PAGE: Page = {
  description: [
    {
      id: "mq_open.by-name",
      says: "Opens the POSIX message queue of this name in the caller's ipc namespace. With O_CREAT it creates one where there is none.",
    },
    {
      id: "mq_open.limits-at-creation",
      says: "mode, mq_maxmsg and mq_msgsize count only for the call that creates the queue; afterwards nothing changes the limits.",
    },
    {
      id: "mq_open.defaults",
      says: "Without attr a new queue gets fs.mqueue.msg_default messages of fs.mqueue.msgsize_default bytes, or msg_max and msgsize_max where those are lower.",
    },
  ],
  useCase:
    "Who opened which queue, with which access and limits; why a service cannot create its queue; which process made the queue with limits that nobody expected.",
  result: {
    id: "mq_open.cloexec",
    says: "A file descriptor. It is always close-on-exec, whatever oflag says.",
  },
  behaviour: [
    {
      id: "mq_open.slash",
      says: 'The kernel\'s names have no slash. libc takes the leading one away: mq_open("/q") arrives as "q". A slash in what arrives is EACCES.',
    },
    { id: "mq_open.umask", says: "mode is cut by the umask." },
    {
      id: "mq_open.description",
      says: "Each mq_open makes an open description with an O_NONBLOCK of its own. dup, fork and SCM_RIGHTS share one.",
    },
    {
      id: "mq_open.highest",
      says: "mq_maxmsg may be up to fs.mqueue.msg_max.",
    },
    {
      id: "mq_open.highest-privileged",
      says: "With CAP_SYS_RESOURCE it may be up to 65536.",
    },
    {
      id: "mq_open.charge",
      says: "A new queue is charged at once for its fullest state, to RLIMIT_MSGQUEUE of the creating user. No room there is EMFILE, though descriptors are free.",
    },
  ],
  pitfalls: [
    { id: "mq_open.flags-ignored", says: "mq_flags in attr is ignored: O_NONBLOCK belongs into oflag." },
    {
      id: "mq_open.attr-read",
      says: "A 64-bit call reads attr whenever it is given: a bad pointer is EFAULT also where the queue exists. The 32-bit call reads it only with O_CREAT.",
    },
    {
      id: "mq_open.larger-exists",
      says: "A queue that exists is opened whatever its limits are: ask mq_getsetattr for mq_msgsize before you size a receive buffer.",
    },
  ],
  kernel: [],
};

export const MQ_UNLINK_PAGE: Page = {
  description: [
    {
      id: "mq_unlink.name-only",
      says: "Takes a queue's name away at once. The queue and its messages stay for all who have it open, and go with the last descriptor.",
    },
  ],
  useCase:
    "Who removed a queue's name while others still used the queue; why two processes hold two queues of one name.",
  result: { id: "mq_unlink.zero", says: "0: the name is gone." },
  behaviour: [
    {
      id: "mq_unlink.wakes-nobody",
      says: "Who waits in a send or a receive goes on waiting, and may still be served by those who have the queue open.",
    },
    {
      id: "mq_unlink.keeps-its-place",
      says: "fs.mqueue.queues_max counts queues, not names: an unlinked queue counts until its last close.",
    },
    {
      id: "mq_unlink.charge",
      says: "RLIMIT_MSGQUEUE is given back with the last close, not by mq_unlink.",
    },
    {
      id: "mq_unlink.slash",
      says: "As with mq_open libc takes the leading slash away; a slash that is left is EACCES.",
    },
  ],
  pitfalls: [
    {
      id: "mq_unlink.another-queue",
      says: "A queue that is created under the name afterwards is another one. Who opened before and who opened after never see each other's messages.",
    },
  ],
  kernel: [{ function: "free_msg", when: "nobody has the queue open: for each message in it" }],
};

export const MQ_GETSETATTR_PAGE: Page = {
  description: [
    {
      id: "mq_getsetattr.both",
      says: "Reads limits, number of messages and O_NONBLOCK into old, and sets or clears O_NONBLOCK of the open description when new is given. libc's mq_getattr and mq_setattr are this call.",
    },
  ],
  useCase:
    "Who asks how full a queue is before it acts; who switches O_NONBLOCK for all that share a descriptor.",
  result: { id: "mq_getsetattr.before", says: "0. old has the state from before the change." },
  behaviour: [
    {
      id: "mq_getsetattr.only-nonblock",
      says: "Of new only mq_flags counts, and in it only O_NONBLOCK; any other bit is EINVAL. Limits cannot be changed.",
    },
    {
      id: "mq_getsetattr.any-descriptor",
      says: "Any descriptor of the queue will do, also one that may only send or only receive. Nobody must own the queue.",
    },
    {
      id: "mq_getsetattr.old-fault",
      says: "When old cannot be written the call gives EFAULT, and the flags have been changed all the same.",
    },
  ],
  pitfalls: [
    {
      id: "mq_getsetattr.waiters",
      says: "mq_curmsgs counts what is in the queue and no waiters: it is 0 with receivers waiting, and mq_maxmsg with senders waiting.",
    },
    {
      id: "mq_getsetattr.stale",
      says: "The number is old when you read it: another task may send or receive before you act. `msgtape toctou` finds such windows.",
      untested: "a race between any two tasks; toctou's own tests show such windows",
    },
  ],
  kernel: [],
};
