/** The errors of the System V calls, and what each means for the queue. ipc/msg.c and ipc/util.c decide them. */
import type { ErrorRow } from "../types.js";

const EXHAUSTED = "needs a kernel without memory";
const A_RACE = "needs a removal in the middle of a call that does not wait: no test can force it";
const BAD_ADDRESS = "a pointer leads to memory that cannot be used";
const NO_ACCESS = "the queue's mode does not let the caller do this";
const REMOVED =
  "the queue was removed while the call was under way; an id that was gone before the call gives EINVAL";
const INTERRUPTED =
  "a signal came while the call waited. Once a handler ran user space gets EINTR, whatever SA_RESTART says; without a handler the kernel begins the call anew";
const GONE = "the queue and its messages are gone";
const UNCHANGED = "nothing changed";
const NOT_SENT = "not sent; the queue is as it was";
const NOT_TAKEN = "nothing was taken out";

export const MSGGET_ERRORS: readonly ErrorRow[] = [
  { errno: "EACCES", means: NO_ACCESS, queue: "the queue exists and is as it was" },
  {
    errno: "EEXIST",
    means: "IPC_CREAT and IPC_EXCL were given and the key has a queue",
    queue: "the queue exists and is as it was",
  },
  {
    errno: "ENOENT",
    means: "the key has no queue and IPC_CREAT was not given",
    queue: "there is no such queue",
  },
  { errno: "ENOMEM", means: "no memory", queue: "no queue was created", untested: EXHAUSTED },
  { errno: "ENOSPC", means: "kernel.msgmni queues exist", queue: "no queue was created" },
];

export const MSGSND_ERRORS: readonly ErrorRow[] = [
  { errno: "EACCES", means: NO_ACCESS, queue: NOT_SENT },
  {
    errno: "EAGAIN",
    means: "the queue has no room for this message and msgflg has IPC_NOWAIT",
    queue: "not sent; a shorter message may still fit",
  },
  { errno: "EFAULT", means: BAD_ADDRESS, queue: NOT_SENT },
  { errno: "EIDRM", means: REMOVED, queue: `not sent; ${GONE}` },
  {
    errno: "EINVAL",
    means: "msgsz is above kernel.msgmax or negative, mtype is below 1, or no queue has this id",
    queue: NOT_SENT,
  },
  { errno: "ENOMEM", means: "no memory for the message", queue: NOT_SENT, untested: EXHAUSTED },
  { errno: "ERESTARTNOHAND", seenAs: "EINTR", means: INTERRUPTED, queue: "not sent by this call" },
];

export const MSGRCV_ERRORS: readonly ErrorRow[] = [
  {
    errno: "E2BIG",
    means: "the message is longer than msgsz and msgflg lacks MSG_NOERROR",
    queue: "the message stays in the queue, and the next try gets the same answer",
  },
  { errno: "EACCES", means: NO_ACCESS, queue: NOT_TAKEN },
  {
    errno: "EFAULT",
    means: "msgp cannot be written; with MSG_COPY also: cannot be read",
    queue: "the message was taken out and is lost; with MSG_COPY it is still there",
    loses: "sometimes",
  },
  { errno: "EIDRM", means: REMOVED, queue: GONE },
  {
    errno: "EINVAL",
    means: "no queue has this id, msgsz is negative, or MSG_COPY came without IPC_NOWAIT or with MSG_EXCEPT",
    queue: NOT_TAKEN,
  },
  { errno: "ENOMEM", means: "no memory for MSG_COPY", queue: NOT_TAKEN, untested: EXHAUSTED },
  {
    errno: "ENOMSG",
    means: "no message fits msgtyp and msgflg has IPC_NOWAIT",
    queue: "no such message is in the queue; others may be",
  },
  {
    errno: "ENOSYS",
    means: "MSG_COPY on a kernel built without CONFIG_CHECKPOINT_RESTORE",
    queue: NOT_TAKEN,
    untested: "needs a kernel built so",
  },
  {
    errno: "ERESTARTNOHAND",
    seenAs: "EINTR",
    means: INTERRUPTED,
    queue: "nothing was taken out by this call; no message fitted",
  },
];

export const MSGCTL_ERRORS: readonly ErrorRow[] = [
  { errno: "EACCES", means: "the queue's mode does not let the caller read it", queue: UNCHANGED },
  { errno: "EFAULT", means: BAD_ADDRESS, queue: UNCHANGED },
  {
    errno: "EIDRM",
    means: "the queue was removed while the call was under way",
    queue: GONE,
    untested: A_RACE,
  },
  { errno: "EINVAL", means: "cmd is no known command, or no queue has this id or index", queue: UNCHANGED },
  {
    errno: "EPERM",
    means:
      "IPC_SET or IPC_RMID by neither owner nor creator nor CAP_SYS_ADMIN, or msg_qbytes above kernel.msgmnb without CAP_SYS_RESOURCE",
    queue: UNCHANGED,
  },
];
