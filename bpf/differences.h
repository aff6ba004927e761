/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between kernels and architectures, each in one place. The programs are compiled three times and
 * the recorder takes the first object that loads:
 *   cast  MT_TP_BTF MT_CAST  direct loads everywhere; bpf_rdonly_cast() is in 6.2 and later (a35b9af4ec2c)
 *   btf   MT_TP_BTF          direct loads from the task, helper calls beyond what its BTF pointers reach
 *   raw                      raw tracepoints, where BTF-typed ones are refused
 */
#ifndef MSGTAPE_DIFFERENCES_H
#define MSGTAPE_DIFFERENCES_H

#ifdef MT_CAST
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* A pointer of unknown origin as a BTF pointer: a load through it faults into zero, not into an oops. */
#define CAST(type, ptr) ((type *)bpf_rdonly_cast((const void *)(ptr), bpf_core_type_id_kernel(type)))
#define LOAD(ptr, field) ((ptr)->field)

/* The pointer stored at a kernel address that is computed (an array slot): the verifier allows no variable
 * offset into a BTF pointer, so the slot itself is read as a struct whose first field is a 64-bit number. */
static __always_inline __u64 load_pointer(__u64 address)
{
	return CAST(struct timespec64, address)->tv_sec;
}
#else
#define CAST(type, ptr) ((type *)(ptr))
#define LOAD(ptr, field) BPF_CORE_READ(ptr, field)

static __always_inline __u64 load_pointer(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (const void *)address);
	return value;
}
#endif

#if defined(__TARGET_ARCH_x86)
#define MT_NATIVE_ABI MT_ABI_X86_64
#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: this system call came in through a 32-bit gate */

static __always_inline int is_compat(struct task_struct *task)
{
	return (task->thread_info.status & TS_COMPAT) != 0;
}

#define NR_FIELD(regs) (&(regs)->orig_ax)

static __always_inline void reg_args(struct pt_regs *r, int compat, __u64 *args)
{
	if (compat) {
		args[0] = (__u32)r->bx;
		args[1] = (__u32)r->cx;
		args[2] = (__u32)r->dx;
		args[3] = (__u32)r->si;
		args[4] = (__u32)r->di;
		args[5] = (__u32)r->bp;
	} else {
		args[0] = r->di;
		args[1] = r->si;
		args[2] = r->dx;
		args[3] = r->r10;
		args[4] = r->r8;
		args[5] = r->r9;
	}
}
#elif defined(__TARGET_ARCH_arm64)
#define MT_NATIVE_ABI MT_ABI_ARM64
#define TIF_32BIT 22 /* arch/arm64/include/asm/thread_info.h */

static __always_inline int is_compat(struct task_struct *task)
{
	return (task->thread_info.flags >> TIF_32BIT) & 1;
}

#define NR_FIELD(regs) (&(regs)->syscallno)

static __always_inline void reg_args(struct pt_regs *r, int compat, __u64 *args)
{
	args[0] = r->orig_x0; /* x0 is the result at exit */
	args[1] = r->regs[1];
	args[2] = r->regs[2];
	args[3] = r->regs[3];
	args[4] = r->regs[4];
	args[5] = r->regs[5];
}
#endif

/* At the first instruction of a function and right after its return, in user space. */
#if defined(__TARGET_ARCH_x86)
#define USER32_CS 0x23 /* arch/x86/include/asm/segment.h */

static __always_inline int is_user32(const struct pt_regs *r)
{
	return r->cs == USER32_CS;
}

static __always_inline __u64 result_register(const struct pt_regs *r)
{
	return r->ax;
}

/* Where the stack is at entry, out of what it is after the return: which takes its address off. */
static __always_inline __u64 stack_at_entry(const struct pt_regs *r, int returned)
{
	return returned ? r->sp - (is_user32(r) ? 4 : 8) : r->sp;
}
#elif defined(__TARGET_ARCH_arm64)
#define PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */

static __always_inline int is_user32(const struct pt_regs *r)
{
	return (r->pstate & PSR_MODE32_BIT) != 0;
}

static __always_inline __u64 result_register(const struct pt_regs *r)
{
	return r->regs[0];
}

static __always_inline __u64 stack_at_entry(const struct pt_regs *r, int returned)
{
	return is_user32(r) ? r->regs[13] : r->sp;
}
#endif

/* The registers that a tracepoint hands over, readable. */
#ifdef MT_TP_BTF
#define READ_REGS(copy, regs) (regs)
#else
#define READ_REGS(copy, regs) (bpf_probe_read_kernel(copy, sizeof(*(copy)), regs), (copy))
#endif

#define X32_BIT 0x40000000

#endif
