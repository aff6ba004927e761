/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel plane and the libc plane write into: one ring for both. Their programs may be preempted and may nest
 * in one another, so they use nothing of the cpu's that the syscall plane builds its records in.
 */
#ifndef MSGTAPE_PLANES_H
#define MSGTAPE_PLANES_H

/* Of the host; set before loading, read-only afterwards. */
struct mt_plane_config {
	__u32 page_bytes;
	__u32 pad;
};
const volatile struct mt_plane_config plane SEC(".rodata.plane") = {};

/* KERNEL and LIBC records, each in a place that may be larger than it. The recorder makes it and says how large. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} planes_ring SEC(".maps");

/* NULL: nothing is recorded now. */
static __always_inline struct mt_control *switched_on(void)
{
	__u32 zero = 0;
	struct mt_control *c = bpf_map_lookup_elem(&control, &zero);

	return c && c->enabled ? c : NULL;
}

static __always_inline void count_lost(struct mt_control *c)
{
	__sync_fetch_and_add(&c->planes_lost, 1);
}

/* A time, and how many records of the planes had been lost at that time: see mt_record.seq in mt_kernel's. */
struct mt_moment {
	__u64 time_ns;
	__u64 lost;
};

static __always_inline struct mt_moment this_moment(struct mt_control *c)
{
	struct mt_moment m;
	int i;

	/* Neither may be older than a loss that the other one knows. Three losses in a row meanwhile: it is near enough. */
#pragma unroll
	for (i = 0; i < 3; i++) {
		m.lost = *(volatile __u64 *)&c->planes_lost;
		m.time_ns = bpf_ktime_get_boot_ns();
		if (*(volatile __u64 *)&c->planes_lost == m.lost)
			break;
	}
	return m;
}

/* The task's state while it is in a call that is recorded, else NULL. */
static __always_inline struct mt_task_state *in_call(struct mt_task_state *t)
{
	return t && (t->flags & (MT_TASK_IN_CALL | MT_TASK_DROPPED)) == MT_TASK_IN_CALL ? t : NULL;
}

/* `t`: as in_call() gave it. */
static __always_inline void fill_head(struct mt_record *r, __u8 type, __u32 size, const struct mt_moment *m,
				      struct task_struct *task, struct mt_task_state *t)
{
	r->size = size;
	r->type = type;
	r->flags = MT_FLAG_LAST;
	r->part = 0;
	r->time_ns = m->time_ns;
	r->task_start_ns = task->start_boottime;
	r->tid = task->pid;
	r->tgid = task->tgid;
	r->seq = m->lost;
	r->call = t ? t->call : 0;
	r->cpu = bpf_get_smp_processor_id();
	r->event = t ? t->event : 0;
	r->abi = t ? t->abi : 0;
	r->mux = t ? t->mux : 0;
	r->pad = 0;
}

#endif
