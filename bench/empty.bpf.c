// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The floor: programs on the recorder's two hooks that do nothing. What they cost, no recorder on them can save. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sys_enter")
int empty_enter(void *context)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int empty_exit(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
