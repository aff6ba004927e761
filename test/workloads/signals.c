// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that a signal interrupts: with a handler and SA_RESTART (the kernel begins the call anew), with a handler
 * and without it (EINTR), and by stop and continue without a handler. sys_exit sees -ERESTARTSYS or, for System V,
 * -ERESTARTNOHAND each time, whatever user space gets in the end.
 *
 * signals [sockets]: also recvmsg, which is recorded only on request.
 */
#include "truth.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>

static _Atomic int blocked_tid, handled;

static int calls_from_handler = -1; /* a descriptor: the handler makes a call of its own on it */

static void handler(int signal)
{
	(void)signal;
	if (calls_from_handler >= 0)
		CALL(SYS_mq_getsetattr, calls_from_handler, NULL, NULL);
	handled++;
}

static void handle(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	TRY(sigaction(SIGUSR2, &action, NULL));
}

struct blocked {
	long nr;
	const char *event;
	long args[6];
	long result;
	int retries; /* the program calls again by itself after EINTR */
};

static void *block(void *argument)
{
	struct blocked *call = argument;
	blocked_tid = syscall(SYS_gettid);
	long *a = call->args;
	do
		call->result = CALL(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	while (call->result == -EINTR && call->retries-- > 0);
	return NULL;
}

static pthread_t start(struct blocked *call)
{
	pthread_t thread;
	blocked_tid = 0;
	pthread_create(&thread, NULL, block, call);
	while (!blocked_tid)
		usleep(200);
	wait_blocked(getpid(), blocked_tid, call->nr);
	return thread;
}

/* Sends the signal and waits until its handler ran and, when the call goes on, until it is blocked again. */
static void interrupt(struct blocked *call, int again)
{
	int before = handled;
	syscall(SYS_tgkill, getpid(), blocked_tid, SIGUSR2);
	while (handled == before)
		usleep(200);
	if (again)
		wait_blocked(getpid(), blocked_tid, call->nr);
}

static void posix(int queue)
{
	static char text[64];
	struct blocked call = { SYS_mq_timedreceive, "mq_timedreceive", { queue, (long)text, 64 }, 0, 0 };
	handle(SA_RESTART);
	pthread_t thread = start(&call);
	interrupt(&call, 1);
	interrupt(&call, 1);
	long sent = CALL(SYS_mq_timedsend, queue, "after two restarts", 18, 1, NULL);
	pthread_join(thread, NULL);
	truth_of(blocked_tid, "", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":true", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth("mq_timedsend", sent, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":true", "mq_timedreceive", call.result,
		 "\"mqdes\":%d,\"msg_ptr\":{\"bytes\":\"%s\",\"status\":\"read\"}", queue, b64(text, 18));

	handle(0);
	thread = start(&call);
	interrupt(&call, 0);
	pthread_join(thread, NULL);
	if (call.result != -EINTR)
		exit(73);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);

	/* The program sees EINTR and calls again by itself, with the very same arguments: no restart of the kernel's. */
	call.retries = 1;
	thread = start(&call);
	interrupt(&call, 1);
	sent = CALL(SYS_mq_timedsend, queue, "after a retry", 13, 1, NULL);
	pthread_join(thread, NULL);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth("mq_timedsend", sent, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", 13, "\"mqdes\":%d", queue);
}

/* What the program does by itself after EINTR is no restart, though it is alike to the last argument. */
static void retried(int queue)
{
	static char text[64];
	struct blocked call = { SYS_mq_timedreceive, "mq_timedreceive", { queue, (long)text, 64 }, 0, 1 };
	handle(0);
	pthread_t thread = start(&call);
	interrupt(&call, 1);
	long sent = CALL(SYS_mq_timedsend, queue, "retried", 7, 1, NULL);
	pthread_join(thread, NULL);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth("mq_timedsend", sent, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", 7, "\"mqdes\":%d", queue);
}

/* The handler's own call comes between the interruption and the restart. */
static void handler_calls(int queue)
{
	static char text[64];
	struct blocked call = { SYS_mq_timedreceive, "mq_timedreceive", { queue, (long)text, 64 }, 0, 0 };
	handle(SA_RESTART);
	calls_from_handler = queue;
	pthread_t thread = start(&call);
	interrupt(&call, 1);
	calls_from_handler = -1;
	long sent = CALL(SYS_mq_timedsend, queue, "handled", 7, 1, NULL);
	pthread_join(thread, NULL);
	truth_of(blocked_tid, ",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":false", "mq_getsetattr", 0, "\"mqdes\":%d", queue);
	truth("mq_timedsend", sent, "\"mqdes\":%d", queue);
	truth_of(blocked_tid, ",\"restart\":2", "mq_timedreceive", 7, "\"mqdes\":%d", queue);
}

static void sysv(void)
{
	static struct {
		long mtype;
		char mtext[64];
	} message;
	int queue = TRY(msgget(IPC_PRIVATE, 0600));
	truth("msgget", queue, "\"key\":0");
	struct blocked call = { SYS_msgrcv, "msgrcv", { queue, (long)&message, 64, 0, 0 }, 0, 0 };
	handle(SA_RESTART); /* of no use: ERESTARTNOHAND ends in EINTR when a handler ran */
	pthread_t thread = start(&call);
	interrupt(&call, 0);
	pthread_join(thread, NULL);
	if (call.result != -EINTR)
		exit(74);
	truth_of(blocked_tid, ",\"restart\":false", "msgrcv", -ERESTARTNOHAND, "\"msqid\":%d", queue);
	TRY(msgctl(queue, IPC_RMID, NULL));
	truth("msgctl", 0, "\"msqid\":%d,\"cmd\":%d", queue, IPC_RMID);
}

/* Without a handler: a child blocked in a call is stopped and continued, and the kernel begins the call anew. */
static void stopped(int queue)
{
	char text[64];
	pid_t child = TRY(fork());
	if (child == 0)
		_exit(CALL(SYS_mq_timedreceive, queue, text, 64, NULL, NULL) == 9 ? 0 : 1);
	wait_blocked(child, child, SYS_mq_timedreceive);
	int status;
	TRY(kill(child, SIGSTOP));
	TRY(waitpid(child, &status, WUNTRACED));
	TRY(kill(child, SIGCONT));
	wait_blocked(child, child, SYS_mq_timedreceive);
	long sent = CALL(SYS_mq_timedsend, queue, "continued", 9, 1, NULL);
	TRY(waitpid(child, &status, 0));
	if (status != 0)
		exit(75);
	truth_of(child, "", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth("mq_timedsend", sent, "\"mqdes\":%d", queue);
	truth_of(child, ",\"restart\":true", "mq_timedreceive", 9, "\"mqdes\":%d,\"msg_ptr\":{\"bytes\":\"%s\"}", queue,
		 b64("continued", 9));
}

static void sockets(void)
{
	int pair[2];
	char text[64];
	struct iovec iov = { text, 64 };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	struct blocked call = { SYS_recvmsg, "recvmsg", { pair[0], (long)&header, 0 }, 0, 0 };
	handle(SA_RESTART);
	pthread_t thread = start(&call);
	interrupt(&call, 1);
	TRY(send(pair[1], "x", 1, 0));
	pthread_join(thread, NULL);
	truth_of(blocked_tid, "", "recvmsg", -ERESTARTSYS, "\"fd\":%d", pair[0]);
	truth_of(blocked_tid, ",\"restart\":true", "recvmsg", 1, "\"fd\":%d", pair[0]);
	/* With a receive timeout a signal ends the call for good, SA_RESTART or not. */
	struct timeval timeout = { .tv_sec = 100 };
	TRY(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	thread = start(&call);
	interrupt(&call, 0);
	pthread_join(thread, NULL);
	truth_of(blocked_tid, ",\"restart\":false", "recvmsg", -EINTR, "\"fd\":%d", pair[0]);
}

int main(int argc, char **argv)
{
	const char *name = own_name("signals");
	int queue = open_queue(name, 0, 3, 64);
	truth("mq_open", queue, "\"name\":{\"text\":\"%s\"}", name);
	posix(queue);
	retried(queue);
	handler_calls(queue);
	sysv();
	stopped(queue);
	if (argc > 1 && strcmp(argv[1], "sockets") == 0)
		sockets();
	truth("mq_unlink", CALL(SYS_mq_unlink, name), "\"name\":{\"text\":\"%s\"}", name);
	return 0;
}
