/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The current task: its state from entry to exit, and its TASK record. */
#ifndef MSGTAPE_TASK_H
#define MSGTAPE_TASK_H

static __always_inline void fill_command_line(struct mt_names *n, struct task_struct *task)
{
	struct mm_struct *mm = CAST(struct mm_struct, task->mm);
	struct dentry *dentry;
	struct file *exe;
	__u64 start, len;

	if (!mm)
		return;
	exe = CAST(struct file, LOAD(mm, exe_file));
	if (exe) {
		dentry = CAST(struct dentry, LOAD(exe, f_path.dentry));
		bpf_probe_read_kernel_str(n->task.exe, sizeof(n->task.exe), LOAD(dentry, d_name.name));
	}
	start = LOAD(mm, arg_start);
	len = LOAD(mm, arg_end) - start;
	len = len > MT_CMDLINE_MAX ? MT_CMDLINE_MAX : len;
	len = AT_MOST(len, MT_CMDLINE_MAX);
	if (!bpf_probe_read_user(n->cmdline, len, (const void *)start))
		n->task.cmdline_len = len;
}

/* The wanted task's state, made when it is not there; NULL: no memory. */
static __always_inline struct mt_task_state *state_of(struct task_struct *task, struct mt_task_state *t)
{
	if (!t)
		t = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (t && (config.filters & MT_FILTER_TREE))
		t->flags |= MT_TASK_TRACKED;
	return t;
}

/* Sends the task's TASK record. It counts as sent only when the ring took it. */
__attribute__((noinline)) int announce(struct mt_scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mt_task_state *t = own_state();
	struct mt_stats *st = cpu_stats();
	__u32 zero = 0, size;
	struct mt_names *n = bpf_map_lookup_elem(&names, &zero);
	const struct cred *cred;
	struct pid *pid;
	__u32 level;

	if (!s || !n)
		return 0;
	__builtin_memset(&n->record, 0, sizeof(n->record));
	__builtin_memset(&n->task, 0, sizeof(n->task));
	__builtin_memset(n->cmdline, 0, sizeof(n->cmdline));
	n->record.type = MT_RECORD_TASK;
	n->record.flags = MT_FLAG_LAST;
	n->record.time_ns = s->head.time_ns;
	n->record.task_start_ns = task->start_boottime;
	n->record.tid = task->pid;
	n->record.tgid = task->tgid;
	n->record.cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(n->task.comm, sizeof(n->task.comm));
	n->task.ppid = task->real_parent->tgid;
	cred = CAST(struct cred, task->cred);
	n->task.uid = LOAD(cred, uid.val);
	n->task.gid = LOAD(cred, gid.val);
	n->task.cgroup_id = bpf_get_current_cgroup_id();
	n->task.process_start_ns = task->group_leader->start_boottime;
	pid = task->thread_pid;
	if (pid) {
		level = LOAD(CAST(struct pid, pid), level) & 31; /* MAX_PID_NS_LEVEL */
		bpf_probe_read_kernel(&n->task.namespace_tid, sizeof(__u32),
				      (void *)(as_number(s, pid) + bpf_core_field_offset(struct pid, numbers) +
					       level * bpf_core_type_size(struct upid) +
					       bpf_core_field_offset(struct upid, nr)));
		pid = task->group_leader->thread_pid;
		if (pid)
			bpf_probe_read_kernel(&n->task.namespace_pid, sizeof(__u32),
					      (void *)(as_number(s, pid) + bpf_core_field_offset(struct pid, numbers) +
						       level * bpf_core_type_size(struct upid) +
						       bpf_core_field_offset(struct upid, nr)));
	}
	fill_command_line(n, task);
	size = sizeof(n->record) + sizeof(n->task) + ((n->task.cmdline_len + 7) & ~7U);
	size = AT_MOST(size, sizeof(n->record) + sizeof(n->task) + MT_CMDLINE_MAX);
	n->record.size = size;
	if (bpf_ringbuf_output(&names_ring, n, size, BPF_RB_NO_WAKEUP)) {
		if (st)
			st->announce_failed++;
		return 0;
	}
	if (t)
		t->announced = 1;
	return 0;
}

#endif
