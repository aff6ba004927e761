/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps, and the two structs that live only in the kernel: the scratch buffer and a task's state. */
#ifndef MSGTAPE_MAPS_H
#define MSGTAPE_MAPS_H

/* Read-only once loaded: the verifier takes its values as constants. */
const volatile struct mt_config config SEC(".rodata.config") = {};

/*
 * Entry and exit records, a ring for each cpu: struct mt_ring. Entries and value size are set before loading.
 *
 * Not BPF_MAP_TYPE_RINGBUF: handing a record over there costs two thirds of all the rest of a program (a lock shared
 * by all cpus, calls of functions, a copy), and here nothing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MT_RING_HEAD + 4096 + MT_RING_TAIL);
} rings SEC(".maps");

/* TASK and QUEUE records. They are rare, and come before the records that refer to them: the reader takes them first. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} names_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_stats);
} stats SEC(".maps");

/* Processes recorded under MT_FILTER_TREE, by tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} tree SEC(".maps");

struct mt_control {
	__u64 tracked; /* entries in `tree` */
	__u32 enabled; /* 0: every program returns at once, so that recording starts and ends at one moment */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_control);
} control SEC(".maps");

/* A call as the event sees it, whichever way it came in. */
struct mt_call {
	__u64 from[6];	 /* a multiplexer's operands */
	__u64 operands;	 /* user address of what the multiplexer's operands were read from, or 0 */
	__u32 operands_len;
	__u32 record_flags;
	__u8 event;
	__u8 compat;
	__u8 mux;
	__u8 variant;
};

/*
 * What a cpu knows of the record that it is building. Its items go straight into the ring; the header follows when
 * it is handed over. System call tracepoints run with preemption off and never nest, so one a cpu is enough; `busy`
 * holds that against kernels to come: what it turns away is counted.
 */
struct mt_scratch {
	__u64 produced; /* the ring's position: where the record begins */
	__u64 room;	/* free bytes of the ring from there */
	__u32 busy;
	__u32 cpu;
	__u32 used; /* bytes of the record so far */
	__u32 base; /* where items begin */
	__u8 exit;  /* 0 entry, 1 exit */
	__u8 event;
	__u8 compat;
	__u8 variant; /* enum mt_variant */
	__u8 drop;    /* the queue filter says no */
	__u8 decided; /* the entry was recorded, so is its exit: no filter is asked again */
	__u8 lost;    /* the first part found no room */
	__u8 discards; /* the socket throws data away under MSG_TRUNC */
	__u8 full;    /* the ring has no room for what this part needs */
	struct mt_record head;
	__s64 ret;
	__u64 args[6];
	/* Off the stack: 512 bytes must do for all functions that call one another. */
	struct mt_call call;
	struct mt_queue queue;
	struct pt_regs regs; /* raw tracepoints: a copy */
	__u64 received; /* bytes that a receive may have written to the message's iovecs from here on */
	__u32 snap_left;
	__u32 message;
	__u64 address; /* see as_number() */
	__u8 header[64]; /* the msghdr or mmsghdr being looked at */
	__u8 iov[MT_IOVECS_MAX * 16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_scratch);
} scratch SEC(".maps");

/* A TASK or QUEUE record being built. */
struct mt_names {
	struct mt_record record;
	union {
		struct {
			struct mt_task task;
			__u8 cmdline[MT_CMDLINE_MAX];
		};
		struct {
			struct mt_queue queue;
			struct mt_queue_name name;
		};
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_names);
} names SEC(".maps");

/* A kernel object whose QUEUE record this task has already sent. Addresses stay in the kernel. */
struct mt_queue_seen {
	__u64 object;
	__u64 id;
	__u64 also; /* POSIX: the super block; sockets: a mix of both addresses, to notice connect() and bind() */
	__u64 generation;
	__u64 max_bytes; /* POSIX: what never changes in a queue's life need not be read again */
	__u32 max_messages;
	__u32 namespace_inum;
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
	__s32 name_room[MT_MESSAGES_MAX]; /* of a receive: msg_namelen at entry, which the kernel overwrites */
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

static __always_inline struct mt_stats *cpu_stats(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

/* This cpu's scratch, until give_back(); NULL, and a loss, while it is taken. */
static __always_inline struct mt_scratch *take_scratch(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct mt_scratch *s = bpf_map_lookup_elem(&scratch, &cpu);
	struct mt_stats *st;

	if (s && !s->busy) {
		s->busy = 1;
		barrier();
		s->cpu = cpu;
		return s;
	}
	st = cpu_stats();
	if (st)
		st->lost[MT_LOSS_NO_SCRATCH]++;
	return NULL;
}

static __always_inline void give_back(struct mt_scratch *s)
{
	barrier();
	s->busy = 0;
}

static __always_inline struct mt_ring *cpu_ring(struct mt_scratch *s)
{
	__u32 cpu = s->cpu;

	return bpf_map_lookup_elem(&rings, &cpu);
}

/*
 * A pointer as a number, to compute and compare with. The verifier forbids arithmetic on a BTF pointer; one that
 * went through memory is a number to it.
 */
static __always_inline __u64 as_number(struct mt_scratch *s, const void *pointer)
{
	*(volatile __u64 *)&s->address = (__u64)pointer;
	return *(volatile __u64 *)&s->address;
}

static __always_inline int enabled(void)
{
	__u32 zero = 0;
	struct mt_control *c = bpf_map_lookup_elem(&control, &zero);

	return c && c->enabled;
}

#endif
