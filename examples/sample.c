/*
 * A little of everything that msgtape records, for a first look: a POSIX queue and a System V queue between two
 * processes, datagrams in batches over a socket pair, a receive that runs into its timeout, and one that a signal
 * interrupts. Runs for the seconds given, 2 without.
 *
 * gcc -O2 -o sample sample.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 64, BATCH = 4, ROUND_US = 2000 };

struct letter {
	long type;
	char text[MESSAGE_BYTES];
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct timespec from_now(long milliseconds)
{
	struct timespec when;

	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_nsec += milliseconds * 1000000;
	when.tv_sec += when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	return when;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Answers every order, until "stop". */
static void worker(mqd_t orders, int answers)
{
	char order[MESSAGE_BYTES];
	struct letter answer = { .type = 1 };

	for (;;) {
		ssize_t length = mq_receive(orders, order, sizeof(order), NULL);

		if (length < 0)
			fail("mq_receive");
		if (strcmp(order, "stop") == 0)
			exit(0);
		usleep(300);
		snprintf(answer.text, sizeof(answer.text), "done: %.40s", order);
		if (msgsnd(answers, &answer, strlen(answer.text) + 1, 0) < 0)
			fail("msgsnd");
	}
}

static void send_batch(const int pair[2], int round)
{
	char out[BATCH][MESSAGE_BYTES], in[BATCH][MESSAGE_BYTES];
	struct iovec out_vec[BATCH], in_vec[BATCH];
	struct mmsghdr sent[BATCH] = { 0 }, received[BATCH] = { 0 };

	for (int i = 0; i < BATCH; i++) {
		int length = snprintf(out[i], MESSAGE_BYTES, "datagram %d of round %d", i, round);

		out_vec[i] = (struct iovec){ out[i], length + 1 };
		in_vec[i] = (struct iovec){ in[i], MESSAGE_BYTES };
		sent[i].msg_hdr = (struct msghdr){ .msg_iov = &out_vec[i], .msg_iovlen = 1 };
		received[i].msg_hdr = (struct msghdr){ .msg_iov = &in_vec[i], .msg_iovlen = 1 };
	}
	if (sendmmsg(pair[0], sent, BATCH, 0) != BATCH)
		fail("sendmmsg");
	if (recvmmsg(pair[1], received, BATCH, MSG_DONTWAIT, NULL) != BATCH)
		fail("recvmmsg");
}

/* Nothing will come: once it waits out its time, once a signal comes first. */
static void wait_in_vain(mqd_t empty)
{
	char buffer[MESSAGE_BYTES];
	struct timespec soon = from_now(20);

	if (mq_timedreceive(empty, buffer, sizeof(buffer), NULL, &soon) >= 0 || errno != ETIMEDOUT)
		fail("mq_timedreceive, expected a timeout");
	ualarm(10000, 0);
	if (mq_receive(empty, buffer, sizeof(buffer), NULL) >= 0 || errno != EINTR)
		fail("mq_receive, expected an interruption");
}

static mqd_t open_queue(const char *name)
{
	struct mq_attr limits = { .mq_maxmsg = 10, .mq_msgsize = MESSAGE_BYTES };
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &limits);

	if (queue == (mqd_t)-1)
		fail("mq_open");
	return queue;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2;
	struct sigaction action = { .sa_handler = on_alarm };
	char orders_name[32], empty_name[32];
	struct letter answer;
	struct timespec start, now;
	int pair[2], answers, round = 0;
	mqd_t orders, empty;
	pid_t child;

	snprintf(orders_name, sizeof(orders_name), "/sample-orders-%d", getpid());
	snprintf(empty_name, sizeof(empty_name), "/sample-empty-%d", getpid());
	orders = open_queue(orders_name);
	empty = open_queue(empty_name);
	/* Both live on until they are closed, and leave nothing behind then. */
	mq_unlink(orders_name);
	mq_unlink(empty_name);
	answers = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	if (answers < 0)
		fail("msgget");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		fail("socketpair");
	sigaction(SIGALRM, &action, NULL);

	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0)
		worker(orders, answers);

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		char order[MESSAGE_BYTES];

		snprintf(order, sizeof(order), "order %d", round);
		if (mq_send(orders, order, strlen(order) + 1, round % 4) < 0)
			fail("mq_send");
		if (msgrcv(answers, &answer, sizeof(answer.text), 0, 0) < 0)
			fail("msgrcv");
		if (round % 10 == 0)
			send_batch(pair, round);
		if (round % 100 == 0)
			wait_in_vain(empty);
		round++;
		usleep(ROUND_US);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9 < seconds);

	mq_send(orders, "stop", 5, 0);
	waitpid(child, NULL, 0);
	msgctl(answers, IPC_RMID, NULL);
	return 0;
}
