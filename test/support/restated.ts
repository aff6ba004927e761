/** Where summaries and arguments' notes say in short what a page's statements say: which statements prove them. */

const DEADLINE = ["send.deadline-absolute", "send.deadline-invalid", "send.waits", "mq-deadline.clock-steps"];
const RECEIVE_DEADLINE = ["receive.deadline-invalid", "receive.empty-waits", "mq-deadline.clock-steps"];
const TIMEOUT = ["recvmmsg.timeout-after-each", "recvmmsg.timeout-remains"];
const BUFFER = ["receive.buffer-first"];
const PRIORITY = ["send.priority-limit", "send.order"];

/** `EVENT summary` or `EVENT ARGUMENT`, and ids. */
export const RESTATED: Readonly<Record<string, readonly string[]>> = {
  "mq_open summary": ["mq_open.by-name", "mq_open.cloexec"],
  "mq_open name": ["mq_open.slash"],
  "mq_open mode": ["mq_open.limits-at-creation"],
  "mq_open attr": ["mq_open.limits-at-creation", "mq_open.defaults"],
  "mq_unlink summary": ["mq_unlink.name-only", "mq_unlink.another-queue"],
  "mq_unlink name": ["mq_unlink.slash"],
  "mq_timedsend summary": ["send.waits", "send.copied-first", "send.libc"],
  "mq_timedsend msg_prio": PRIORITY,
  "mq_timedsend abs_timeout": DEADLINE,
  "mq_timedreceive summary": ["receive.takes", "receive.length", "receive.libc"],
  "mq_timedreceive msg_len": BUFFER,
  "mq_timedreceive abs_timeout": RECEIVE_DEADLINE,
  "mq_notify summary": ["notify.once", "notify.one-per-queue", "notify.waiter", "notify.close-any"],
  "mq_notify sevp": ["notify.null", "notify.thread"],
  "mq_getsetattr summary": ["mq_getsetattr.both", "mq_open.description"],
  "mq_getsetattr new": ["mq_getsetattr.only-nonblock", "mq_getsetattr.both"],
  "mq_timedsend_time32 summary": ["time32.only-32-bit", "time32.2038"],
  "mq_timedsend_time32 msg_prio": PRIORITY,
  "mq_timedsend_time32 abs_timeout": DEADLINE,
  "mq_timedreceive_time32 summary": ["time32.only-32-bit", "time32.2038"],
  "mq_timedreceive_time32 msg_len": BUFFER,
  "mq_timedreceive_time32 abs_timeout": RECEIVE_DEADLINE,
  "msgget summary": ["msgget.by-key"],
  "msgsnd summary": ["msgsnd.waits", "msgsnd.copied-first"],
  "msgsnd msgsz": ["msgsnd.size"],
  "msgrcv summary": ["msgrcv.waits", "msgrcv.selects", "msgrcv.length"],
  "msgrcv msgp": ["msgrcv.copy-reads"],
  "msgrcv msgsz": ["msgrcv.length"],
  "msgrcv msgtyp": ["msgrcv.selects", "msgrcv.copy"],
  "msgctl summary": ["msgctl.commands", "msgctl.result"],
  "msgctl msqid": ["msgctl.index", "msgctl.result"],
  "msgctl buf": ["msgctl.set-fields", "msgctl.commands"],
  "sendmsg summary": ["sendmsg.gathers"],
  "sendmsg msg": ["sendmsg.reads-only"],
  "recvmsg summary": ["recvmsg.scatters", "recvmsg.cut"],
  "recvmsg msg": ["recvmsg.inout"],
  "sendmmsg summary": ["sendmmsg.many", "sendmmsg.count", "sendmmsg.error-hidden"],
  "sendmmsg vlen": ["sendmmsg.cap"],
  "recvmmsg summary": ["recvmmsg.many", "recvmmsg.count", "recvmmsg.error-kept"],
  "recvmmsg timeout": TIMEOUT,
  "recvmmsg_time32 summary": ["recvmmsg_time32.only-32-bit"],
  "recvmmsg_time32 timeout": TIMEOUT,
};
