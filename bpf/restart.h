/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether an entry is the kernel's own restart of an interrupted call. A program that calls again by itself after
 * EINTR looks the same from outside, so the decision is followed where the kernel takes it: arch_do_signal_or_restart()
 * and handle_signal(), arch/x86/kernel/signal.c. No handler: every such call is begun anew. A handler: ERESTARTNOINTR
 * always, ERESTARTSYS when it has SA_RESTART, ERESTARTNOHAND never.
 */
#ifndef MSGTAPE_RESTART_H
#define MSGTAPE_RESTART_H

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define SA_RESTART 0x10000000

static __always_inline void note_interruption(struct mt_task_state *t, __u8 event, const __u64 *args, __s64 ret)
{
	if (ret > -ERESTARTSYS || ret < -ERESTARTNOHAND)
		return; /* may be a call of the handler: what was interrupted before is still to come */
	t->flags &= ~(MT_TASK_RESTARTS | MT_TASK_RETURNED);
	t->flags |= MT_TASK_INTERRUPTED;
	t->interrupted_ret = ret;
	t->interrupted_event = event;
	__builtin_memcpy(t->interrupted_args, args, sizeof(t->interrupted_args));
}

/* A signal reaches the current task. Only the first handler after the interruption decides. */
static __always_inline void on_signal(struct mt_task_state *t, __u64 handler, __u64 flags)
{
	if (!t || !(t->flags & MT_TASK_INTERRUPTED) || (t->flags & MT_TASK_RESTARTS))
		return;
	if (handler <= 1) /* SIG_DFL, SIG_IGN: no frame is built */
		return;
	if (t->interrupted_ret == -ERESTARTNOINTR || (t->interrupted_ret == -ERESTARTSYS && (flags & SA_RESTART)))
		t->flags |= MT_TASK_RESTARTS;
	else
		t->flags &= ~MT_TASK_INTERRUPTED;
}

/* rt_sigreturn: a handler has returned. (One that leaves by siglongjmp() never comes here, and restarts nothing.) */
static __always_inline void on_sigreturn(struct mt_task_state *t)
{
	if (t && (t->flags & MT_TASK_RESTARTS))
		t->flags |= MT_TASK_RETURNED;
}

/*
 * At an entry. Between interruption and restart a handler's own calls come first, and may be alike to the last
 * argument: they are before its sigreturn. The next one behind it is the restart.
 */
static __always_inline int is_restart(struct mt_task_state *t, __u8 event, const __u64 *args)
{
	__u32 pending = t->flags & (MT_TASK_RESTARTS | MT_TASK_RETURNED);
	int i, alike;

	if (!(t->flags & MT_TASK_INTERRUPTED) || pending == MT_TASK_RESTARTS)
		return 0;
	alike = t->interrupted_event == event;
#pragma unroll
	for (i = 0; i < 6; i++)
		alike = alike && t->interrupted_args[i] == args[i];
	t->flags &= ~(MT_TASK_INTERRUPTED | MT_TASK_RESTARTS | MT_TASK_RETURNED);
	return alike;
}

#endif
