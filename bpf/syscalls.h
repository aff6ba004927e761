/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Entry and exit of a system call: from the number to the event, from the event's plan to the record. */
#ifndef MSGTAPE_SYSCALLS_H
#define MSGTAPE_SYSCALLS_H

static __always_inline void mux_args(struct mt_call *c, const volatile struct mt_mux_call *m)
{
	int i;

#pragma unroll
	for (i = 0; i < 6; i++) {
		__u32 from = m->from[i];

		c->args[i] = from < 6 ? c->from[from] : 0;
	}
}

/* ia32 ipc(call, first, second, third, ptr, fifth), ipc/syscall.c. Bits 16 and up of call are a version. */
static __always_inline void demux_ipc(struct mt_call *c)
{
	__u32 number = c->raw[0] & 0xffff;
	struct {
		__u32 msgp;
		__s32 msgtyp;
	} pair;
	const volatile struct mt_mux_call *m;

	if (number >= MT_MUX_CALLS)
		return;
	number = AT_MOST(number, MT_MUX_CALLS - 1);
	m = &config.ipc[number];
	c->event = m->event;
	c->mux = MT_MUX_IPC;
	c->variant = MT_VARIANT_COMPAT_IPC;
	__builtin_memcpy(c->from, c->raw, sizeof(c->from));
	/* A call that takes fifth (MSGRCV) has, in version 0, ptr and fifth in user memory at ptr. */
	if (m->count == 6 && !(c->raw[0] >> 16)) {
		c->operands = c->raw[4];
		c->operands_len = sizeof(pair);
		if (bpf_probe_read_user(&pair, sizeof(pair), (const void *)c->raw[4])) {
			c->record_flags |= MT_FLAG_ARGS_UNKNOWN;
			c->from[4] = c->from[5] = 0;
		} else {
			c->from[4] = pair.msgp;
			c->from[5] = (__u32)pair.msgtyp;
		}
	}
	mux_args(c, m);
}

/* ia32 socketcall(call, args): every operand lies in user memory, net/compat.c. */
static __always_inline void demux_socketcall(struct mt_call *c)
{
	__u32 number = c->raw[0], len;
	__u32 words[6] = {};
	const volatile struct mt_mux_call *m;
	int i;

	if (number >= MT_MUX_CALLS)
		return;
	number = AT_MOST(number, MT_MUX_CALLS - 1);
	m = &config.socketcall[number];
	c->event = m->event;
	c->mux = MT_MUX_SOCKETCALL;
	c->operands = c->raw[1];
	len = m->count * 4;
	len = AT_MOST(len, sizeof(words));
	c->operands_len = len;
	if (c->event && bpf_probe_read_user(words, len, (const void *)c->raw[1])) {
		c->record_flags |= MT_FLAG_ARGS_UNKNOWN;
		__builtin_memset(words, 0, sizeof(words));
	}
#pragma unroll
	for (i = 0; i < 6; i++)
		c->from[i] = words[i];
	mux_args(c, m);
}

/* Which event this is; c->event stays 0 when it is none that is recorded. */
static __always_inline void identify(struct mt_scratch *s, struct mt_call *c, struct pt_regs *regs, __u64 nr)
{
	reg_args(READ_REGS(&s->regs, regs), c->compat, c->raw);
	if (c->compat) {
		c->variant = MT_VARIANT_COMPAT;
		if (nr == config.nr_ipc && nr) {
			demux_ipc(c);
			goto out;
		}
		if (nr == config.nr_socketcall && nr) {
			demux_socketcall(c);
			goto out;
		}
	}
	c->event = config.event_of_nr[c->compat & 1][nr & (MT_NUMBERS - 1)];
	__builtin_memcpy(c->args, c->raw, sizeof(c->raw));
out:
	if (c->event >= MT_EVENTS || !config.record_event[c->event])
		c->event = 0;
}

/* A first look at the number alone, for the calls of every other kind. */
static __always_inline int interesting(__u64 nr)
{
	if (nr >= MT_NUMBERS)
		return 0;
	return config.event_of_nr[0][nr] | config.event_of_nr[1][nr] |
	       (nr && (nr == config.nr_ipc || nr == config.nr_socketcall));
}

static __always_inline __s64 operand(struct mt_scratch *s, __u8 arg)
{
	if (arg == MT_ARG_RET)
		return s->ret;
	return arg < 6 ? s->args[arg] : 0;
}

static __always_inline void take_string(struct mt_scratch *s, __u8 arg, __u64 addr)
{
	struct mt_item *item = item_begin(s, MT_ITEM_ARGUMENT, arg, addr);
	__u8 *to;
	long len;

	if (!item)
		return;
	to = (__u8 *)(item + 1);
	len = bpf_probe_read_user_str(to, MT_STRING_MAX + 8, (const void *)addr);
	if ((__s64)addr < 0) {
		item->wanted = 0xffffffff;
		item->status = MT_STATUS_REFUSED;
		len = 0;
	} else if (len <= 0) {
		/* Some page before the NUL is not there. */
		take_memory(s, WHAT(MT_ITEM_ARGUMENT, arg, 0), addr, MT_STRING_MAX, MT_STRING_MAX);
		return;
	} else if (len > MT_STRING_MAX) {
		item->wanted = 0xffffffff; /* longer than any name may be; how long is not known */
		item->status = MT_STATUS_TRUNCATED;
		len = MT_STRING_MAX;
	} else {
		item->wanted = len;
		len = AT_MOST(len, MT_STRING_MAX);
		/* The helper leaves what is behind the NUL as it was; strings are at most 256 bytes here. */
		to[len] = to[len + 1] = to[len + 2] = to[len + 3] = 0;
		to[len + 4] = to[len + 5] = to[len + 6] = to[len + 7] = 0;
	}
	item->captured = len;
	item_end(s, len);
}

static __always_inline void take_bytes(struct mt_scratch *s, const volatile struct mt_step *step, __u64 addr)
{
	__u64 len = operand(s, step->length_arg);
	__u64 wanted = len + step->size, limit = config.snap_bytes;

	if (step->length_arg == MT_ARG_RET && s->ret < 0)
		return;
	if (wanted < len)
		wanted = ~0ULL;
	/* The prefix (System V's mtype) does not count against the snap length. */
	take_memory(s, WHAT(MT_ITEM_ARGUMENT, step->arg, 0), addr, wanted, limit + step->size);
}

#define SIGEV_THREAD 2
#define COOKIE_LEN 32 /* NOTIFY_COOKIE_LEN, include/uapi/linux/mqueue.h */

static __always_inline void take_cookie(struct mt_scratch *s, __u8 arg, __u64 addr)
{
	__u64 cookie;
	__s32 event[4];

	/* sigev_value, sigev_signo, sigev_notify: 8 + 4 + 4 bytes, 4 + 4 + 4 in ia32 */
	if (bpf_probe_read_user(event, sizeof(event), (const void *)addr))
		return;
	if (event[s->compat ? 2 : 3] != SIGEV_THREAD)
		return;
	cookie = s->compat ? (__u64)(__u32)event[0] : (__u64)(__u32)event[0] | ((__u64)(__u32)event[1] << 32);
	take_memory(s, WHAT(MT_ITEM_COOKIE, arg, 0), cookie, COOKIE_LEN, COOKIE_LEN);
}

/* Step i of the plan. A function of its own, so that the verifier looks at it once and not once a step. */
__attribute__((noinline)) int take_step(struct mt_scratch *s, struct mt_task_state *t, __u32 i)
{
	const volatile struct mt_step *step;
	__u32 event, variant;
	__u64 addr;
	__s64 n;

	if (!s)
		return 0;
	event = s->event;
	variant = s->variant;
	if (event >= MT_EVENTS || variant >= MT_VARIANTS || i >= MT_STEPS)
		return 0;
	step = s->exit ? &config.plans[event][variant].exit[i] : &config.plans[event][variant].entry[i];
	if (step->when_arg < 6) {
		__u32 value = s->args[step->when_arg];

		if ((value & step->when_mask) != step->when_value)
			return 0;
		if (step->when_set && !(step->when_set >> (value & 31) & 1))
			return 0;
	}
	if ((step->flags & MT_STEP_ON_SUCCESS) && s->ret < 0)
		return 0;
	n = operand(s, step->arg);
	switch (step->take) {
	case MT_TAKE_MQD:
		return take_mqd(s, t, step->arg, n);
	case MT_TAKE_MSQID:
		return take_msqid(s, t, step->arg, n);
	case MT_TAKE_SOCKET:
		return take_socket(s, t, step->arg, n);
	}
	addr = n;
	if (!addr)
		return 0;
	switch (step->take) {
	case MT_TAKE_STRING:
		take_string(s, step->arg, addr);
		break;
	case MT_TAKE_BYTES:
		take_bytes(s, step, addr);
		break;
	case MT_TAKE_STRUCT:
		take_memory(s, WHAT(MT_ITEM_ARGUMENT, step->arg, 0), addr, step->size, step->size);
		break;
	case MT_TAKE_COOKIE:
		take_cookie(s, step->arg, addr);
		break;
	case MT_TAKE_MSGHDR:
		take_msghdr(s, step->arg, addr, step->flags);
		break;
	case MT_TAKE_MMSGHDR:
		n = operand(s, step->length_arg);
		if (step->length_arg != MT_ARG_RET)
			n = (__u32)n; /* vlen is unsigned int */
		if (n > 0)
			take_mmsghdr(s, step->arg, addr, n, step->flags);
		break;
	}
	return 0;
}

static __always_inline void take_steps(struct mt_scratch *s, struct mt_task_state *t)
{
	const volatile struct mt_plan *plan;
	__u32 event = s->event, variant = s->variant, i;

	if (event >= MT_EVENTS || variant >= MT_VARIANTS)
		return;
	plan = &config.plans[event][variant];
	for (i = 0; i < MT_STEPS; i++) {
		if ((s->exit ? plan->exit[i].take : plan->entry[i].take) == MT_TAKE_END)
			break;
		take_step(s, t, i);
		if (s->drop)
			break;
	}
}

/* The record's header, and the scratch made ready for the plan. */
static __always_inline void begin(struct mt_scratch *s, struct task_struct *task, __u8 type, __u64 time_ns)
{
	struct mt_record *r = head(s);

	r->type = type;
	r->flags = 0;
	r->part = 0;
	r->time_ns = time_ns;
	r->task_start_ns = task->start_boottime;
	r->tid = task->pid;
	r->tgid = task->tgid;
	r->cpu = bpf_get_smp_processor_id();
	r->pad = 0;
	s->exit = type == MT_RECORD_EXIT;
	s->drop = 0;
	s->lost = 0;
	s->message = 0;
	s->base = sizeof(*r) + (s->exit ? sizeof(struct mt_exit) : sizeof(struct mt_entry));
	s->used = s->base;
}

static __always_inline void begin_event(struct mt_scratch *s, __u8 event, __u8 abi, __u8 mux, __u8 variant, __u64 call,
					__u8 flags)
{
	struct mt_record *r = head(s);

	r->event = event;
	r->abi = abi;
	r->mux = mux;
	r->call = call;
	r->flags = flags;
	s->event = event;
	s->variant = variant;
	s->compat = abi == MT_ABI_IA32;
}

static __always_inline struct mt_call *begin_call(struct mt_scratch *s, struct task_struct *task)
{
	struct mt_call *c = &s->call;

	c->operands = 0;
	c->operands_len = 0;
	c->record_flags = 0;
	c->event = 0;
	c->compat = is_compat(task);
	c->mux = MT_MUX_NONE;
	c->variant = MT_VARIANT_NATIVE;
	return c;
}

static __always_inline void on_enter(struct pt_regs *regs, __u64 nr)
{
	struct task_struct *task;
	struct mt_task_state *t;
	struct mt_scratch *s;
	struct mt_stats *st;
	struct mt_call *c;
	__u8 flags;

	if (!interesting(nr & ~(__u64)X32_BIT) || !enabled())
		return;
	task = bpf_get_current_task_btf();
	if (!task_wanted(task))
		return;
	st = cpu_stats();
	s = cpu_scratch();
	if (!st || !s)
		return;
	if (nr & X32_BIT) {
		st->x32++;
		return;
	}
	c = begin_call(s, task);
	identify(s, c, regs, nr);
	if (!c->event)
		return;
	t = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	begin(s, task, MT_RECORD_ENTRY, bpf_ktime_get_boot_ns());
	flags = c->record_flags;
	if (t) {
		t->call++;
		if (!(t->flags & MT_TASK_ANNOUNCED))
			announce(s);
	} else {
		flags |= MT_FLAG_NO_NUMBER;
		st->no_task_state++;
		announce(s);
	}
	begin_event(s, c->event, c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI, c->mux, c->variant, t ? t->call : 0, flags);
	__builtin_memcpy(s->args, c->args, sizeof(c->args));
	__builtin_memcpy(s->record + sizeof(struct mt_record), c->args, sizeof(c->args));
	s->ret = 0;
	if (c->operands)
		take_memory(s, WHAT(MT_ITEM_OPERANDS, 0, 0), c->operands, c->operands_len, c->operands_len);
	if (!(flags & MT_FLAG_ARGS_UNKNOWN))
		take_steps(s, t);
	if (t)
		t->flags &= ~(MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST);
	if (s->drop)
		return;
	submit_last(s);
	if (!t)
		return;
	t->event = c->event;
	t->abi = c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI;
	t->mux = c->mux;
	t->variant = c->variant;
	t->record_flags = flags;
	__builtin_memcpy(t->args, c->args, sizeof(c->args));
	t->flags |= s->lost ? MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST : MT_TASK_IN_CALL;
}

static __always_inline void put_args(struct mt_scratch *s)
{
	struct mt_item *item = item_begin(s, MT_ITEM_ARGS, 0, 0);

	if (!item)
		return;
	item->wanted = item->captured = sizeof(struct mt_entry);
	__builtin_memcpy(item + 1, s->args, sizeof(s->args));
	item_end(s, sizeof(struct mt_entry));
}

static __always_inline void on_exit(struct pt_regs *regs, __u64 nr, __s64 ret)
{
	struct task_struct *task;
	struct mt_task_state *t;
	struct mt_scratch *s;
	struct mt_call *c;
	__u8 flags;

	if (!interesting(nr) || !enabled())
		return;
	task = bpf_get_current_task_btf();
	if (!task_wanted(task))
		return;
	s = cpu_scratch();
	if (!s)
		return;
	c = begin_call(s, task);
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (t && (t->flags & MT_TASK_IN_CALL) && (t->abi == MT_ABI_IA32) == c->compat) {
		/* The entry's own arguments: socketcall's operands may have changed in memory since. */
		c->event = t->event;
		c->mux = t->mux;
		c->variant = t->variant;
		c->record_flags = t->record_flags & MT_FLAG_ARGS_UNKNOWN;
		if (t->flags & MT_TASK_ENTRY_LOST)
			c->record_flags |= MT_FLAG_ENTRY_LOST;
		__builtin_memcpy(c->args, t->args, sizeof(c->args));
		t->flags &= ~(MT_TASK_IN_CALL | MT_TASK_ENTRY_LOST);
	} else {
		/* No entry was seen: refused by seccomp, in flight when the recording began, filtered then. */
		identify(s, c, regs, nr);
		if (!c->event)
			return;
		t = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
		c->record_flags |= MT_FLAG_NO_ENTRY;
		if (t)
			t->call++;
	}
	flags = c->record_flags;
	begin(s, task, MT_RECORD_EXIT, bpf_ktime_get_boot_ns());
	if (!t)
		flags |= MT_FLAG_NO_NUMBER;
	if (!t || !(t->flags & MT_TASK_ANNOUNCED))
		announce(s);
	begin_event(s, c->event, c->compat ? MT_ABI_IA32 : MT_NATIVE_ABI, c->mux, c->variant, t ? t->call : 0, flags);
	__builtin_memcpy(s->args, c->args, sizeof(c->args));
	s->ret = c->compat ? (__s64)(__s32)ret : ret;
	((struct mt_exit *)(s->record + sizeof(struct mt_record)))->ret = s->ret;
	if (flags & (MT_FLAG_NO_ENTRY | MT_FLAG_ENTRY_LOST))
		put_args(s);
	if (!(flags & MT_FLAG_ARGS_UNKNOWN))
		take_steps(s, t);
	if (!s->drop)
		submit_last(s);
}

#endif
