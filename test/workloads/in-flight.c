// SPDX-License-Identifier: Apache-2.0
/*
 * in-flight: three threads blocked in mq_timedreceive, msgrcv and mq_timedreceive; says {"ready":…} and then does what
 * its standard input says, a line each: `tick` makes one mq_getsetattr(-1), `first` lets the first receive go on,
 * `second` the msgrcv, `block` blocks one more thread in mq_timedreceive; the end of input ends it. Answers each line.
 */
#include "truth.h"
#include <sys/ipc.h>
#include <sys/msg.h>

static int queues[3], sysv;
static _Atomic int tid_of[4];
static pthread_t threads[4];

static void *receive(void *which)
{
	long n = (long)which;
	char text[64];
	tid_of[n] = syscall(SYS_gettid);
	CALL(SYS_mq_timedreceive, queues[n % 3], text, 64, NULL, NULL);
	return NULL;
}

static void *receive_sysv(void *unused)
{
	struct {
		long mtype;
		char mtext[64];
	} message;
	tid_of[1] = syscall(SYS_gettid);
	CALL(SYS_msgrcv, sysv, &message, 64, 0, 0);
	return unused;
}

static void begin(void *(*body)(void *), long which, long nr)
{
	tid_of[which] = 0;
	pthread_create(&threads[which], NULL, body, (void *)which);
	while (!tid_of[which])
		usleep(200);
	wait_blocked(getpid(), tid_of[which], nr);
}

int main(void)
{
	char line[64], name[80];
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s-%d", own_name("in-flight"), i);
		queues[i] = open_queue(name, 0, 4, 64);
		TRY(CALL(SYS_mq_unlink, name));
	}
	sysv = TRY(msgget(IPC_PRIVATE, 0600));
	begin(receive, 0, SYS_mq_timedreceive);
	begin(receive_sysv, 1, SYS_msgrcv);
	begin(receive, 2, SYS_mq_timedreceive);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"ready\":%d,\"first\":%d,\"second\":%d,\"third\":%d}\n", getpid(), tid_of[0], tid_of[1], tid_of[2]);
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "first\n") == 0) {
			TRY(CALL(SYS_mq_timedsend, queues[0], "go", 2, 0, NULL));
			/* The recorder may be told to end as soon as we answer. */
			pthread_join(threads[0], NULL);
		} else if (strcmp(line, "second\n") == 0) {
			struct {
				long mtype;
				char mtext[2];
			} message = { 1, "go" };
			TRY(msgsnd(sysv, &message, 2, 0));
			pthread_join(threads[1], NULL);
		} else if (strcmp(line, "block\n") == 0) {
			begin(receive, 3, SYS_mq_timedreceive);
			printf("{\"fourth\":%d}\n", tid_of[3]);
			continue;
		} else {
			CALL(SYS_mq_getsetattr, -1, NULL, NULL);
		}
		printf("{\"done\":true}\n");
	}
	msgctl(sysv, IPC_RMID, NULL);
	return 0;
}
