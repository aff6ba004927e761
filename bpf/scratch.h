/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Building a record in the cpu's ring, and handing it over, in parts when it grows too large. */
#ifndef MSGTAPE_SCRATCH_H
#define MSGTAPE_SCRATCH_H

/* An item is begun only below this; with the largest one behind it the record still fits. */
#define MT_PART_LIMIT 65536
/* The longest snap behind System V's mtype, which does not count against it. */
#define MT_EVIDENCE_MAX (MT_SNAP_MAX + 8)

/* Byte `offset` of the record that is being built. The caller has made sure of the room. */
static __always_inline __u8 *record_at(struct mt_scratch *s, struct mt_ring *ring, __u32 offset)
{
	return ring->data + (s->produced & (config.ring_bytes - 1)) + AT_MOST(offset, MT_PART_LIMIT + 64);
}

/*
 * The header's place in the ring: all but size, flags and seq, which come when the part is handed over. Typed, field
 * by field: memcpy() to a pointer that may be unaligned becomes a copy byte by byte in BPF.
 */
static __always_inline void put_head(struct mt_scratch *s, struct mt_ring *ring)
{
	struct mt_record *r = (struct mt_record *)record_at(s, ring, 0);

	r->type = s->head.type;
	r->part = s->head.part;
	r->time_ns = s->head.time_ns;
	r->task_start_ns = s->head.task_start_ns;
	r->tid = s->head.tid;
	r->tgid = s->head.tgid;
	r->call = s->head.call;
	r->cpu = s->head.cpu;
	r->event = s->head.event;
	r->abi = s->head.abi;
	r->mux = s->head.mux;
	r->pad = 0;
	if (s->exit)
		((struct mt_exit *)(r + 1))->ret = s->ret;
	else
		*(struct mt_entry *)(r + 1) = *(struct mt_entry *)s->args;
}

/* What room there is for a part; its header, when there is some. */
static __always_inline void begin_part(struct mt_scratch *s, struct mt_ring *ring)
{
	__u64 used = s->produced - *(volatile __u64 *)&ring->consumed;

	s->room = used < config.ring_bytes ? config.ring_bytes - used : 0;
	s->used = s->base;
	s->full = s->room < s->base;
	if (!s->full)
		put_head(s, ring);
}

/* What was written becomes visible, whole: the data before the position. */
static __always_inline void publish(struct mt_ring *ring, __u64 produced)
{
#if defined(__TARGET_ARCH_x86)
	barrier(); /* stores are not reordered with one another */
	*(volatile __u64 *)&ring->produced = produced;
#else
	__sync_fetch_and_add(&ring->produced, produced - ring->produced); /* a full barrier */
#endif
}

/*
 * Hands what is there to the ring as one part. A part that found no room is counted: seq goes on, so that a reader
 * sees the hole.
 */
static __always_inline void submit(struct mt_scratch *s, struct mt_ring *ring, __u8 flags)
{
	struct mt_stats *st = cpu_stats();
	__u32 event = s->event;
	__u64 seq;
	int err = s->full;
	struct mt_record *r;

	if (!st)
		return;
	seq = ++st->seq;
	if (err) {
		st->lost[MT_LOSS_RING_FULL]++;
	} else {
		r = (struct mt_record *)record_at(s, ring, 0);
		r->size = s->used;
		r->flags = s->head.flags | flags;
		r->seq = seq;
		s->produced += s->used;
		publish(ring, s->produced);
	}
	if (s->head.part == 0 && event < MT_EVENTS) {
		if (err)
			s->lost = 1;
		if (s->exit)
			err ? st->lost_exits[event]++ : st->recorded_exits[event]++;
		else
			err ? st->lost_entries[event]++ : st->recorded_entries[event]++;
	}
}

static __always_inline void submit_last(struct mt_scratch *s, struct mt_ring *ring)
{
	submit(s, ring, MT_FLAG_LAST);
}

/* Rare, so not inlined wherever an item begins. */
__attribute__((noinline)) int submit_part(struct mt_scratch *s)
{
	struct mt_ring *ring;

	if (!s)
		return 0;
	ring = cpu_ring(s);
	if (!ring)
		return 0;
	submit(s, ring, 0);
	s->head.part++;
	begin_part(s, ring);
	return 0;
}

/*
 * Room for an item of up to `len` bytes. The caller writes captured bytes behind it and calls item_end(). NULL: the
 * ring has no room, and the part will be counted as lost.
 */
static __always_inline struct mt_item *item_begin_in(struct mt_scratch *s, struct mt_ring *ring, __u8 kind, __u8 arg,
						     __u64 addr, __u32 len)
{
	struct mt_item *item;

	if (s->used > MT_PART_LIMIT)
		submit_part(s);
	if (!ring || s->full)
		return NULL;
	/* 8 more: zeros behind the data are written before it. */
	if (s->used + sizeof(*item) + len + 8 > s->room) {
		s->full = 1;
		return NULL;
	}
	item = (struct mt_item *)record_at(s, ring, s->used);
	item->kind = kind;
	item->arg = arg;
	item->status = MT_STATUS_READ;
	item->iovec = 0;
	item->message = s->message;
	item->pad = 0;
	item->wanted = 0;
	item->captured = 0;
	item->addr = addr;
	return item;
}

static __always_inline struct mt_item *item_begin(struct mt_scratch *s, __u8 kind, __u8 arg, __u64 addr, __u32 len)
{
	return item_begin_in(s, cpu_ring(s), kind, arg, addr, len);
}

static __always_inline void item_end(struct mt_scratch *s, __u32 captured)
{
	s->used += sizeof(struct mt_item) + ((captured + 7) & ~7U);
}

static __always_inline __u32 saturate(__u64 wanted)
{
	return wanted > 0xffffffffULL ? 0xffffffffU : (__u32)wanted;
}

/* Up to `left` bytes to the end of addr's page. Returns how many: all of them or none. 4096 is the smallest page. */
__attribute__((noinline)) int read_page(struct mt_scratch *s, __u32 done, __u64 addr, __u32 left)
{
	__u32 n = 4096 - (addr & 4095);
	struct mt_ring *ring;
	__u8 *to;

	if (!s)
		return 0;
	ring = cpu_ring(s);
	if (!ring)
		return 0;
	if (n > left)
		n = left;
	n = AT_MOST(n, 4096);
	to = record_at(s, ring, s->used + sizeof(struct mt_item)) + AT_MOST(done, MT_EVIDENCE_MAX);
	return bpf_probe_read_user(to, n, (const void *)addr) ? 0 : n;
}

/*
 * A read across a page that is not there fails as a whole: take the pages before it one by one. Returns the
 * bytes read; the rest is zeroed by the helper. Off the hot path, so functions of their own for the verifier.
 */
__attribute__((noinline)) int read_by_pages(struct mt_scratch *s, __u64 addr, __u32 len)
{
	__u32 done = 0;
	int i;

	if (!s)
		return 0;
	/* 65544 bytes touch at most 18 pages. */
	for (i = 0; i < 18; i++) {
		int n;

		if (done >= len)
			break;
		n = read_page(s, done, addr + done, len - done);
		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

/*
 * Evidence: up to `limit` of `wanted` bytes of user memory at addr, as an item. bpf_probe_read_user() never
 * faults a page in, so what is not resident is reported as such.
 */
static __always_inline int put_memory(struct mt_scratch *s, struct mt_ring *ring, __u32 what, __u64 addr, __u64 wanted, __u32 limit)
{
	__u8 status = MT_STATUS_READ;
	struct mt_item *item;
	__u32 len, captured;
	__u8 *to;

	if (limit > MT_EVIDENCE_MAX)
		limit = MT_EVIDENCE_MAX;
	len = limit;
	if (wanted <= limit)
		len = wanted;
	else
		status = MT_STATUS_TRUNCATED;
	len = AT_MOST(len, MT_EVIDENCE_MAX);
	item = item_begin_in(s, ring, what & 0xff, (what >> 8) & 0xff, addr, len);
	if (!item)
		return 0;
	item->iovec = (what >> 16) & 0xff;
	item->wanted = saturate(wanted);
	to = (__u8 *)(item + 1);
	captured = len;
	/* Zeros up to a multiple of 8, below what is read over them. */
	*(__u64 *)(to + (len & ~7U)) = 0;
	if ((__s64)addr < 0) {
		status = MT_STATUS_REFUSED;
		captured = 0;
	} else if (len && bpf_probe_read_user(to, len, (const void *)addr)) {
		captured = AT_MOST(read_by_pages(s, addr, len), MT_EVIDENCE_MAX);
		if (captured < len)
			status = captured ? MT_STATUS_PARTLY : MT_STATUS_NOT_RESIDENT;
	}
	item->status = status;
	item->captured = captured;
	item_end(s, captured);
	return captured;
}

/* The same as a function of its own, so that the verifier looks at it once. */
__attribute__((noinline)) int take_memory(struct mt_scratch *s, __u32 what, __u64 addr, __u64 wanted, __u32 limit)
{
	return s ? put_memory(s, cpu_ring(s), what, addr, wanted, limit) : 0;
}

/* Where a call costs too much; the verifier of 6.1 finds it too much in line, but never takes the cast object. */
#ifdef MT_CAST
#define put_memory_in_line put_memory
#else
#define put_memory_in_line(s, ring, ...) take_memory(s, __VA_ARGS__)
#endif

#define WHAT(kind, arg, iovec) ((__u32)(kind) | ((__u32)(arg) << 8) | ((__u32)(iovec) << 16))

#endif
