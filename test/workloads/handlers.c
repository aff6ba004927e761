// SPDX-License-Identifier: Apache-2.0
/*
 * Signal handlers with SA_RESTART around one mq_timedreceive, alike to the last argument each time:
 *   handlers same: the handler makes the identical call itself; then the kernel begins the interrupted one anew;
 *   handlers jump: the handler leaves by siglongjmp(), and the program itself makes the identical call.
 */
#include "truth.h"
#include <setjmp.h>

static int queue, jumps;
static char text[64];
static _Atomic int in_handler;
static sigjmp_buf before;

static long receive(void)
{
	return CALL(SYS_mq_timedreceive, queue, text, 64, NULL, NULL, 0L);
}

static void handler(int signal)
{
	(void)signal;
	in_handler = 1;
	if (jumps)
		siglongjmp(before, 1);
	receive();
}

static void send_text(const char *message)
{
	truth("mq_timedsend", CALL(SYS_mq_timedsend, queue, message, strlen(message), 0, NULL), "\"mqdes\":%d", queue);
}

/* Interrupts the main thread, and feeds what then waits: one message for each of its two calls. */
static void *disturb(void *unused)
{
	pid_t self = getpid();
	wait_blocked(self, self, SYS_mq_timedreceive);
	syscall(SYS_tgkill, self, self, SIGUSR1);
	while (!in_handler)
		usleep(200);
	wait_blocked(self, self, SYS_mq_timedreceive);
	send_text("first");
	send_text("second!");
	return unused;
}

int main(int argc, char **argv)
{
	jumps = argc > 1 && strcmp(argv[1], "jump") == 0;
	const char *name = own_name("handlers");
	queue = open_queue(name, 0, 3, 64);
	TRY(CALL(SYS_mq_unlink, name));
	truth("mq_open", queue, "\"name\":{\"text\":\"%s\"}", name);
	truth("mq_unlink", 0, "\"name\":{\"text\":\"%s\"}", name);
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	TRY(sigaction(SIGUSR1, &action, NULL));
	pthread_t thread;
	pthread_create(&thread, NULL, disturb, NULL);
	if (jumps) {
		/* Three identical calls of the program: interrupted, called anew by itself, and once more. */
		sigsetjmp(before, 1);
		if (receive() != 5 || receive() != 7)
			return 81;
	} else {
		/* The handler got the first message, so what the restarted call gets is the second. */
		if (receive() != 7)
			return 82;
	}
	pthread_join(thread, NULL);
	truth_of(getpid(), ",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	truth_of(getpid(), ",\"restart\":false", "mq_timedreceive", 5, "\"mqdes\":%d,\"msg_ptr\":{\"bytes\":\"%s\"}", queue,
		 b64("first", 5));
	truth_of(getpid(), jumps ? ",\"restart\":false" : ",\"restart\":2", "mq_timedreceive", 7,
		 "\"mqdes\":%d,\"msg_ptr\":{\"bytes\":\"%s\"}", queue, b64("second!", 7));
	return 0;
}
