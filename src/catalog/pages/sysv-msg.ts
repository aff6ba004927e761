/** What `explain` says of the System V calls. */
import type { Fact, Page } from "../types.js";

const RESTART = (id: string): Fact => ({
  id,
  says: "A signal ends the wait with ERESTARTNOHAND (514) for the tracer. Once a handler ran user space gets EINTR: SA_RESTART does not help. A signal without handler (stop and continue) goes unnoticed: the kernel calls again.",
});

export const MSGGET_PAGE: Page = {
  description: [
    {
      id: "msgget.by-key",
      says: "Gives the id of the System V queue with this key in the caller's ipc namespace. With IPC_CREAT it creates one where there is none; with key IPC_PRIVATE it always does, and no key leads there.",
    },
    {
      id: "msgget.survives",
      says: "A queue belongs to no process: it stays when its creator and all others are gone, until IPC_RMID.",
    },
  ],
  useCase: "Who created a queue and when; why a key leads to an unexpected queue, or to none.",
  result: {
    id: "msgget.id",
    says: "The queue's id. The first of a namespace is 0: an id of 0 is no error.",
  },
  behaviour: [
    {
      id: "msgget.mode",
      says: "The low nine bits of msgflg are the mode of a new queue. The umask does not matter.",
    },
    {
      id: "msgget.asked-mode",
      says: "Of a queue that exists they are what the caller asks for: msgflg 0 asks for nothing and gives the id of a queue that the caller may neither read nor write; the calls on it then say EACCES.",
    },
  ],
  pitfalls: [
    {
      id: "msgget.new-id",
      says: "A queue that is created again under its key gets another id. Who kept the old id gets EINVAL.",
    },
    {
      id: "msgget.recurs",
      says: "Ids come again in time: an id from long ago may lead to somebody else's queue.",
    },
  ],
  kernel: [],
};

export const MSGSND_PAGE: Page = {
  description: [
    {
      id: "msgsnd.waits",
      says: "Puts a message of a type above 0 into a System V queue. While the queue has no room it waits, unless msgflg has IPC_NOWAIT.",
    },
    {
      id: "msgsnd.copied-first",
      says: "Type and payload are copied before any wait: what the program writes there while the call waits is not sent.",
    },
  ],
  useCase:
    "Where senders wait and why EAGAIN comes; which queue fills and who does not drain it; messages of the wrong type or length.",
  result: { id: "msgsnd.zero", says: "0: the message is in the queue, or a receiver that waited has it." },
  behaviour: [
    {
      id: "msgsnd.fit",
      says: "There is room when bytes in the queue plus msgsz are at most msg_qbytes, and messages plus one too. So empty messages fill a queue as well: 16384 of them at the default.",
    },
    {
      id: "msgsnd.handover",
      says: "To a receiver that waits for such a message it goes directly: msg_qnum stays 0.",
    },
    {
      id: "msgsnd.too-big-for-waiter",
      says: "A waiting receiver with too little room is woken with E2BIG, and the message goes to the next that fits, or into the queue.",
    },
    {
      id: "msgsnd.removed",
      says: "IPC_RMID ends the wait with EIDRM. An id that was removed before the call is EINVAL.",
    },
    RESTART("msgsnd.restart"),
    {
      id: "msgsnd.no-order",
      says: "Senders that wait wake and try again, each for itself: nothing says who comes first, and a shorter message may pass a longer one.",
      untested: "that there is no order cannot be executed",
    },
    { id: "msgsnd.pid", says: "msg_lspid becomes the process id of the sender, not its thread's." },
  ],
  pitfalls: [
    {
      id: "msgsnd.size",
      says: "msgsz counts mtext alone, without the long mtype before it.",
    },
    {
      id: "msgsnd.full-for-waiters",
      says: "It needs room all the same: while the queue is full of other messages, a receiver that waits for just this type gets nothing.",
    },
    {
      id: "msgsnd.shorter-fits",
      says: "EAGAIN is about this message: one that is shorter may still fit.",
    },
  ],
  kernel: [
    {
      function: "load_msg",
      when: "type and lengths are valid: the payload is copied, before the queue is looked for",
    },
    { function: "free_msg", when: "the call fails after the payload was copied" },
  ],
};

export const MSGRCV_PAGE: Page = {
  description: [
    {
      id: "msgrcv.waits",
      says: "Takes a message out of a System V queue. While none fits msgtyp it waits, unless msgflg has IPC_NOWAIT.",
    },
    {
      id: "msgrcv.selects",
      says: "msgtyp 0 takes the oldest message; above 0 the oldest of this type, or with MSG_EXCEPT of any other; below 0 the lowest type up to -msgtyp.",
    },
    {
      id: "msgrcv.lowest-first",
      says: "Of the lowest type it is the oldest message.",
    },
    { id: "msgrcv.output", says: "msgp is output: mtype, then mtext." },
  ],
  useCase:
    "Who took which message; receivers that wait for a type that nobody sends; messages that were cut or lost on the way out.",
  result: {
    id: "msgrcv.length",
    says: "The bytes of mtext, without mtype, which may be 0. After a cut: msgsz.",
  },
  behaviour: [
    {
      id: "msgrcv.too-big",
      says: "A message longer than msgsz is E2BIG and stays in the queue.",
    },
    {
      id: "msgrcv.noerror",
      says: "With MSG_NOERROR it is cut to msgsz, and the rest is thrown away without a word.",
    },
    {
      id: "msgrcv.copy",
      says: "MSG_COPY gives a copy of the message at index msgtyp, counted from 0, and leaves it in the queue. It needs IPC_NOWAIT and no MSG_EXCEPT, else EINVAL; an index behind the last is ENOMSG.",
    },
    {
      id: "msgrcv.waiters",
      says: "Waiting receivers are served in order of arrival, each only with what it asked for.",
    },
    {
      id: "msgrcv.removed",
      says: "IPC_RMID ends the wait with EIDRM. An id that was removed before the call is EINVAL, also when a new queue has taken its place.",
    },
    RESTART("msgrcv.restart"),
    {
      id: "msgrcv.killed",
      says: "A task that is killed while it waits ends its call with ERESTARTNOHAND too, and takes no message with it.",
    },
    {
      id: "msgrcv.pid",
      says: "msg_lrpid becomes the receiver's process id; after a direct handover its thread's id.",
    },
  ],
  pitfalls: [
    { id: "msgrcv.fault-loses", says: "EFAULT for msgp: the message is out of the queue and lost." },
    {
      id: "msgrcv.enomsg",
      says: "With IPC_NOWAIT there being none is ENOMSG, not EAGAIN, also when messages of other types are there.",
    },
    {
      id: "msgrcv.copy-reads",
      says: "MSG_COPY also reads msgsz bytes at msgp first: memory that may only be written is EFAULT. The bytes have no effect.",
      untested: "memory that can be written and not read does not exist on x86",
    },
  ],
  kernel: [
    {
      function: "store_msg",
      when: "a message was taken and mtype could be written: mtext goes to user memory",
    },
    { function: "free_msg", when: "a message was taken; without store_msg before it the message is lost" },
    { function: "load_msg", when: "MSG_COPY alone: a dummy that the copy goes into" },
  ],
};

export const MSGCTL_PAGE: Page = {
  description: [
    {
      id: "msgctl.commands",
      says: "IPC_STAT reads a queue's state, IPC_SET changes owner, mode and msg_qbytes, IPC_RMID removes it. MSG_STAT and MSG_STAT_ANY read by index, IPC_INFO and MSG_INFO read limits and totals of the namespace.",
    },
    {
      id: "msgctl.removes-at-once",
      says: "IPC_RMID takes effect at once: messages in the queue are gone, and calls that wait on it get EIDRM.",
    },
  ],
  useCase:
    "Who removed a queue, with how many messages in it; who changed msg_qbytes, mode or owner; what ipcs asks.",
  result: {
    id: "msgctl.result",
    says: "MSG_STAT and MSG_STAT_ANY: the queue's id. IPC_INFO and MSG_INFO: the highest index in use. All others: 0.",
  },
  behaviour: [
    {
      id: "msgctl.set-fields",
      says: "IPC_SET takes uid, gid, the low nine bits of mode, and msg_qbytes. The other fields are ignored.",
    },
    { id: "msgctl.set-wakes", says: "A larger msg_qbytes lets waiting senders go on." },
    {
      id: "msgctl.set-limit",
      says: "msg_qbytes above kernel.msgmnb needs CAP_SYS_RESOURCE; else EPERM.",
    },
    {
      id: "msgctl.owner",
      says: "IPC_SET and IPC_RMID are for owner, creator and CAP_SYS_ADMIN. The mode gives nobody that right.",
    },
    {
      id: "msgctl.stat-any",
      says: "IPC_STAT and MSG_STAT need read permission, MSG_STAT_ANY does not.",
    },
    {
      id: "msgctl.msg-info",
      says: "MSG_INFO gives the number of queues in msgpool, of messages in msgmap, and of bytes in msgtql.",
    },
  ],
  pitfalls: [
    {
      id: "msgctl.index",
      says: "MSG_STAT takes an index, from 0 on. Given an id it looks at the low bits alone: with the id of a queue that is gone it tells of the one that has its slot now.",
    },
    {
      id: "msgctl.version",
      says: "32-bit programs: IPC_64 in cmd belongs to the ipc multiplexer. In msgctl's own call it makes IPC_RMID and IPC_SET EINVAL.",
    },
    {
      id: "msgctl.set-cuts-nothing",
      says: "A smaller msg_qbytes throws nothing away: the queue holds more than it may until it is drained, and sends find no room.",
    },
  ],
  kernel: [{ function: "free_msg", when: "IPC_RMID: for each message in the queue" }],
};
