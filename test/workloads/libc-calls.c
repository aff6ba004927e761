/*
 * Calls the C library's functions a known number of times, in threads too; some wait a known time at least, some are
 * interrupted by handlers that call such functions themselves. One line for each call, when it has returned:
 *     {"tid":N,"function":"mq_send","ret":N,"least_ns":N,"calls":N}
 * least_ns: how long it waited at least. calls: its system calls, a handler's included.
 */
#include "truth.h"

#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <time.h>

#define MS 1000000L
#define THREADS 4
#define ROUNDS 50

#ifdef __i386__
/* What glibc of Debian 12 takes: without a timeout the old call, and no multiplexer. */
#define NR_RECEIVE SYS_mq_timedreceive
#define NR_MSGRCV SYS_ipc
#else
#define NR_RECEIVE SYS_mq_timedreceive
#define NR_MSGRCV SYS_msgrcv
#endif

extern mqd_t __mq_open_2(const char *name, int oflag);

struct message {
	long type;
	char text[8];
};

static mqd_t first, second;
static int sysv;

static void told(const char *function, long ret, long least_ns, int calls)
{
	char line[160];
	int n = snprintf(line, sizeof(line),
			 "{\"tid\":%ld,\"function\":\"%s\",\"ret\":%ld,\"least_ns\":%ld,\"calls\":%d}\n",
			 (long)syscall(SYS_gettid), function, ret, least_ns, calls);

	if (write(1, line, n) != n)
		_exit(71);
}

/* Says what a call came to, with the same words that made it. */
#define TOLD(least_ns, calls, function, ...) told(#function, (long)function(__VA_ARGS__), least_ns, calls)

static const char *slashed(const char *name)
{
	static char path[80];

	snprintf(path, sizeof(path), "/%s", name);
	return path;
}

static struct timespec in_ns(long ns)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += ns;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static mqd_t open_counted(const char *name)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	mqd_t queue = mq_open(slashed(name), O_CREAT | O_RDWR, 0600, &attr);

	told("mq_open", TRY(queue), 0, 1);
	mq_unlink(slashed(name));
	return queue;
}

static void posix_calls(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct timespec soon = in_ns(900 * MS);
	char name[64], room[16];
	mqd_t again;

	TOLD(0, 0, mq_open, "no-slash", O_RDWR);
	TOLD(0, 1, mq_open, "/msgtape-there-is-no-such-queue", O_RDWR);
	snprintf(name, sizeof(name), "/%s", own_name("again"));
	again = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	told("mq_open", TRY(again), 0, 1);
	again = __mq_open_2(name, O_RDWR);
	told("__mq_open_2", TRY(again), 0, 1);
	mq_unlink(name);
	TOLD(0, 1, mq_notify, again, &none);
	TOLD(0, 1, mq_notify, again, NULL);
	TOLD(0, 1, mq_send, first, "a", 1, 0);
	TOLD(0, 1, mq_timedsend, first, "bc", 2, 1, &soon);
	TOLD(0, 1, mq_send, first, "much too large for it", 21, 0);
	TOLD(0, 1, mq_receive, first, room, sizeof(room), NULL);
	TOLD(0, 1, mq_timedreceive, first, room, sizeof(room), NULL, &soon);
	/* The deadline is set before the call: on a slow machine some of the time is over when it begins. */
	soon = in_ns(50 * MS);
	TOLD(10 * MS, 1, mq_timedreceive, first, room, sizeof(room), NULL, &soon);
}

static void sysv_calls(void)
{
	struct message message = { .type = 7, .text = "sysv" };

	TOLD(0, 1, msgsnd, sysv, &message, 4, 0);
	TOLD(0, 1, msgrcv, sysv, &message, sizeof(message.text), 7, 0);
	TOLD(0, 1, msgrcv, sysv, &message, sizeof(message.text), 0, IPC_NOWAIT);
}

static void socket_calls(void)
{
	struct iovec iov[2] = { { "one", 3 }, { "two", 3 } };
	struct mmsghdr vector[2] = { { .msg_hdr = { .msg_iov = &iov[0], .msg_iovlen = 1 } },
				     { .msg_hdr = { .msg_iov = &iov[1], .msg_iovlen = 1 } } };
	char room[2][8];
	int pair[2];

	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	TOLD(0, 1, sendmmsg, pair[0], vector, 2, 0);
	iov[0] = (struct iovec){ room[0], 8 };
	iov[1] = (struct iovec){ room[1], 8 };
	TOLD(0, 1, recvmmsg, pair[1], vector, 2, 0, NULL);
	close(pair[0]);
	close(pair[1]);
}

static void *ping(void *nothing)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	char name[64], room[16];
	mqd_t queue;
	int i;

	snprintf(name, sizeof(name), "/msgtape-libc-%ld-%d", (long)syscall(SYS_gettid), getpid());
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
	told("mq_open", TRY(queue), 0, 1);
	mq_unlink(name);
	for (i = 0; i < ROUNDS; i++) {
		TOLD(0, 1, mq_send, queue, "ping", 1 + i % 16, 0);
		TOLD(0, 1, mq_receive, queue, room, sizeof(room), NULL);
	}
	mq_close(queue);
	return nothing;
}

/* Interrupts: what the handler calls comes before what it interrupted. */
static void on_signal(int number)
{
	char room[16];
	int saved = errno;

	TOLD(0, 1, mq_send, second, "h", 1, 0);
	TOLD(0, 1, mq_receive, second, room, sizeof(room), NULL);
	(void)number;
	errno = saved;
}

struct waiter {
	pid_t tid;
	int kind;
};

static void *wait_in(void *argument)
{
	struct waiter *waiter = argument;
	struct message message;
	char room[16];

	__atomic_store_n(&waiter->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	if (waiter->kind == 0) /* until the message comes */
		TOLD(25 * MS, 1, mq_receive, first, room, sizeof(room), NULL);
	else if (waiter->kind == 1) /* System V's is never begun anew: EINTR, after what the handler called */
		TOLD(25 * MS, 3, msgrcv, sysv, &message, sizeof(message.text), 0, 0);
	else /* begun anew after the handler, one system call more */
		TOLD(25 * MS, 4, mq_receive, first, room, sizeof(room), NULL);
	return NULL;
}

static void waiting(int kind)
{
	struct waiter waiter = { .kind = kind };
	pthread_t thread;
	pid_t tid;

	pthread_create(&thread, NULL, wait_in, &waiter);
	while (!(tid = __atomic_load_n(&waiter.tid, __ATOMIC_SEQ_CST)))
		usleep(200);
	wait_blocked(getpid(), tid, kind == 1 ? NR_MSGRCV : NR_RECEIVE);
	usleep(25000);
	if (kind > 0)
		pthread_kill(thread, kind == 1 ? SIGUSR1 : SIGUSR2);
	if (kind == 2) {
		usleep(2000);
		wait_blocked(getpid(), tid, NR_RECEIVE);
	}
	if (kind != 1)
		TOLD(0, 1, mq_send, first, "go", 2, 0);
	pthread_join(thread, NULL);
}

int main(void)
{
	struct sigaction stops = { .sa_handler = on_signal }, restarts = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t threads[THREADS];
	int i;

	sigaction(SIGUSR1, &stops, NULL);
	sigaction(SIGUSR2, &restarts, NULL);
	first = open_counted(own_name("first"));
	second = open_counted(own_name("second"));
	sysv = TRY(msgget(IPC_PRIVATE, 0600));
	posix_calls();
	sysv_calls();
	socket_calls();
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ping, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 3; i++)
		waiting(i);
	msgctl(sysv, IPC_RMID, NULL);
	return 0;
}
