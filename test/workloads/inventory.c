// SPDX-License-Identifier: Apache-2.0
/*
 * Queues for an inventory, in each way in which there are queues, and what they hold as JSON lines: one a queue, then
 * {"ready":true}. At each line of input it sends one message more to each queue with room (and says so anew); it ends with
 * its input.
 *
 * Here: a queue with two descriptors, the second one also in a child; one without a name and with a notification; one without
 * a name, opened through a mount in an unusual place; one with a waiting receiver; a full one with a waiting sender; one
 * that is a thread's alone; two of System V. In an ipc namespace of a child, with limits of its own: one that is held, one
 * that is not, one of System V.
 */
#include "truth.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NOBODY -1

struct queue {
	const char *kind;
	char name[160];
	unsigned long ns, id;
	long maxmsg, msgsize, messages, bytes;
	int notify_pid, senders, receivers, mode, nlink;
	int tgid, tid, fds[4], count; /* count 0: nobody holds it */
	int other, other_fd;	      /* another process that holds it */
	int send;		      /* the descriptor to send through, or the msqid; NOBODY: nothing is sent to it */
};

static struct queue queues[16];
static int queue_count;
static pid_t alone_tid; /* a thread that has a copy of all descriptors that were there before */

static unsigned long own_namespace(void)
{
	struct stat status;
	TRY(stat("/proc/self/ns/ipc", &status));
	return status.st_ino;
}

static struct queue *add(const char *what, int fd, long maxmsg, long msgsize)
{
	struct queue *q = &queues[queue_count++];
	struct stat status;
	TRY(fstat(fd, &status));
	*q = (struct queue){ .kind = "posix", .ns = own_namespace(), .id = status.st_ino, .maxmsg = maxmsg, .msgsize = msgsize,
			     .mode = status.st_mode & 07777, .nlink = 1, .tgid = getpid(), .tid = getpid(), .fds = { fd },
			     .count = 1, .send = fd };
	snprintf(q->name, sizeof(q->name), "%s", what);
	return q;
}

static void put(struct queue *q, long len)
{
	struct {
		long type;
		char text[64];
	} message = { 3, "0123456789" };
	if (q->send == NOBODY)
		return;
	if (q->kind[0] == 'p')
		TRY(CALL(SYS_mq_timedsend, q->send, message.text, len, 0, NULL));
	else
		TRY(CALL(SYS_msgsnd, q->send, &message, len, 0));
	q->messages++;
	q->bytes += len;
}

static void tell(const struct queue *q)
{
	char line[1024], holders[512] = "";
	int n = 0;
	for (int i = 0; i < q->count; i++) {
		n += snprintf(holders + n, sizeof(holders) - n, "%s{\"tgid\":%d,\"fd\":%d", i ? "," : "", q->tgid, q->fds[i]);
		if (q->tid != q->tgid)
			n += snprintf(holders + n, sizeof(holders) - n, ",\"tid\":%d", q->tid);
		n += snprintf(holders + n, sizeof(holders) - n, "}");
	}
	for (int i = 0; alone_tid && q->tid == q->tgid && i < q->count; i++)
		n += snprintf(holders + n, sizeof(holders) - n, ",{\"tgid\":%d,\"fd\":%d,\"tid\":%d}", q->tgid, q->fds[i],
			      alone_tid);
	if (q->other)
		snprintf(holders + n, sizeof(holders) - n, ",{\"tgid\":%d,\"fd\":%d}", q->other, q->other_fd);
	n = snprintf(line, sizeof(line),
		     "{\"kind\":\"%s\",\"name\":\"%s\",\"namespace\":%lu,\"id\":%lu,\"maxmsg\":%ld,\"msgsize\":%ld,\"messages\":%ld,"
		     "\"bytes\":%ld,\"notify_pid\":%d,\"senders\":%d,\"receivers\":%d,\"mode\":%d,\"nlink\":%d,\"holders\":[%s]}\n",
		     q->kind, q->name, q->ns, q->id, q->maxmsg, q->msgsize, q->messages, q->bytes, q->notify_pid, q->senders,
		     q->receivers, q->mode, q->nlink, holders);
	if (write(1, line, n) != n)
		exit(71);
}

static void tell_all(void)
{
	for (int i = 0; i < queue_count; i++)
		tell(&queues[i]);
}

static struct queue *add_sysv(int key)
{
	struct queue *q = &queues[queue_count++];
	int id = TRY(CALL(SYS_msgget, key, IPC_CREAT | IPC_EXCL | 0600));
	*q = (struct queue){ .kind = "sysv", .ns = own_namespace(), .id = id, .mode = 0600, .send = id };
	snprintf(q->name, sizeof(q->name), "0x%08x", key);
	return q;
}

/* Of this process alone: the program may run more than once at a time. */
static int own_key(void)
{
	return 0x6d000000 | (getpid() & 0xffffff);
}

static void set(const char *path, const char *text)
{
	int fd = TRY(open(path, O_WRONLY));
	TRY(write(fd, text, strlen(text)));
	close(fd);
}

static const char *slashed(const char *name)
{
	static char text[2][96];
	static int turn;
	char *to = text[turn++ % 2];
	snprintf(to, sizeof(text[0]), "/%s", name);
	return to;
}

/* In an ipc namespace of its own. `line`: a byte to it for each line of input, one back when it is done. */
static void child(int line)
{
	char word;
	queue_count = 0;
	TRY(unshare(CLONE_NEWIPC));
	set("/proc/sys/kernel/msgmax", "4567");
	set("/proc/sys/fs/mqueue/msg_max", "20");
	struct queue *held = add(slashed(own_name("other-held")), open_queue(own_name("other-held"), O_EXCL, 15, 40), 15, 40);
	for (int i = 0; i < 3; i++)
		put(held, 7);
	int fd = open_queue(own_name("other-unheld"), O_EXCL, 12, 30);
	struct queue *unheld = add(slashed(own_name("other-unheld")), fd, 12, 30);
	put(unheld, 10);
	close(fd);
	unheld->count = 0;
	unheld->send = NOBODY;
	put(add_sysv(own_key()), 9);
	for (;;) {
		tell_all();
		TRY(write(line, "d", 1));
		if (read(line, &word, 1) != 1)
			exit(0);
		put(&queues[0], 6);
		put(&queues[2], 6);
	}
}

static int full, empty;
static pthread_barrier_t made;
static struct queue *alone;
static int waiting[2];

static void *receive(void *unused)
{
	char text[64];
	waiting[0] = gettid();
	CALL(SYS_mq_timedreceive, empty, text, sizeof(text), NULL, NULL);
	return unused;
}

static void *send_more(void *unused)
{
	waiting[1] = gettid();
	CALL(SYS_mq_timedsend, full, "x", 1, 0, NULL);
	return unused;
}

/* A thread whose descriptors are its own. It closes none: that would take its process's notification. */
static void *keep_alone(void *unused)
{
	TRY(unshare(CLONE_FILES));
	alone = add(slashed(own_name("alone")), open_queue(own_name("alone"), O_EXCL, 2, 16), 2, 16);
	alone->tid = alone_tid = gettid();
	put(alone, 4);
	alone->send = NOBODY;
	pthread_barrier_wait(&made);
	pause();
	return unused;
}

static char odd[] = "/tmp/msgtape-odd-XXXXXX";

static void add_odd(void)
{
	char file[128], *path = odd;
	TRY(mkdtemp(path) ? 0 : -1);
	TRY(unshare(CLONE_NEWNS));
	TRY(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	TRY(mount("mqueue", path, "mqueue", 0, NULL));
	snprintf(file, sizeof(file), "%s/%s", path, own_name("odd"));
	int fd = TRY(open(file, O_RDWR | O_CREAT | O_EXCL, 0600));
	struct mq_attr attr;
	TRY(CALL(SYS_mq_getsetattr, fd, NULL, &attr));
	struct queue *q = add(slashed(own_name("odd")), fd, attr.mq_maxmsg, attr.mq_msgsize);
	q->nlink = 0;
	put(q, 10);
	TRY(unlink(file));
}

int main(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	int line[2], hold[2];
	pthread_t thread;
	char word;

	signal(SIGUSR2, SIG_IGN);
	own_name("");
	TRY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line));
	pid_t other = TRY(fork());
	if (!other) {
		close(line[0]);
		child(line[1]);
	}
	close(line[1]);
	TRY(read(line[0], &word, 1));

	struct queue *named = add(slashed(own_name("named")), open_queue(own_name("named"), O_EXCL, 8, 32), 8, 32);
	named->fds[named->count++] = TRY(dup(named->send));
	put(named, 5);
	put(named, 3);
	struct queue *gone = add(slashed(own_name("gone")), open_queue(own_name("gone"), O_EXCL, 4, 32), 4, 32);
	TRY(CALL(SYS_mq_unlink, own_name("gone")));
	TRY(CALL(SYS_mq_notify, gone->send, &event));
	gone->nlink = 0;
	gone->notify_pid = getpid();
	gone->send = NOBODY;
	add_odd();
	empty = open_queue(own_name("empty"), O_EXCL, 3, 64);
	add(slashed(own_name("empty")), empty, 3, 64)->send = NOBODY;
	queues[queue_count - 1].receivers = 1;
	full = open_queue(own_name("full"), O_EXCL, 1, 8);
	struct queue *crowded = add(slashed(own_name("full")), full, 1, 8);
	put(crowded, 8);
	crowded->send = NOBODY;
	crowded->senders = 1;
	put(add_sysv(own_key()), 20);
	add_sysv(IPC_PRIVATE);

	/* A child that only holds what it inherits, until the pipe ends. */
	TRY(pipe2(hold, O_CLOEXEC));
	pid_t holder = TRY(fork());
	if (!holder) {
		close(hold[1]);
		close(line[0]);
		for (int i = 0; i < queue_count; i++)
			for (int j = 0; queues[i].kind[0] == 'p' && j < queues[i].count; j++)
				if (queues[i].fds[j] != named->fds[1])
					close(queues[i].fds[j]);
		if (read(hold[0], &word, 1) != 0)
			exit(72);
		exit(0);
	}
	close(hold[0]);
	named->other = holder;
	named->other_fd = named->fds[1];
	/* Its closes take no notification: the queue's owner is another process. */
	char path[64], target[64];
	for (int fd = gone->fds[0];;) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", holder, fd);
		if (readlink(path, target, sizeof(target)) < 0)
			break;
		usleep(500);
	}
	for (int i = 0; i < queue_count; i++) {
		if (queues[i].kind[0] != 'p' || queues[i].fds[0] == named->fds[0])
			continue;
		do {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d", holder, queues[i].fds[0]);
			usleep(200);
		} while (readlink(path, target, sizeof(target)) >= 0);
	}

	pthread_barrier_init(&made, NULL, 2);
	TRY(-pthread_create(&thread, NULL, receive, NULL));
	TRY(-pthread_create(&thread, NULL, send_more, NULL));
	while (!waiting[0] || !waiting[1])
		usleep(500);
	wait_blocked(getpid(), waiting[0], SYS_mq_timedreceive);
	wait_blocked(getpid(), waiting[1], SYS_mq_timedsend);
	TRY(-pthread_create(&thread, NULL, keep_alone, NULL));
	pthread_barrier_wait(&made);

	for (;;) {
		tell_all();
		dprintf(1, "{\"ready\":true,\"pid\":%d,\"other\":%d}\n", getpid(), other);
		if (read(0, &word, 1) != 1)
			break;
		for (int i = 0; i < queue_count; i++)
			put(&queues[i], 2);
		TRY(write(line[0], "g", 1));
		TRY(read(line[0], &word, 1));
	}
	for (int i = 0; i < queue_count; i++)
		if (queues[i].kind[0] == 's')
			CALL(SYS_msgctl, queues[i].id, IPC_RMID, NULL);
		else
			CALL(SYS_mq_unlink, queues[i].name + 1);
	umount2(odd, MNT_DETACH);
	rmdir(odd);
	_exit(0);
}
