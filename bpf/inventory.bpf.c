/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every descriptor of every process that leads to a POSIX queue, in whatever ipc namespace and through whatever mount: an
 * iterator, read from beginning to end for an inventory. Queues that nobody holds have no descriptor and are not found.
 *
 * Everything is read without locks, as in queue.h. The pointers that the kernel hands over are BTF pointers in every kernel
 * that has such iterators (5.8), so there is one object for all.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "config.h"
#include "inventory.h"

/* The configuration of the other programs; of it the secret, without which generations would not be theirs. */
const volatile struct mt_config config SEC(".rodata.config") = {};

#include "pseudonym.h"

#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */
#define S_IFMT 0170000
#define S_IFREG 0100000 /* the mqueue file system's directory is no queue */
#define SIGEV_SIGNAL 0

/* ipc/mqueue.c: the index of e_wait_q */
#define WAIT_SEND 0
#define WAIT_RECEIVE 1
#define WAITERS_MAX 256 /* more than that are not counted */

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

/* As the kernel lays it out for programs: its own offsets, so nothing to relocate (kernel/bpf/task_iter.c). */
struct bpf_iter__task_file {
	union {
		struct bpf_iter_meta *meta;
		__u64 : 64;
	};
	union {
		struct task_struct *task;
		__u64 : 64;
	};
	__u32 fd __attribute__((aligned(8)));
	union {
		struct file *file;
		__u64 : 64;
	} __attribute__((aligned(8)));
};

/* One reader at a time: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_found_queue);
} found SEC(".maps");

/* See as_number() in maps.h: what went over the stack would still be a pointer to the verifier. */
static __always_inline __u64 as_number(struct mt_found_queue *q, const void *pointer)
{
	*(volatile __u64 *)&q->generation = (__u64)pointer;
	return *(volatile __u64 *)&q->generation;
}

static __always_inline __u32 pid_nr(struct pid *pid)
{
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/*
 * How many tasks are in the list; WAITERS_MAX: not known. Tasks come and go meanwhile: one that left leads nowhere, or
 * round in a list of which it is the head.
 */
static __always_inline __u32 count_list(__u64 head)
{
	struct list_head *at = NULL;
	__u32 i;

	if (bpf_probe_read_kernel(&at, sizeof(at), (void *)(head + bpf_core_field_offset(struct list_head, next))))
		return WAITERS_MAX;
	for (i = 0; i < WAITERS_MAX && (__u64)at != head; i++)
		if (bpf_probe_read_kernel(&at, sizeof(at),
					  (void *)((__u64)at + bpf_core_field_offset(struct list_head, next))))
			return WAITERS_MAX;
	return i;
}

static __always_inline void fill_waiters(struct mt_found_queue *q, struct mqueue_inode_info *info)
{
	__u64 base = (__u64)info;
	__u32 count;

	if (!bpf_core_field_exists(info->e_wait_q))
		return;
	count = count_list(base + bpf_core_field_offset(struct mqueue_inode_info, e_wait_q[WAIT_SEND].list));
	if (count < WAITERS_MAX) {
		q->waiting_senders = count;
		q->known |= MT_FOUND_SENDERS;
	}
	count = count_list(base + bpf_core_field_offset(struct mqueue_inode_info, e_wait_q[WAIT_RECEIVE].list));
	if (count < WAITERS_MAX) {
		q->waiting_receivers = count;
		q->known |= MT_FOUND_RECEIVERS;
	}
}

/* As mqueue_read_file() in ipc/mqueue.c tells it. */
static __always_inline void fill_notify(struct mt_found_queue *q, struct mqueue_inode_info *info)
{
	struct pid *owner = BPF_CORE_READ(info, notify_owner);

	q->qsize = BPF_CORE_READ(info, qsize);
	q->notify_tgid = pid_nr(owner);
	q->notify = owner ? BPF_CORE_READ(info, notify.sigev_notify) : 0;
	q->signo = owner && q->notify == SIGEV_SIGNAL ? BPF_CORE_READ(info, notify.sigev_signo) : 0;
	q->known |= MT_FOUND_NOTIFY;
}

static __always_inline void fill_attr(struct mt_found_queue *q, struct mqueue_inode_info *info)
{
	q->curmsgs = BPF_CORE_READ(info, attr.mq_curmsgs);
	q->maxmsg = BPF_CORE_READ(info, attr.mq_maxmsg);
	q->msgsize = BPF_CORE_READ(info, attr.mq_msgsize);
	q->known |= MT_FOUND_ATTR;
}

SEC("iter/task_file")
int held_queues(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct mqueue_inode_info *info;
	struct file *file = ctx->file;
	struct ipc_namespace *ns;
	struct mt_found_queue *q;
	struct inode *inode;
	__u32 zero = 0;
	__u64 object;
	long len;

	if (!task || !file)
		return 0;
	inode = file->f_inode;
	if (inode->i_sb->s_magic != MQUEUE_MAGIC || (inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	/* What a thread shares with its process was found there. */
	if (task->pid != task->tgid && task->files == task->group_leader->files)
		return 0;
	q = bpf_map_lookup_elem(&found, &zero);
	if (!q)
		return 0;
	__builtin_memset(q, 0, sizeof(*q));
	object = as_number(q, inode);
	info = (struct mqueue_inode_info *)(object - bpf_core_field_offset(struct mqueue_inode_info, vfs_inode));
	q->at_ns = bpf_ktime_get_boot_ns();
	q->inode = inode->i_ino;
	q->generation = pseudonym(object);
	ns = (struct ipc_namespace *)inode->i_sb->s_fs_info;
	q->namespace_inum = ns ? BPF_CORE_READ(ns, ns.inum) : 0;
	q->known = MT_FOUND_HOLDER | MT_FOUND_GENERATION;
	q->tgid = task->tgid;
	q->tid = task->pid;
	q->fd = ctx->fd;
	q->mode = inode->i_mode;
	q->uid = inode->i_uid.val;
	q->gid = inode->i_gid.val;
	q->nlink = inode->i_nlink;
	fill_notify(q, info);
	fill_attr(q, info);
	fill_waiters(q, info);
	len = bpf_probe_read_kernel_str(q->name, sizeof(q->name), file->f_path.dentry->d_name.name);
	q->name_len = len > 0 ? len - 1 : 0;
	bpf_seq_write(ctx->meta->seq, q, sizeof(*q));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
