// SPDX-License-Identifier: Apache-2.0
/* The statements of the pages of mq_timedsend and mq_timedreceive, with 64-bit and (-m32) 32-bit time, and their errors. */
#include "facts-mq.h"

static long send_until(int fd, struct timespec at)
{
	return T(SEND, SYS_mq_timedsend, fd, "x", 1, 0, &at);
}

static long receive_until(int fd, struct timespec at)
{
	char data[SIZE];
	return T(RECEIVE, SYS_mq_timedreceive, fd, data, SIZE, NULL, &at);
}

static long receive_into(int fd, void *data, size_t size, void *prio)
{
	return T(RECEIVE, SYS_mq_timedreceive, fd, data, size, prio, NULL);
}

static void sends(void)
{
	int fd = queue(1, O_RDWR);
	FACT("send.zero", "ret depth", put(fd, 'a', 0), depth(fd));
	struct waiter sender = SENDER(fd, 'b', 0);
	begin(&sender);
	sender.data[0] = 'B';
	long waits = still_waits(&sender);
	TRY(unlink_named(own_name("facts")) == -ENOENT ? 0 : -1);
	TRY(set_flags(fd, O_NONBLOCK));
	int copy = TRY(dup(fd));
	close(copy);
	FACT("send.nothing-else-wakes", "waits", still_waits(&sender));
	long first = get(fd), between = depth(fd);
	FACT("send.waits", "waits first ret", waits, first, end(&sender));
	FACT("send.completed-by-receive", "depth", between);
	FACT("send.copied-first", "second", get(fd));
	close(fd);

	fd = queue(5, O_RDWR);
	TRY(put(fd, 'a', 1));
	TRY(put(fd, 'b', 2));
	TRY(put(fd, 'c', 0));
	TRY(put(fd, 'd', 2));
	TRY(put(fd, 'e', 1));
	long a = get(fd), b = get(fd), c = get(fd), d = get(fd), e = get(fd);
	FACT("send.order", "a b c d e", a, b, c, d, e);
	long highest = put(fd, 'x', 32767);
	FACT("send.priority-limit", "highest above", highest, FAILS(SEND, EINVAL, depth(fd), put(fd, 'x', 32768)));
	TRY(get(fd));
	long empty = T(SEND, SYS_mq_timedsend, fd, "", 0, 0, NULL), one = depth(fd);
	char data[SIZE];
	FACT("send.empty", "ret depth length", empty, one, receive_into(fd, data, SIZE, NULL));
	struct waiter receiver = RECEIVER(fd);
	begin(&receiver);
	TRY(put(fd, 'h', 3));
	FACT("send.handover", "depth received", depth(fd), end(&receiver));
	long by_libc = told(SEND, mq_send(fd, "l", 1, 0));
	long back = told(RECEIVE, mq_receive(fd, data, SIZE, NULL));
	FACT("send.libc", "ret", by_libc);
	FACT("receive.libc", "ret byte", back, data[0]);
	close(fd);
}

static void send_deadlines(void)
{
	int fd = queue(2, O_RDWR);
	FACT("send.deadline-unused", "ret depth", send_until(fd, (struct timespec){ 1, 0 }), depth(fd));
	FACT("send.deadline-invalid", "large negative seconds depth",
	     FAILS(SEND, EINVAL, depth(fd), send_until(fd, (struct timespec){ 1, 1000000000 })),
	     FAILS(SEND, EINVAL, depth(fd), send_until(fd, (struct timespec){ 1, -1 })),
	     FAILS(SEND, EINVAL, depth(fd), send_until(fd, (struct timespec){ -1, 0 })), depth(fd));
	TRY(put(fd, 'x', 0));
	struct timespec from = monotonic();
	long past = FAILS(SEND, ETIMEDOUT, depth(fd), send_until(fd, (struct timespec){ 60, 0 }));
	FACT("send.deadline-absolute", "ret at_once", past, ms_since(from) < 30000);
	TRY(set_flags(fd, O_NONBLOCK));
	FACT("send.nonblock", "ret", FAILS(SEND, EAGAIN, depth(fd), send_until(fd, in_ms(3600000))));
	close(fd);
}

static void send_errors(void)
{
	char large[SIZE + 1] = "";
	int fd = queue(2, O_RDWR), reads = queue(2, O_RDONLY);
	FAILS(SEND, EBADF, NO_DEPTH, put(-1, 'x', 0));
	FAILS(SEND, EBADF, NO_DEPTH, put(1, 'x', 0));
	FAILS(SEND, EBADF, depth(reads), put(reads, 'x', 0));
	FAILS(SEND, EFAULT, depth(fd), T(SEND, SYS_mq_timedsend, fd, BAD, 1, 0, NULL));
	FAILS(SEND, EFAULT, depth(fd), T(SEND, SYS_mq_timedsend, fd, "x", 1, 0, BAD));
	FAILS(SEND, EMSGSIZE, depth(fd), T(SEND, SYS_mq_timedsend, fd, large, sizeof(large), 0, NULL));
	close(fd);
	close(reads);
}

static void interrupts(void)
{
	int full = queue(1, O_RDWR), empty = queue(1, O_RDWR);
	TRY(put(full, 'a', 0));
	handle(SIGUSR1, 0);
	struct waiter sender = SENDER(full, 'b', 0), receiver = RECEIVER(empty);
	long before = depth(full);
	begin(&sender);
	interrupt(&sender);
	long plain = end(&sender);
	provoked(SEND, ERESTARTSYS, plain, before, depth(full));
	begin(&receiver);
	interrupt(&receiver);
	long plain_receive = end(&receiver);
	provoked(RECEIVE, ERESTARTSYS, plain_receive, 0, depth(empty));

	handle(SIGUSR1, SA_RESTART);
	struct waiter sends = SENDER(full, 'c', 0), receives = RECEIVER(empty);
	sends.restarts = receives.restarts = 1;
	begin(&sends);
	interrupt(&sends);
	long goes_on = still_waits(&sends);
	TRY(get(full));
	FACT("send.restart", "plain waits ret", plain, goes_on, end(&sends));
	begin(&receives);
	interrupt(&receives);
	goes_on = still_waits(&receives);
	TRY(put(empty, 'd', 0));
	FACT("receive.restart", "plain waits ret", plain_receive, goes_on, end(&receives));
	close(full);
	close(empty);
}

static void waiters(void)
{
	int fd = queue(1, O_RDWR);
	TRY(put(fd, 'a', 0));
	struct waiter first = SENDER(fd, 'b', 9), second = SENDER(fd, 'c', 9), urgent = SENDER(fd, 'u', 1);
	urgent.is_urgent = 1;
	begin(&first);
	begin(&second);
	begin(&urgent);
	long a = get(fd), b = get(fd), c = get(fd), d = get(fd);
	end(&first);
	end(&second);
	end(&urgent);
	FACT("send.waiters-by-scheduling", "a b c d", a, b, c, d);

	struct waiter one = RECEIVER(fd), two = RECEIVER(fd), best = RECEIVER(fd);
	best.is_urgent = 1;
	begin(&one);
	begin(&two);
	begin(&best);
	TRY(put(fd, '1', 0));
	end(&best);
	TRY(put(fd, '2', 0));
	end(&one);
	TRY(put(fd, '3', 0));
	end(&two);
	FACT("receive.waiters", "urgent first second", best.data[0], one.data[0], two.data[0]);
	close(fd);
}

static void receives(void)
{
	char data[SIZE];
	unsigned int prio = 77;
	int fd = queue(3, O_RDWR);
	TRY(put(fd, 'a', 1));
	TRY(put(fd, 'b', 5));
	TRY(put(fd, 'c', 5));
	long first = get(fd), second = get(fd), third = get(fd);
	struct waiter receiver = RECEIVER(fd);
	begin(&receiver);
	long waits = still_waits(&receiver);
	TRY(put(fd, 'd', 4));
	end(&receiver);
	FACT("receive.takes", "first second third waits late prio", first, second, third, waits, receiver.data[0], receiver.prio);

	TRY(T(SEND, SYS_mq_timedsend, fd, "ab\0c", 4, 3, NULL));
	memset(data, 'x', sizeof(data));
	long length = receive_into(fd, data, SIZE, NULL);
	FACT("receive.output", "without_prio first prio", length, data[0], receiver.prio);
	FACT("receive.no-terminator", "length second third fourth behind", length, data[1], data[2], data[3], data[4]);
	TRY(T(SEND, SYS_mq_timedsend, fd, "", 0, 0, NULL));
	TRY(T(SEND, SYS_mq_timedsend, fd, "123456789012345", 16, 0, NULL));
	long none = receive_into(fd, data, SIZE, NULL);
	FACT("receive.length", "empty full", none, receive_into(fd, data, SIZE, NULL));

	/* The prio stands before the payload: it is there although the payload could not be written. */
	TRY(put(fd, 'e', 6));
	long fault = FAILS(RECEIVE, EFAULT, depth(fd), receive_into(fd, BAD, SIZE, &prio));
	FACT("receive.priority-first", "fault prio", fault, prio);
	TRY(put(fd, 'f', 6));
	long prio_fault = FAILS(RECEIVE, EFAULT, depth(fd), receive_into(fd, data, SIZE, BAD));
	FACT("receive.fault-loses", "data prio left", fault, prio_fault, depth(fd));
	TRY(put(fd, 'g', 6));
	FAILS(RECEIVE, EFAULT, depth(fd), T(RECEIVE, SYS_mq_timedreceive, fd, data, SIZE, NULL, BAD));
	FACT("receive.expired-succeeds", "ret", receive_until(fd, (struct timespec){ 1, 0 }));

	TRY(put(fd, 'h', 0));
	FACT("receive.deadline-invalid", "large negative seconds left",
	     FAILS(RECEIVE, EINVAL, depth(fd), receive_until(fd, (struct timespec){ 1, 1000000000 })),
	     FAILS(RECEIVE, EINVAL, depth(fd), receive_until(fd, (struct timespec){ 1, -1 })),
	     FAILS(RECEIVE, EINVAL, depth(fd), receive_until(fd, (struct timespec){ -1, 0 })), depth(fd));
	long there = FAILS(RECEIVE, EMSGSIZE, depth(fd), receive_into(fd, data, SIZE - 1, NULL));
	TRY(get(fd));
	FACT("receive.buffer-first", "there empty", there,
	     FAILS(RECEIVE, EMSGSIZE, depth(fd), receive_into(fd, data, SIZE - 1, NULL)));

	struct timespec deadline = in_ms(50), now;
	long late = FAILS(RECEIVE, ETIMEDOUT, depth(fd), receive_until(fd, deadline));
	clock_gettime(CLOCK_REALTIME, &now);
	long early = now.tv_sec < deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec < deadline.tv_nsec);
	TRY(set_flags(fd, O_NONBLOCK));
	long nonblock = FAILS(RECEIVE, EAGAIN, depth(fd), receive_until(fd, in_ms(3600000)));
	FACT("receive.empty-waits", "deadline early nonblock", late, early, nonblock);
	FAILS(RECEIVE, EBADF, NO_DEPTH, get(-1));
	FAILS(RECEIVE, EBADF, NO_DEPTH, get(1));
	close(fd);
	fd = queue(1, O_WRONLY);
	TRY(put(fd, 'x', 0));
	FAILS(RECEIVE, EBADF, depth(fd), get(fd));
	close(fd);
}

/* mq_notify tells whether something is still registered: EBUSY. */
static void refills(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	int fd = queue(1, O_RDWR);
	TRY(put(fd, 'a', 0));
	TRY(T("mq_notify", SYS_mq_notify, fd, &none));
	struct waiter sender = SENDER(fd, 'b', 0);
	begin(&sender);
	long first = get(fd);
	end(&sender);
	FACT("receive.refills", "first depth registered", first, depth(fd), T("mq_notify", SYS_mq_notify, fd, &none));
	/* With a registration, so that a send passes through __do_notify. */
	TRY(get(fd));
	TRY(put(fd, 'c', 0));
	close(fd);
}

/* The kernel ends the call of a task that it kills, too; the parent tells of it. */
static void killed(void)
{
	int fd = queue(1, O_RDWR), status;
	pid_t child = TRY(fork());
	if (!child) {
		char data[SIZE];
		syscall(SYS_mq_timedreceive, fd, data, SIZE, NULL, NULL);
		_exit(0);
	}
	wait_blocked(child, child, SYS_mq_timedreceive);
	TRY(kill(child, SIGKILL));
	TRY(waitpid(child, &status, 0));
	truth_of(child, ABI, RECEIVE, -ERESTARTSYS, "%s", "");
	TRY(put(fd, 'a', 0));
	FACT("receive.killed", "killed left", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, depth(fd));
	close(fd);
}

#ifdef __i386__
#define NR_mq_timedsend_time64 418
#define NR_mq_timedreceive_time64 419

static void time32(void)
{
	struct {
		int64_t sec, nsec;
	} in_2100 = { 4102444800LL, 0 };
	char data[SIZE];
	int fd = queue(1, O_RDWR);
	/* With 64-bit time the same program makes mq_timedsend. */
	long wide = T("mq_timedsend", NR_mq_timedsend_time64, fd, "x", 1, 0, &in_2100);
	long back = T("mq_timedreceive", NR_mq_timedreceive_time64, fd, data, SIZE, NULL, &in_2100);
	FACT("time32.only-32-bit", "size wide back", sizeof(struct timespec), wide, back);
	/* What is left of 2100 in 32 bits. */
	struct timespec cut = { .tv_sec = (int32_t)in_2100.sec };
	FACT("time32.2038", "negative send receive", cut.tv_sec < 0, send_until(fd, cut), receive_until(fd, cut));
	close(fd);
}
#else
static void time32(void)
{
}
#endif

int main(void)
{
	facts_begin();
	sends();
	send_deadlines();
	send_errors();
	interrupts();
	waiters();
	receives();
	refills();
	killed();
	time32();
	return 0;
}
