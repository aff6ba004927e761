/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of the syscall plane alone, and the scratch buffer that records are built in; state.h has what planes share. */
#ifndef MSGTAPE_MAPS_H
#define MSGTAPE_MAPS_H

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
	__u8 depth_kind; /* enum mt_queue_kind of the queue that the triggers are to look at; 0: none */
	struct mt_record head;
	__s64 ret;
	__u64 args[6];
	/* With depth_kind. */
	__u32 depth;
	__s32 depth_key; /* System V */
	__u64 depth_msqid;
	__u64 depth_triggers; /* POSIX: mt_queue_seen.triggers */
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

#endif
