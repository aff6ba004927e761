/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The libc plane: functions of the C library, entered and returned from, by uprobes. Which function it is comes with
 * the probe (its cookie), and where its code is with the recorder. Nothing of user memory is read.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "records.h"
#include "config.h"
#include "differences.h"
#include "state.h"
#include "wanted.h"
#include "planes.h"

#define ENTERED 1
#define RETURNED 2

/* Calls within one another that a return is found among: signal handlers, and functions carried out by others. */
#define FRAMES 16 /* a power of two */

/* A call that was entered. `sequence` 0: none. */
struct mt_libc_frame {
	__u64 sequence;
	__u64 stack;
	__u64 call; /* the task's last call number then */
	__u32 function;
	__u32 pad;
};

struct mt_libc_task {
	__u64 exec_id;
	__u64 sequence;
	struct mt_libc_frame frames[FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mt_libc_task);
} libc_tasks SEC(".maps");

struct mt_libc_record {
	struct mt_record record;
	struct mt_libc libc;
};

/*
 * After an exec a task may have the tid and start time of another thread, which had numbers of its own: from then on it
 * goes on from the microseconds since boot, ahead of what any can have counted.
 */
static __always_inline void begin_anew(struct mt_libc_task *l, __u64 exec_id)
{
	if (l->exec_id)
		l->sequence = bpf_ktime_get_boot_ns() / 1000;
	l->exec_id = exec_id;
	__builtin_memset(l->frames, 0, sizeof(l->frames));
}

static __always_inline void put_record(struct mt_control *c, struct task_struct *task, struct mt_task_state *t,
				       __u32 function, __u8 phase, __u64 sequence, __s64 ret, __u8 event)
{
	struct mt_moment now = this_moment(c);
	struct mt_libc_record *r = bpf_ringbuf_reserve(&planes_ring, sizeof(*r), 0);

	if (!r) {
		count_lost(c);
		return;
	}
	fill_head(&r->record, MT_RECORD_LIBC, sizeof(*r), &now, task, in_call(t));
	if (phase == RETURNED)
		r->record.event = event;
	r->libc.function = function;
	r->libc.phase = phase;
	__builtin_memset(r->libc.pad, 0, sizeof(r->libc.pad));
	r->libc.sequence = sequence;
	r->libc.ret = ret;
	r->libc.call = t ? t->call : 0;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* A free frame, or else the oldest one: of a call that was left by longjmp, most likely. */
static __always_inline __u32 oldest(struct mt_libc_task *l)
{
	__u64 sequence = l->frames[0].sequence;
	__u32 found = 0;
	int i;

#pragma unroll
	for (i = 1; i < FRAMES; i++)
		if (l->frames[i].sequence < sequence) {
			sequence = l->frames[i].sequence;
			found = i;
		}
	return found;
}

SEC("uprobe")
int libc__entered(struct pt_regs *regs)
{
	struct mt_control *c = switched_on();
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 function = bpf_get_attach_cookie(regs);
	struct mt_libc_frame *frame;
	struct mt_task_state *t;
	struct mt_libc_task *l;

	if (!c)
		return 0;
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (!task_wanted(task, t))
		return 0;
	l = bpf_task_storage_get(&libc_tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!l) {
		count_lost(c);
		count_lost(c); /* its return will not be known for one */
		return 0;
	}
	if (l->exec_id != task->self_exec_id + 1)
		begin_anew(l, task->self_exec_id + 1);
	l->sequence++;
	frame = &l->frames[oldest(l) & (FRAMES - 1)];
	frame->sequence = l->sequence;
	frame->stack = stack_at_entry(regs, 0);
	frame->function = function;
	frame->call = t ? t->call : 0;
	put_record(c, task, t, function, ENTERED, l->sequence, 0, 0);
	return 0;
}

/*
 * The newest call of the function that began with the stack where it is now; 0: none, so its entry was not wanted.
 * `call`: the task's last call number when it began.
 */
static __always_inline __u64 take_frame(struct mt_libc_task *l, __u32 function, __u64 stack, __u64 *call)
{
	__u64 sequence = 0;
	__u32 found = 0;
	int i;

#pragma unroll
	for (i = 0; i < FRAMES; i++) {
		struct mt_libc_frame *frame = &l->frames[i];

		if (frame->function == function && frame->stack == stack && frame->sequence > sequence) {
			sequence = frame->sequence;
			found = i;
		}
	}
	if (sequence) {
		*call = l->frames[found & (FRAMES - 1)].call;
		l->frames[found & (FRAMES - 1)].sequence = 0;
	}
	return sequence;
}

SEC("uretprobe")
int libc__returned(struct pt_regs *regs)
{
	struct mt_control *c = switched_on();
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 function = bpf_get_attach_cookie(regs);
	struct mt_task_state *t;
	struct mt_libc_task *l;
	__u64 sequence, call = 0;
	__s64 ret;

	if (!c)
		return 0;
	l = bpf_task_storage_get(&libc_tasks, task, NULL, 0);
	if (!l || l->exec_id != task->self_exec_id + 1)
		return 0;
	sequence = take_frame(l, function, stack_at_entry(regs, 1), &call);
	if (!sequence)
		return 0;
	ret = is_user32(regs) ? (__s64)(__s32)result_register(regs) : (__s64)result_register(regs);
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	put_record(c, task, t, function, RETURNED, sequence, ret, t && t->call > call ? t->event : 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
