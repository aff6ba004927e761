// SPDX-License-Identifier: Apache-2.0
/*
 * Tasks that end inside a call. Each still passes sys_exit, with -ERESTARTSYS:
 *   a process killed by SIGKILL while it receives; a thread whose sibling calls exit_group; the leader whose
 *   sibling execs, and so takes over the leader's thread id (de_thread()); and what that new program then does.
 *
 * deaths exec FD: what is run by that exec: one send on FD, as the old leader's tid, by another task.
 */
#include "truth.h"

static int queue;
static _Atomic int blocked_tid;

static void *receive(void *unused)
{
	char text[64];
	blocked_tid = syscall(SYS_gettid);
	CALL(SYS_mq_timedreceive, queue, text, 64, NULL, NULL);
	return unused;
}

static void told_end(pid_t child, int want)
{
	int status;
	TRY(waitpid(child, &status, 0));
	if (status != want) {
		fprintf(stderr, "deaths: wait status %d, not %d\n", status, want);
		exit(76);
	}
}

static void killed(void)
{
	pid_t child = TRY(fork());
	if (child == 0) {
		receive(NULL);
		_exit(1);
	}
	wait_blocked(child, child, SYS_mq_timedreceive);
	TRY(kill(child, SIGKILL));
	told_end(child, SIGKILL);
	truth_of(child, ",\"state\":\"complete\",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d",
		 queue);
}

/* Its own process: a sibling thread is blocked when the leader ends all by exit_group. */
static void exit_group_under(void)
{
	pid_t child = TRY(fork());
	if (child == 0) {
		pthread_t thread;
		blocked_tid = 0;
		pthread_create(&thread, NULL, receive, NULL);
		while (!blocked_tid)
			usleep(200);
		wait_blocked(getpid(), blocked_tid, SYS_mq_timedreceive);
		truth_of(blocked_tid, ",\"state\":\"complete\",\"restart\":false", "mq_timedreceive", -ERESTARTSYS,
			 "\"mqdes\":%d", queue);
		_exit(0);
	}
	told_end(child, 0);
}

static pid_t leader;

static void *exec_over(void *self)
{
	char fd[16];
	wait_blocked(leader, leader, SYS_mq_timedreceive);
	/* This task's own call, before it becomes the leader: it has made fewer than the old one. */
	truth("mq_getsetattr", CALL(SYS_mq_getsetattr, queue, NULL, NULL), "\"mqdes\":%d", queue);
	truth_of(leader, ",\"state\":\"complete\",\"restart\":false", "mq_timedreceive", -ERESTARTSYS, "\"mqdes\":%d", queue);
	snprintf(fd, sizeof(fd), "%d", dup(queue));
	execl(self, "deaths", "exec", fd, NULL);
	_exit(1);
}

static void exec_under(const char *self)
{
	pid_t child = TRY(fork());
	if (child == 0) {
		pthread_t thread;
		leader = getpid();
		for (int i = 0; i < 4; i++)
			truth("mq_getsetattr", CALL(SYS_mq_getsetattr, queue, NULL, NULL), "\"mqdes\":%d", queue);
		pthread_create(&thread, NULL, exec_over, (void *)self);
		receive(NULL);
		_exit(1);
	}
	told_end(child, 0);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		int fd = atoi(argv[2]);
		truth("mq_timedsend", CALL(SYS_mq_timedsend, fd, "from the new program", 20, 0, NULL),
		      "\"mqdes\":%d,\"msg_ptr\":{\"bytes\":\"%s\"}", fd, b64("from the new program", 20));
		char text[64];
		truth("mq_timedreceive", CALL(SYS_mq_timedreceive, fd, text, 64, NULL, NULL), "\"mqdes\":%d", fd);
		return 0;
	}
	const char *name = own_name("deaths");
	queue = open_queue(name, 0, 3, 64);
	truth("mq_open", queue, "\"name\":{\"text\":\"%s\"}", name);
	killed();
	exit_group_under();
	exec_under(argv[0]);
	truth("mq_unlink", CALL(SYS_mq_unlink, name), "\"name\":{\"text\":\"%s\"}", name);
	return 0;
}
