/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A KERNEL record on its way into the planes' ring, with the message's bytes or without. */
#ifndef MSGTAPE_EVIDENCE_H
#define MSGTAPE_EVIDENCE_H

struct mt_kernel_record {
	struct mt_record record;
	struct mt_kernel kernel;
};

struct mt_kernel_evidence {
	struct mt_record record;
	struct mt_kernel kernel;
	struct mt_item item;
	__u8 bytes[];
};

static __always_inline void put_kernel(struct mt_control *c, struct mt_task_state *t, const struct mt_kernel *kernel)
{
	struct mt_moment now = this_moment(c);
	struct mt_kernel_record *r = bpf_ringbuf_reserve(&planes_ring, sizeof(*r), 0);

	if (!r) {
		count_lost(c);
		return;
	}
	fill_head(&r->record, MT_RECORD_KERNEL, sizeof(*r), &now, bpf_get_current_task_btf(), t);
	r->kernel = *kernel;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Most bytes that are copied at once; the smallest page. */
#define MT_PIECE 4096
/* Enough pieces for MT_SNAP_MAX bytes, with any page size. */
#define MT_PIECES 24
/* As many are surely in the message's first page, behind its header. */
#define MT_FIRST_PAGE 1024

/*
 * The first `len` bytes of a message: those behind its header up to the end of the page, then those behind the header
 * of each msg_msgseg (ipc/msgutil.c). Returns how many could be read: all. `to` has room for MT_PIECE bytes more.
 *
 * Where each piece lies is a number that the verifier knows; were it to follow from `len`, it would look at every way
 * through the loop.
 */
static __always_inline __u32 copy_message(__u8 *to, __u64 message, __u32 len)
{
	__u64 from = message + bpf_core_type_size(struct msg_msg);
	__u32 room = plane.page_bytes - bpf_core_type_size(struct msg_msg), done = 0;
	__u64 next = (__u64)BPF_CORE_READ((struct msg_msg *)message, next);
	int i;

	for (i = 0; i < MT_PIECES; i++) {
		__u32 most = room < MT_PIECE ? room : MT_PIECE, piece;

		barrier_var(done);
		if (done >= len)
			return len;
		piece = AT_MOST(len - done, most);
		if (bpf_probe_read_kernel(to + done, piece, (const void *)from))
			return done;
		done += most;
		from += most;
		room -= most;
		if (!room) {
			from = next + bpf_core_type_size(struct msg_msgseg);
			room = plane.page_bytes - bpf_core_type_size(struct msg_msgseg);
			next = (__u64)BPF_CORE_READ((struct msg_msgseg *)next, next);
		}
	}
	return len < done ? len : done;
}

/* What goes into a place for up to `most` bytes: what is reserved must be a number that the verifier knows. */
static __always_inline void put_sized(struct mt_control *c, struct mt_task_state *t, const struct mt_kernel *kernel,
				      __u64 message, __u64 addr, __u32 len, const __u32 most)
{
	const __u32 behind = most > MT_FIRST_PAGE ? MT_PIECE : 8;
	struct mt_moment now = this_moment(c);
	struct mt_kernel_evidence *r = bpf_ringbuf_reserve(&planes_ring, sizeof(*r) + most + behind, 0);
	__u32 captured;

	if (!r) {
		count_lost(c);
		return;
	}
	len = AT_MOST(len, most);
	/* Zeros up to a multiple of 8, below what is read over them. */
	*(__u64 *)(r->bytes + (len & ~7U)) = 0;
	if (most > MT_FIRST_PAGE)
		captured = copy_message(r->bytes, message, len);
	else
		captured = bpf_probe_read_kernel(r->bytes, len, (const void *)(message + bpf_core_type_size(struct msg_msg))) ?
				   0 : len;
	fill_head(&r->record, MT_RECORD_KERNEL, sizeof(*r) + ((captured + 7) & ~7U), &now, bpf_get_current_task_btf(), t);
	r->kernel = *kernel;
	r->item.kind = MT_ITEM_KERNEL;
	r->item.arg = 0;
	r->item.status = captured < len ? (captured ? MT_STATUS_PARTLY : MT_STATUS_NOT_RESIDENT) :
			 len < kernel->m_ts ? MT_STATUS_TRUNCATED : MT_STATUS_READ;
	r->item.iovec = 0;
	r->item.message = 0;
	r->item.pad = 0;
	r->item.wanted = kernel->m_ts;
	r->item.captured = captured;
	r->item.addr = addr;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* With the bytes of `message`, kernel->m_ts of them or as many as the snap length allows. */
static __always_inline void put_evidence(struct mt_control *c, struct mt_task_state *t, const struct mt_kernel *kernel,
					 __u64 message, __u64 addr)
{
	__u32 len = config.snap_bytes;

	if (len > MT_SNAP_MAX)
		len = MT_SNAP_MAX;
	if (kernel->m_ts < len)
		len = kernel->m_ts;
	if (len <= 64)
		put_sized(c, t, kernel, message, addr, len, 64);
	else if (config.snap_bytes <= 256 || len <= 256)
		put_sized(c, t, kernel, message, addr, len, 256);
	else if (config.snap_bytes <= 1024 || len <= 1024)
		put_sized(c, t, kernel, message, addr, len, 1024);
	else if (config.snap_bytes <= 8192 || len <= 8192)
		put_sized(c, t, kernel, message, addr, len, 8192);
	else
		put_sized(c, t, kernel, message, addr, len, MT_SNAP_MAX);
}

#endif
