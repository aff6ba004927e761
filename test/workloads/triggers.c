// SPDX-License-Identifier: Apache-2.0
/*
 * triggers: two POSIX queues of ten messages and a System V queue, all empty; says {"ready":…} with their names, and then
 * does what its standard input says, a line each; the end of input ends it. Answers each line with the last call's result
 * and the clock around the calls:
 *   send Q N, receive Q N   N calls on queue Q that do not wait
 *   snd N, rcv N            the same on the System V queue
 *   wait MS                 one receive on an empty queue, with a deadline in MS
 *   removed                 a thread in msgrcv, whose queue is removed
 *   storm THREADS N         threads that each make N receives on an empty queue
 *   stay                    stays on the cpu where it is
 */
#include "truth.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
	long mtype;
	char mtext[8];
};

static char names[3][80];
static int queues[3], patient, sysv;
static long each;

static long long now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long receive(int queue)
{
	char text[8];
	return CALL(SYS_mq_timedreceive, queue, text, 8, NULL, NULL);
}

static long wait_ms(long ms)
{
	long long until = now_ns(CLOCK_REALTIME) + ms * 1000000LL;
	char text[8];
	struct timespec deadline = { .tv_sec = until / 1000000000LL, .tv_nsec = until % 1000000000LL };
	long ret = mq_timedreceive(patient, text, 8, NULL, &deadline);
	return ret < 0 ? -errno : ret;
}

static void *receive_removed(void *queue)
{
	struct message message;
	return (void *)CALL(SYS_msgrcv, *(int *)queue, &message, 8, 0, 0);
}

/* The thread's own result. It may have come too late, and then it says EINVAL. */
static long removed(void)
{
	int queue = TRY(msgget(IPC_PRIVATE, 0600));
	pthread_t thread;
	void *ret;
	pthread_create(&thread, NULL, receive_removed, &queue);
	usleep(100000);
	TRY(msgctl(queue, IPC_RMID, NULL));
	pthread_join(thread, &ret);
	return (long)ret;
}

static void *storm_thread(void *unused)
{
	for (long i = 0; i < each; i++)
		receive(queues[0]);
	return unused;
}

static long storm(long count)
{
	pthread_t threads[16];
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, storm_thread, NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static long stay(void)
{
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(TRY(sched_getcpu()), &here);
	return TRY(sched_setaffinity(0, sizeof(here), &here));
}

static long again(const char *what, long first, long second)
{
	struct message message = { .mtype = 1 };
	long ret = 0, times = strcmp(what, "send") == 0 || strcmp(what, "receive") == 0 ? second : first;
	for (long i = 0; i < times; i++) {
		if (strcmp(what, "send") == 0)
			ret = CALL(SYS_mq_timedsend, queues[first], "message", 8, 0, NULL);
		else if (strcmp(what, "receive") == 0)
			ret = receive(queues[first]);
		else if (strcmp(what, "snd") == 0)
			ret = CALL(SYS_msgsnd, sysv, &message, 8, IPC_NOWAIT);
		else
			ret = CALL(SYS_msgrcv, sysv, &message, 8, 0, IPC_NOWAIT);
	}
	return ret;
}

static long obey(const char *what, long first, long second)
{
	each = second;
	if (strcmp(what, "wait") == 0)
		return wait_ms(first);
	if (strcmp(what, "removed") == 0)
		return removed();
	if (strcmp(what, "stay") == 0)
		return stay();
	return strcmp(what, "storm") == 0 ? storm(first) : again(what, first, second);
}

int main(void)
{
	key_t key = 0x4d000000 | getpid();
	char line[64], what[16];

	for (int i = 0; i < 3; i++) {
		snprintf(names[i], sizeof(names[i]), "%s-%d", own_name("triggers"), i);
		queues[i] = open_queue(names[i], i < 2 ? O_NONBLOCK : 0, 10, 8);
	}
	patient = queues[2];
	sysv = TRY(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"ready\":%d,\"names\":[\"%s\",\"%s\"],\"key\":%d,\"msqid\":%d}\n", getpid(), names[0], names[1], key, sysv);
	while (fgets(line, sizeof(line), stdin)) {
		long first = 0, second = 0;
		if (sscanf(line, "%15s %ld %ld", what, &first, &second) < 1)
			return 70;
		long long before = now_ns(CLOCK_BOOTTIME);
		long ret = obey(what, first, second);
		printf("{\"ret\":%ld,\"before\":%lld,\"after\":%lld}\n", ret, before, now_ns(CLOCK_BOOTTIME));
	}
	for (int i = 0; i < 3; i++)
		TRY(CALL(SYS_mq_unlink, names[i]));
	TRY(msgctl(sysv, IPC_RMID, NULL));
	return 0;
}
