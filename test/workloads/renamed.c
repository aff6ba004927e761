// SPDX-License-Identifier: Apache-2.0
/*
 * A thread whose name changes while it is in a call: it enters mq_timedreceive as "wanted" and leaves it as "other",
 * then enters mq_timedsend on another queue as "other" and leaves it as "wanted". Tells both calls.
 */
#include "truth.h"

static int empty, full;
static _Atomic int tid;

static void rename_to(const char *comm)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	int fd = TRY(open(path, O_WRONLY));
	TRY(write(fd, comm, strlen(comm)));
	close(fd);
}

static void *call(void *unused)
{
	char text[64];
	prctl(PR_SET_NAME, "wanted");
	tid = syscall(SYS_gettid);
	long ret = CALL(SYS_mq_timedreceive, empty, text, 64, NULL, NULL);
	truth("mq_timedreceive", ret, "\"mqdes\":%d", empty);
	ret = CALL(SYS_mq_timedsend, full, "x", 1, 0, NULL);
	truth("mq_timedsend", ret, "\"mqdes\":%d", full);
	return unused;
}

int main(void)
{
	char name[80], text[64];
	snprintf(name, sizeof(name), "%s-e", own_name("renamed"));
	empty = open_queue(name, 0, 1, 64);
	TRY(CALL(SYS_mq_unlink, name));
	snprintf(name, sizeof(name), "%s-f", own_name("renamed"));
	full = open_queue(name, 0, 1, 64);
	TRY(CALL(SYS_mq_unlink, name));
	TRY(CALL(SYS_mq_timedsend, full, "full", 4, 0, NULL));
	pthread_t thread;
	pthread_create(&thread, NULL, call, NULL);
	while (!tid)
		usleep(200);
	wait_blocked(getpid(), tid, SYS_mq_timedreceive);
	rename_to("other");
	TRY(CALL(SYS_mq_timedsend, empty, "hello", 5, 0, NULL));
	wait_blocked(getpid(), tid, SYS_mq_timedsend);
	rename_to("wanted");
	TRY(CALL(SYS_mq_timedreceive, full, text, 64, NULL, NULL));
	pthread_join(thread, NULL);
	return 0;
}
