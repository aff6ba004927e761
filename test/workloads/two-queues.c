// SPDX-License-Identifier: Apache-2.0
/*
 * Two POSIX queues and two System V queues, for filters: three messages through the first POSIX queue, five through
 * the other; two through the first System V queue (key 0x6d547761), four through the other (0x6d547762).
 */
#include "truth.h"
#include <sys/ipc.h>
#include <sys/msg.h>

static void posix(const char *literal, int messages)
{
	char text[64], name[64];
	/* In memory already: a name that cannot be read at entry is an unknown queue, and those are recorded. */
	snprintf(name, sizeof(name), "%s", literal);
	int queue = open_queue(name, O_NONBLOCK, 4, 64);
	for (int i = 0; i < messages; i++) {
		TRY(CALL(SYS_mq_timedsend, queue, "x", 1, 0, NULL));
		TRY(CALL(SYS_mq_timedreceive, queue, text, 64, NULL, NULL));
	}
	TRY(CALL(SYS_mq_unlink, name));
}

static void sysv(int key, int messages)
{
	struct {
		long mtype;
		char mtext[1];
	} message = { 1, "x" };
	int queue = TRY(CALL(SYS_msgget, key, IPC_CREAT | 0600));
	for (int i = 0; i < messages; i++) {
		TRY(CALL(SYS_msgsnd, queue, &message, 1, 0));
		TRY(CALL(SYS_msgrcv, queue, &message, 1, 0, 0));
	}
	TRY(CALL(SYS_msgctl, queue, IPC_RMID, NULL));
}

int main(void)
{
	posix("msgtape-two-a", 3);
	posix("msgtape-two-b", 5);
	sysv(0x6d547761, 2);
	sysv(0x6d547762, 4);
	return 0;
}
