/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a descriptor or an id to the queue: its key, depth and limits for the call's record, and a QUEUE record
 * with its name when this task has not sent one. Everything is read without locks: values are hints.
 */
#ifndef MSGTAPE_QUEUE_H
#define MSGTAPE_QUEUE_H

#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */
#define S_IFMT 0170000
#define S_IFREG 0100000 /* the mqueue file system's directory is no queue */
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

/* Where this task keeps that it has sent the queue's name; NULL when it has not. */
static __always_inline struct mt_queue_seen *find_seen(struct mt_task_state *t, __u64 object, __u64 id, __u64 also)
{
	int i;

#pragma unroll
	for (i = 0; i < MT_SEEN; i++)
		if (t->seen[i].object == object && t->seen[i].id == id && t->seen[i].also == also)
			return &t->seen[i];
	return NULL;
}

/* A zeroed QUEUE record with its header set, or NULL. */
static __always_inline struct mt_names *queue_names(struct mt_scratch *s, const struct mt_queue *q)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct mt_names *n = bpf_map_lookup_elem(&names, &zero);

	if (!n)
		return NULL;
	__builtin_memset(&n->record, 0, sizeof(n->record));
	__builtin_memset(&n->name, 0, sizeof(n->name));
	n->record.size = sizeof(n->record) + sizeof(n->queue) + sizeof(n->name);
	n->record.type = MT_RECORD_QUEUE;
	n->record.flags = MT_FLAG_LAST;
	n->record.time_ns = s->head.time_ns;
	n->record.task_start_ns = task->start_boottime;
	n->record.tid = task->pid;
	n->record.tgid = task->tgid;
	n->record.cpu = bpf_get_smp_processor_id();
	n->queue = *q;
	return n;
}

/* Sends it; only when that succeeded does the task count it as sent. */
static __always_inline void send_queue_names(struct mt_names *n, struct mt_task_state *t, __u64 object, __u64 id,
					     __u64 also)
{
	struct mt_stats *st = cpu_stats();
	__u32 i;

	if (bpf_ringbuf_output(&names_ring, n, sizeof(n->record) + sizeof(n->queue) + sizeof(n->name), BPF_RB_NO_WAKEUP)) {
		if (st)
			st->announce_failed++;
		return;
	}
	if (!t)
		return;
	/* One place for a queue: what it was called before must not pass for what it is called now. */
#pragma unroll
	for (i = 0; i < MT_SEEN; i++)
		if (t->seen[i].object == object && t->seen[i].id == id)
			break;
	if (i >= MT_SEEN)
		i = t->next_seen++ % MT_SEEN;
	t->seen[i].object = object;
	t->seen[i].id = id;
	t->seen[i].also = also;
	t->seen[i].generation = n->queue.generation;
	t->seen[i].max_bytes = n->queue.max_bytes;
	t->seen[i].max_messages = n->queue.max_messages;
	t->seen[i].namespace_inum = n->queue.namespace_inum;
}

static __always_inline __u32 pid_nr(struct pid *pid)
{
	return pid ? LOAD(pid, numbers[0].nr) : 0;
}

/*
 * MT_FILTER_QUEUE: drops the call unless its queue is wanted. What is not known is NULL or `unknown`: a call that
 * gives only a key is kept when a filter by msqid might mean its queue.
 */
struct mt_asked {
	__u32 kind;
	__s32 msqid;
	__s32 key;
	__u32 msqid_unknown;
	const __u8 *name;
};

static __always_inline int same_name(const volatile struct mt_queue_filter *f, const __u8 *name)
{
	__u32 i;

	for (i = 0; i < 256; i++) {
		if (name[i] != f->name[i])
			return 0;
		if (!name[i])
			return 1;
	}
	return 1;
}

static __always_inline void filter_queue(struct mt_scratch *s, const struct mt_asked *q)
{
	__u32 i;

	if (s->decided)
		return;
	for (i = 0; i < MT_FILTER_VALUES && i < config.queue_count; i++) {
		const volatile struct mt_queue_filter *f = &config.queues[i];

		if (f->kind != q->kind)
			continue;
		if (q->kind == MT_QUEUE_POSIX ? q->name && same_name(f, q->name) :
		    f->is_key		      ? f->value == q->key :
						q->msqid_unknown || f->value == q->msqid)
			return;
	}
	s->drop = 1;
}

/* The call's record gets the queue; nothing is sent for a queue that the filter refuses. */
static __always_inline void put_queue(struct mt_scratch *s, __u8 arg, const struct mt_queue *q)
{
	struct mt_item *item = item_begin(s, MT_ITEM_QUEUE, arg, 0, sizeof(*q));

	if (!item)
		return;
	item->wanted = sizeof(*q);
	item->captured = sizeof(*q);
	__builtin_memcpy(item + 1, q, sizeof(*q));
	item_end(s, sizeof(*q));
}

/* The open file behind one of the task's descriptors, or NULL. */
static __always_inline struct file *file_of(struct task_struct *task, __s32 fd)
{
	struct files_struct *files = task->files;
	struct fdtable *fdt;

	if (!files || fd < 0)
		return NULL;
	fdt = files->fdt;
	if (!fdt || (__u32)fd >= fdt->max_fds)
		return NULL;
	return (struct file *)load_pointer((__u64)fdt->fd + 8ULL * (__u32)fd);
}

/* A descriptor's inode, which may be a message queue's, and what tells it from others. */
struct mt_mqd {
	struct file *file;
	__u64 object, block, ino;
};

static __always_inline int find_mqd(struct mt_scratch *s, struct mt_mqd *m, struct task_struct *task, __s32 fd)
{
	struct super_block *sb;
	struct inode *inode;
	struct file *file;

	file = file_of(task, fd);
	if (!file)
		return 0;
	file = CAST(struct file, file);
	inode = CAST(struct inode, LOAD(file, f_inode));
	if (!inode)
		return 0;
	sb = CAST(struct super_block, LOAD(inode, i_sb));
	if (!sb)
		return 0;
	m->file = file;
	m->object = as_number(s, inode);
	m->block = as_number(s, sb);
	m->ino = LOAD(inode, i_ino);
	return 1;
}

static __always_inline struct mqueue_inode_info *info_of(__u64 inode)
{
	return CAST(struct mqueue_inode_info, inode - bpf_core_field_offset(struct mqueue_inode_info, vfs_inode));
}

/* What changes from call to call. */
static __always_inline void fill_mqd(struct mt_queue *q, struct mqueue_inode_info *info)
{
	q->kind = MT_QUEUE_POSIX;
	q->flags = MT_QUEUE_HAS_DEPTH;
	q->pad = 0;
	q->depth = LOAD(info, attr.mq_curmsgs);
	q->bytes = LOAD(info, qsize);
	q->notify_pid = pid_nr(CAST(struct pid, LOAD(info, notify_owner)));
	q->last_send_pid = 0;
	q->last_receive_pid = 0;
	q->pad2 = 0;
}

/* The queue for the triggers to look at, and for the hot path which those are. */
static __always_inline void watch_mqd(struct mt_scratch *s, struct mt_task_state *t, struct mt_mqd *m, struct mt_names *n)
{
	__u64 triggers = triggers_of(n->name.name);
	struct mt_queue_seen *seen = t ? find_seen(t, m->object, m->ino, m->block) : NULL;

	note_depth(s, &s->queue, 0, triggers);
	if (seen)
		seen->triggers = triggers;
}

/* A queue that this task has not named yet, or a filter to ask: everything is read, and its name is sent. */
__attribute__((noinline)) int meet_mqd(struct mt_scratch *s, struct mt_task_state *t, __u32 arg, __s32 fd)
{
	struct mqueue_inode_info *info;
	struct mt_queue_seen *seen = NULL;
	struct ipc_namespace *ns;
	struct super_block *sb;
	struct inode *inode;
	struct dentry *dentry;
	struct file *file;
	struct mt_queue *q;
	struct mt_names *n;
	struct mt_mqd m;
	long len;

	if (!s || !find_mqd(s, &m, bpf_get_current_task_btf(), fd))
		return 0;
	sb = CAST(struct super_block, m.block);
	inode = CAST(struct inode, m.object);
	if (LOAD(sb, s_magic) != MQUEUE_MAGIC || (LOAD(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	q = &s->queue;
	info = info_of(m.object);
	ns = CAST(struct ipc_namespace, LOAD(sb, s_fs_info)); /* the queue's, which need not be the task's */
	fill_mqd(q, info);
	q->id = m.ino;
	q->generation = pseudonym(m.object);
	q->namespace_inum = LOAD(ns, ns.inum);
	q->max_messages = LOAD(info, attr.mq_maxmsg);
	q->max_bytes = LOAD(info, attr.mq_msgsize);
	n = queue_names(s, q);
	if (n) {
		file = m.file;
		dentry = CAST(struct dentry, LOAD(file, f_path.dentry));
		len = bpf_probe_read_kernel_str(n->name.name, sizeof(n->name.name), LOAD(dentry, d_name.name));
		n->name.name_len = len > 0 ? len - 1 : 0;
		if (config.filters & MT_FILTER_QUEUE)
			filter_queue(s, &(struct mt_asked){ .kind = MT_QUEUE_POSIX, .name = n->name.name });
		if (t)
			seen = find_seen(t, m.object, q->id, m.block);
		if (!seen && !s->drop)
			send_queue_names(n, t, m.object, q->id, m.block);
		if (config.depth_trigger_count)
			watch_mqd(s, t, &m, n);
	}
	put_queue(s, arg, q);
	return 1;
}

/* The hot path: a queue that this task has used before. Returns 0 when the descriptor is none of a queue. */
static __always_inline int take_mqd(struct mt_scratch *s, struct mt_ring *ring, struct mt_task_state *t,
				    struct task_struct *task, __u32 arg, __s32 fd)
{
	struct mt_queue_seen *seen;
	struct mt_item *item;
	struct mt_queue *q;
	struct mt_mqd m;

	if (!t || (config.filters & MT_FILTER_QUEUE))
		return meet_mqd(s, t, arg, fd);
	if (!find_mqd(s, &m, task, fd))
		return 0;
	seen = find_seen(t, m.object, m.ino, m.block);
	if (!seen)
		return meet_mqd(s, t, arg, fd);
	item = item_begin_in(s, ring, MT_ITEM_QUEUE, arg, 0, sizeof(*q));
	if (!item) {
		if (config.depth_trigger_count)
			meet_mqd(s, t, arg, fd); /* no room for the record, but its depth may matter */
		return 0;
	}
	item->wanted = item->captured = sizeof(*q);
	q = (struct mt_queue *)(item + 1);
	fill_mqd(q, info_of(m.object));
	q->id = m.ino;
	q->generation = seen->generation;
	q->namespace_inum = seen->namespace_inum;
	q->max_messages = seen->max_messages;
	q->max_bytes = seen->max_bytes;
	if (config.depth_trigger_count)
		note_depth(s, q, 0, seen->triggers);
	item_end(s, sizeof(*q));
	return 1;
}

#endif
