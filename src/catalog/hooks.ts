/**
 * Where msgtape looks, as data for readers: the hooks of its three planes, and the ways in which each may be had.
 * Which of them a host has is found out by trying (`msgtape doctor`), and is not known here.
 */

export interface KernelFunction {
  readonly name: string;
  readonly at: "entry" | "return";
  /** What it is good for. */
  readonly use: string;
}

/** Every event has both; the first way that the kernel allows is taken. */
export const SYSCALL_HOOKS = { entry: "sys_enter", exit: "sys_exit", ways: ["tp_btf", "raw_tp"] } as const;

export const KERNEL_FUNCTIONS: readonly KernelFunction[] = [
  { name: "load_msg", at: "return", use: "the kernel's own copy of what is sent" },
  { name: "store_msg", at: "entry", use: "which message a receive brought" },
  { name: "free_msg", at: "entry", use: "messages that nobody receives" },
  { name: "msg_insert", at: "entry", use: "the true order of POSIX queues" },
  { name: "__do_notify", at: "entry", use: "the moment of a notification" },
];

/** The ways into a kernel function, the cheaper one first. */
export const KERNEL_WAYS = { entry: ["fentry", "kprobe"], return: ["fexit", "kretprobe"] } as const;

export const LIBC_WAYS = ["uprobe", "uretprobe"] as const;
