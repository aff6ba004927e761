/**
 * Names of the structs that a capture carries of its host's BTF: without them nobody can decode its evidence
 * elsewhere. Kernels built without a part (no compat, no IPv6) lack some; that is no error.
 */

/** What user programs hand over, 64-bit layouts. */
export const NATIVE_STRUCTS: readonly string[] = [
  "mq_attr",
  "sigevent",
  "__kernel_timespec",
  "msgbuf",
  "msqid64_ds",
  "ipc64_perm",
  "msginfo",
  "user_msghdr",
  "mmsghdr",
  "iovec",
  "cmsghdr",
];

/** The same from 32-bit programs. `msqid_ds` before IPC_64 lives on in `compat_msqid_ds`. */
export const COMPAT_STRUCTS: readonly string[] = [
  "compat_mq_attr",
  "compat_sigevent",
  "old_timespec32",
  "compat_msgbuf",
  "compat_msqid64_ds",
  "compat_msqid_ds",
  "compat_ipc64_perm",
  "compat_ipc_perm",
  "compat_ipc_kludge",
  "compat_msghdr",
  "compat_mmsghdr",
  "compat_iovec",
  "compat_cmsghdr",
];

/**
 * Fields of a msghdr that the kernel takes as input and never writes. A receive writes msg_namelen, msg_controllen
 * and msg_flags: what the caller had put there is known from entry alone.
 */
export const SENT_HEADER: readonly string[] = [
  "msg_name",
  "msg_namelen",
  "msg_iov",
  "msg_iovlen",
  "msg_control",
  "msg_controllen",
];
export const RECEIVED_HEADER: readonly string[] = ["msg_name", "msg_iov", "msg_iovlen", "msg_control"];

/** Addresses and control messages of sockets: one layout for all. */
export const SOCKET_STRUCTS: readonly string[] = [
  "sockaddr",
  "sockaddr_un",
  "sockaddr_in",
  "sockaddr_in6",
  "sockaddr_nl",
  "sockaddr_ll",
  "sockaddr_vm",
  "ucred",
  "in_pktinfo",
  "in6_pktinfo",
  "__kernel_old_timeval",
  "__kernel_old_timespec",
  "__kernel_sock_timeval",
  "old_timeval32",
];

/** The kernel's own structs of queues and messages: what the kernel programs read, for whoever checks them. */
export const QUEUE_STRUCTS: readonly string[] = [
  "mqueue_inode_info",
  "msg_queue",
  "kern_ipc_perm",
  "msg_msg",
];

/** All of them. */
export const STRUCTS: readonly string[] = [
  ...NATIVE_STRUCTS,
  ...COMPAT_STRUCTS,
  ...SOCKET_STRUCTS,
  ...QUEUE_STRUCTS,
];
