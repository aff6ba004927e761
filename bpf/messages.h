/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sendmsg's and recvmsg's msghdr, and the vectors of sendmmsg and recvmmsg: header, name, iovecs, data, control. */
#ifndef MSGTAPE_MESSAGES_H
#define MSGTAPE_MESSAGES_H

/* A msghdr of either ABI, widened. */
struct mt_header {
	__u64 name;
	__u64 iov;
	__u64 iovlen;
	__u64 control;
	__u64 controllen;
	__s32 namelen;
};

static __always_inline void parse_header(struct mt_scratch *s, struct mt_header *h)
{
	if (s->compat) {
		struct mt_msghdr32 *m = (struct mt_msghdr32 *)s->header;

		h->name = m->name;
		h->namelen = m->namelen;
		h->iov = m->iov;
		h->iovlen = m->iovlen;
		h->control = m->control;
		h->controllen = m->controllen;
	} else {
		struct mt_msghdr64 *m = (struct mt_msghdr64 *)s->header;

		h->name = m->name;
		h->namelen = m->namelen;
		h->iov = m->iov;
		h->iovlen = m->iovlen;
		h->control = m->control;
		h->controllen = m->controllen;
	}
}

/* The data of iovec j, up to what is left of the snap length and, in a receive, of what arrived. 0: that was all. */
__attribute__((noinline)) int take_iovec(struct mt_scratch *s, __u32 arg, __u32 j)
{
	__u64 base, len;
	int captured;

	if (!s || j >= MT_IOVECS_MAX)
		return 0;
	if (s->compat) {
		struct mt_iovec32 *v = (struct mt_iovec32 *)(s->iov + j * sizeof(*v));

		base = v->base;
		len = v->len;
	} else {
		struct mt_iovec64 *v = (struct mt_iovec64 *)(s->iov + j * sizeof(*v));

		base = v->base;
		len = v->len;
	}
	if (len > s->received)
		len = s->received;
	captured = take_memory(s, WHAT(MT_ITEM_DATA, arg, j), base, len, s->snap_left);
	if (captured > 0)
		s->snap_left -= (__u32)captured <= s->snap_left ? captured : s->snap_left;
	s->received -= len;
	return s->received != 0;
}

#define ALL_BYTES (~0ULL)

/*
 * A receive's msg_namelen is the room for the name at entry and the name's own length at exit, which may be more: what
 * lies behind the room was never written. So the entry's is kept, and at exit the lesser one holds.
 */
static __always_inline void name_room(struct mt_scratch *s, struct mt_header *h)
{
	struct mt_task_state *t = own_state();
	__u32 i = s->message;

	if (!t || i >= MT_MESSAGES_MAX)
		return;
	i = AT_MOST(i, MT_MESSAGES_MAX - 1);
	if (!s->exit)
		t->name_room[i] = h->namelen;
	else if (s->decided && h->namelen > t->name_room[i])
		h->namelen = t->name_room[i];
}

/*
 * One message. `received`: bytes that arrived (all ones: not bounded). The header and the iovec array are read
 * once into the scratch, and what is followed is what is recorded: reading twice could give two truths.
 */
static __always_inline void take_parts(struct mt_scratch *s, __u32 arg, int payload, __u64 received)
{
	struct mt_header h = {};
	struct mt_item *item;
	__u32 size, kept, j;

	parse_header(s, &h);
	if (received != ALL_BYTES || !payload)
		name_room(s, &h);
	if (payload && h.name && h.namelen > 0)
		take_memory(s, WHAT(MT_ITEM_NAME, arg, 0), h.name, h.namelen, MT_NAME_MAX);
	size = s->compat ? sizeof(struct mt_iovec32) : sizeof(struct mt_iovec64);
	kept = h.iovlen < MT_IOVECS_MAX ? h.iovlen : MT_IOVECS_MAX;
	if (h.iov && h.iovlen) {
		__u64 wanted = h.iovlen > 0xfffffff ? 0xffffffff : h.iovlen * size;

		size *= kept;
		size = AT_MOST(size, sizeof(s->iov));
		if ((__s64)h.iov < 0 || bpf_probe_read_user(s->iov, AT_MOST(size, sizeof(s->iov)), (const void *)h.iov)) {
			/* Kept up to the page that is not there, and not followed. */
			take_memory(s, WHAT(MT_ITEM_IOV, arg, 0), h.iov, wanted, size);
			kept = 0;
		} else {
			item = item_begin(s, MT_ITEM_IOV, arg, h.iov, sizeof(s->iov));
			if (!item)
				return;
			item->wanted = wanted;
			item->captured = size;
			item->status = kept < h.iovlen ? MT_STATUS_TRUNCATED : MT_STATUS_READ;
			__builtin_memcpy(item + 1, s->iov, sizeof(s->iov));
			item_end(s, size);
		}
	} else {
		kept = 0;
	}
	if (!payload)
		return;
	s->received = received;
	s->snap_left = config.snap_bytes;
	for (j = 0; j < MT_IOVECS_MAX; j++) {
		if (j >= kept || !take_iovec(s, arg, j))
			break;
	}
	if (h.control && h.controllen)
		take_memory(s, WHAT(MT_ITEM_CONTROL, arg, 0), h.control, h.controllen, MT_CONTROL_MAX);
}

/* Reads a header into s->header and records it. 0: it could not be read whole, there is nothing to follow. */
static __always_inline int take_header(struct mt_scratch *s, __u8 kind, __u32 arg, __u64 addr, __u32 size)
{
	struct mt_item *item;

	size = AT_MOST(size, sizeof(s->header));
	__builtin_memset(s->header, 0, sizeof(s->header));
	if ((__s64)addr < 0 || bpf_probe_read_user(s->header, AT_MOST(size, sizeof(s->header)), (const void *)addr)) {
		take_memory(s, WHAT(kind, arg, 0), addr, size, size);
		return 0;
	}
	item = item_begin(s, kind, arg, addr, sizeof(s->header));
	if (!item)
		return 0;
	item->wanted = size;
	item->captured = size;
	__builtin_memcpy(item + 1, s->header, sizeof(s->header));
	item_end(s, size);
	return 1;
}

__attribute__((noinline)) int take_msghdr(struct mt_scratch *s, __u32 arg, __u64 addr, __u32 flags)
{
	__u32 size;

	if (!s || !addr)
		return 0;
	size = s->compat ? sizeof(struct mt_msghdr32) : sizeof(struct mt_msghdr64);
	s->message = 0;
	if (!take_header(s, MT_ITEM_ARGUMENT, arg, addr, size))
		return 0;
	if (!(flags & MT_STEP_RECEIVED))
		take_parts(s, arg, flags & MT_STEP_PAYLOAD, ALL_BYTES);
	else /* a failed receive brought nothing: what lies in its buffers is old */
		take_parts(s, arg, s->ret >= 0 && (flags & MT_STEP_PAYLOAD), s->discards ? 0 : s->ret);
	return 0;
}

/* mmsghdr number i of the vector at addr. */
__attribute__((noinline)) int take_message(struct mt_scratch *s, __u32 arg, __u64 addr, __u32 i, __u32 flags)
{
	__u32 size;
	__u64 received = ALL_BYTES;

	if (!s)
		return 0;
	size = s->compat ? 32 : 64; /* struct mmsghdr: a msghdr, msg_len, padding */
	s->message = i;
	if (!take_header(s, MT_ITEM_MMSGHDR, arg, addr + (__u64)i * size, size))
		return 0;
	if ((flags & MT_STEP_RECEIVED) && s->discards)
		received = 0;
	else if (flags & MT_STEP_RECEIVED)
		received = s->compat ? *(__u32 *)(s->header + sizeof(struct mt_msghdr32)) :
				       *(__u32 *)(s->header + sizeof(struct mt_msghdr64));
	take_parts(s, arg, flags & MT_STEP_PAYLOAD, received);
	return 0;
}

/* In line: the functions that call one another have 512 bytes of stack together. */
static __always_inline int take_mmsghdr(struct mt_scratch *s, __u32 arg, __u64 addr, __u64 count, __u32 flags)
{
	struct mt_item *item;
	__u32 i;

	for (i = 0; i < MT_MESSAGES_MAX; i++) {
		if (i >= count)
			break;
		take_message(s, arg, addr, i, flags);
	}
	s->message = 0;
	if (count > MT_MESSAGES_MAX) {
		item = item_begin(s, MT_ITEM_NOT_KEPT, arg, addr, 0);
		if (!item)
			return 0;
		item->wanted = saturate(count - MT_MESSAGES_MAX);
		item_end(s, 0);
	}
	return 0;
}

#endif
