// SPDX-License-Identifier: Apache-2.0
/*
 * queue-moments DIRECTORY: queues of both kinds are made, used, waited for, changed and removed, by ipcmk, ipcrm and by
 * calls. After each step a call marks the moment (msgget of a key that no queue has: 0x4d510000 + moment), and DIRECTORY
 * gets what ipcs with each option, /proc/sysvipc/msg and the mqueue file system say then, and what only we know:
 * `N.depth` has a line a POSIX queue: name, messages, waiting senders, waiting receivers.
 */
#include "truth.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/stat.h>

#define MARKER 0x4d510000

struct message {
	long mtype;
	char mtext[256];
};

static const char *directory;
static int moments, first, second, a, b;
static _Atomic int tid_of;

static void moment(const char *posix)
{
	char line[1024];
	CALL(SYS_msgget, MARKER + moments, 0);
	snprintf(line, sizeof(line),
		 "cd %s && n=%d && ipcs -q > $n.status && ipcs -q -t > $n.time && ipcs -q -p > $n.pid && "
		 "ipcs -q -c > $n.creator && ipcs -q -l > $n.limits && ipcs -q -u > $n.summary && "
		 "cat /proc/sysvipc/msg > $n.proc && printf '%%b' '%s' > $n.depth && "
		 "for q in mqueue/*; do [ -e $q ] && echo $(basename $q) $(stat -c '%%a %%u %%g' $q) $(cat $q); done > $n.mqueue; true",
		 directory, moments, posix);
	if (system(line) != 0)
		exit(71);
	printf("{\"moment\":%d,\"key\":%d,\"tid\":%d}\n", moments, MARKER + moments, getpid());
	fflush(stdout);
	moments++;
}

static int make(const char *mode)
{
	char line[64];
	int id = -1;
	snprintf(line, sizeof(line), "ipcmk -Q -p %s", mode);
	FILE *pipe = popen(line, "r");
	if (!pipe || fscanf(pipe, "Message queue id: %d", &id) != 1 || pclose(pipe) != 0)
		exit(72);
	return id;
}

static void send_sysv(int id, long type, int bytes)
{
	struct message message = { .mtype = type };
	TRY(CALL(SYS_msgsnd, id, &message, bytes, 0));
}

static void *receive_sysv(void *id)
{
	struct message message;
	tid_of = syscall(SYS_gettid);
	TRY(CALL(SYS_msgrcv, (int)(long)id, &message, 256, 0, 0));
	return NULL;
}

static void *send_more(void *id)
{
	tid_of = syscall(SYS_gettid);
	send_sysv((int)(long)id, 9, 90);
	return NULL;
}

static void *receive_posix(void *mqd)
{
	char text[64];
	tid_of = syscall(SYS_gettid);
	TRY(CALL(SYS_mq_timedreceive, (int)(long)mqd, text, 64, NULL, NULL));
	return NULL;
}

static void *send_posix(void *mqd)
{
	tid_of = syscall(SYS_gettid);
	TRY(CALL(SYS_mq_timedsend, (int)(long)mqd, "late", 4, 0, NULL));
	return NULL;
}

static pthread_t waiting(void *(*body)(void *), int queue, long nr)
{
	pthread_t thread;
	tid_of = 0;
	pthread_create(&thread, NULL, body, (void *)(long)queue);
	while (!tid_of)
		usleep(200);
	wait_blocked(getpid(), tid_of, nr);
	return thread;
}

/* By a process of its own, so that lspid is another one. */
static void in_child(void (*body)(void))
{
	pid_t child = fork();
	int status;
	if (child == 0) {
		body();
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		exit(73);
}

static void hand_over(void)
{
	send_sysv(second, 5, 7);
	TRY(CALL(SYS_mq_timedsend, b, "given", 5, 0, NULL));
}

int main(int count, char **arguments)
{
	char path[512], line[64], text[64];
	struct mq_attr four = { .mq_maxmsg = 4, .mq_msgsize = 64 }, two = { .mq_maxmsg = 2, .mq_msgsize = 64 }, look;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct msqid_ds set;
	struct message message;
	pthread_t threads[2];
	if (count != 2)
		return 64;
	directory = arguments[1];
	signal(SIGUSR1, SIG_IGN);
	TRY(unshare(CLONE_NEWNS));
	TRY(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	snprintf(path, sizeof(path), "%s/mqueue", directory);
	TRY(mkdir(path, 0700));
	TRY(mount("none", path, "mqueue", 0, NULL));
	moment("");

	first = make("0640");
	second = make("0600");
	moment("");

	send_sysv(first, 1, 10);
	send_sysv(first, 2, 0);
	send_sysv(first, 2, 100);
	moment("");

	a = TRY(CALL(SYS_mq_open, "moments-a", O_RDWR | O_CREAT | O_EXCL, 0622, &four));
	b = TRY(CALL(SYS_mq_open, "moments-b", O_RDWR | O_CREAT, 0600, &two));
	TRY(CALL(SYS_mq_timedsend, a, "one", 3, 0, NULL));
	TRY(CALL(SYS_mq_timedsend, a, "three", 5, 7, NULL));
	moment("moments-a 2 0 0\\nmoments-b 0 0 0\\n");

	TRY(CALL(SYS_msgrcv, first, &message, 256, 2, 0));
	TRY(CALL(SYS_mq_timedreceive, a, text, 64, NULL, NULL));
	moment("moments-a 1 0 0\\nmoments-b 0 0 0\\n");

	threads[0] = waiting(receive_sysv, second, SYS_msgrcv);
	threads[1] = waiting(receive_posix, b, SYS_mq_timedreceive);
	moment("moments-a 1 0 0\\nmoments-b 0 0 1\\n");

	in_child(hand_over);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	moment("moments-a 1 0 0\\nmoments-b 0 0 0\\n");

	TRY(CALL(SYS_msgctl, first, IPC_STAT, &set));
	set.msg_qbytes = 150;
	set.msg_perm.mode = 0666;
	set.msg_perm.uid = 1234;
	TRY(CALL(SYS_msgctl, first, IPC_SET, &set));
	for (int i = 0; i < 3; i++)
		TRY(CALL(SYS_mq_timedsend, a, "more", 4, 0, NULL));
	threads[0] = waiting(send_more, first, SYS_msgsnd);
	threads[1] = waiting(send_posix, a, SYS_mq_timedsend);
	moment("moments-a 4 1 0\\nmoments-b 0 0 0\\n");

	TRY(CALL(SYS_msgrcv, first, &message, 256, 2, 0));
	TRY(CALL(SYS_mq_timedreceive, a, text, 64, NULL, NULL));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	moment("moments-a 4 0 0\\nmoments-b 0 0 0\\n");

	TRY(CALL(SYS_mq_notify, b, &event));
	moment("moments-a 4 0 0\\nmoments-b 0 0 0\\n");

	TRY(CALL(SYS_mq_timedsend, b, "fires", 5, 0, NULL));
	moment("moments-a 4 0 0\\nmoments-b 1 0 0\\n");

	/* A last look at each queue before it goes: nobody else was there until then. */
	TRY(CALL(SYS_mq_getsetattr, a, NULL, &look));
	snprintf(line, sizeof(line), "ipcrm -q %d", first);
	if (system(line) != 0)
		return 74;
	TRY(CALL(SYS_mq_unlink, "moments-a"));
	moment("moments-b 1 0 0\\n");

	a = TRY(CALL(SYS_mq_open, "moments-a", O_RDWR | O_CREAT, 0600, &two));
	first = make("0604");
	send_sysv(first, 3, 33);
	moment("moments-b 1 0 0\\nmoments-a 0 0 0\\n");

	TRY(CALL(SYS_mq_getsetattr, a, NULL, &look));
	TRY(CALL(SYS_mq_getsetattr, b, NULL, &look));
	snprintf(line, sizeof(line), "ipcrm -q %d -q %d", first, second);
	if (system(line) != 0)
		return 75;
	TRY(CALL(SYS_mq_unlink, "moments-a"));
	TRY(CALL(SYS_mq_unlink, "moments-b"));
	moment("");
	umount(path);
	rmdir(path);
	return 0;
}
