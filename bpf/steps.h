/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A call's plan, step by step: which evidence is taken. The catalogue wrote the plan; no event is named here. */
#ifndef MSGTAPE_STEPS_H
#define MSGTAPE_STEPS_H

static __always_inline __s64 operand(struct mt_scratch *s, __u8 arg)
{
	if (arg == MT_ARG_RET)
		return s->ret;
	return arg < 6 ? s->args[arg] : 0;
}

static __always_inline void take_string(struct mt_scratch *s, __u8 arg, __u64 addr)
{
	struct mt_item *item = item_begin(s, MT_ITEM_ARGUMENT, arg, addr, MT_STRING_MAX + 16);
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
	/* Every string among the arguments is a POSIX queue's name. */
	if (config.filters & MT_FILTER_QUEUE)
		filter_queue(s, &(struct mt_asked){ .kind = MT_QUEUE_POSIX, .name = to });
}

/* The bytes that a step asks for. Returns 0 when it asks for none: the call failed and brought nothing. */
static __always_inline int bytes_wanted(struct mt_scratch *s, const volatile struct mt_step *step, __u64 *wanted)
{
	__u64 len = operand(s, step->length_arg);

	if (step->length_arg == MT_ARG_RET && s->ret < 0)
		return 0;
	*wanted = len + step->size < len ? ~0ULL : len + step->size;
	return 1;
}

/* The prefix (System V's mtype) does not count against the snap length. */
static __always_inline void take_bytes(struct mt_scratch *s, const volatile struct mt_step *step, __u64 addr)
{
	__u64 wanted;

	if (bytes_wanted(s, step, &wanted))
		take_memory(s, WHAT(MT_ITEM_ARGUMENT, step->arg, 0), addr, wanted, config.snap_bytes + step->size);
}

static __always_inline void put_bytes(struct mt_scratch *s, struct mt_ring *ring, const volatile struct mt_step *step, __u64 addr)
{
	__u64 wanted;

	if (addr && bytes_wanted(s, step, &wanted))
		put_memory_in_line(s, ring, WHAT(MT_ITEM_ARGUMENT, step->arg, 0), addr, wanted, config.snap_bytes + step->size);
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

/* The step applies to this call. */
static __always_inline int applies(struct mt_scratch *s, const volatile struct mt_step *step)
{
	__u32 arg = step->when_arg, value;

	if ((step->flags & MT_STEP_ON_SUCCESS) && s->ret < 0)
		return 0;
	if (arg >= 6)
		return 1;
	value = s->args[arg];
	if ((value & step->when_mask) != step->when_value)
		return 0;
	return !step->when_set || (step->when_set >> (value & 31) & 1);
}

static __always_inline const volatile struct mt_step *step_of(struct mt_scratch *s, __u32 i)
{
	__u32 event = s->event, variant = s->variant;

	if (event >= MT_EVENTS || variant >= MT_VARIANTS || i >= MT_STEPS)
		return NULL;
	event = AT_MOST(event, MT_EVENTS - 1);
	variant = AT_MOST(variant, MT_VARIANTS - 1);
	i = AT_MOST(i, MT_STEPS - 1);
	return s->exit ? &config.plans[event][variant].exit[i] : &config.plans[event][variant].entry[i];
}

/* No queue at all is not the queue that was asked for. */
static __always_inline void queue_found(struct mt_scratch *s, int found)
{
	if (!found && (config.filters & MT_FILTER_QUEUE) && !s->decided)
		s->drop = 1;
}

/* The socket step came before and said what MSG_TRUNC means there. */
static __always_inline void discarded(struct mt_scratch *s, const volatile struct mt_step *step)
{
	__u32 arg = step->size - 1;

	if (arg >= 6 || !(s->args[arg] & MSG_TRUNC))
		s->discards = 0;
}

/* The steps that are rarer or do more. A function of its own, so that the verifier looks at it once. */
__attribute__((noinline)) int take_step(struct mt_scratch *s, struct mt_task_state *t, __u32 i)
{
	const volatile struct mt_step *step;
	__s64 n;

	if (!s)
		return 0;
	step = step_of(s, i);
	if (!step)
		return 0;
	n = operand(s, step->arg);
	switch (step->take) {
	case MT_TAKE_MQD:
		queue_found(s, meet_mqd(s, t, step->arg, n));
		return 0;
	case MT_TAKE_MSQID:
		queue_found(s, take_msqid(s, t, step->arg, n));
		return 0;
	case MT_TAKE_SOCKET:
		queue_found(s, take_socket(s, t, step->arg, n));
		return 0;
	case MT_TAKE_KEY:
		if (config.filters & MT_FILTER_QUEUE)
			filter_queue(s, &(struct mt_asked){ .kind = MT_QUEUE_SYSV, .key = n, .msqid_unknown = 1 });
		return 0;
	}
	if (!n)
		return 0;
	switch (step->take) {
	case MT_TAKE_STRING:
		take_string(s, step->arg, n);
		break;
	case MT_TAKE_COOKIE:
		take_cookie(s, step->arg, n);
		break;
	case MT_TAKE_MSGHDR:
		discarded(s, step);
		take_msghdr(s, step->arg, n, step->flags);
		break;
	case MT_TAKE_MMSGHDR: {
		__u64 addr = n;

		discarded(s, step);
		n = operand(s, step->length_arg);
		if (step->length_arg != MT_ARG_RET)
			n = (__u32)n; /* vlen is unsigned int */
		if (n > 0)
			take_mmsghdr(s, step->arg, addr, n, step->flags);
		break;
	}
	}
	return 0;
}

/*
 * The whole plan. Where returns are slowed down against speculation (SRSO's safe return), calling a function costs
 * as much as a read: so the commonest first step is taken in line, and memory with one call. In the loop that
 * would be too much for the verifier of 6.1.
 */
static __always_inline void take_steps(struct mt_scratch *s, struct mt_ring *ring, struct mt_task_state *t,
				       struct task_struct *task)
{
	const volatile struct mt_step *step = step_of(s, 0);
	__u32 i = 0, take;
	__s64 n;

	if (!step)
		return;
	if (step->take == MT_TAKE_MQD && step->when_arg == MT_ARG_NONE && step->arg != MT_ARG_RET) {
		queue_found(s, take_mqd(s, ring, t, task, step->arg, operand(s, step->arg)));
		i = 1;
		step++;
		if (!s->drop && step->take == MT_TAKE_BYTES && step->when_arg == MT_ARG_NONE && applies(s, step)) {
			put_bytes(s, ring, step, operand(s, step->arg));
			i = 2;
			step++;
		}
	}
	for (; i < MT_STEPS; i++, step++) {
		if (s->drop)
			break;
		take = step->take;
		if (take == MT_TAKE_END)
			break;
		if (!applies(s, step))
			continue;
		n = operand(s, step->arg);
		if (take == MT_TAKE_BYTES) {
			if (n)
				take_bytes(s, step, n);
		} else if (take == MT_TAKE_STRUCT) {
			if (n)
				take_memory(s, WHAT(MT_ITEM_ARGUMENT, step->arg, 0), n, step->size, step->size);
		} else {
			take_step(s, t, i);
		}
	}
}

#endif
