/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a system call's number and registers to the event and its arguments, through ia32's multiplexers too. */
#ifndef MSGTAPE_CALL_H
#define MSGTAPE_CALL_H

static __always_inline struct mt_call *begin_call(struct mt_scratch *s, int compat)
{
	struct mt_call *c = &s->call;

	c->operands = 0;
	c->operands_len = 0;
	c->record_flags = 0;
	c->event = 0;
	c->compat = compat;
	c->mux = MT_MUX_NONE;
	c->variant = MT_VARIANT_NATIVE;
	return c;
}

static __always_inline void mux_args(struct mt_scratch *s, const volatile struct mt_mux_call *m)
{
	int i;

#pragma unroll
	for (i = 0; i < 6; i++) {
		__u32 from = m->from[i];

		s->args[i] = from < 6 ? s->call.from[from] : 0;
	}
}

/* ia32 ipc(call, first, second, third, ptr, fifth), ipc/syscall.c. Bits 16 and up of call are a version. */
static __always_inline void demux_ipc(struct mt_scratch *s, struct mt_call *c)
{
	__u32 number = s->args[0] & 0xffff;
	struct {
		__u32 msgp;
		__s32 msgtyp;
	} pair;
	const volatile struct mt_mux_call *m;

	if (number >= MT_MUX_CALLS)
		return;
	number = AT_MOST(number, MT_MUX_CALLS - 1);
	m = &config.ipc[number];
	c->event = m->event;
	c->mux = MT_MUX_IPC;
	c->variant = MT_VARIANT_COMPAT_IPC;
	__builtin_memcpy(c->from, s->args, sizeof(c->from));
	/* A call that takes fifth (MSGRCV) has, in version 0, ptr and fifth in user memory at ptr. */
	if (m->count == 6 && !(s->args[0] >> 16)) {
		c->operands = s->args[4];
		c->operands_len = sizeof(pair);
		if (bpf_probe_read_user(&pair, sizeof(pair), (const void *)s->args[4])) {
			c->record_flags |= MT_FLAG_ARGS_UNKNOWN;
			c->from[4] = c->from[5] = 0;
		} else {
			c->from[4] = pair.msgp;
			c->from[5] = (__u32)pair.msgtyp;
		}
	}
	mux_args(s, m);
}

/* ia32 socketcall(call, args): every operand lies in user memory, net/compat.c. */
static __always_inline void demux_socketcall(struct mt_scratch *s, struct mt_call *c)
{
	__u32 number = s->args[0], len;
	__u32 words[6] = {};
	const volatile struct mt_mux_call *m;
	int i;

	if (number >= MT_MUX_CALLS)
		return;
	number = AT_MOST(number, MT_MUX_CALLS - 1);
	m = &config.socketcall[number];
	c->event = m->event;
	c->mux = MT_MUX_SOCKETCALL;
	c->operands = s->args[1];
	len = m->count * 4;
	len = AT_MOST(len, sizeof(words));
	c->operands_len = len;
	if (c->event && bpf_probe_read_user(words, len, (const void *)s->args[1])) {
		c->record_flags |= MT_FLAG_ARGS_UNKNOWN;
		__builtin_memset(words, 0, sizeof(words));
	}
#pragma unroll
	for (i = 0; i < 6; i++)
		c->from[i] = words[i];
	mux_args(s, m);
}

/* Which event this is, and its arguments in s->args; c->event stays 0 when it is none that is recorded. */
static __always_inline void identify(struct mt_scratch *s, struct mt_call *c, struct pt_regs *regs, __u64 nr)
{
	reg_args(READ_REGS(&s->regs, regs), c->compat, s->args);
	if (c->compat) {
		c->variant = MT_VARIANT_COMPAT;
		if (nr == config.nr_ipc && nr) {
			demux_ipc(s, c);
			goto out;
		}
		if (nr == config.nr_socketcall && nr) {
			demux_socketcall(s, c);
			goto out;
		}
	}
	c->event = config.event_of_nr[c->compat & 1][nr & (MT_NUMBERS - 1)];
out:
	if (c->event == MT_SIGRETURN)
		return;
	if (c->event >= MT_EVENTS || !config.record_event[c->event])
		c->event = 0;
}

/* Calls of x32 are counted: their numbers are x86_64's with a bit set, or their own from 512 on. */
static __always_inline int is_x32_event(__u64 nr)
{
	nr &= ~(__u64)X32_BIT;
	if (nr >= MT_NUMBERS)
		return 0;
	nr = AT_MOST(nr, MT_NUMBERS - 1);
	return config.x32_of_nr[nr] != 0;
}

/* A first look at the number alone, for the calls of every other kind. */
static __always_inline int interesting(__u64 nr)
{
	if (nr >= MT_NUMBERS)
		return 0;
	return config.event_of_nr[0][nr] | config.event_of_nr[1][nr] |
	       (nr && (nr == config.nr_ipc || nr == config.nr_socketcall));
}

#endif
