// SPDX-License-Identifier: Apache-2.0
/*
 * many-flows MESSAGES HIDDEN: senders and receivers, threads of two processes, on POSIX and System V queues with room
 * for few; random priorities and types, blocking and not. Each message has a number of its own, behind HIDDEN bytes
 * that are the same in all. Truth, a line a message: {"queue","number","sender","sent","receiver","received"}: thread
 * `sender` sent it with its `sent`th call that succeeded, counted from 0; likewise its receiver.
 */
#include "truth.h"
#include <sys/ipc.h>
#include <sys/msg.h>

#define SENDERS 4
#define RECEIVERS 4
#define QUEUES 4 /* two POSIX, two System V */
#define MOST 65536
#define LAST_TYPE 99

struct message {
	long mtype;
	char text[512];
};

struct shared {
	int hidden, messages;
	atomic_int next;
	int queue[MOST], sender[MOST], sent[MOST], receiver[MOST], received_by[MOST];
	atomic_int received;
};

static struct shared *shared;
static int queues[QUEUES];

static unsigned int random_below(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

static int is_posix(int queue)
{
	return queue < QUEUES / 2;
}

/* Odd queues are used without blocking, now and then. */
static int send_one(int queue, struct message *message, size_t size, unsigned int rank, int nowait)
{
	static const struct timespec past = { 0, 0 };
	if (is_posix(queue))
		return CALL(SYS_mq_timedsend, queues[queue], message->text, size, rank, nowait ? &past : NULL);
	message->mtype = rank + 1;
	return CALL(SYS_msgsnd, queues[queue], message, size, nowait ? IPC_NOWAIT : 0);
}

static void *sender(void *arg)
{
	unsigned int seed = (unsigned int)(long)arg * 7919 + 17;
	struct message message;
	memset(&message, 'x', sizeof(message));
	for (int sent = 0;; sent++) {
		int number = atomic_fetch_add(&shared->next, 1);
		if (number >= shared->messages)
			return NULL;
		int queue = random_below(&seed, QUEUES);
		unsigned int rank = random_below(&seed, 4);
		memcpy(message.text + shared->hidden, &number, sizeof(number));
		shared->sender[number] = syscall(SYS_gettid);
		shared->sent[number] = sent;
		shared->queue[number] = queue;
		long result;
		do
			result = send_one(queue, &message, shared->hidden + sizeof(number), rank, random_below(&seed, 8) == 0);
		while (result == -EAGAIN || result == -ETIMEDOUT);
		TRY(result);
		if (random_below(&seed, 64) == 0)
			usleep(random_below(&seed, 2000));
	}
}

/* Several ways to ask for a type; the stop message (LAST_TYPE) is only ever the last one of its queue. */
static long receive_one(int queue, struct message *message, unsigned int *seed)
{
	static const struct timespec past = { 0, 0 };
	unsigned int priority;
	int nowait = random_below(seed, 4) == 0;
	if (is_posix(queue))
		return CALL(SYS_mq_timedreceive, queues[queue], message->text, sizeof(message->text), &priority,
			    nowait ? &past : NULL);
	static const long types[] = { 0, 0, -2, -LAST_TYPE, 3, 4 };
	long type = types[random_below(seed, 6)];
	int flags = MSG_NOERROR | (type == 4 ? MSG_EXCEPT : 0);
	/* Who waits for one type only may wait for ever. */
	if (nowait || type == 3 || type == 4 || type == -2)
		flags |= IPC_NOWAIT;
	return CALL(SYS_msgrcv, queues[queue], message, sizeof(message->text), type, flags);
}

static void *receiver(void *arg)
{
	int queue = (long)arg % QUEUES;
	unsigned int seed = (unsigned int)(long)arg * 104729 + 5;
	struct message message;
	for (int received = 0;;) {
		long result = receive_one(queue, &message, &seed);
		if (result == -ENOMSG || result == -ETIMEDOUT || result == -EAGAIN)
			continue;
		TRY(result);
		int number;
		memcpy(&number, message.text + shared->hidden, sizeof(number));
		if (number < 0)
			return NULL;
		shared->receiver[number] = syscall(SYS_gettid);
		shared->received_by[number] = received++;
		atomic_fetch_add(&shared->received, 1);
		if (random_below(&seed, 64) == 0)
			usleep(random_below(&seed, 3000));
	}
}

static void run(void *(*body)(void *), int count)
{
	pthread_t threads[64];
	for (long i = 0; i < count; i++)
		TRY(-pthread_create(&threads[i], NULL, body, (void *)i));
	for (int i = 0; i < count; i++)
		TRY(-pthread_join(threads[i], NULL));
}

int main(int argc, char **argv)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared->messages = argc > 1 ? atoi(argv[1]) : 4000;
	shared->hidden = argc > 2 ? atoi(argv[2]) : 0;
	for (int i = 0; i < QUEUES; i++) {
		char what[16];
		snprintf(what, sizeof(what), "flows%d", i);
		const char *name = own_name(what);
		if (is_posix(i)) {
			queues[i] = open_queue(name, 0, 4 + i, 512);
			TRY(CALL(SYS_mq_unlink, name));
		} else {
			struct msqid_ds limits;
			queues[i] = TRY(CALL(SYS_msgget, IPC_PRIVATE, 0600));
			TRY(CALL(SYS_msgctl, queues[i], IPC_STAT, &limits));
			limits.msg_qbytes = 8 * (shared->hidden + 4);
			TRY(CALL(SYS_msgctl, queues[i], IPC_SET, &limits));
		}
	}
	/* Receivers are half in this process, half in a child; so are senders. */
	pid_t receiving = TRY(fork());
	if (receiving == 0) {
		run(receiver, QUEUES * RECEIVERS / 2);
		_exit(0);
	}
	pid_t sending = TRY(fork());
	if (sending == 0) {
		run(sender, SENDERS / 2);
		_exit(0);
	}
	pthread_t threads[QUEUES * RECEIVERS / 2];
	for (long i = 0; i < QUEUES * RECEIVERS / 2; i++)
		TRY(-pthread_create(&threads[i], NULL, receiver, (void *)i));
	run(sender, SENDERS / 2);
	TRY(waitpid(sending, NULL, 0));
	while (atomic_load(&shared->received) < shared->messages)
		usleep(1000);
	struct message stop;
	memset(&stop, 0xff, sizeof(stop));
	for (int queue = 0; queue < QUEUES; queue++)
		for (int i = 0; i < RECEIVERS; i++)
			TRY(send_one(queue, &stop, shared->hidden + 4, 0, 0));
	for (int i = 0; i < QUEUES * RECEIVERS / 2; i++)
		TRY(-pthread_join(threads[i], NULL));
	TRY(waitpid(receiving, NULL, 0));
	for (int queue = QUEUES / 2; queue < QUEUES; queue++)
		TRY(CALL(SYS_msgctl, queues[queue], IPC_RMID, NULL));
	for (int i = 0; i < shared->messages; i++)
		printf("{\"queue\":%d,\"number\":%d,\"sender\":%d,\"sent\":%d,\"receiver\":%d,\"received\":%d}\n",
		       shared->queue[i], i, shared->sender[i], shared->sent[i], shared->receiver[i],
		       shared->received_by[i]);
	return 0;
}
