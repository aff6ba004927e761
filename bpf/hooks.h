/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between the two ways into a kernel function. Arguments are numbers in both: the verifier allows a BTF
 * pointer neither in a computation nor in a comparison, and the one that goes through memory is none.
 */
#ifndef MSGTAPE_HOOKS_H
#define MSGTAPE_HOOKS_H

#ifdef MT_KPROBE

/* The kernel has a limited number of places for calls that are to return, and does without where they are taken. */
#define RETURNS_ARE_MISSED 1
#define ON_ENTER_AS(hook, function) SEC("kprobe/" #function) int hook##__enter(struct pt_regs *ctx)
#define ON_LEAVE(hook) SEC("kretprobe/" #hook) int hook##__leave(struct pt_regs *ctx)
#if defined(__TARGET_ARCH_x86)
#define ARG(ctx, n) ((n) == 0 ? (ctx)->di : (ctx)->si)
#define RESULT(ctx, count) ((ctx)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define ARG(ctx, n) ((ctx)->regs[n])
#define RESULT(ctx, count) ((ctx)->regs[0])
#endif

#else

#define RETURNS_ARE_MISSED 0
#define ON_ENTER_AS(hook, function) SEC("fentry/" #function) int hook##__enter(__u64 *ctx)
#define ON_LEAVE(hook) SEC("fexit/" #hook) int hook##__leave(__u64 *ctx)

static __always_inline __u64 number_at(const __u64 *at)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), at);
	return number;
}

#define ARG(ctx, n) number_at((ctx) + (n))
#define RESULT(ctx, count) number_at((ctx) + (count)) /* behind the arguments */

#endif

#define ON_ENTER(hook) ON_ENTER_AS(hook, hook)

#endif
