/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel programs of msgtape: the syscall plane, and what keeps track of tasks. Compiled three times
 * (differences.h). Nothing here decides policy or names an event: that is all in struct mt_config.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>
#include "kernel.h"
#include "records.h"
#include "config.h"
#include "differences.h"
#include "state.h"
#include "maps.h"
#include "pseudonym.h"
#include "scratch.h"
#include "trigger.h"
#include "queue.h"
#include "sysv.h"
#include "socket.h"
#include "messages.h"
#include "wanted.h"
#include "task.h"
#include "call.h"
#include "steps.h"
#include "restart.h"
#include "syscalls.h"

/* Kept only so that the object's BTF describes every record, which is how captures describe themselves. */
struct mt_record_types {
	struct mt_record record;
	struct mt_entry entry;
	struct mt_exit exit;
	struct mt_task task;
	struct mt_queue queue;
	struct mt_queue_name queue_name;
	struct mt_item item;
	struct mt_kernel kernel;
	struct mt_libc libc;
	enum mt_record_type record_type;
	enum mt_record_flags record_flags;
	enum mt_abi abi;
	enum mt_mux_kind mux;
	enum mt_item_kind item_kind;
	enum mt_hook hook;
	enum mt_item_status item_status;
	enum mt_queue_kind queue_kind;
	enum mt_queue_flags queue_flags;
	enum mt_take take;
	enum mt_step_flags step_flags;
	enum mt_variant variant;
	enum mt_filter filter;
	enum mt_loss loss;
	enum mt_trigger_kind trigger_kind;
};
const struct mt_record_types *mt_unused SEC(".rodata.types") = 0;

/* A process forked by a recorded one is recorded. */
static __always_inline void on_fork(__u32 parent, __u32 child_tid, __u32 child_tgid)
{
	__u32 zero = 0;
	__u8 one = 1;
	struct mt_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c || !(config.filters & MT_FILTER_TREE) || child_tid != child_tgid)
		return;
	if (!bpf_map_lookup_elem(&tree, &parent))
		return;
	if (!bpf_map_update_elem(&tree, &child_tgid, &one, BPF_NOEXIST))
		__sync_fetch_and_add(&c->tracked, 1);
}

/* The last thread of a process leaves: `live` was counted down before this tracepoint (kernel/exit.c). */
static __always_inline void on_process_exit(__u32 tgid, int live)
{
	__u32 zero = 0;
	struct mt_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c || !(config.filters & MT_FILTER_TREE) || live)
		return;
	if (!bpf_map_delete_elem(&tree, &tgid))
		__sync_fetch_and_add(&c->tracked, -1);
}

/*
 * exec by a thread that is not the leader: it takes the leader's tid and start time (de_thread(), fs/exec.c), so also
 * its key. Its calls must not have numbers that the leader's had: they go on from the microseconds since boot, which
 * are ahead of what a task can have counted since.
 */
static __always_inline void on_exec(struct mt_task_state *t, __s32 pid, __s32 old_pid)
{
	if (!t)
		return;
	t->announced = 0;
	if (pid != old_pid)
		t->call = bpf_ktime_get_boot_ns() / 1000;
}

static __always_inline void on_rename(struct mt_task_state *t)
{
	if (t)
		t->announced = 0;
}

#ifdef MT_TP_BTF

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long id)
{
	on_enter(regs, id);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	on_exit(regs, *NR_FIELD(regs), ret);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	on_fork(parent->tgid, child->pid, child->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	on_process_exit(task->tgid, task->signal->live.counter);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(task_rename, struct task_struct *task)
{
	on_rename(bpf_task_storage_get(&tasks, task, NULL, 0));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid)
{
	on_exec(bpf_task_storage_get(&tasks, task, NULL, 0), task->pid, old_pid);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(signal_deliver, int signal, void *info, struct k_sigaction *action)
{
	on_signal(own_state(), (__u64)action->sa.sa_handler, action->sa.sa_flags);
	return 0;
}

#else

/* The number that the call was entered with. */
static __always_inline __u64 saved_nr(struct pt_regs *regs)
{
	__typeof__(*NR_FIELD(regs)) nr = 0;

	bpf_probe_read_kernel(&nr, sizeof(nr), NR_FIELD(regs));
	return nr;
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	on_enter((struct pt_regs *)ctx->args[0], ctx->args[1]);
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];

	on_exit(regs, saved_nr(regs), ctx->args[1]);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int sched_process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx->args[0];
	struct task_struct *child = (struct task_struct *)ctx->args[1];

	on_fork(BPF_CORE_READ(parent, tgid), BPF_CORE_READ(child, pid), BPF_CORE_READ(child, tgid));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int sched_process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	on_process_exit(task->tgid, task->signal->live.counter);
	return 0;
}

/* Task storage takes BTF pointers only, so here the current task alone: a rename of another thread through /proc
 * is then seen at that task's next exec. */
SEC("raw_tp/task_rename")
int task_rename(struct bpf_raw_tracepoint_args *ctx)
{
	on_rename(own_state());
	return 0;
}

SEC("raw_tp/sched_process_exec")
int sched_process_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	on_exec(own_state(), task->pid, ctx->args[1]);
	return 0;
}

SEC("raw_tp/signal_deliver")
int signal_deliver(struct bpf_raw_tracepoint_args *ctx)
{
	struct k_sigaction *action = (struct k_sigaction *)ctx->args[2];

	on_signal(own_state(), (__u64)BPF_CORE_READ(action, sa.sa_handler), BPF_CORE_READ(action, sa.sa_flags));
	return 0;
}

#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
