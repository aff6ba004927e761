/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space tells the kernel programs before they load (struct mt_config, read-only afterwards), and
 * what they count (struct mt_stats). The recorder encodes mt_config by this object's own BTF, out of the
 * catalogue: no event is named in C.
 */
#ifndef MSGTAPE_CONFIG_H
#define MSGTAPE_CONFIG_H

#include "trigger-config.h"

#define MT_EVENTS 32   /* catalogue ids are 1..31 */
#define MT_NUMBERS 1024 /* syscall numbers looked at; a power of two */
#define MT_STEPS 8
#define MT_SIGRETURN 255 /* in event_of_nr: no event, but the return from a signal handler */
#define MT_FILTER_VALUES 16
#define MT_RING_HEAD 128 /* struct mt_ring before its data */

/* mt_step.take: what to keep of a call */
enum mt_take {
	MT_TAKE_END = 0,
	MT_TAKE_STRING = 1,  /* NUL-terminated, at args[arg] */
	MT_TAKE_BYTES = 2,   /* args[arg], length args[length_arg] (MT_ARG_RET: the result), after `size` bytes of prefix */
	MT_TAKE_STRUCT = 3,  /* `size` bytes at args[arg] */
	MT_TAKE_COOKIE = 4,  /* args[arg] is a sigevent: its cookie when SIGEV_THREAD */
	MT_TAKE_MSGHDR = 5,  /* args[arg] is a user_msghdr */
	MT_TAKE_MMSGHDR = 6, /* args[arg] is a vector of args[length_arg] (MT_ARG_RET: the result) mmsghdr */
	MT_TAKE_MQD = 7,     /* args[arg] (MT_ARG_RET: the result) is a message queue descriptor */
	MT_TAKE_MSQID = 8,
	MT_TAKE_SOCKET = 9,
	MT_TAKE_KEY = 10,    /* nothing is kept: args[arg] is the key_t by which the queue filter decides */
};

#define MT_ARG_RET 0xfe
#define MT_ARG_NONE 0xff

/* mt_step.flags */
enum mt_step_flags {
	MT_STEP_ON_SUCCESS = 1, /* only when the result is >= 0 */
	MT_STEP_PAYLOAD = 2,	/* messages: also name, data and control, not just the headers */
	MT_STEP_RECEIVED = 4,	/* messages: data bounded by what was received (result, msg_len) */
};

struct mt_step {
	__u8 take;	 /* enum mt_take */
	__u8 arg;
	__u8 length_arg; /* MT_TAKE_BYTES, MT_TAKE_MMSGHDR */
	__u8 when_arg;	 /* MT_ARG_NONE: always; else only when (args[when_arg] & when_mask) == when_value, and when_set */
	__u16 size;	 /* of a struct; of the prefix; messages: 1 + the argument with the flags, 0: none */
	__u16 flags;
	__u32 when_mask;
	__u32 when_value;
	__u32 when_set;	 /* 0: any; else bit (args[when_arg] & 31) must be set in it: several of msgctl's commands in one step */
};
_Static_assert(sizeof(struct mt_step) == 20, "mt_step is 20 bytes");

/* mt_config.plans: which layout the call's structs have */
enum mt_variant {
	MT_VARIANT_NATIVE = 0,
	MT_VARIANT_COMPAT = 1,	   /* ia32, by its own number or through socketcall */
	MT_VARIANT_COMPAT_IPC = 2, /* ia32 through ipc: msgctl has two struct versions there */
	MT_VARIANTS = 3,
};

struct mt_plan {
	struct mt_step entry[MT_STEPS];
	struct mt_step exit[MT_STEPS];
};

/* One sub-call of a multiplexer: argument i of the event is operand from[i]. */
struct mt_mux_call {
	__u8 event; /* 0: not one of ours */
	__u8 count; /* operands: socketcall reads this many u32 from user memory */
	__u8 from[6];
};
#define MT_MUX_CALLS 32

/* mt_config.filters */
enum mt_filter {
	MT_FILTER_TREE = 1,   /* only processes in the map `tree` and what they fork */
	MT_FILTER_COMM = 2,
	MT_FILTER_UID = 4,
	MT_FILTER_CGROUP = 8, /* cgroup v2 id, or one above it */
	MT_FILTER_QUEUE = 16, /* POSIX name, or System V msqid or key */
};

struct mt_queue_filter {
	__u8 kind;  /* enum mt_queue_kind */
	__u8 is_key; /* System V: value is a key_t, not an msqid */
	__u16 name_len;
	__s32 value;
	__u8 name[256];
};

struct mt_config {
	__u8 event_of_nr[2][MT_NUMBERS]; /* [0] the kernel's own ABI, [1] ia32; 0: not recorded */
	__u8 x32_of_nr[MT_NUMBERS];	 /* x32's numbers without their bit: counted, not recorded */
	__u8 record_event[MT_EVENTS];	 /* 1: wanted (a multiplexer's number is in event_of_nr as below) */
	__u32 nr_ipc;	     /* ia32 number of ipc, socketcall; 0: none of their events is wanted */
	__u32 nr_socketcall;
	struct mt_mux_call ipc[MT_MUX_CALLS];
	struct mt_mux_call socketcall[MT_MUX_CALLS];
	struct mt_plan plans[MT_EVENTS][MT_VARIANTS];
	__u32 snap_bytes;    /* 0..MT_SNAP_MAX */
	__u32 cpus;	     /* possible cpus */
	__u32 ring_bytes;    /* of each cpu's ring; a power of two */
	__u32 own_tgid;	     /* the recorder: never recorded */
	__u32 filters;	     /* enum mt_filter */
	__u32 keeper_tgid;   /* what stays root beside the recorder: never recorded; 0: nothing does */
	__u64 secret[2];     /* for the keyed hashes; thrown away after loading */
	__u32 comm_count, uid_count, cgroup_count, queue_count;
	__u8 comms[MT_FILTER_VALUES][16];
	__u32 uids[MT_FILTER_VALUES];
	__u64 cgroups[MT_FILTER_VALUES];
	struct mt_queue_filter queues[MT_FILTER_VALUES];
	__u32 trigger_count;
	__u32 depth_trigger_count; /* how many of them are about a depth */
	__u32 burst_slots;    /* places in the map `bursts` that they need, at least 1 */
	struct mt_trigger triggers[MT_TRIGGERS];
};

/*
 * A cpu's ring, shared with user space: only its cpu's programs write `produced` and the data, only the reader writes
 * `consumed`. Both only grow; a record begins at `position & (ring_bytes - 1)` and runs on past the end of the
 * ring, where there is room for the largest one, so that no record is ever split.
 */
struct mt_ring {
	__u64 produced;
	__u64 pad[7]; /* a cache line for each side */
	__u64 consumed;
	__u64 pad2[7];
	__u8 data[]; /* ring_bytes + MT_RING_TAIL */
};
_Static_assert(sizeof(struct mt_ring) == MT_RING_HEAD, "mt_ring begins with MT_RING_HEAD bytes");
#define MT_RING_TAIL (MT_RECORD_MAX + 8192)

/* mt_stats.lost: by cause */
enum mt_loss {
	MT_LOSS_RING_FULL = 0,
	MT_LOSS_NO_SCRATCH = 1,
	MT_LOSSES = 4,
};

/* Per cpu. recorded + lost = what happened; seq is their sum. */
struct mt_stats {
	__u64 seq;
	__u64 lost[MT_LOSSES];
	__u64 recorded_entries[MT_EVENTS];
	__u64 recorded_exits[MT_EVENTS];
	__u64 lost_entries[MT_EVENTS];
	__u64 lost_exits[MT_EVENTS];
	__u64 x32;	       /* calls with the x32 bit: counted, not decoded */
	__u64 announce_failed; /* TASK and QUEUE records that found no room; they are sent again later */
	__u64 no_task_state;   /* calls recorded without a number */
};

#endif
