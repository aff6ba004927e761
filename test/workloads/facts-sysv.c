// SPDX-License-Identifier: Apache-2.0
/* The statements of the pages of msgget, msgsnd, msgrcv and msgctl, and their errors; -m32: by the calls of ia32. */
#include "facts.h"
#include <sys/ipc.h>
#include <sys/msg.h>

#define NOBODY 64321
#define NEXT_ID "/proc/sys/kernel/msg_next_id"
/* An id is a slot's index and, above that, how often slots have been used. */
enum { ROOM = 16, SLOTS = 1 << 15 };

struct message {
	long type;
	char text[64];
};

static long get(key_t key, int flags)
{
	return T("msgget", SYS_msgget, key, flags);
}

static int queue(void)
{
	return TRY(get(IPC_PRIVATE, 0600));
}

static long control(int id, int command, void *buf)
{
	return T("msgctl", SYS_msgctl, id, command, buf);
}

static long removed(int id)
{
	return control(id, IPC_RMID, NULL);
}

/* glibc's struct has the layout of msqid64_ds, and in 32 bits of compat_msqid64_ds. */
static struct msqid_ds state(int id)
{
	struct msqid_ds now = { 0 };
	TRY(control(id, IPC_STAT, &now));
	return now;
}

static long depth(int id)
{
	return state(id).msg_qnum;
}

static void set_room(int id, long bytes)
{
	struct msqid_ds want = state(id);
	want.msg_qbytes = bytes;
	TRY(control(id, IPC_SET, &want));
}

static long send(int id, long type, const char *text, size_t size, int flags)
{
	struct message message = { .type = type };
	memcpy(message.text, text, size < sizeof(message.text) ? size : sizeof(message.text));
	return T("msgsnd", SYS_msgsnd, id, &message, size, flags);
}

static long put(int id, long type, char byte)
{
	return send(id, type, &byte, 1, IPC_NOWAIT);
}

/* The byte, or the error. */
static long take(int id, long type, int flags)
{
	struct message message = { 0 };
	long ret = T("msgrcv", SYS_msgrcv, id, &message, ROOM, type, flags | IPC_NOWAIT);
	return ret < 0 ? ret : message.text[0];
}

static long send_waiting(struct waiter *waiter)
{
	struct message *message = (struct message *)waiter->data;
	return waiter_told(waiter, "msgsnd", CALL(SYS_msgsnd, waiter->fd, message, waiter->a, 0));
}

/* Into data: a is the type asked for, b the room. */
static long receive_waiting(struct waiter *waiter)
{
	raw_interrupt = -ERESTARTNOHAND;
	return waiter_told(waiter, "msgrcv", CALL(SYS_msgrcv, waiter->fd, waiter->data, waiter->b, waiter->a, 0));
}

static long send_interrupted(struct waiter *waiter)
{
	raw_interrupt = -ERESTARTNOHAND;
	return send_waiting(waiter);
}

static struct waiter sender(int id, long type, char byte, long size)
{
	struct waiter waiter = { .run = send_interrupted, .nr = SYS_msgsnd, .fd = id, .a = size };
	struct message *message = (struct message *)waiter.data;
	message->type = type;
	message->text[0] = byte;
	return waiter;
}

static struct waiter receiver(int id, long type, long room)
{
	return (struct waiter){ .run = receive_waiting, .nr = SYS_msgrcv, .fd = id, .a = type, .b = room };
}

static long byte_of(struct waiter *waiter)
{
	return ((struct message *)waiter->data)->text[0];
}

static void gets(void)
{
	key_t key = 0x6d740000 | (getpid() & 0xffff);
	long absent = FAILS("msgget", ENOENT, NO_DEPTH, get(key, 0));
	umask(077);
	CHILD(shared[0] = TRY(get(key, IPC_CREAT | 0622)); TRY(put(shared[0], 1, 'a')));
	int id = shared[0];
	umask(022);
	FACT("msgget.survives", "messages", depth(id));
	FACT("msgget.mode", "mode", state(id).msg_perm.mode & 0777);
	int other = queue(), another = queue();
	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		shared[0] = get(key, 0);
		shared[1] = queue();
	});
	FACT("msgget.by-key", "absent same private elsewhere", absent, get(key, IPC_CREAT | 0600) == id, other != another,
	     shared[0]);
	FACT("msgget.id", "first", shared[1]);
	FAILS("msgget", EEXIST, depth(id), get(key, IPC_CREAT | IPC_EXCL | 0600));
	CHILD({
		become(NOBODY);
		shared[0] = get(key, 0) == id;
		shared[1] = FAILS("msgget", EACCES, NO_DEPTH, get(key, 0400));
		shared[2] = FAILS("msgrcv", EACCES, NO_DEPTH, take(id, 0, 0));
	});
	FACT("msgget.asked-mode", "nothing read receive", shared[0], shared[1], shared[2]);
	TRY(removed(id));
	TRY(removed(other));
	TRY(removed(another));

	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		int first = queue();
		TRY(removed(first));
		int second = queue();
		shared[0] = first == second;
		shared[1] = FAILS("msgsnd", EINVAL, NO_DEPTH, put(first, 1, 'a'));
		shared[3] = take(first, 0, 0);
		TRY(removed(second));
		put_number(NEXT_ID, first);
		shared[2] = queue() == first;
		put_number("/proc/sys/kernel/msgmni", 1);
		FAILS("msgget", ENOSPC, depth(first), get(IPC_PRIVATE, 0600));
	});
	FACT("msgget.new-id", "same old", shared[0], shared[1]);
	/* msg_next_id does in one step what 65536 queues in turn do. */
	FACT("msgget.recurs", "again", shared[2]);
}

static void sends(void)
{
	int id = queue();
	set_room(id, 4);
	long zero = send(id, 1, "abcd", 4, 0);
	FACT("msgsnd.zero", "ret depth", zero, depth(id));
	FACT("msgsnd.size", "length", T("msgrcv", SYS_msgrcv, id, &(struct message){ 0 }, ROOM, 0, IPC_NOWAIT));
	TRY(send(id, 1, "abc", 3, IPC_NOWAIT));
	long long_one = FAILS("msgsnd", EAGAIN, depth(id), send(id, 1, "de", 2, IPC_NOWAIT)), short_one = put(id, 1, 'f');
	FACT("msgsnd.shorter-fits", "longer shorter", long_one, short_one);
	long empty = send(id, 1, "", 0, IPC_NOWAIT);
	TRY(take(id, 0, 0));
	TRY(take(id, 0, 0));
	TRY(T("msgrcv", SYS_msgrcv, id, &(struct message){ 0 }, ROOM, 0, IPC_NOWAIT));
	for (int i = 0; i < 4; i++)
		TRY(send(id, 1, "", 0, IPC_NOWAIT));
	FACT("msgsnd.fit", "bytes empty fifth", long_one, empty,
	     FAILS("msgsnd", EAGAIN, depth(id), send(id, 1, "", 0, IPC_NOWAIT)));
	TRY(removed(id));

	id = queue();
	set_room(id, 1);
	TRY(put(id, 1, 'a'));
	struct waiter waits = sender(id, 7, 'b', 1);
	begin(&waits);
	struct message *message = (struct message *)waits.data;
	message->type = 8;
	message->text[0] = 'B';
	long waited = still_waits(&waits), first = take(id, 0, 0), ret = end(&waits);
	FACT("msgsnd.waits", "waits first ret", waited, first, ret);
	FACT("msgsnd.copied-first", "type_8 type_7", take(id, 8, 0), take(id, 7, 0));

	struct waiter gets = receiver(id, 3, ROOM);
	begin(&gets);
	TRY(put(id, 3, 'c'));
	FACT("msgsnd.handover", "depth ret byte", depth(id), end(&gets), byte_of(&gets));
	TRY(put(id, 9, 'f'));
	struct waiter hungry = receiver(id, 3, ROOM);
	begin(&hungry);
	long full = FAILS("msgsnd", EAGAIN, depth(id), put(id, 3, 'h'));
	TRY(take(id, 9, 0));
	TRY(put(id, 3, 'h'));
	end(&hungry);
	FACT("msgsnd.full-for-waiters", "full drained", full, byte_of(&hungry));
	set_room(id, 5);
	struct waiter small = receiver(id, 0, 2), large = receiver(id, 0, ROOM);
	begin(&small);
	begin(&large);
	TRY(send(id, 1, "12345", 5, IPC_NOWAIT));
	long too_big = end(&small), next = end(&large);
	struct waiter alone = receiver(id, 0, 2);
	begin(&alone);
	TRY(send(id, 1, "12345", 5, IPC_NOWAIT));
	FACT("msgsnd.too-big-for-waiter", "small large alone queue", too_big, next, end(&alone), depth(id));
	struct msqid_ds now = state(id);
	FACT("msgsnd.pid", "pid", now.msg_lspid == getpid());

	struct waiter doomed = sender(id, 1, 'x', 1);
	begin(&doomed);
	long before = depth(id);
	TRY(removed(id));
	long during = end(&doomed);
	provoked("msgsnd", EIDRM, during, before, before);
	FACT("msgsnd.removed", "during after", during, FAILS("msgsnd", EINVAL, NO_DEPTH, put(id, 1, 'a')));
}

static void send_errors(void)
{
	int id = queue();
	char large[65536] = "";
	*(long *)large = 1;
	long most = number_in("/proc/sys/kernel/msgmax");
	FAILS("msgsnd", EINVAL, depth(id), T("msgsnd", SYS_msgsnd, id, large, most + 1, IPC_NOWAIT));
	FAILS("msgsnd", EINVAL, depth(id), T("msgsnd", SYS_msgsnd, id, large, -1L, IPC_NOWAIT));
	FAILS("msgsnd", EINVAL, depth(id), put(id, 0, 'a'));
	FAILS("msgsnd", EINVAL, depth(id), put(id, -1, 'a'));
	FAILS("msgsnd", EFAULT, depth(id), T("msgsnd", SYS_msgsnd, id, BAD, 1, IPC_NOWAIT));
	CHILD(become(NOBODY); FAILS("msgsnd", EACCES, NO_DEPTH, put(id, 1, 'a')));
	TRY(removed(id));
}

static void selects(void)
{
	int id = queue();
	static const long types[] = { 5, 3, 9, 3, 1, 7 };
	for (int i = 0; i < 6; i++)
		TRY(put(id, types[i], 'a' + i));
	/* a5 b3 c9 d3 e1 f7 */
	long zero = take(id, 0, 0), exact = take(id, 3, 0), except = take(id, 9, MSG_EXCEPT);
	/* c9 e1 f7 */
	long lowest = take(id, -7, 0), next = take(id, -7, 0), none = FAILS("msgrcv", ENOMSG, depth(id), take(id, -7, 0));
	FACT("msgrcv.selects", "zero exact except lowest next none", zero, exact, except, lowest, next, none);
	TRY(take(id, 0, 0));
	TRY(put(id, 4, 'x'));
	TRY(put(id, 2, 'y'));
	TRY(put(id, 2, 'z'));
	long a = take(id, -4, 0), b = take(id, -4, 0), c = take(id, -4, 0);
	FACT("msgrcv.enomsg", "others empty", none, FAILS("msgrcv", ENOMSG, depth(id), take(id, 0, 0)));
	FACT("msgrcv.lowest-first", "a b c", a, b, c);

	struct message message = { 0 };
	TRY(send(id, 6, "12345", 5, 0));
	long length = T("msgrcv", SYS_msgrcv, id, &message, ROOM, 0, 0);
	FACT("msgrcv.output", "type first last", message.type, message.text[0], message.text[4]);
	TRY(send(id, 6, "", 0, 0));
	long none_length = T("msgrcv", SYS_msgrcv, id, &message, ROOM, 0, 0);
	TRY(send(id, 6, "12345", 5, 0));
	long big = FAILS("msgrcv", E2BIG, depth(id), T("msgrcv", SYS_msgrcv, id, &message, 4, 0, IPC_NOWAIT));
	FACT("msgrcv.too-big", "first again left", big, T("msgrcv", SYS_msgrcv, id, &message, 4, 0, IPC_NOWAIT), depth(id));
	memset(message.text, 'x', sizeof(message.text));
	long cut = T("msgrcv", SYS_msgrcv, id, &message, 3, 0, MSG_NOERROR | IPC_NOWAIT);
	FACT("msgrcv.noerror", "ret last behind left", cut, message.text[2], message.text[3], depth(id));
	FACT("msgrcv.length", "length empty cut", length, none_length, cut);

	TRY(put(id, 4, 'p'));
	TRY(put(id, 2, 'q'));
	struct msqid_ds before = state(id);
	long copy = take(id, 1, MSG_COPY), left = depth(id);
	long behind = FAILS("msgrcv", ENOMSG, depth(id), take(id, 2, MSG_COPY));
	long waits = FAILS("msgrcv", EINVAL, depth(id), T("msgrcv", SYS_msgrcv, id, &message, ROOM, 0, MSG_COPY));
	long excepts = FAILS("msgrcv", EINVAL, depth(id), take(id, 0, MSG_COPY | MSG_EXCEPT));
	FACT("msgrcv.copy", "second left same_pid behind waits excepts", copy, left, before.msg_lrpid == state(id).msg_lrpid,
	     behind, waits, excepts);
	FAILS("msgrcv", EFAULT, depth(id), T("msgrcv", SYS_msgrcv, id, BAD, ROOM, 0, MSG_COPY | IPC_NOWAIT));
	FACT("msgrcv.fault-loses", "ret left",
	     FAILS("msgrcv", EFAULT, depth(id), T("msgrcv", SYS_msgrcv, id, BAD, ROOM, 0, IPC_NOWAIT)), depth(id));
	FAILS("msgrcv", EINVAL, depth(id), T("msgrcv", SYS_msgrcv, id, &message, -1L, 0, IPC_NOWAIT));
	TRY(removed(id));
	FAILS("msgrcv", EINVAL, NO_DEPTH, take(id, 0, 0));
}

static void receivers(void)
{
	int id = queue();
	struct waiter five = receiver(id, 5, ROOM), any = receiver(id, 0, ROOM), last = receiver(id, 0, ROOM);
	begin(&five);
	begin(&any);
	begin(&last);
	TRY(put(id, 1, 'a'));
	end(&any);
	long handed = state(id).msg_lrpid == any.tid && any.tid != getpid();
	long five_waits = still_waits(&five), last_waits = still_waits(&last);
	FACT("msgrcv.waits", "waits", five_waits);
	TRY(put(id, 5, 'b'));
	TRY(put(id, 5, 'c'));
	end(&five);
	end(&last);
	FACT("msgrcv.waiters", "waits last_waits any five last", five_waits, last_waits, byte_of(&any), byte_of(&five),
	     byte_of(&last));
	TRY(put(id, 1, 'd'));
	TRY(take(id, 0, 0));
	FACT("msgrcv.pid", "handed taken", handed, state(id).msg_lrpid == getpid());
	struct waiter doomed = receiver(id, 0, ROOM);
	begin(&doomed);
	TRY(removed(id));
	long during = end(&doomed);
	provoked("msgrcv", EIDRM, during, 0, 0);
	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		int old = queue();
		TRY(removed(old));
		shared[0] = take(old, 0, 0);
		put_number(NEXT_ID, old + SLOTS);
		queue();
		shared[1] = take(old, 0, 0);
	});
	FACT("msgrcv.removed", "during gone replaced", during, shared[0], shared[1]);
}

static void interrupts(void)
{
	int id = queue();
	set_room(id, 1);
	handle(SIGUSR1, SA_RESTART);
	struct waiter gets = receiver(id, 0, ROOM), sends = sender(id, 1, 'b', 1);
	begin(&gets);
	interrupt(&gets);
	long received = end(&gets);
	provoked("msgrcv", ERESTARTNOHAND, received, 0, depth(id));
	TRY(put(id, 1, 'a'));
	begin(&sends);
	interrupt(&sends);
	long sent = end(&sends);
	provoked("msgsnd", ERESTARTNOHAND, sent, 1, depth(id));

	/* Stopped and continued, in a process of its own: no handler runs, and the kernel begins anew. */
	struct message message = { 0 };
	for (int is_send = 0; is_send < 2; is_send++) {
		pid_t child = TRY(fork());
		if (!child) {
			struct waiter self = { .tid = getpid(), .restarts = 1 };
			raw_interrupt = -ERESTARTNOHAND;
			message.type = 2;
			waiter_told(&self, is_send ? "msgsnd" : "msgrcv",
				    is_send ? CALL(SYS_msgsnd, id, &message, 1, 0) : CALL(SYS_msgrcv, id, &message, ROOM, 2, 0));
			_exit(0);
		}
		int status;
		wait_blocked(child, child, is_send ? SYS_msgsnd : SYS_msgrcv);
		TRY(kill(child, SIGSTOP));
		TRY(waitpid(child, &status, WUNTRACED));
		TRY(kill(child, SIGCONT));
		wait_blocked(child, child, is_send ? SYS_msgsnd : SYS_msgrcv);
		if (is_send) {
			TRY(take(id, 0, 0));
		} else {
			TRY(take(id, 0, 0));
			TRY(put(id, 2, 'c'));
		}
		TRY(waitpid(child, &status, 0));
		if (is_send)
			FACT("msgsnd.restart", "handler stopped", sent, status);
		else
			FACT("msgrcv.restart", "handler stopped", received, status);
		if (!is_send)
			TRY(put(id, 1, 'd'));
	}
	TRY(removed(id));
}

/* The kernel ends the call of a task that it kills, too; the parent tells of it. */
static void killed(void)
{
	int id = queue(), status;
	pid_t child = TRY(fork());
	if (!child) {
		struct message message;
		syscall(SYS_msgrcv, id, &message, ROOM, 0, 0);
		_exit(0);
	}
	wait_blocked(child, child, SYS_msgrcv);
	TRY(kill(child, SIGKILL));
	TRY(waitpid(child, &status, 0));
	truth_of(child, ABI, "msgrcv", -ERESTARTNOHAND, "%s", "");
	TRY(put(id, 1, 'a'));
	FACT("msgrcv.killed", "killed left", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, depth(id));
	TRY(removed(id));
}

static void controls(void)
{
	int id = queue();
	struct msqid_ds want = state(id), now;
	struct msginfo info;
	want.msg_perm.mode = 0177640;
	want.msg_perm.uid = 1;
	want.msg_qbytes = 100;
	want.msg_qnum = 50;
	want.msg_lspid = 50;
	long zero = control(id, IPC_SET, &want);
	now = state(id);
	FACT("msgctl.set-fields", "mode uid qbytes qnum lspid", now.msg_perm.mode & 0777, now.msg_perm.uid, now.msg_qbytes,
	     now.msg_qnum, now.msg_lspid);
	want.msg_qbytes = number_in("/proc/sys/kernel/msgmnb");
	want.msg_perm.uid = NOBODY;
	want.msg_perm.mode = 0600;
	TRY(control(id, IPC_SET, &want));
	CHILD({
		become(NOBODY);
		shared[1] = control(id, IPC_SET, &want);
		want.msg_qbytes++;
		shared[0] = FAILS("msgctl", EPERM, depth(id), control(id, IPC_SET, &want));
	});
	FACT("msgctl.set-limit", "above at", shared[0], shared[1]);
	want.msg_perm.uid = 0;
	want.msg_perm.mode = 0666;
	TRY(control(id, IPC_SET, &want));
	CHILD({
		become(NOBODY);
		shared[0] = FAILS("msgctl", EPERM, depth(id), removed(id));
		shared[1] = FAILS("msgctl", EPERM, depth(id), control(id, IPC_SET, &want));
	});
	FACT("msgctl.owner", "remove set", shared[0], shared[1]);

	set_room(id, 1);
	TRY(put(id, 1, 'a'));
	struct waiter sends = sender(id, 1, 'b', 1);
	begin(&sends);
	set_room(id, 2);
	FACT("msgctl.set-wakes", "ret depth", end(&sends), depth(id));
	set_room(id, 1);
	FACT("msgctl.set-cuts-nothing", "depth send", depth(id), FAILS("msgsnd", EAGAIN, depth(id), put(id, 1, 'c')));

	want = state(id);
	want.msg_perm.mode = 0200;
	TRY(control(id, IPC_SET, &want));
	int index = id & 0x7fff;
	CHILD({
		become(NOBODY);
		struct msqid_ds seen = { 0 };
		shared[0] = FAILS("msgctl", EACCES, NO_DEPTH, control(id, IPC_STAT, &seen));
		shared[1] = FAILS("msgctl", EACCES, NO_DEPTH, control(index, MSG_STAT, &seen));
		shared[2] = control(index, 13 /* MSG_STAT_ANY */, &seen) == id;
		shared[3] = seen.msg_qnum;
	});
	FACT("msgctl.stat-any", "ipc_stat msg_stat any depth", shared[0], shared[1], shared[2], shared[3]);
	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		/* Two in one slot, one after the other: ids differ above the low 15 bits. */
		int old = queue();
		TRY(removed(old));
		put_number(NEXT_ID, old + SLOTS);
		int first = queue(), second = queue();
		TRY(send(second, 1, "123", 3, 0));
		TRY(send(first, 1, "12", 2, 0));
		struct msqid_ds seen;
		shared[0] = control(0, MSG_STAT, &seen) == first;
		shared[1] = first != old;
		shared[8] = control(old, MSG_STAT, &seen) == first;
		shared[2] = control(0, MSG_INFO, &info);
		shared[3] = info.msgpool;
		shared[4] = info.msgmap;
		shared[5] = info.msgtql;
		shared[6] = control(0, IPC_INFO, &info);
		shared[7] = info.msgmnb == number_in("/proc/sys/kernel/msgmnb");
		FAILS("msgctl", EINVAL, NO_DEPTH, control(99, MSG_STAT, &seen));
	});
	FACT("msgctl.index", "by_index other_id by_old_id", shared[0], shared[1], shared[8]);
	FACT("msgctl.msg-info", "queues messages bytes", shared[3], shared[4], shared[5]);
	FACT("msgctl.result", "set msg_stat msg_info ipc_info", zero, shared[0], shared[2], shared[6]);
	FAILS("msgctl", EINVAL, depth(id), control(id, 77, NULL));
	FAILS("msgctl", EFAULT, depth(id), control(id, IPC_SET, BAD));
	FAILS("msgctl", EFAULT, depth(id), control(id, IPC_STAT, BAD));
	struct waiter gets = receiver(id, 9, ROOM);
	begin(&gets);
	long messages = depth(id), gone = removed(id);
	FACT("msgctl.removes-at-once", "messages ret waiter after", messages, gone, end(&gets),
	     FAILS("msgctl", EINVAL, NO_DEPTH, control(id, IPC_STAT, &now)));
	FACT("msgctl.commands", "set stat limits removed", zero, messages, shared[7], gone);
}

#ifdef __i386__
#define IPC_64_BIT 0x100

/* libc's 32-bit msgctl has the bit in neither way's place: these are the kernel's own answers. */
static void versions(void)
{
	int id = queue();
	long own = FAILS("msgctl", EINVAL, depth(id), control(id, IPC_RMID | IPC_64_BIT, NULL));
	struct msqid_ds want = state(id);
	long set = FAILS("msgctl", EINVAL, depth(id), control(id, IPC_SET | IPC_64_BIT, &want));
	long through = CALL(SYS_ipc, 14, id, IPC_RMID | IPC_64_BIT, 0, NULL, 0);
	truth_of(syscall(SYS_gettid), ABI ",\"via\":\"ipc\"", "msgctl", through, "%s", "");
	FACT("msgctl.version", "remove set through", own, set, through);
}
#else
static void versions(void)
{
}
#endif

int main(void)
{
	facts_begin();
	versions();
	gets();
	sends();
	send_errors();
	selects();
	receivers();
	interrupts();
	killed();
	controls();
	return 0;
}
