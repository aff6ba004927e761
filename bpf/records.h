/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records that the kernel programs put into the rings, byte for byte.
 *
 * A capture carries the BTF of these structs, and readers take every offset from there, so fields may be
 * added at the end of any struct. Nothing here may use a type whose size depends on the ABI. Normative text:
 * format-spec/records.md; a test compares it with these structs.
 */
#ifndef MSGTAPE_RECORDS_H
#define MSGTAPE_RECORDS_H

/* mt_record.type */
enum mt_record_type {
	MT_RECORD_ENTRY = 1, /* mt_record, mt_entry, items */
	MT_RECORD_EXIT = 2,  /* mt_record, mt_exit, items */
	MT_RECORD_TASK = 3,  /* mt_record, mt_task, cmdline bytes */
	MT_RECORD_QUEUE = 4, /* mt_record, mt_queue, mt_queue_name */
	MT_RECORD_KERNEL = 5, /* mt_record, mt_kernel, items */
	MT_RECORD_LIBC = 6,  /* mt_record, mt_libc */
};

/* mt_record.flags */
enum mt_record_flags {
	MT_FLAG_LAST = 1,	  /* no further part of this entry or exit follows */
	MT_FLAG_NO_ENTRY = 2,	  /* exit: the program saw no entry of this call (refused by seccomp, in flight at start) */
	MT_FLAG_ENTRY_LOST = 4,	  /* exit: the entry's record did not get into the ring; an MT_ITEM_ARGS follows */
	MT_FLAG_ARGS_UNKNOWN = 8, /* socketcall/ipc: the operands in user memory could not be read; mt_entry.args are 0 */
	MT_FLAG_NO_NUMBER = 16,	  /* no memory for the task's state: mt_record.call is 0 and means nothing */
	MT_FLAG_RESTART = 32,	  /* entry: the kernel itself begins an interrupted call of this task anew */
};

/* mt_record.abi: how the call came in */
enum mt_abi {
	MT_ABI_X86_64 = 1,
	MT_ABI_IA32 = 2,
	MT_ABI_ARM64 = 3,
};

/* mt_record.mux: the multiplexer that the call came through */
enum mt_mux_kind {
	MT_MUX_NONE = 0,
	MT_MUX_IPC = 1,
	MT_MUX_SOCKETCALL = 2,
};

/* Every record starts with this. A record is `size` bytes, a multiple of 8. */
struct mt_record {
	__u32 size; /* bytes, this header included */
	__u8 type;  /* enum mt_record_type */
	__u8 flags; /* enum mt_record_flags */
	__u16 part; /* 0, 1, ... within one entry or exit */
	__u64 time_ns; /* CLOCK_BOOTTIME when the hook fired; all parts of one entry or exit have the same */
	__u64 task_start_ns; /* CLOCK_BOOTTIME at the task's start: with tid the task's key, since tids wrap */
	__u32 tid;  /* in the initial pid namespace */
	__u32 tgid;
	__u64 seq;  /* per cpu; also counts entry and exit records that were lost. 0 in TASK and QUEUE records */
	__u64 call; /* the task's call number, from 1; the same at entry and exit. 0: see flags */
	__u32 cpu;
	__u8 event; /* catalogue id; 0 in TASK and QUEUE records */
	__u8 abi;   /* enum mt_abi */
	__u8 mux;   /* enum mt_mux_kind */
	__u8 pad;
};
_Static_assert(sizeof(struct mt_record) == 56, "mt_record is 56 bytes");

struct mt_entry {
	__u64 args[6]; /* in the event's own order, also through a multiplexer; ia32: zero-extended */
};
_Static_assert(sizeof(struct mt_entry) == 48, "mt_entry is 48 bytes");

struct mt_exit {
	__s64 ret; /* the raw value: -512 (ERESTARTSYS) is seen here, not what user space gets */
};
_Static_assert(sizeof(struct mt_exit) == 8, "mt_exit is 8 bytes");

/* mt_item.kind */
enum mt_item_kind {
	MT_ITEM_ARGUMENT = 1,	 /* memory at args[arg]: payload, struct, string, msghdr */
	MT_ITEM_MMSGHDR = 2,	 /* one mmsghdr of args[arg], number `message` */
	MT_ITEM_NAME = 3,	 /* msg_name of message `message` */
	MT_ITEM_IOV = 4,	 /* the iovec array of message `message`; wanted > captured: entries not kept */
	MT_ITEM_DATA = 5,	 /* the bytes of iovec `iovec` of message `message` */
	MT_ITEM_CONTROL = 6,	 /* msg_control of message `message` */
	MT_ITEM_COOKIE = 7,	 /* mq_notify, SIGEV_THREAD: the 32 bytes at sigev_value.sival_ptr */
	MT_ITEM_OPERANDS = 8,	 /* socketcall's args array, or ipc's {msgp, msgtyp} pair */
	MT_ITEM_QUEUE = 9,	 /* struct mt_queue */
	MT_ITEM_ARGS = 10,	 /* exit only: struct mt_entry, when no entry record is in the capture */
	MT_ITEM_NOT_KEPT = 11,	 /* `wanted` mmsghdr entries of args[arg] beyond those kept */
	MT_ITEM_KERNEL = 12,	 /* KERNEL records: the kernel's own copy of a message; addr: where it was loaded from, or 0 */
};

/* mt_item.status: what is known of the `wanted` bytes at `addr` */
enum mt_item_status {
	MT_STATUS_READ = 0,	    /* all wanted bytes follow */
	MT_STATUS_TRUNCATED = 1,    /* all up to a limit (snap length and the like) follow */
	MT_STATUS_PARTLY = 2,	    /* reading ended at a page that was not there; the bytes before it follow */
	MT_STATUS_NOT_RESIDENT = 3, /* nothing could be read: the first page is unmapped or not in memory */
	MT_STATUS_REFUSED = 4,	    /* not a user address, nothing was tried */
};

/* A piece of evidence: this header, then `captured` bytes, then zeros up to a multiple of 8. */
struct mt_item {
	__u8 kind;     /* enum mt_item_kind */
	__u8 arg;      /* the argument that leads to it */
	__u8 status;   /* enum mt_item_status */
	__u8 iovec;
	__u16 message; /* 0 unless sendmmsg or recvmmsg */
	__u16 pad;
	__u32 wanted;  /* original length in bytes, at most 0xffffffff */
	__u32 captured;
	__u64 addr;    /* user address; 0 for what the kernel gave */
};
_Static_assert(sizeof(struct mt_item) == 24, "mt_item is 24 bytes");

/* mt_queue.kind */
enum mt_queue_kind {
	MT_QUEUE_POSIX = 1,
	MT_QUEUE_SYSV = 2,
	MT_QUEUE_SOCKET = 3,
};

/* mt_queue.flags */
enum mt_queue_flags {
	MT_QUEUE_HAS_DEPTH = 1, /* depth, bytes and the limits were read; unlocked, so each is a hint */
};

/* The queue of a call as it was at that moment; namespace, id and generation are its key. */
struct mt_queue {
	__u8 kind; /* enum mt_queue_kind */
	__u8 flags;
	__u16 pad;
	__u32 namespace_inum; /* ipc namespace of the queue; network namespace of the socket */
	__u64 id;	      /* inode number, msqid, or the socket's inode number */
	__u64 generation;     /* keyed hash of the kernel object's address: ids recur, this rarely does */
	__u64 bytes;	      /* POSIX: payload bytes in the queue; System V: cbytes */
	__u64 max_bytes;      /* POSIX: mq_msgsize; System V: qbytes */
	__u32 depth;
	__u32 max_messages;   /* POSIX: mq_maxmsg; System V: 0, there qbytes is the limit */
	__u32 notify_pid;     /* POSIX: tgid of the notify owner, 0 none */
	__u32 last_send_pid;  /* System V: q_lspid, q_lrpid; 0 none */
	__u32 last_receive_pid;
	__u32 pad2;
};
_Static_assert(sizeof(struct mt_queue) == 64, "mt_queue is 64 bytes");

/* What a queue is called: once, when a task first meets it (again after changes and cache misses). */
struct mt_queue_name {
	__u64 cookie;	    /* sockets: skc_cookie, 0 when the kernel has given it none yet */
	__s32 key;	    /* System V: key_t */
	__u32 uid, gid, cuid, cgid; /* System V, in the initial user namespace */
	__u16 mode;
	__u16 family, type, protocol; /* sockets */
	__u16 local_len, peer_len;    /* bytes used in local and peer */
	__u16 name_len;	    /* bytes used in name, no NUL */
	__u16 pad[3];
	__u8 local[112];    /* sockets: a struct sockaddr of the family (sa_family first), 0 bytes: none */
	__u8 peer[112];
	__u8 name[256];	    /* POSIX: the file name without a slash */
};
_Static_assert(sizeof(struct mt_queue_name) == 528, "mt_queue_name is 528 bytes");

/* A task, before its first call in the capture; again after exec and rename. */
struct mt_task {
	__u8 comm[16];
	__u32 ppid; /* tgid of the real parent */
	__u32 uid;  /* in the initial user namespace */
	__u32 gid;
	__u32 namespace_pid;  /* tgid as the task's own pid namespace knows it */
	__u32 namespace_tid;
	__u32 cmdline_len; /* bytes that follow this struct, NUL-separated */
	__u64 cgroup_id; /* cgroup v2, 0 when unknown */
	__u64 process_start_ns; /* CLOCK_BOOTTIME at the start of the thread group's leader */
	__u8 exe[64]; /* the executable's file name without directories, NUL-terminated */
};
_Static_assert(sizeof(struct mt_task) == 120, "mt_task is 120 bytes");

/* mt_kernel.hook: the kernel's function, and the moment in it */
enum mt_hook {
	MT_HOOK_LOAD_MSG = 1,	/* load_msg() returned: the kernel has copied the message from user memory */
	MT_HOOK_STORE_MSG = 2,	/* store_msg() begins: the kernel is about to copy it to user memory */
	MT_HOOK_FREE_MSG = 3,	/* free_msg(): it is gone; not written when the same call has just stored it */
	MT_HOOK_MSG_INSERT = 4, /* msg_insert(): it enters a POSIX queue; the task may be a receiver */
	MT_HOOK_DO_NOTIFY = 5,	/* __do_notify() fires a registration */
};

/*
 * What the kernel did with a message, inside a call or beside any. In these and in LIBC records mt_record.seq counts
 * the records of these two types that were lost before; event, abi, mux and call are those of the recorded call that
 * the task is in, else 0.
 */
struct mt_kernel {
	__u8 hook; /* enum mt_hook */
	__u8 pad[3];
	__s32 pid;	/* DO_NOTIFY: process that had registered; else 0 */
	__u64 message;	/* identity: a fresh number for each load_msg(); 0: loaded before the recording, or not known */
	__u64 queue;	/* MSG_INSERT, DO_NOTIFY: mt_queue.generation of the queue; else 0 */
	__s64 m_type;	/* msg_msg.m_type, POSIX: the priority; LOAD_MSG, and FREE_MSG in the same call: 0 */
	__u64 m_ts;	/* bytes of the message; LOAD_MSG: that were asked for */
	__s64 ret;	/* LOAD_MSG: 0 or a negative errno; else 0 */
};
_Static_assert(sizeof(struct mt_kernel) == 48, "mt_kernel is 48 bytes");

/* A function of the C library, entered or returned from. */
struct mt_libc {
	__u32 function; /* id in the catalogue */
	__u8 phase;	/* 1 entered, 2 returned */
	__u8 pad[3];
	__u64 sequence; /* of the task's calls of such functions; the same in both phases */
	__s64 ret;	/* phase 2: what it returned */
	__u64 call;	/* the task's last call number by then: those in between are the function's own calls */
};
_Static_assert(sizeof(struct mt_libc) == 32, "mt_libc is 32 bytes");

#define MT_SNAP_MAX 65536	/* most bytes of one piece of evidence */
#define MT_SNAP_DEFAULT 256
#define MT_RECORD_MAX (2 * 65536 + 1024) /* no record is larger */
#define MT_MESSAGES_MAX 64	/* mmsghdr entries kept of one call */
#define MT_IOVECS_MAX 16	/* iovecs kept of one message */
#define MT_CONTROL_MAX 256	/* control bytes kept of one message */
#define MT_NAME_MAX 128		/* bytes of msg_name kept (sockaddr_storage is 128) */
#define MT_STRING_MAX 256	/* bytes of a queue name kept, the NUL included */
#define MT_CMDLINE_MAX 256

#endif
