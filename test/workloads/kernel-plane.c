/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel does with messages, step by step, with every record that its own functions must leave as a line of
 * truth. To be recorded by its name alone (--comm kernel-plane): children that call themselves otherwise are strangers.
 *
 * Messages have numbers in the order in which they are loaded by recorded calls; 0 is a stranger's. Byte i of a message
 * of seed s is s + 7 * i.
 */
#include "truth.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static int loads; /* numbers given out */
static struct {
	long type;
	char text[8192];
} buffer;
static void *no_memory;
static char wide[64], narrow[64], ended[64]; /* names of queues */

struct told {
	const char *event; /* the recorded call that it is in; NULL: in none */
	const char *hook;
	int message;
	long type;
	size_t size;
	int error;
	int seed;	  /* 0: no copy of the message, or the bytes below */
	const char *bytes; /* base64 */
	int owner;
	const char *queue;
};

#define TOLD(...) told(&(struct told){ __VA_ARGS__ })

/* A number, or null for 0; a string, or null for NULL. */
static const char *number(long number)
{
	static char texts[4][24];
	static int turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), number ? "%ld" : "null", number);
	return text;
}

static const char *quoted(const char *string)
{
	static char texts[4][512];
	static int turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), string ? "\"%s\"" : "null", string);
	return text;
}

static void told(const struct told *t)
{
	char line[2048];
	int n = snprintf(line, sizeof(line),
			 "{\"tid\":%ld,\"event\":%s,\"hook\":\"%s\",\"message\":%d,\"type\":%ld,\"size\":%zu,\"errno\":%s,"
			 "\"seed\":%s,\"bytes\":%s,\"owner\":%s,\"queue\":%s}\n",
			 syscall(SYS_gettid), quoted(t->event), t->hook, t->message, t->type, t->size, number(t->error),
			 number(t->seed), quoted(t->bytes), number(t->owner), quoted(t->queue));

	if (write(1, line, n) != n)
		exit(71);
}

static char *fill(int seed, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		buffer.text[i] = (char)(seed + 7 * (int)i);
	return buffer.text;
}

/* A child by another name does something that is not recorded. */
static void as_stranger(void (*run)(long), long argument)
{
	int status;
	pid_t child = TRY(fork());

	if (!child) {
		TRY(prctl(PR_SET_NAME, "stranger"));
		run(argument);
		_exit(0);
	}
	TRY(waitpid(child, &status, 0));
	if (status)
		exit(72);
}

static long send_posix(int queue, int seed, size_t size, unsigned int priority)
{
	return CALL(SYS_mq_timedsend, queue, fill(seed, size), size, priority, NULL);
}

/* A send to a queue that has room and no waiting receiver. Gives the message's number. */
static int enqueue(int queue, const char *name, int seed, size_t size, unsigned int priority)
{
	int message = ++loads;

	TRY(send_posix(queue, seed, size, priority));
	TOLD(.event = "mq_timedsend", .hook = "load_msg", .message = message, .size = size, .seed = seed);
	TOLD(.event = "mq_timedsend", .hook = "msg_insert", .message = message, .type = priority, .size = size, .queue = name);
	return message;
}

static void dequeue(int queue, int message, size_t size, unsigned int priority)
{
	TRY(CALL(SYS_mq_timedreceive, queue, buffer.text, sizeof(buffer.text), NULL, NULL));
	TOLD(.event = "mq_timedreceive", .hook = "store_msg", .message = message, .type = priority, .size = size);
}

static long send_sysv(int queue, int seed, size_t size, long type, int flags)
{
	fill(seed, size);
	buffer.type = type;
	return CALL(SYS_msgsnd, queue, &buffer, size, flags);
}

static int enqueue_sysv(int queue, int seed, size_t size, long type)
{
	TRY(send_sysv(queue, seed, size, type, 0));
	TOLD(.event = "msgsnd", .hook = "load_msg", .message = ++loads, .size = size, .seed = seed);
	return loads;
}

static void dequeue_sysv(int queue, int message, size_t size, long type)
{
	TRY(CALL(SYS_msgrcv, queue, &buffer, sizeof(buffer.text), type, 0));
	TOLD(.event = "msgrcv", .hook = "store_msg", .message = message, .type = type, .size = size);
}

static void posix_queue(int queue, const char *name)
{
	int first = enqueue(queue, name, 1, 5, 3), second = enqueue(queue, name, 2, 0, 9);

	/* full: loaded, and freed again */
	TRY(send_posix(queue, 3, 70, 4) == -EAGAIN ? 0 : -1);
	TOLD(.event = "mq_timedsend", .hook = "load_msg", .message = ++loads, .size = 70, .seed = 3);
	TOLD(.event = "mq_timedsend", .hook = "free_msg", .message = loads, .size = 70);
	/* never loaded */
	TRY(send_posix(queue, 3, 8192, 4) == -EMSGSIZE ? 0 : -1);
	TRY(CALL(SYS_mq_timedsend, queue, no_memory, 9, 4, NULL) == -EFAULT ? 0 : -1);
	TOLD(.event = "mq_timedsend", .hook = "load_msg", .size = 9, .error = EFAULT);
	dequeue(queue, second, 0, 9);
	/* what cannot be delivered is gone */
	TRY(CALL(SYS_mq_timedreceive, queue, no_memory, 8192, NULL, NULL) == -EFAULT ? 0 : -1);
	TOLD(.event = "mq_timedreceive", .hook = "store_msg", .message = first, .type = 3, .size = 5);
	dequeue(queue, enqueue(queue, name, 4, 4096, 0), 4096, 0);
}

static void sysv_queue(int queue)
{
	int message, i, dropped[3];
	const char *before;

	dequeue_sysv(queue, enqueue_sysv(queue, 5, 8192, 7), 8192, 7);
	dequeue_sysv(queue, enqueue_sysv(queue, 6, 4048, 8), 4048, 8);
	dequeue_sysv(queue, enqueue_sysv(queue, 7, 4049, 8), 4049, 8);
	message = enqueue_sysv(queue, 8, 100, 9);
	/* MSG_COPY loads the receiver's own buffer, to have a message to copy to */
	fill(9, 300);
	before = b64(&buffer, 300);
	TRY(CALL(SYS_msgrcv, queue, &buffer, 300, 0, MSG_COPY | IPC_NOWAIT));
	TOLD(.event = "msgrcv", .hook = "load_msg", .message = ++loads, .size = 300, .bytes = before);
	TOLD(.event = "msgrcv", .hook = "store_msg", .message = loads, .type = 9, .size = 100);
	before = b64(&buffer, 300);
	TRY(CALL(SYS_msgrcv, queue, &buffer, 300, 1, MSG_COPY | IPC_NOWAIT) == -ENOMSG ? 0 : -1);
	TOLD(.event = "msgrcv", .hook = "load_msg", .message = ++loads, .size = 300, .bytes = before);
	TOLD(.event = "msgrcv", .hook = "free_msg", .message = loads, .size = 300);
	/* the type is written first: where that fails, the text is not even tried, and the message is gone */
	TRY(CALL(SYS_msgrcv, queue, no_memory, 300, 0, 0) == -EFAULT ? 0 : -1);
	TOLD(.event = "msgrcv", .hook = "free_msg", .message = message, .type = 9, .size = 100);
	message = enqueue_sysv(queue, 15, 101, 9);
	TRY(CALL(SYS_msgrcv, queue, (char *)no_memory - 8, 300, 0, 0) == -EFAULT ? 0 : -1);
	TOLD(.event = "msgrcv", .hook = "store_msg", .message = message, .type = 9, .size = 101);
	*((long *)no_memory - 1) = 1;
	TRY(CALL(SYS_msgsnd, queue, (char *)no_memory - 8, 11, 0) == -EFAULT ? 0 : -1);
	TOLD(.event = "msgsnd", .hook = "load_msg", .size = 11, .error = EFAULT);
	for (i = 0; i < 3; i++)
		dropped[i] = enqueue_sysv(queue, 10 + i, 5000 + i, 20 + i);
	TRY(send_sysv(queue, 14, 5000, 30, IPC_NOWAIT) == -EAGAIN ? 0 : -1);
	TOLD(.event = "msgsnd", .hook = "load_msg", .message = ++loads, .size = 5000, .seed = 14);
	TOLD(.event = "msgsnd", .hook = "free_msg", .message = loads, .size = 5000);
	TRY(CALL(SYS_msgctl, queue, IPC_RMID, NULL));
	for (i = 0; i < 3; i++)
		TOLD(.event = "msgctl", .hook = "free_msg", .message = dropped[i], .type = 20 + i, .size = 5000 + i);
}

/* Another thread, which is to wait in one call. */
struct waiter {
	pthread_t thread;
	_Atomic pid_t tid;
	int queue, message;
	char text[64];
};

static void *receive_waiting(void *argument)
{
	struct waiter *w = argument;

	w->tid = syscall(SYS_gettid);
	TRY(CALL(SYS_mq_timedreceive, w->queue, w->text, sizeof(w->text), NULL, NULL));
	TOLD(.event = "mq_timedreceive", .hook = "store_msg", .message = w->message, .type = 2, .size = 6);
	return NULL;
}

static void *send_waiting(void *argument)
{
	struct waiter *w = argument;
	int i;

	for (i = 0; i < 6; i++)
		w->text[i] = (char)(22 + 7 * i);
	w->tid = syscall(SYS_gettid);
	TRY(CALL(SYS_mq_timedsend, w->queue, w->text, 6, 2, NULL));
	TOLD(.event = "mq_timedsend", .hook = "load_msg", .message = w->message, .size = 6, .seed = 22);
	return NULL;
}

static void start(struct waiter *w, void *(*run)(void *), long nr)
{
	TRY(-pthread_create(&w->thread, NULL, run, w));
	while (!w->tid)
		usleep(500);
	wait_blocked(getpid(), w->tid, nr);
}

static void stranger_receives(long queue)
{
	char text[64];

	TRY(CALL(SYS_mq_timedreceive, (int)queue, text, sizeof(text), NULL, NULL));
	TOLD(.hook = "msg_insert", .message = loads, .type = 2, .size = 6, .queue = narrow);
	TOLD(.hook = "store_msg", .message = loads - 1, .type = 1, .size = 3);
}

static void waiting(const char *name)
{
	struct waiter receiver = { .queue = open_queue(name, 0, 1, 64) };
	struct waiter sender = { .queue = receiver.queue }, other = { .queue = receiver.queue };
	int before;

	/* handed over: it is never in the queue */
	receiver.message = ++loads;
	start(&receiver, receive_waiting, SYS_mq_timedreceive);
	TRY(send_posix(receiver.queue, 20, 6, 2));
	TOLD(.event = "mq_timedsend", .hook = "load_msg", .message = receiver.message, .size = 6, .seed = 20);
	TRY(-pthread_join(receiver.thread, NULL));
	/* a blocked sender's message enters the queue in the call of who makes room */
	before = enqueue(sender.queue, name, 21, 3, 1);
	sender.message = ++loads;
	start(&sender, send_waiting, SYS_mq_timedsend);
	TRY(CALL(SYS_mq_timedreceive, sender.queue, buffer.text, sizeof(buffer.text), NULL, NULL));
	TOLD(.event = "mq_timedreceive", .hook = "msg_insert", .message = sender.message, .type = 2, .size = 6, .queue = name);
	TOLD(.event = "mq_timedreceive", .hook = "store_msg", .message = before, .type = 1, .size = 3);
	TRY(-pthread_join(sender.thread, NULL));
	dequeue(sender.queue, sender.message, 6, 2);
	/* the same by somebody who is not recorded */
	enqueue(other.queue, name, 23, 3, 1);
	other.message = ++loads;
	start(&other, send_waiting, SYS_mq_timedsend);
	as_stranger(stranger_receives, other.queue);
	TRY(-pthread_join(other.thread, NULL));
	dequeue(other.queue, other.message, 6, 2);
	TRY(close(other.queue));
	TRY(CALL(SYS_mq_unlink, name));
}

static void notified(int queue, const char *name)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	int first, second;

	TRY(CALL(SYS_mq_notify, queue, &nothing));
	first = enqueue(queue, name, 30, 4, 0);
	TOLD(.event = "mq_timedsend", .hook = "do_notify", .owner = getpid(), .queue = name);
	/* it was for once, and a queue with messages in it is none that becomes full */
	TRY(CALL(SYS_mq_notify, queue, &nothing));
	second = enqueue(queue, name, 31, 4, 0);
	dequeue(queue, first, 4, 0);
	dequeue(queue, second, 4, 0);
	first = enqueue(queue, name, 32, 4, 0);
	TOLD(.event = "mq_timedsend", .hook = "do_notify", .owner = getpid(), .queue = name);
	dequeue(queue, first, 4, 0);
}

static void stranger_sends_posix(long queue)
{
	TRY(send_posix((int)queue, 40, 7, 1));
}

static void stranger_sends_sysv(long queue)
{
	TRY(send_sysv((int)queue, 41, 12, 3, 0));
}

static void strangers(int queue)
{
	int sysv = TRY(CALL(SYS_msgget, IPC_PRIVATE, 0600 | IPC_CREAT));

	as_stranger(stranger_sends_posix, queue);
	TRY(CALL(SYS_mq_timedreceive, queue, buffer.text, sizeof(buffer.text), NULL, NULL));
	TOLD(.event = "mq_timedreceive", .hook = "store_msg", .type = 1, .size = 7, .seed = 40);
	as_stranger(stranger_sends_sysv, sysv);
	as_stranger(stranger_sends_sysv, sysv);
	TRY(CALL(SYS_msgrcv, sysv, &buffer, 5, 0, MSG_NOERROR));
	TOLD(.event = "msgrcv", .hook = "store_msg", .type = 3, .size = 12, .seed = 41);
	TRY(CALL(SYS_msgctl, sysv, IPC_RMID, NULL));
	TOLD(.event = "msgctl", .hook = "free_msg", .type = 3, .size = 12);
}

/* A queue's end is its messages' end, the highest priority first. */
static void ends(const char *name)
{
	int queue = open_queue(name, 0, 4, 64);
	int low = enqueue(queue, name, 50, 1, 0), high = enqueue(queue, name, 51, 2, 5);

	TRY(CALL(SYS_mq_unlink, name));
	TRY(close(queue));
	TOLD(.hook = "free_msg", .message = high, .type = 5, .size = 2);
	TOLD(.hook = "free_msg", .message = low, .type = 0, .size = 1);
	queue = open_queue(name, 0, 4, 64);
	low = enqueue(queue, name, 52, 1, 3);
	TRY(close(queue));
	TRY(CALL(SYS_mq_unlink, name));
	TOLD(.event = "mq_unlink", .hook = "free_msg", .message = low, .type = 3, .size = 1);
}

int main(void)
{
	int queue;

	no_memory = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY(munmap((char *)no_memory + 4096, 4096));
	*((long *)((char *)no_memory + 4096) - 1) = 1;
	no_memory = (char *)no_memory + 4096;
	snprintf(wide, sizeof(wide), "%s", own_name("wide"));
	snprintf(narrow, sizeof(narrow), "%s", own_name("narrow"));
	snprintf(ended, sizeof(ended), "%s", own_name("ended"));
	queue = open_queue(wide, O_NONBLOCK, 2, 4096);
	posix_queue(queue, wide);
	sysv_queue(TRY(CALL(SYS_msgget, IPC_PRIVATE, 0600 | IPC_CREAT)));
	waiting(narrow);
	notified(queue, wide);
	strangers(queue);
	ends(ended);
	TRY(CALL(SYS_mq_unlink, wide));
	return 0;
}
