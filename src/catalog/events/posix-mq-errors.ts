/** The errors of the POSIX calls, and what each means for the queue. ipc/mqueue.c decides them. */
import type { ErrorRow } from "../types.js";

const EXHAUSTED = "needs a kernel without memory";
const BAD_ADDRESS = "a pointer leads to memory that cannot be used";
const INTERRUPTED =
  "a signal came while the call waited. With SA_RESTART, or without a handler, the kernel begins the call anew; else user space gets EINTR";
const NO_QUEUE_MADE = "no queue was created, none was opened";
const UNCHANGED = "nothing changed";

export const MQ_OPEN_ERRORS: readonly ErrorRow[] = [
  {
    errno: "EACCES",
    means: "the queue's mode forbids this access, or the name has a slash in it or is `..`",
    queue: NO_QUEUE_MADE,
  },
  {
    errno: "EEXIST",
    means: "O_CREAT and O_EXCL were given and the queue exists",
    queue: "the queue that exists is as it was",
  },
  { errno: "EFAULT", means: BAD_ADDRESS, queue: NO_QUEUE_MADE },
  {
    errno: "EINVAL",
    means: "mq_maxmsg or mq_msgsize is not positive or above its limit, or the access mode is 3",
    queue: NO_QUEUE_MADE,
  },
  {
    errno: "EMFILE",
    means:
      "the process has no descriptor left, or RLIMIT_MSGQUEUE has no room for the new queue at its fullest",
    queue: NO_QUEUE_MADE,
  },
  { errno: "ENAMETOOLONG", means: "the name is longer than 255 bytes", queue: NO_QUEUE_MADE },
  {
    errno: "ENFILE",
    means: "fs.file-max files are open on the host",
    queue: NO_QUEUE_MADE,
    untested: "would take the files of the whole host",
  },
  {
    errno: "ENOENT",
    means: "no queue has this name and O_CREAT was not given, or the name is empty",
    queue: NO_QUEUE_MADE,
  },
  { errno: "ENOMEM", means: "no memory", queue: NO_QUEUE_MADE, untested: EXHAUSTED },
  {
    errno: "ENOSPC",
    means: "fs.mqueue.queues_max queues exist and the caller lacks CAP_SYS_RESOURCE",
    queue: NO_QUEUE_MADE,
  },
  {
    errno: "EOVERFLOW",
    means: "the queue at its fullest is larger than a number can say",
    queue: NO_QUEUE_MADE,
    untested: "the highest limits keep a 64-bit kernel from it",
  },
];

export const MQ_UNLINK_ERRORS: readonly ErrorRow[] = [
  { errno: "EACCES", means: "the name has a slash in it or is `..`", queue: UNCHANGED },
  { errno: "EFAULT", means: BAD_ADDRESS, queue: UNCHANGED },
  { errno: "ENAMETOOLONG", means: "the name is longer than 255 bytes", queue: UNCHANGED },
  { errno: "ENOENT", means: "no queue has this name, or the name is empty", queue: UNCHANGED },
  { errno: "ENOMEM", means: "no memory", queue: UNCHANGED, untested: EXHAUSTED },
  {
    errno: "EPERM",
    means: "the queue is another user's: the directory of queues is sticky",
    queue: "the name is still there",
  },
];

const NOT_SENT = "not sent; the queue is as it was";

export const MQ_SEND_ERRORS: readonly ErrorRow[] = [
  {
    errno: "EAGAIN",
    means: "the queue is full and the descriptor has O_NONBLOCK",
    queue: "not sent; the queue is full",
  },
  {
    errno: "EBADF",
    means: "mqdes is not open, is no message queue, or is open for receiving alone",
    queue: NOT_SENT,
  },
  { errno: "EFAULT", means: BAD_ADDRESS, queue: NOT_SENT },
  {
    errno: "EINVAL",
    means: "msg_prio is 32768 or more, or abs_timeout is no valid time (also when the call would not wait)",
    queue: NOT_SENT,
  },
  { errno: "EMSGSIZE", means: "msg_len is larger than the queue's mq_msgsize", queue: NOT_SENT },
  { errno: "ENOMEM", means: "no memory for the message", queue: NOT_SENT, untested: EXHAUSTED },
  {
    errno: "ERESTARTSYS",
    seenAs: "EINTR",
    means: INTERRUPTED,
    queue: "not sent by this call; the queue was full",
  },
  {
    errno: "ETIMEDOUT",
    means: "the queue was full until abs_timeout; a send that need not wait never gives this",
    queue: "not sent; the queue was full",
  },
];

const NOT_TAKEN = "nothing was taken out";

export const MQ_RECEIVE_ERRORS: readonly ErrorRow[] = [
  {
    errno: "EAGAIN",
    means: "the queue is empty and the descriptor has O_NONBLOCK",
    queue: "the queue was empty",
  },
  {
    errno: "EBADF",
    means: "mqdes is not open, is no message queue, or is open for sending alone",
    queue: NOT_TAKEN,
  },
  {
    errno: "EFAULT",
    means: BAD_ADDRESS,
    queue:
      "if it was msg_ptr or msg_prio, a message was taken out and is lost; if it was abs_timeout, nothing was",
    loses: "sometimes",
  },
  {
    errno: "EINVAL",
    means: "abs_timeout is no valid time (also when the call would not wait)",
    queue: NOT_TAKEN,
  },
  {
    errno: "EMSGSIZE",
    means: "msg_len is smaller than the queue's mq_msgsize, however short the message is",
    queue: "nothing was taken out; the call did not look whether there is a message",
  },
  {
    errno: "ERESTARTSYS",
    seenAs: "EINTR",
    means: INTERRUPTED,
    queue: "nothing was taken out by this call; the queue was empty",
  },
  {
    errno: "ETIMEDOUT",
    means: "no message came until abs_timeout; an expired abs_timeout still gets a message that is there",
    queue: "the queue was empty",
  },
];

export const MQ_NOTIFY_ERRORS: readonly ErrorRow[] = [
  {
    errno: "EBADF",
    means: "mqdes is no open message queue, or with SIGEV_THREAD sigev_signo is no open descriptor",
    queue: UNCHANGED,
  },
  {
    errno: "EBUSY",
    means: "somebody is registered for this queue already, be it the caller",
    queue: "the registration that was there stays",
  },
  { errno: "EFAULT", means: "sevp or the cookie leads to memory that cannot be used", queue: UNCHANGED },
  {
    errno: "EINVAL",
    means:
      "sigev_notify is no known kind, sigev_signo is no signal, or with SIGEV_THREAD no netlink socket but another",
    queue: UNCHANGED,
  },
  { errno: "ENOMEM", means: "no memory", queue: UNCHANGED, untested: EXHAUSTED },
  {
    errno: "ENOTSOCK",
    means: "with SIGEV_THREAD: sigev_signo is a descriptor but no socket",
    queue: UNCHANGED,
  },
];

export const MQ_GETSETATTR_ERRORS: readonly ErrorRow[] = [
  { errno: "EBADF", means: "mqdes is no open message queue", queue: UNCHANGED },
  {
    errno: "EFAULT",
    means: BAD_ADDRESS,
    queue: "messages are as they were; if it was old, O_NONBLOCK has been set or cleared already",
  },
  { errno: "EINVAL", means: "mq_flags in new has more than O_NONBLOCK", queue: UNCHANGED },
];
