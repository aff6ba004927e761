/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel plane: what the kernel does with messages, seen in its own functions. Compiled twice, for fentry and fexit
 * and for kprobes (MT_KPROBE); the recorder loads the programs of each hook, HOOK__*, by themselves.
 *
 * A message is known by a number that it gets when it is loaded. The address under which that is found here never
 * leaves the kernel.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "records.h"
#include "config.h"
#include "state.h"
#include "pseudonym.h"
#include "planes.h"
#include "evidence.h"
#include "hooks.h"

/*
 * Messages between load_msg() and store_msg() or free_msg(), of calls that are recorded: address → identity. A message
 * that has no room here is not known.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} messages SEC(".maps");

/* Identities given out: by one program alone, so it need not be shared. */
__u64 loaded = 0;

static __always_inline __u64 identity_of(__u64 message)
{
	__u64 *known = bpf_map_lookup_elem(&messages, &message);

	return known ? *known : 0;
}

static __always_inline __u64 new_identity(__u64 message)
{
	__u64 identity = __sync_fetch_and_add(&loaded, 1) + 1;

	return bpf_map_update_elem(&messages, &message, &identity, BPF_ANY) ? 0 : identity;
}

/* struct msg_msg *load_msg(const void __user *src, size_t len) */
ON_ENTER(load_msg)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;

	if (!t)
		return 0;
	if (RETURNS_ARE_MISSED && t->loading)
		count_lost(c);
	t->loading = t->call;
	t->load_from = ARG(ctx, 0);
	t->load_bytes = ARG(ctx, 1);
	return 0;
}

#define MAX_ERRNO 4095

ON_LEAVE(load_msg)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;
	struct mt_kernel k = { .hook = MT_HOOK_LOAD_MSG };
	__u64 message = RESULT(ctx, 2);
	int failed = message >= (__u64)-MAX_ERRNO;

	if (!c)
		return 0;
	if (!t || t->loading != t->call) {
		if (RETURNS_ARE_MISSED && t)
			count_lost(c);
		/* Of another's message nothing is kept, nor anything of the last one that was at its address. */
		if (!failed)
			bpf_map_delete_elem(&messages, &message);
		return 0;
	}
	t->loading = 0;
	k.m_ts = t->load_bytes;
	if (failed) {
		k.ret = message;
		put_kernel(c, t, &k);
	} else {
		t->loaded = message;
		t->loaded_call = t->call;
		k.message = new_identity(message);
		put_evidence(c, t, &k, message, t->load_from);
	}
	return 0;
}

static __always_inline void describe(struct mt_kernel *k, __u64 message)
{
	struct msg_msg *m = (struct msg_msg *)message;

	k->m_type = BPF_CORE_READ(m, m_type);
	k->m_ts = BPF_CORE_READ(m, m_ts);
}

/* int store_msg(void __user *dest, struct msg_msg *msg, size_t len). Nothing but free_msg() comes after it. */
ON_ENTER(store_msg)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;
	struct mt_kernel k = { .hook = MT_HOOK_STORE_MSG };
	__u64 message = ARG(ctx, 1);

	if (!c)
		return 0;
	k.message = identity_of(message);
	if (!k.message && !t)
		return 0;
	if (k.message)
		bpf_map_delete_elem(&messages, &message);
	if (t) {
		t->stored = message;
		t->stored_call = t->call;
	}
	describe(&k, message);
	if (k.message)
		put_kernel(c, t, &k);
	else
		put_evidence(c, t, &k, message, 0);
	return 0;
}

/* void free_msg(struct msg_msg *msg) */
ON_ENTER(free_msg)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;
	struct mt_kernel k = { .hook = MT_HOOK_FREE_MSG };
	__u64 message = ARG(ctx, 0);

	if (!c)
		return 0;
	k.message = identity_of(message);
	if (k.message) {
		bpf_map_delete_elem(&messages, &message);
	} else {
		if (!t)
			return 0;
		/* load_msg() gives up: there never was a message, and its fields have no values. */
		if (t->loading == t->call)
			return 0;
		if (t->stored == message && t->stored_call == t->call) {
			t->stored = 0;
			return 0;
		}
	}
	if (t && t->loaded == message && t->loaded_call == t->call) {
		/* What a call gives back may have no type yet: MSG_COPY's. Whatever lies there is not to leave the kernel. */
		t->loaded = 0;
		k.m_ts = t->load_bytes;
	} else {
		describe(&k, message);
	}
	put_kernel(c, t, &k);
	return 0;
}

static __always_inline __u64 queue_of(__u64 info)
{
	return pseudonym(info + bpf_core_field_offset(struct mqueue_inode_info, vfs_inode));
}

/* static int msg_insert(struct msg_msg *msg, struct mqueue_inode_info *info) */
ON_ENTER(msg_insert)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;
	struct mt_kernel k = { .hook = MT_HOOK_MSG_INSERT };
	__u64 message = ARG(ctx, 0);

	if (!c)
		return 0;
	k.message = identity_of(message);
	if (!k.message && !t)
		return 0;
	k.queue = queue_of(ARG(ctx, 1));
	describe(&k, message);
	put_kernel(c, t, &k);
	return 0;
}

/*
 * static void __do_notify(struct mqueue_inode_info *info): called at each insertion, and does something when somebody
 * has registered and the queue was empty. Looked at before it clears the registration.
 */
ON_ENTER_AS(do_notify, __do_notify)
{
	struct mt_control *c = switched_on();
	struct mt_task_state *t = c ? in_call(own_state()) : NULL;
	struct mt_kernel k = { .hook = MT_HOOK_DO_NOTIFY };
	struct mqueue_inode_info *info;
	struct pid *owner;

	if (!t)
		return 0;
	info = (struct mqueue_inode_info *)ARG(ctx, 0);
	owner = BPF_CORE_READ(info, notify_owner);
	if (!owner || BPF_CORE_READ(info, attr.mq_curmsgs) != 1)
		return 0;
	k.queue = queue_of((__u64)info);
	k.pid = BPF_CORE_READ(owner, numbers[0].nr);
	put_kernel(c, t, &k);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
