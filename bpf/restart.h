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
	t->flags &= ~MT_TASK_RESTARTS;
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

/*
 * At an entry. While a handler is between interruption and restart its own calls come first: they change nothing
 * unless they are alike to the last argument.
 */
static __always_inline int is_restart(struct mt_task_state *t, __u8 event, const __u64 *args)
{
	int i, alike;

	if (!(t->flags & MT_TASK_INTERRUPTED))
		return 0;
	alike = t->interrupted_event == event;
#pragma unroll
	for (i = 0; i < 6; i++)
		alike = alike && t->interrupted_args[i] == args[i];
	if (alike || !(t->flags & MT_TASK_RESTARTS))
		t->flags &= ~(MT_TASK_INTERRUPTED | MT_TASK_RESTARTS);
	return alike;
}

#endif
