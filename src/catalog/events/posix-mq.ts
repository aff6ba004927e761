/**
 * POSIX message queues: ipc/mqueue.c. libc's mq_send and mq_receive are the timed calls without a timeout,
 * mq_getattr and mq_setattr are mq_getsetattr, mq_close is close.
 */
import {
  MQ_RECEIVE_PAGE,
  MQ_RECEIVE_TIME32_PAGE,
  MQ_SEND_PAGE,
  MQ_SEND_TIME32_PAGE,
} from "../pages/mq-messages.js";
import { MQ_GETSETATTR_PAGE, MQ_OPEN_PAGE, MQ_UNLINK_PAGE } from "../pages/mq-names.js";
import { MQ_NOTIFY_PAGE } from "../pages/mq-notify.js";
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
import { MQ_NOTIFY_LIFE, MQ_OPEN_LIFE, MQ_UNLINK_LIFE } from "./lifecycle.js";
import {
  MQ_GETSETATTR_ERRORS,
  MQ_NOTIFY_ERRORS,
  MQ_OPEN_ERRORS,
  MQ_RECEIVE_ERRORS,
  MQ_SEND_ERRORS,
  MQ_UNLINK_ERRORS,
} from "./posix-mq-errors.js";

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
    lifecycle: MQ_OPEN_LIFE,
    errors: MQ_OPEN_ERRORS,
    related: ["mq_unlink", "mq_getsetattr", "mq_timedsend", "mq_timedreceive"],
    summary:
      "Opens a POSIX message queue by its name, or creates it. The result is a file descriptor, always close-on-exec.",
    page: MQ_OPEN_PAGE,
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
    lifecycle: MQ_UNLINK_LIFE,
    errors: MQ_UNLINK_ERRORS,
    related: ["mq_open"],
    summary:
      "Removes a queue's name. The queue with its messages lives until its last descriptor is closed; a new queue of the same name is another one.",
    page: MQ_UNLINK_PAGE,
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
    errors: MQ_SEND_ERRORS,
    related: ["mq_timedreceive", "mq_timedsend_time32", "mq_notify", "mq_open"],
    summary:
      "Sends a message to a POSIX queue, waiting while it is full. The payload is copied before any wait. libc's mq_send is this call without a timeout.",
    page: MQ_SEND_PAGE,
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
    errors: MQ_RECEIVE_ERRORS,
    related: ["mq_timedsend", "mq_timedreceive_time32", "mq_notify", "mq_open"],
    summary:
      "Takes the oldest message of the highest priority out of a POSIX queue, waiting while it is empty. The result is the message's length. libc's mq_receive is this call without a timeout.",
    page: MQ_RECEIVE_PAGE,
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
    lifecycle: MQ_NOTIFY_LIFE,
    errors: MQ_NOTIFY_ERRORS,
    notify: { sevp: 1 },
    related: ["mq_timedsend", "mq_timedreceive", "mq_open"],
    summary:
      "Asks for one notification when a message arrives in an empty queue on which nobody waits. One registration a queue; it is gone once fired, and when the owner closes any descriptor of that queue.",
    page: MQ_NOTIFY_PAGE,
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
    errors: MQ_GETSETATTR_ERRORS,
    related: ["mq_open", "mq_timedsend", "mq_timedreceive"],
    summary:
      "Reads a queue's limits and number of messages, and sets or clears O_NONBLOCK for the open description. libc's mq_getattr and mq_setattr are this call.",
    page: MQ_GETSETATTR_PAGE,
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
    errors: MQ_SEND_ERRORS,
    related: ["mq_timedsend", "mq_timedreceive_time32"],
    summary:
      "mq_timedsend of 32-bit programs with 32-bit time: a deadline after January 2038 cannot be written.",
    page: MQ_SEND_TIME32_PAGE,
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
    errors: MQ_RECEIVE_ERRORS,
    related: ["mq_timedreceive", "mq_timedsend_time32"],
    summary:
      "mq_timedreceive of 32-bit programs with 32-bit time: a deadline after January 2038 cannot be written.",
    page: MQ_RECEIVE_TIME32_PAGE,
  },
];
