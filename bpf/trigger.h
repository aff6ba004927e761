/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Triggers: conditions on recorded calls that are asked at entry and exit, out of what the programs know by then. What a
 * trigger tells goes into memory that user space looks at. Without triggers the verifier finds nothing of this reachable.
 */
#ifndef MSGTAPE_TRIGGER_H
#define MSGTAPE_TRIGGER_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MT_TRIGGERS);
	__type(key, __u32);
	__type(value, struct mt_fired);
} fired SEC(".maps");

/* When results came that are counted, the newest `limit` of each trigger. As many as mt_config.burst_slots. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bursts SEC(".maps");

/* The depth triggers that are about the POSIX queue of this name, which zeros follow: mt_queue_seen.triggers. */
static __always_inline __u64 triggers_of(const __u8 *name)
{
	const __u64 *is = (const __u64 *)name;
	__u64 found = 0, differs;
	__u32 i, j;

	for (i = 0; i < MT_TRIGGERS && i < config.trigger_count; i++) {
		const volatile struct mt_trigger *trigger = &config.triggers[i];
		const volatile __u64 *want = (const volatile __u64 *)trigger->name;

		if (trigger->kind != MT_TRIGGER_DEPTH || trigger->queue_kind != MT_QUEUE_POSIX)
			continue;
		differs = 0;
		for (j = 0; j < sizeof(trigger->name) / 8; j++)
			differs |= want[j] ^ is[j];
		if (!differs)
			found |= 1ULL << i;
	}
	return found;
}

/* The triggers are to look at this queue, at the end of the entry or exit. */
static __always_inline void note_depth(struct mt_scratch *s, const struct mt_queue *q, __s32 key, __u64 triggers)
{
	s->depth_kind = q->kind;
	s->depth = q->depth;
	s->depth_msqid = q->id;
	s->depth_key = key;
	s->depth_triggers = triggers;
}

static __always_inline int is_about(struct mt_scratch *s, const volatile struct mt_trigger *trigger)
{
	__u32 event = s->event & (MT_EVENTS - 1);

	return trigger->events >> event & 1;
}

static __always_inline int too_slow(struct mt_scratch *s, struct mt_task_state *t,
				    const volatile struct mt_trigger *trigger, __u64 *value)
{
	/* `decided`: the entry was seen, and when. */
	if (!s->exit || !s->decided || !t || !is_about(s, trigger))
		return 0;
	*value = s->head.time_ns - t->enter_ns;
	return *value > trigger->limit;
}

static __always_inline int too_deep(struct mt_scratch *s, const volatile struct mt_trigger *trigger, __u32 i, __u64 *value)
{
	if (!s->depth_kind || (trigger->queue_kind && trigger->queue_kind != s->depth_kind))
		return 0;
	if (trigger->queue_kind == MT_QUEUE_POSIX && !(s->depth_triggers >> (i & (MT_TRIGGERS - 1)) & 1))
		return 0;
	if (trigger->queue_kind == MT_QUEUE_SYSV &&
	    trigger->value != (trigger->is_key ? s->depth_key : (__s32)s->depth_msqid))
		return 0;
	*value = s->depth;
	return *value > trigger->limit;
}

/*
 * The results are numbered, and each takes the place of the one `limit` before it: if that is young enough, so are all
 * between the two, which makes limit + 1.
 */
static __always_inline int too_many(struct mt_scratch *s, const volatile struct mt_trigger *trigger, __u32 i, __u64 *value)
{
	__u64 limit = trigger->limit, number, before, *place;
	struct mt_fired *f;
	__u32 slot;

	if (!s->exit || s->ret != -(__s64)trigger->value || !is_about(s, trigger))
		return 0;
	if (!limit)
		return 1;
	f = bpf_map_lookup_elem(&fired, &i);
	if (!f)
		return 0;
	number = __sync_fetch_and_add(&f->results, 1);
	slot = trigger->first_slot + number % limit;
	place = bpf_map_lookup_elem(&bursts, &slot);
	if (!place)
		return 0;
	before = __atomic_exchange_n(place, s->head.time_ns, __ATOMIC_SEQ_CST);
	if (!before)
		return 0;
	/* Two cpus' times may be in another order than their numbers. */
	*value = before < s->head.time_ns ? s->head.time_ns - before : 0;
	return *value <= trigger->window_ns;
}

static __always_inline void fire(struct mt_scratch *s, __u32 i, __u64 value)
{
	struct mt_fired *f = bpf_map_lookup_elem(&fired, &i);

	if (!f)
		return;
	__sync_fetch_and_add(&f->met, 1);
	if (*(volatile __u64 *)&f->held || __atomic_exchange_n(&f->held, 1, __ATOMIC_SEQ_CST))
		return;
	f->time_ns = s->head.time_ns;
	f->task_start_ns = s->head.task_start_ns;
	f->call = s->head.call;
	f->value = value;
	f->tid = s->head.tid;
	f->tgid = s->head.tgid;
	f->event = s->event;
	f->exit = s->exit;
	/* Nobody else counts while it is held; an exchange is a full barrier everywhere. */
	__atomic_exchange_n(&f->fired, f->fired + 1, __ATOMIC_SEQ_CST);
}

/* At the end of an entry or exit, whether or not its record found room. A function of its own, so that the verifier
 * looks at it once for each program. */
__attribute__((noinline)) int check_triggers(struct mt_scratch *s, struct mt_task_state *t)
{
	__u32 i;

	if (!s || !config.trigger_count)
		return 0;
	for (i = 0; i < MT_TRIGGERS && i < config.trigger_count && !s->drop; i++) {
		const volatile struct mt_trigger *trigger = &config.triggers[i];
		__u32 kind = trigger->kind;
		__u64 value = 0;
		int met = 0;

		if (kind == MT_TRIGGER_LATENCY)
			met = too_slow(s, t, trigger, &value);
		else if (kind == MT_TRIGGER_DEPTH)
			met = too_deep(s, trigger, i, &value);
		else if (kind == MT_TRIGGER_ERRNO)
			met = too_many(s, trigger, i, &value);
		if (met)
			fire(s, i, value);
	}
	s->depth_kind = 0;
	return 0;
}

#endif
