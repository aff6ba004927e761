/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of every plane share: configuration, the switch, each task's state. */
#ifndef MSGTAPE_STATE_H
#define MSGTAPE_STATE_H

/* Read-only once loaded: the verifier takes its values as constants. */
const volatile struct mt_config config SEC(".rodata.config") = {};

struct mt_control {
	__u64 tracked; /* entries in `tree` */
	__u32 enabled; /* 0: every program returns at once, so that recording starts and ends at one moment */
	__u32 pad;
	__u64 planes_lost; /* records of the kernel and the libc plane that found no room in their ring */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_control);
} control SEC(".maps");

/* A kernel object whose QUEUE record this task has already sent. Addresses stay in the kernel. */
struct mt_queue_seen {
	__u64 object;
	__u64 id;
	__u64 also; /* POSIX: the super block; sockets: a mix of both addresses, to notice connect() and bind() */
	__u64 generation;
	__u64 max_bytes; /* POSIX: what never changes in a queue's life need not be read again */
	__u32 max_messages;
	__u32 namespace_inum;
	__u64 triggers; /* POSIX: bit 1 << i for each depth trigger that is about this queue */
};
#define MT_SEEN 4

enum mt_task_flags {
	MT_TASK_IN_CALL = 2,
	MT_TASK_ENTRY_LOST = 4,
	MT_TASK_DROPPED = 8, /* the queue filter refused the entry: its exit is left out with it */
	MT_TASK_INTERRUPTED = 16, /* left a call with ERESTARTSYS or the like; what the kernel makes of it is open */
	MT_TASK_TRACKED = 64, /* its process was found in `tree`, which it leaves only when it ends */
	MT_TASK_RETURNED = 128, /* with RESTARTS: the handler has returned */
	MT_TASK_RESTARTS = 32, /* with INTERRUPTED: a handler runs first, then the call is begun anew */
};

struct mt_task_state {
	__u64 call;
	__u64 args[6];
	__u32 flags;
	__u32 announced; /* apart from flags: a rename through /proc clears it from another cpu */
	__u32 next_seen;
	__u32 nr;	 /* of the entry */
	__u8 event;
	__u8 abi;
	__u8 mux;
	__u8 variant;
	__u32 record_flags; /* of the entry: MT_FLAG_ARGS_UNKNOWN */
	__u64 interrupted_args[6]; /* of the call that may be begun anew */
	__s32 interrupted_ret;
	__u8 interrupted_event;
	__u8 interrupted_pad[3];
	struct mt_queue_seen seen[MT_SEEN];
	__u64 enter_ns; /* of the entry; kept only where there are triggers */
	__s32 name_room[MT_MESSAGES_MAX]; /* of a receive: msg_namelen at entry, which the kernel overwrites */
	/* The kernel plane's. */
	__u64 loading;	  /* number of the call while it is in load_msg(), else 0 */
	__u64 load_from;  /* load_msg()'s arguments */
	__u64 load_bytes;
	__u64 loaded;	  /* address of the message that the call has loaded, until it is freed */
	__u64 loaded_call; /* number of that call */
	__u64 stored;	  /* address of the message that store_msg() had last, until it is freed */
	__u64 stored_call; /* number of that call */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mt_task_state);
} tasks SEC(".maps");

/*
 * At most `max`, in a way that the verifier of 6.1 still sees after the compiler has moved things about: the
 * barrier keeps the value that is compared and the one that is used in one register.
 */
#define AT_MOST(value, max)                                                                                        \
	({                                                                                                         \
		__u32 value_ = (value);                                                                            \
		barrier_var(value_);                                                                               \
		if (value_ > (max))                                                                                \
			value_ = (max);                                                                            \
		value_;                                                                                            \
	})

static __always_inline int enabled(void)
{
	__u32 zero = 0;
	struct mt_control *c = bpf_map_lookup_elem(&control, &zero);

	return c && c->enabled;
}

static __always_inline struct mt_task_state *own_state(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
}

#endif
