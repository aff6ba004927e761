/** The limits that each ipc namespace has of its own, by their names under /proc/sys. */
export const IPC_LIMITS: readonly string[] = [
  "fs.mqueue.msg_default",
  "fs.mqueue.msg_max",
  "fs.mqueue.msgsize_default",
  "fs.mqueue.msgsize_max",
  "fs.mqueue.queues_max",
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
];
