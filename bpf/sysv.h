/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From an msqid to the System V queue. */
#ifndef MSGTAPE_SYSV_H
#define MSGTAPE_SYSV_H

/* ipc_ids keep their objects in an xarray: inner nodes are tagged 2, slots are chosen by 6 bits of the index. */
static __always_inline __u64 ipc_lookup(struct mt_scratch *s, struct ipc_namespace *ns, __u32 index)
{
	__u64 entry = as_number(s, LOAD(ns, ids[1].ipcs_idr.idr_rt.xa_head));
	int i;

	for (i = 0; i < 5; i++) {
		struct xa_node *node;
		__u8 shift;

		if ((entry & 3) != 2 || entry <= 4096)
			break;
		node = CAST(struct xa_node, entry - 2);
		shift = LOAD(node, shift) & 63;
		if (index >> shift >= 64)
			return 0;
		entry = load_pointer(entry - 2 + bpf_core_field_offset(struct xa_node, slots) +
					    8ULL * ((index >> shift) & 63));
		index &= (1U << (shift & 31)) - 1;
	}
	return (entry & 3) ? 0 : entry;
}

#define IPCMNI_SHIFT 15		 /* include/linux/ipc_namespace.h: bits of an id that are the index */
#define IPCMNI_EXTEND_SHIFT 24	 /* with the boot parameter ipcmni_extend */

static __always_inline int take_msqid(struct mt_scratch *s, struct mt_task_state *t, __u32 arg, __s32 msqid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mt_queue *q = &s->queue;
	struct mt_queue_seen *seen = NULL;
	struct nsproxy *nsproxy;
	struct ipc_namespace *ns;
	struct kern_ipc_perm *perm;
	struct msg_queue *msq;
	struct mt_names *n;
	__u64 object, also;

	if (msqid < 0)
		return 0;
	nsproxy = task->nsproxy; /* NULL in a task that exits */
	if (!nsproxy)
		return 0;
	ns = CAST(struct ipc_namespace, LOAD(nsproxy, ipc_ns));
	if (!ns)
		return 0;
	object = ipc_lookup(s, ns, msqid & ((1U << IPCMNI_SHIFT) - 1));
	perm = CAST(struct kern_ipc_perm, object);
	if (!object || LOAD(perm, id) != msqid) {
		object = ipc_lookup(s, ns, msqid & ((1U << IPCMNI_EXTEND_SHIFT) - 1));
		perm = CAST(struct kern_ipc_perm, object);
		if (!object || LOAD(perm, id) != msqid)
			return 0;
	}
	__builtin_memset(q, 0, sizeof(*q));
	msq = CAST(struct msg_queue, object - bpf_core_field_offset(struct msg_queue, q_perm));
	q->kind = MT_QUEUE_SYSV;
	q->flags = MT_QUEUE_HAS_DEPTH;
	q->namespace_inum = LOAD(ns, ns.inum);
	q->id = (__u32)msqid;
	q->depth = LOAD(msq, q_qnum);
	q->bytes = LOAD(msq, q_cbytes);
	q->max_bytes = LOAD(msq, q_qbytes);
	q->last_send_pid = pid_nr(CAST(struct pid, LOAD(msq, q_lspid)));
	q->last_receive_pid = pid_nr(CAST(struct pid, LOAD(msq, q_lrpid)));
	/* An id recurs, and so may the object's address; the key then differs. (q_ctime would not do: IPC_SET sets it.) */
	also = (__u32)LOAD(perm, key);
	if (t)
		seen = find_seen(t, object, q->id, also);
	q->generation = seen ? seen->generation : pseudonym(object ^ (also << 31));
	if (config.filters & MT_FILTER_QUEUE)
		filter_queue(s, &(struct mt_asked){ .kind = MT_QUEUE_SYSV, .msqid = msqid, .key = LOAD(perm, key) });
	if (config.depth_trigger_count)
		note_depth(s, q, LOAD(perm, key), 0);
	if (!seen && !s->drop) {
		n = queue_names(s, q);
		if (n) {
			n->name.key = LOAD(perm, key);
			n->name.uid = LOAD(perm, uid.val);
			n->name.gid = LOAD(perm, gid.val);
			n->name.cuid = LOAD(perm, cuid.val);
			n->name.cgid = LOAD(perm, cgid.val);
			n->name.mode = LOAD(perm, mode);
			send_queue_names(n, t, object, q->id, also);
		}
	}
	put_queue(s, arg, q);
	return 1;
}

#endif
