/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Building a record in the scratch buffer and handing it to the ring, in parts when it grows too large. */
#ifndef MSGTAPE_SCRATCH_H
#define MSGTAPE_SCRATCH_H

/* An item is begun only below this; with the largest one behind it the record still fits. */
#define MT_PART_LIMIT 65536

static __always_inline struct mt_record *head(struct mt_scratch *s)
{
	return (struct mt_record *)s->record;
}

/*
 * Hands what is there to the ring as one part. A part that finds no room is counted: seq goes on, so that a
 * reader sees the hole.
 */
static __always_inline void submit(struct mt_scratch *s, __u8 flags)
{
	struct mt_record *r = head(s);
	struct mt_stats *st = cpu_stats();
	__u32 size = s->used;
	__u32 event = s->event;
	long err;

	if (!st)
		return;
	size = AT_MOST(size, MT_RECORD_MAX); /* never more; for the verifier */
	r->size = size;
	r->seq = ++st->seq;
	r->flags |= flags;
	err = bpf_ringbuf_output(&ring, r, size, BPF_RB_NO_WAKEUP);
	if (err)
		st->lost[MT_LOSS_RING_FULL]++;
	if (r->part == 0 && event < MT_EVENTS) {
		if (err)
			s->lost = 1;
		if (s->exit)
			err ? st->lost_exits[event]++ : st->recorded_exits[event]++;
		else
			err ? st->lost_entries[event]++ : st->recorded_entries[event]++;
	}
	r->part++;
	s->used = s->base;
}

static __always_inline void submit_last(struct mt_scratch *s)
{
	submit(s, MT_FLAG_LAST);
}

/* Rare, so not inlined wherever an item begins. */
__attribute__((noinline)) int submit_part(struct mt_scratch *s)
{
	if (s)
		submit(s, 0);
	return 0;
}

/*
 * Room for an item. The caller writes captured bytes behind it and calls item_end(). NULL never happens; the
 * verifier wants it asked.
 */
static __always_inline struct mt_item *item_begin(struct mt_scratch *s, __u8 kind, __u8 arg, __u64 addr)
{
	struct mt_item *item;
	__u32 used = s->used;

	if (used > MT_PART_LIMIT) {
		submit_part(s);
		used = s->used;
	}
	if (used > MT_PART_LIMIT)
		return NULL;
	item = (struct mt_item *)(s->record + used);
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

static __always_inline void item_end(struct mt_scratch *s, __u32 captured)
{
	s->used += sizeof(struct mt_item) + ((captured + 7) & ~7U);
}

static __always_inline __u32 saturate(__u64 wanted)
{
	return wanted > 0xffffffffULL ? 0xffffffffU : (__u32)wanted;
}

/* Up to `left` bytes to the end of addr's page. Returns how many: all of them or none. 4096 is the smallest page. */
__attribute__((noinline)) int read_page(struct mt_scratch *s, __u32 at, __u64 addr, __u32 left)
{
	__u32 n = 4096 - (addr & 4095);

	if (!s)
		return 0;
	if (n > left)
		n = left;
	n = AT_MOST(n, 4096);
	at = AT_MOST(at, MT_RECORD_MAX - 4096);
	return bpf_probe_read_user(s->record + at, n, (const void *)addr) ? 0 : n;
}

/*
 * A read across a page that is not there fails as a whole: take the pages before it one by one. Returns the
 * bytes read; the rest is zeroed by the helper. Off the hot path, so functions of their own for the verifier.
 */
__attribute__((noinline)) int read_by_pages(struct mt_scratch *s, __u32 offset, __u64 addr, __u32 len)
{
	__u32 done = 0;
	int i;

	if (!s)
		return 0;
	/* 65536 bytes touch at most 17 pages. */
	for (i = 0; i < 17; i++) {
		int n;

		if (done >= len)
			break;
		n = read_page(s, offset + done, addr + done, len - done);
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
__attribute__((noinline)) int take_memory(struct mt_scratch *s, __u32 what, __u64 addr, __u64 wanted, __u32 limit)
{
	struct mt_item *item;
	__u32 len, offset, captured;
	__u8 status = MT_STATUS_READ;

	if (!s)
		return 0;
	item = item_begin(s, what & 0xff, (what >> 8) & 0xff, addr);
	if (!item)
		return 0;
	item->iovec = (what >> 16) & 0xff;
	item->wanted = saturate(wanted);
	offset = s->used + sizeof(*item);
	offset = AT_MOST(offset, MT_PART_LIMIT + sizeof(*item));
	if (limit > MT_SNAP_MAX)
		limit = MT_SNAP_MAX;
	len = limit;
	if (wanted <= limit)
		len = wanted;
	else
		status = MT_STATUS_TRUNCATED;
	len = AT_MOST(len, MT_SNAP_MAX);
	captured = len;
	/* Zeros up to a multiple of 8, below what is read over them. */
	*(__u64 *)(s->record + offset + (len & ~7U)) = 0;
	if ((__s64)addr < 0) {
		status = MT_STATUS_REFUSED;
		captured = 0;
	} else if (len && bpf_probe_read_user(s->record + offset, len, (const void *)addr)) {
		captured = AT_MOST(read_by_pages(s, offset, addr, len), MT_SNAP_MAX);
		if (captured < len)
			status = captured ? MT_STATUS_PARTLY : MT_STATUS_NOT_RESIDENT;
	}
	item->status = status;
	item->captured = captured;
	item_end(s, captured);
	return captured;
}

#define WHAT(kind, arg, iovec) ((__u32)(kind) | ((__u32)(arg) << 8) | ((__u32)(iovec) << 16))

#endif
