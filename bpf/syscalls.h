/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Entry and exit of a system call: whether it is recorded, its record from header to submission. */
#ifndef MSGTAPE_SYSCALLS_H
#define MSGTAPE_SYSCALLS_H

/* The record's header, and the scratch made ready for the plan. */
static __always_inline void begin(struct mt_scratch *s, struct mt_ring *ring, struct task_struct *task, __u8 type,
				  __u64 time_ns)
{
	struct mt_record *r = &s->head;

	r->type = type;
	r->flags = 0;
	r->part = 0;
	r->time_ns = time_ns;
	r->task_start_ns = task->start_boottime;
	r->tid = task->pid;
	r->tgid = task->tgid;
	r->cpu = s->cpu;
	r->pad = 0;
	s->exit = type == MT_RECORD_EXIT;
	s->drop = 0;
	s->decided = 0;
	s->lost = 0;
	s->message = 0;
	s->discards = 0;
	s->base = sizeof(*r) + (s->exit ? sizeof(struct mt_exit) : sizeof(struct mt_entry));
	s->produced = ring->produced;
}

static __always_inline void begin_event(struct mt_scratch *s, struct mt_ring *ring, __u8 event, __u8 abi, __u8 mux, __u8 variant, __u64 call,
					__u8 flags)
{
	struct mt_record *r = &s->head;

	r->event = event;
	r->abi = abi;
	r->mux = mux;
	r->call = call;
	r->flags = flags;
	s->event = event;
	s->variant = variant;
	s->compat = abi == MT_ABI_IA32;
	begin_part(s, ring);
}

static __always_inline void record_entry(struct mt_scratch *s, struct mt_task_state *t, struct task_struct *task,
					 struct pt_regs *regs, __u64 nr)
{
	struct mt_ring *ring = cpu_ring(s);
	struct mt_stats *st;
	struct mt_call *c;
	__u8 flags;

	c = begin_call(s, is_compat(task));
	identify(s, c, regs, nr);
	if (c->event == MT_SIGRETURN)
		on_sigreturn(t);
	if (c->event >= MT_EVENTS || !c->event || !ring)
		return;
	t = state_of(task, t);
	begin(s, ring, task, MT_RECORD_ENTRY, bpf_ktime_get_boot_ns());
	flags = c->record_flags;
	if (t) {
		t->call++;
		if (is_restart(t, c->event, s->args))
			flags |= MT_FLAG_RESTART;
		if (!t->announced)
			announce(s);
	} else {
		flags |= MT_FLAG_NO_NUMBER;
		st = cpu_stats();
		if (st)
			st->no_task_state++;
		announce(s);
	}
	s->ret = 0;
	begin_event(s, ring, c->event, c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI, c->mux, c->variant, t ? t->call : 0, flags);
	if (c->operands)
		take_memory(s, WHAT(MT_ITEM_OPERANDS, 0, 0), c->operands, c->operands_len, c->operands_len);
	if (!(flags & MT_FLAG_ARGS_UNKNOWN))
		take_steps(s, ring, t, task);
	if (t)
		t->flags &= ~(MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST | MT_TASK_DROPPED);
	if (!s->drop)
		submit_last(s, ring);
	if (config.trigger_count) {
		if (t)
			t->enter_ns = s->head.time_ns;
		if (config.depth_trigger_count) /* nothing else is known at an entry */
			check_triggers(s, t);
	}
	if (!t)
		return;
	if (s->drop) {
		t->call--;
		t->flags |= MT_TASK_DROPPED;
	}
	t->nr = nr;
	t->event = c->event;
	t->abi = c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI;
	t->mux = c->mux;
	t->variant = c->variant;
	t->record_flags = flags;
	__builtin_memcpy(t->args, s->args, sizeof(s->args));
	t->flags |= s->lost ? MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST : MT_TASK_IN_CALL;
}

static __always_inline void on_enter(struct pt_regs *regs, __u64 nr)
{
	struct task_struct *task;
	struct mt_task_state *t;
	struct mt_scratch *s;
	struct mt_stats *st;

	if (!(nr & X32_BIT ? is_x32_event(nr) : interesting(nr)) || !enabled())
		return;
	task = bpf_get_current_task_btf();
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (!task_wanted(task, t))
		return;
	if (nr & X32_BIT) {
		st = cpu_stats();
		if (st)
			st->x32++;
		return;
	}
	s = take_scratch();
	if (!s)
		return;
	record_entry(s, t, task, regs, nr);
	give_back(s);
}

static __always_inline void put_args(struct mt_scratch *s)
{
	struct mt_item *item = item_begin(s, MT_ITEM_ARGS, 0, 0, sizeof(struct mt_entry));

	if (!item)
		return;
	item->wanted = item->captured = sizeof(struct mt_entry);
	__builtin_memcpy(item + 1, s->args, sizeof(s->args));
	item_end(s, sizeof(struct mt_entry));
}

static __always_inline void record_exit(struct mt_scratch *s, struct mt_task_state *t, struct task_struct *task,
					struct pt_regs *regs, __u64 nr, __s64 ret, int compat, int entered)
{
	struct mt_ring *ring = cpu_ring(s);
	struct mt_call *c;
	__u8 flags;

	if (!ring)
		return;
	c = begin_call(s, compat);
	if (t && entered) {
		if (t->flags & MT_TASK_DROPPED) {
			t->flags &= ~(MT_TASK_IN_CALL | MT_TASK_DROPPED);
			return;
		}
		/* The entry's own arguments: socketcall's operands may have changed in memory since. */
		c->event = t->event;
		c->mux = t->mux;
		c->variant = t->variant;
		c->record_flags = t->record_flags & MT_FLAG_ARGS_UNKNOWN;
		if (t->flags & MT_TASK_ENTRY_LOST)
			c->record_flags |= MT_FLAG_ENTRY_LOST;
		__builtin_memcpy(s->args, t->args, sizeof(s->args));
		t->flags &= ~(MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST);
	} else {
		/* No entry was seen: refused by seccomp, in flight when the recording began, filtered then. */
		identify(s, c, regs, nr);
		if (!c->event || c->event >= MT_EVENTS)
			return;
		t = state_of(task, t);
		c->record_flags |= MT_FLAG_NO_ENTRY;
		if (t)
			t->call++;
	}
	flags = c->record_flags;
	begin(s, ring, task, MT_RECORD_EXIT, bpf_ktime_get_boot_ns());
	if (!t)
		flags |= MT_FLAG_NO_NUMBER;
	if (!t || !t->announced)
		announce(s);
	s->decided = !(flags & MT_FLAG_NO_ENTRY);
	s->ret = c->compat ? (__s64)(__s32)ret : ret;
	begin_event(s, ring, c->event, c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI, c->mux, c->variant, t ? t->call : 0, flags);
	if (t)
		note_interruption(t, c->event, s->args, s->ret);
	if (flags & (MT_FLAG_NO_ENTRY | MT_FLAG_ENTRY_LOST))
		put_args(s);
	if (!(flags & MT_FLAG_ARGS_UNKNOWN))
		take_steps(s, ring, t, task);
	if (!s->drop)
		submit_last(s, ring);
	else if (t)
		t->call--; /* a lone exit that the queue filter refused */
	if (config.trigger_count)
		check_triggers(s, t);
}

static __always_inline void on_exit(struct pt_regs *regs, __u64 nr, __s64 ret)
{
	struct task_struct *task;
	struct mt_task_state *t;
	struct mt_scratch *s;
	int compat, entered;

	if (!interesting(nr) || !enabled())
		return;
	task = bpf_get_current_task_btf();
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	compat = is_compat(task);
	entered = t && (t->flags & MT_TASK_IN_CALL) && (t->abi == MT_ABI_IA32) == compat && t->nr == (__u32)nr;
	/* The entry decided, for the exit too: a task may have another name, user or cgroup by now. */
	if (!entered && !task_wanted(task, t))
		return;
	s = take_scratch();
	if (!s)
		return;
	record_exit(s, t, task, regs, nr, ret, compat, entered);
	give_back(s);
}

#endif
