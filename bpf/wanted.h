/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the current task is recorded: the filters, as far as they are about tasks. */
#ifndef MSGTAPE_WANTED_H
#define MSGTAPE_WANTED_H

/* Processes recorded under MT_FILTER_TREE, by tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} tree SEC(".maps");

static __always_inline int comm_wanted(void)
{
	__u64 comm[2] = {};
	__u32 i;

	bpf_get_current_comm(comm, sizeof(comm));
	for (i = 0; i < MT_FILTER_VALUES && i < config.comm_count; i++) {
		const volatile __u64 *want = (const volatile __u64 *)config.comms[i];

		if (comm[0] == want[0] && comm[1] == want[1])
			return 1;
	}
	return 0;
}

static __always_inline int uid_wanted(struct task_struct *task)
{
	const struct cred *cred = CAST(struct cred, task->cred);
	__u32 uid = LOAD(cred, uid.val);
	__u32 i;

	for (i = 0; i < MT_FILTER_VALUES && i < config.uid_count; i++)
		if (uid == config.uids[i])
			return 1;
	return 0;
}

/* A cgroup below one that is wanted is wanted too. */
static __always_inline int cgroup_wanted(void)
{
	__u32 i;
	int level;

	for (level = 0; level < 32; level++) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			break;
		for (i = 0; i < MT_FILTER_VALUES && i < config.cgroup_count; i++)
			if (id == config.cgroups[i])
				return 1;
	}
	return 0;
}

/* All filters but the queue's, which is known later. Every kind that is given must agree. */
static __always_inline int task_wanted(struct task_struct *task, struct mt_task_state *t)
{
	__u32 tgid = task->tgid;

	if (tgid == config.own_tgid || tgid == config.keeper_tgid)
		return 0;
	if (!config.filters)
		return 1;
	if ((config.filters & MT_FILTER_TREE) && !(t && (t->flags & MT_TASK_TRACKED)) && !bpf_map_lookup_elem(&tree, &tgid))
		return 0;
	if ((config.filters & MT_FILTER_COMM) && !comm_wanted())
		return 0;
	if ((config.filters & MT_FILTER_UID) && !uid_wanted(task))
		return 0;
	if ((config.filters & MT_FILTER_CGROUP) && !cgroup_wanted())
		return 0;
	return 1;
}

#endif
