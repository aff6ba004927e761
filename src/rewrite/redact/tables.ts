/**
 * What becomes of every field of every struct in a record: the allow-list. What is not here becomes zero, in the records
 * and in the layouts that come with them. A test holds these tables against the structs of the records and of the
 * catalogue, so that a new field needs a decision.
 */

/**
 * - `keep`: a size, a flag, a time since boot, a result
 * - `count`: the same, of a program's own making: a number beyond any size becomes the largest one
 * - `small`: the same of an int that the kernel takes for a signal, a length or a mode: of others whether they are negative
 * - `wall`: seconds of the time of day, 0 for never
 * - `gave`: only where the kernel has written it, never what lay there before
 * - `part`: a struct of its own, or one that has a rule of its own
 * - `drop`: nothing that a reader needs
 */
export type Fate =
  | "keep"
  | "count"
  | "small"
  | "drop"
  | "pid"
  | "uid"
  | "gid"
  | "msqid"
  | "key"
  | "namespace"
  | "generation"
  | "pointer"
  | "wall"
  | "gave"
  | "part";

export type FateTable = Readonly<Record<string, Fate>>;

/** The structs of format-spec/records.md. `part` in them: src/rewrite/redact/records.ts and items.ts. */
export const RECORD_TABLES: Readonly<Record<string, FateTable>> = {
  mt_record: {
    size: "part",
    type: "keep",
    flags: "keep",
    part: "keep",
    time_ns: "keep",
    task_start_ns: "keep",
    tid: "pid",
    tgid: "pid",
    seq: "keep",
    call: "keep",
    cpu: "keep",
    event: "keep",
    abi: "keep",
    mux: "keep",
    pad: "drop",
  },
  mt_entry: { args: "part" },
  mt_exit: { ret: "part" },
  mt_item: {
    kind: "keep",
    arg: "keep",
    status: "keep",
    iovec: "keep",
    message: "keep",
    pad: "drop",
    wanted: "part",
    captured: "part",
    addr: "pointer",
  },
  mt_queue: {
    kind: "keep",
    flags: "keep",
    pad: "drop",
    namespace_inum: "namespace",
    id: "part",
    generation: "generation",
    bytes: "count",
    max_bytes: "count",
    depth: "keep",
    max_messages: "keep",
    notify_pid: "pid",
    last_send_pid: "pid",
    last_receive_pid: "pid",
    pad2: "drop",
  },
  mt_kernel: {
    hook: "keep",
    pad: "drop",
    pid: "pid",
    message: "keep",
    queue: "generation",
    m_type: "keep",
    m_ts: "keep",
    ret: "keep",
  },
  mt_libc: {
    function: "keep",
    phase: "keep",
    pad: "drop",
    sequence: "keep",
    ret: "part",
    call: "keep",
  },
};

/** In the recorder's BTF, but never in a chunk. */
export const UNUSED_RECORD_STRUCTS: readonly string[] = ["mt_task", "mt_queue_name"];

const MQ_ATTR: FateTable = {
  mq_flags: "count",
  mq_maxmsg: "count",
  mq_msgsize: "count",
  mq_curmsgs: "count",
  __reserved: "drop",
};

const TIMESPEC: FateTable = { tv_sec: "part", tv_nsec: "part" };
const TIMEVAL: FateTable = { tv_sec: "part", tv_usec: "part" };

const IPC_PERM: FateTable = {
  key: "key",
  uid: "uid",
  gid: "gid",
  cuid: "uid",
  cgid: "gid",
  mode: "small",
  // With the index it is the id.
  seq: "drop",
  __pad1: "drop",
  __pad2: "drop",
  __unused1: "drop",
  __unused2: "drop",
  unused1: "drop",
  unused2: "drop",
};

const MSQID_DS: FateTable = {
  msg_perm: "part",
  msg_stime: "wall",
  msg_rtime: "wall",
  msg_ctime: "wall",
  msg_stime_high: "drop",
  msg_rtime_high: "drop",
  msg_ctime_high: "drop",
  msg_cbytes: "keep",
  msg_qnum: "keep",
  msg_qbytes: "count",
  msg_lspid: "pid",
  msg_lrpid: "pid",
  __unused4: "drop",
  __unused5: "drop",
  // Of the struct before IPC_64 alone.
  msg_first: "drop",
  msg_last: "drop",
  msg_lcbytes: "keep",
  msg_lqbytes: "count",
};

const MSGHDR: FateTable = {
  msg_name: "pointer",
  msg_namelen: "small",
  msg_iov: "pointer",
  msg_iovlen: "count",
  msg_control: "pointer",
  msg_controllen: "count",
  msg_flags: "gave",
};

const IOVEC: FateTable = { iov_base: "pointer", iov_len: "count" };
const CMSGHDR: FateTable = { cmsg_len: "part", cmsg_level: "part", cmsg_type: "part" };
const SIGEVENT: FateTable = {
  sigev_value: "part",
  sigev_signo: "small",
  sigev_notify: "small",
  _sigev_un: "drop",
};

/**
 * The catalogue's structs, by their names in BTF; and those within them. sockaddr.ts and control.ts have the rules of
 * what is `part` in addresses and control messages.
 */
export const USER_TABLES: Readonly<Record<string, FateTable>> = {
  mq_attr: MQ_ATTR,
  compat_mq_attr: MQ_ATTR,
  sigevent: SIGEVENT,
  compat_sigevent: SIGEVENT,
  __kernel_timespec: TIMESPEC,
  old_timespec32: TIMESPEC,
  __kernel_old_timespec: TIMESPEC,
  __kernel_old_timeval: TIMEVAL,
  __kernel_sock_timeval: TIMEVAL,
  old_timeval32: TIMEVAL,
  msgbuf: { mtype: "part", mtext: "part" },
  compat_msgbuf: { mtype: "part", mtext: "part" },
  msqid64_ds: MSQID_DS,
  compat_msqid64_ds: MSQID_DS,
  compat_msqid_ds: MSQID_DS,
  ipc64_perm: IPC_PERM,
  compat_ipc64_perm: IPC_PERM,
  compat_ipc_perm: IPC_PERM,
  msginfo: {
    msgpool: "keep",
    msgmap: "keep",
    msgmax: "keep",
    msgmnb: "keep",
    msgmni: "keep",
    msgssz: "keep",
    msgtql: "keep",
    msgseg: "keep",
  },
  user_msghdr: MSGHDR,
  compat_msghdr: MSGHDR,
  mmsghdr: { msg_hdr: "part", msg_len: "gave" },
  compat_mmsghdr: { msg_hdr: "part", msg_len: "gave" },
  iovec: IOVEC,
  compat_iovec: IOVEC,
  cmsghdr: CMSGHDR,
  compat_cmsghdr: CMSGHDR,
  compat_ipc_kludge: { msgp: "part", msgtyp: "part" },
  sockaddr: { sa_family: "part", sa_data: "drop", sa_data_min: "drop" },
  sockaddr_un: { sun_family: "part", sun_path: "part" },
  sockaddr_in: { sin_family: "part", sin_port: "part", sin_addr: "part", __pad: "drop" },
  sockaddr_in6: {
    sin6_family: "part",
    sin6_port: "part",
    sin6_flowinfo: "part",
    sin6_addr: "part",
    sin6_scope_id: "part",
  },
  sockaddr_nl: { nl_family: "part", nl_pad: "drop", nl_pid: "part", nl_groups: "part" },
  ucred: { pid: "pid", uid: "uid", gid: "gid" },
  in_pktinfo: { ipi_ifindex: "part", ipi_spec_dst: "part", ipi_addr: "part" },
  in6_pktinfo: { ipi6_addr: "part", ipi6_ifindex: "part" },
};

/** Structs of the catalogue that no redacted capture carries: nobody decodes them, or what they hold is replaced whole. */
export const LEFT_OUT: readonly string[] = [
  "sockaddr_ll",
  "sockaddr_vm",
  "mqueue_inode_info",
  "msg_queue",
  "kern_ipc_perm",
  "msg_msg",
];

/** Fields of structs and unions within them, which have no table: the layouts of a redacted capture name them too. */
const INNER_FIELDS: readonly string[] = [
  ...["sival_int", "sival_ptr", "_pad", "_tid", "_sigev_thread", "_function", "_attribute"],
  ...["s_addr", "in6_u", "u6_addr8", "u6_addr16", "u6_addr32"],
];

/** Every name that a field may have in the layouts of a redacted capture. */
export const FIELD_NAMES: ReadonlySet<string> = new Set([
  ...[...Object.values(RECORD_TABLES), ...Object.values(USER_TABLES)].flatMap((table) => Object.keys(table)),
  ...INNER_FIELDS,
]);
