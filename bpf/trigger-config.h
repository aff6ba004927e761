/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a recording waits for (struct mt_trigger, in mt_config), and what the programs tell of it (struct mt_fired). */
#ifndef MSGTAPE_TRIGGER_CONFIG_H
#define MSGTAPE_TRIGGER_CONFIG_H

#define MT_TRIGGERS 8

/* mt_trigger.kind: what is compared with the limit */
enum mt_trigger_kind {
	MT_TRIGGER_LATENCY = 1, /* nanoseconds from a call's entry to its exit */
	MT_TRIGGER_DEPTH = 2,	/* messages in a call's queue, at its entry or its exit */
	MT_TRIGGER_ERRNO = 3,	/* calls that ended with one errno, within a stretch of time */
};

struct mt_trigger {
	__u8 kind;	 /* enum mt_trigger_kind */
	__u8 queue_kind; /* DEPTH: enum mt_queue_kind; 0: any queue that has a depth */
	__u8 is_key;	 /* DEPTH, System V: value is a key_t, not an msqid */
	__u8 pad;
	__s32 value;	 /* ERRNO: the number; DEPTH, System V: the key or id */
	__u32 events;	 /* LATENCY, ERRNO: bit 1 << event for each that it is about */
	__u32 first_slot; /* ERRNO: its first place in the map `bursts`, of which it has `limit` */
	__u64 limit;	 /* more than this is needed */
	__u64 window_ns; /* ERRNO: from the first to the last of limit + 1 such results */
	__u8 name[256];	 /* DEPTH, POSIX: followed by zeros to the end */
};
_Static_assert(sizeof(struct mt_trigger) == 288, "mt_trigger is 288 bytes");

/*
 * A trigger's state, shared with user space. Only whoever sets `held` writes what describes the firing, and counts it in
 * `fired` last; only user space clears `held`. So what `fired` counts is whole, and stays until then.
 */
struct mt_fired {
	__u64 held;  /* 1: it has fired, and waits to be made ready again */
	__u64 fired; /* times */
	__u64 met;   /* times that its condition was met, also while it was held */
	__u64 results; /* ERRNO: such results so far */
	__u64 time_ns; /* of the entry or exit that met the condition: mt_record.time_ns */
	__u64 task_start_ns;
	__u64 call;
	__u64 value; /* LATENCY: nanoseconds; DEPTH: messages; ERRNO: nanoseconds that limit + 1 results took */
	__u32 tid;
	__u32 tgid;
	__u32 event;
	__u32 exit; /* 1: at the call's exit */
};
_Static_assert(sizeof(struct mt_fired) == 80, "mt_fired is 80 bytes");

#endif
