/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A stand-in for a hook of the planes, beside counting.bpf.c: each kill(2) of the process named in the configuration
 * becomes one KERNEL record with the signal as its size, or one counted loss.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "records.h"
#include "config.h"
#include "state.h"
#include "planes.h"

#if defined(__TARGET_ARCH_x86)
#define KILL 62
#define SIGNAL(regs) ((regs)->si)
#else
#define KILL 129
#define SIGNAL(regs) ((regs)->regs[1])
#endif

struct place {
	struct mt_record record;
	struct mt_kernel kernel;
	__u8 unused[24];
};

SEC("raw_tp/sys_enter")
int kill__enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mt_control *c = switched_on();
	struct pt_regs regs;
	struct mt_moment now;
	struct place *p;

	if (!c || ctx->args[1] != KILL || task->tgid != config.own_tgid)
		return 0;
	bpf_probe_read_kernel(&regs, sizeof(regs), (void *)ctx->args[0]);
	now = this_moment(c);
	p = bpf_ringbuf_reserve(&planes_ring, sizeof(*p), 0);
	if (!p) {
		count_lost(c);
		return 0;
	}
	fill_head(&p->record, MT_RECORD_KERNEL, sizeof(p->record) + sizeof(p->kernel), &now, task, NULL);
	__builtin_memset(&p->kernel, 0, sizeof(p->kernel));
	p->kernel.hook = MT_HOOK_LOAD_MSG;
	p->kernel.m_ts = SIGNAL(&regs);
	p->kernel.message = plane.page_bytes;
	bpf_ringbuf_submit(p, BPF_RB_NO_WAKEUP);
	return 0;
}

/* No verifier lets that pass. */
SEC("raw_tp/sys_enter")
int refused__enter(void *ctx)
{
	return *(int *)(ctx + 100000);
}

SEC("kprobe/no_such_function_of_any_kernel")
int absent__enter(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
