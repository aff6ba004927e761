/**
 * POSIX message queues: ipc/mqueue.c. libc's mq_send and mq_receive are the timed calls without a timeout,
 * mq_getattr and mq_setattr are mq_getsetattr, mq_close is close.
 */
import type { Argument, EventRow, Step, StructNames } from "../types.js";
import {
  GETSETATTR_ACCESS,
  MQ_OPEN_ACCESS,
  MQ_RECEIVE_ACCESS,
  MQ_SEND_ACCESS,
  NOTIFY_ACCESS,
  UNLINK_ACCESS,
} from "./access.js";
import { pointer, sameStruct, scalar, toStruct } from "./build.js";

const MQ_ATTR: StructNames = { native: "mq_attr", compat: "compat_mq_attr" };
const SIGEVENT: StructNames = { native: "sigevent", compat: "compat_sigevent" };
const TIMESPEC = sameStruct("__kernel_timespec");
const TIMESPEC32 = sameStruct("old_timespec32");
const O_CREAT = 0o100;

const MQDES = scalar("mqdes", "mqd_t", "fd");
const DEADLINE_NOTE =
  "absolute, CLOCK_REALTIME: a step of the clock moves it. Checked for validity even when the call would not wait; null waits for ever";

function deadline(struct: StructNames): Argument {
  return pointer(
    "abs_timeout",
    `const struct ${struct.native} *`,
    "in",
    ["TOCTOU", "OPT"],
    toStruct(struct),
    DEADLINE_NOTE,
  );
}

const BAD_DESCRIPTOR = "mqdes is not open, is no message queue, or was opened for the other direction";
const BAD_ADDRESS = "a pointer leads to memory that cannot be used";
const INTERRUPTED =
  "a signal came while waiting; the kernel begins the call anew or user space gets EINTR, as the handler's SA_RESTART says";

const SEND_ERRORS: EventRow["errors"] = [
  { errno: "EAGAIN", means: "the queue is full and the descriptor has O_NONBLOCK" },
  { errno: "EBADF", means: BAD_DESCRIPTOR },
  { errno: "EFAULT", means: BAD_ADDRESS },
  {
    errno: "EINVAL",
    means: "msg_prio is 32768 or more, or abs_timeout is no valid time (also when the call would not wait)",
  },
  { errno: "EMSGSIZE", means: "msg_len is larger than the queue's mq_msgsize" },
  { errno: "ENOMEM", means: "no memory for the message" },
  { errno: "ERESTARTSYS", means: INTERRUPTED },
  {
    errno: "ETIMEDOUT",
    means: "the queue was full until abs_timeout; a send that need not wait never gives this",
  },
];

const RECEIVE_ERRORS: EventRow["errors"] = [
  { errno: "EAGAIN", means: "the queue is empty and the descriptor has O_NONBLOCK" },
  { errno: "EBADF", means: BAD_DESCRIPTOR },
  {
    errno: "EFAULT",
    means:
      "a pointer leads to memory that cannot be used; if it was the buffer or msg_prio, the message is lost",
  },
  { errno: "EINVAL", means: "abs_timeout is no valid time (also when the call would not wait)" },
  {
    errno: "EMSGSIZE",
    means: "msg_len is smaller than the queue's mq_msgsize, however small the message is",
  },
  { errno: "ERESTARTSYS", means: INTERRUPTED },
  {
    errno: "ETIMEDOUT",
    means: "no message came until abs_timeout; an expired timeout still gets a message that is there",
  },
];

function sendArgs(length: "size_t" | "unsigned int", timeout: StructNames): readonly Argument[] {
  return [
    MQDES,
    pointer("msg_ptr", "const char *", "in", ["TOCTOU"], { kind: "bytes", length: { arg: 2 } }),
    scalar("msg_len", length, "decimal"),
    scalar("msg_prio", "unsigned int", "decimal", "0 to 32767; the highest is received first"),
    deadline(timeout),
  ];
}

function receiveArgs(length: "size_t" | "unsigned int", timeout: StructNames): readonly Argument[] {
  return [
    MQDES,
    pointer("msg_ptr", "char *", "out", [], { kind: "bytes", length: "ret" }),
    scalar("msg_len", length, "decimal", "the buffer's size: at least the queue's mq_msgsize"),
    pointer("msg_prio", "unsigned int *", "out", ["OPT"], { kind: "number", type: "unsigned int" }),
    deadline(timeout),
  ];
}

function sendSteps(timeout: StructNames): readonly Step[] {
  return [
    { take: "mqd", from: { arg: 0 } },
    { take: "bytes", arg: 1, length: { arg: 2 } },
    { take: "struct", arg: 4, struct: timeout },
  ];
}

function receiveEntry(timeout: StructNames): readonly Step[] {
  return [
    { take: "mqd", from: { arg: 0 } },
    { take: "struct", arg: 4, struct: timeout },
  ];
}

function receiveExit(timeout: StructNames): readonly Step[] {
  return [
    ...receiveEntry(timeout),
    { take: "bytes", arg: 1, length: "ret", onSuccess: true },
    { take: "fixed", arg: 3, bytes: 4, onSuccess: true },
  ];
}

/** The kernel's 64-bit mq_open copies attr whenever it is there, the compat one only to create (ipc/mqueue.c). */
const OPEN_INPUTS: readonly Step[] = [
  { take: "string", arg: 0 },
  { take: "struct", arg: 3, struct: MQ_ATTR, reads: ["mq_maxmsg", "mq_msgsize"], only: ["native"] },
  {
    take: "struct",
    arg: 3,
    struct: MQ_ATTR,
    reads: ["mq_maxmsg", "mq_msgsize"],
    only: ["compat", "compat_ipc"],
    when: { arg: 1, mask: O_CREAT, value: O_CREAT },
  },
];

const NOTIFY_STEPS: readonly Step[] = [
  { take: "mqd", from: { arg: 0 } },
  { take: "struct", arg: 1, struct: SIGEVENT, reads: ["sigev_value", "sigev_signo", "sigev_notify"] },
  { take: "cookie", arg: 1 },
];

const GETSETATTR_INPUTS: readonly Step[] = [
  { take: "mqd", from: { arg: 0 } },
  { take: "struct", arg: 1, struct: MQ_ATTR, reads: ["mq_flags"] },
];

const QUEUE_BY_MQDES: EventRow["queue"] = { kind: "posix", by: { arg: 0 } };

export const POSIX_MQ: readonly EventRow[] = [
  {
    id: 1,
    name: "mq_open",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 240, ia32: 277, arm64: 180 },
    muxes: [],
    args: [
      pointer(
        "name",
        "const char *",
        "in",
        ["TOCTOU"],
        { kind: "string" },
        "without the leading slash, which libc takes away",
      ),
      scalar("oflag", "int", "oflag"),
      scalar("mode", "umode_t", "mode", "used only when the queue is created"),
      pointer(
        "attr",
        "struct mq_attr *",
        "in",
        ["TOCTOU", "OPT"],
        toStruct(MQ_ATTR),
        "mq_maxmsg and mq_msgsize, used only when the queue is created; null gives the defaults",
      ),
    ],
    returns: "fd",
    entry: OPEN_INPUTS,
    exit: [{ take: "mqd", from: "ret", onSuccess: true }, ...OPEN_INPUTS],
    queue: { kind: "posix", by: "ret" },
    access: MQ_OPEN_ACCESS,
    errors: [
      { errno: "EACCES", means: "permission denied, or the name contains a slash or is `..`" },
      { errno: "EEXIST", means: "O_CREAT and O_EXCL were given and the queue exists" },
      { errno: "EFAULT", means: BAD_ADDRESS },
      {
        errno: "EINVAL",
        means: "mq_maxmsg or mq_msgsize is not positive or above its limit, or the access mode is 3",
      },
      {
        errno: "EMFILE",
        means: "too many descriptors, or RLIMIT_MSGQUEUE has no room for the queue at its fullest",
      },
      { errno: "ENAMETOOLONG", means: "the name is longer than 255 bytes" },
      { errno: "ENFILE", means: "too many open files on the host" },
      { errno: "ENOENT", means: "no such queue and no O_CREAT, or the name is empty" },
      { errno: "ENOMEM", means: "no memory" },
      { errno: "ENOSPC", means: "fs.mqueue.queues_max queues exist and the caller lacks CAP_SYS_RESOURCE" },
      { errno: "EOVERFLOW", means: "mq_maxmsg times mq_msgsize does not fit a number" },
    ],
    related: ["mq_unlink", "mq_getsetattr", "mq_timedsend", "mq_timedreceive"],
    summary:
      "Opens a POSIX message queue by its name, or creates it. The result is a file descriptor, always close-on-exec.",
  },
  {
    id: 2,
    name: "mq_unlink",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 241, ia32: 278, arm64: 181 },
    muxes: [],
    args: [
      pointer(
        "name",
        "const char *",
        "in",
        ["TOCTOU"],
        { kind: "string" },
        "without the leading slash, which libc takes away",
      ),
    ],
    returns: "zero",
    entry: [{ take: "string", arg: 0 }],
    exit: [{ take: "string", arg: 0 }],
    queue: null,
    access: UNLINK_ACCESS,
    errors: [
      { errno: "EACCES", means: "the caller may not remove this queue's name" },
      { errno: "EFAULT", means: BAD_ADDRESS },
      { errno: "ENAMETOOLONG", means: "the name is longer than 255 bytes" },
      { errno: "ENOENT", means: "no queue has this name" },
      { errno: "ENOMEM", means: "no memory" },
      { errno: "EPERM", means: "the queue belongs to somebody else (the directory is sticky)" },
    ],
    related: ["mq_open"],
    summary:
      "Removes a queue's name. The queue with its messages lives until its last descriptor is closed; a new queue of the same name is another one.",
  },
  {
    id: 3,
    name: "mq_timedsend",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 242, ia32: 418, arm64: 182 },
    muxes: [],
    args: sendArgs("size_t", TIMESPEC),
    returns: "zero",
    entry: sendSteps(TIMESPEC),
    exit: sendSteps(TIMESPEC),
    queue: QUEUE_BY_MQDES,
    access: MQ_SEND_ACCESS,
    message: { does: "send", payload: 1, priority: 3 },
    errors: SEND_ERRORS,
    related: ["mq_timedreceive", "mq_timedsend_time32", "mq_notify", "mq_open"],
    summary:
      "Sends a message to a POSIX queue, waiting while it is full. The payload is copied before any wait. libc's mq_send is this call without a timeout.",
  },
  {
    id: 4,
    name: "mq_timedreceive",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 243, ia32: 419, arm64: 183 },
    muxes: [],
    args: receiveArgs("size_t", TIMESPEC),
    returns: "bytes",
    entry: receiveEntry(TIMESPEC),
    exit: receiveExit(TIMESPEC),
    queue: QUEUE_BY_MQDES,
    access: MQ_RECEIVE_ACCESS,
    message: { does: "receive", payload: 1, room: 2, priority: 3, input: 4 },
    errors: RECEIVE_ERRORS,
    related: ["mq_timedsend", "mq_timedreceive_time32", "mq_notify", "mq_open"],
    summary:
      "Takes the oldest message of the highest priority out of a POSIX queue, waiting while it is empty. The result is the message's length. libc's mq_receive is this call without a timeout.",
  },
  {
    id: 5,
    name: "mq_notify",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 244, ia32: 281, arm64: 184 },
    x32: 527,
    muxes: [],
    args: [
      MQDES,
      pointer(
        "sevp",
        "const struct sigevent *",
        "in",
        ["TOCTOU", "OPT"],
        toStruct(SIGEVENT),
        "null takes the caller's own registration away. With SIGEV_THREAD sigev_signo is a netlink socket and sival_ptr leads to a cookie of 32 bytes, which the kernel reads too",
      ),
    ],
    returns: "zero",
    entry: NOTIFY_STEPS,
    exit: NOTIFY_STEPS,
    queue: QUEUE_BY_MQDES,
    access: NOTIFY_ACCESS,
    errors: [
      {
        errno: "EBADF",
        means: "mqdes is no open message queue, or (SIGEV_THREAD) sigev_signo is no open descriptor",
      },
      { errno: "EBUSY", means: "a process is registered already, be it the caller itself" },
      { errno: "EFAULT", means: BAD_ADDRESS },
      { errno: "EINVAL", means: "sigev_notify is no known kind, or sigev_signo no signal" },
      { errno: "ENOMEM", means: "no memory" },
      { errno: "ENOTSOCK", means: "SIGEV_THREAD: sigev_signo is a descriptor but no socket" },
    ],
    related: ["mq_timedsend", "mq_timedreceive", "mq_open"],
    summary:
      "Asks for one notification when a message arrives in an empty queue on which nobody waits. One registration a queue; it is gone once fired, and when the owner closes any descriptor of that queue.",
  },
  {
    id: 6,
    name: "mq_getsetattr",
    family: "posix-mq",
    onRequest: false,
    numbers: { x86_64: 245, ia32: 282, arm64: 185 },
    muxes: [],
    args: [
      MQDES,
      pointer(
        "new",
        "const struct mq_attr *",
        "in",
        ["TOCTOU", "OPT"],
        toStruct(MQ_ATTR),
        "only O_NONBLOCK in mq_flags is used; null changes nothing",
      ),
      pointer("old", "struct mq_attr *", "out", ["OPT"], toStruct(MQ_ATTR)),
    ],
    returns: "zero",
    entry: GETSETATTR_INPUTS,
    exit: [...GETSETATTR_INPUTS, { take: "struct", arg: 2, struct: MQ_ATTR, onSuccess: true }],
    queue: QUEUE_BY_MQDES,
    access: GETSETATTR_ACCESS,
    errors: [
      { errno: "EBADF", means: "mqdes is no open message queue" },
      { errno: "EFAULT", means: BAD_ADDRESS },
      { errno: "EINVAL", means: "mq_flags in new has more than O_NONBLOCK" },
    ],
    related: ["mq_open", "mq_timedsend", "mq_timedreceive"],
    summary:
      "Reads a queue's limits and number of messages, and sets or clears O_NONBLOCK for the open description. libc's mq_getattr and mq_setattr are this call.",
  },
  {
    id: 7,
    name: "mq_timedsend_time32",
    family: "posix-mq",
    onRequest: false,
    numbers: { ia32: 279 },
    muxes: [],
    args: sendArgs("unsigned int", TIMESPEC32),
    returns: "zero",
    entry: sendSteps(TIMESPEC32),
    exit: sendSteps(TIMESPEC32),
    queue: QUEUE_BY_MQDES,
    access: MQ_SEND_ACCESS,
    message: { does: "send", payload: 1, priority: 3 },
    errors: SEND_ERRORS,
    related: ["mq_timedsend", "mq_timedreceive_time32"],
    summary:
      "mq_timedsend of 32-bit programs with 32-bit time: a deadline after January 2038 cannot be written.",
  },
  {
    id: 8,
    name: "mq_timedreceive_time32",
    family: "posix-mq",
    onRequest: false,
    numbers: { ia32: 280 },
    muxes: [],
    args: receiveArgs("unsigned int", TIMESPEC32),
    returns: "bytes",
    entry: receiveEntry(TIMESPEC32),
    exit: receiveExit(TIMESPEC32),
    queue: QUEUE_BY_MQDES,
    access: MQ_RECEIVE_ACCESS,
    message: { does: "receive", payload: 1, room: 2, priority: 3, input: 4 },
    errors: RECEIVE_ERRORS,
    related: ["mq_timedreceive", "mq_timedsend_time32"],
    summary:
      "mq_timedreceive of 32-bit programs with 32-bit time: a deadline after January 2038 cannot be written.",
  },
];
