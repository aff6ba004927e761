// SPDX-License-Identifier: Apache-2.0
/* The statements of mq_notify's page, and its errors. The signal is blocked throughout, and asked for. */
#include "facts-mq.h"
#include <linux/netlink.h>
#include <sys/socket.h>

#define COOKIE_BYTES 32

static long notify(int fd, const struct sigevent *event)
{
	return T("mq_notify", SYS_mq_notify, fd, event);
}

static struct sigevent by_signal(int signal)
{
	return (struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = 0x1234567 };
}

static const struct sigevent NONE = { .sigev_notify = SIGEV_NONE };

static sigset_t usr1(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return set;
}

/* How many SIGUSR1 are pending: 0 or 1. A notification is sent within the send, so that nothing is to be waited for. */
static long fired(siginfo_t *info)
{
	sigset_t set = usr1();
	siginfo_t unused;
	struct timespec none = { 0 };
	return sigtimedwait(&set, info ? info : &unused, &none) == SIGUSR1;
}

/* Is somebody registered? Asks by registering, and takes that back. */
static long registered(int fd)
{
	long ret = notify(fd, &NONE);
	if (ret == 0)
		TRY(notify(fd, NULL));
	return ret == -EBUSY;
}

static void firing(void)
{
	struct sigevent event = by_signal(SIGUSR1);
	siginfo_t info;
	int fd = queue(3, O_RDWR);
	FACT("notify.zero", "register cancel nothing", notify(fd, &event), notify(fd, NULL), notify(fd, NULL));
	TRY(notify(fd, &event));
	CHILD(TRY(put(fd, 'a', 0)); shared[0] = getpid());
	long first = fired(&info);
	FACT("notify.signal", "signal code value pid uid", info.si_signo == SIGUSR1, info.si_code == SI_MESGQ,
	     info.si_value.sival_int, info.si_pid == shared[0], info.si_uid == getuid());
	long after = registered(fd);
	TRY(get(fd));
	TRY(put(fd, 'b', 0));
	FACT("notify.once", "first registered again", first, after, fired(NULL));

	/* One message is there. */
	TRY(notify(fd, &event));
	TRY(put(fd, 'c', 0));
	long while_full = fired(NULL), still = registered(fd);
	TRY(get(fd));
	TRY(get(fd));
	long emptied = fired(NULL);
	TRY(put(fd, 'd', 0));
	long then = fired(NULL);
	FACT("notify.not-empty", "fired registered", while_full, still);
	FACT("notify.register-first", "there emptied next", while_full, emptied, then);
	TRY(get(fd));

	TRY(notify(fd, &event));
	struct waiter receiver = RECEIVER(fd);
	begin(&receiver);
	TRY(put(fd, 'e', 0));
	end(&receiver);
	FACT("notify.waiter", "received fired registered", receiver.data[0], fired(NULL), registered(fd));
	TRY(notify(fd, NULL));

	TRY(notify(fd, &NONE));
	long taken = registered(fd);
	TRY(put(fd, 'f', 0));
	FACT("notify.none", "taken used_up", taken, registered(fd));
	close(fd);

	fd = queue(1, O_RDWR);
	TRY(put(fd, 'a', 0));
	TRY(notify(fd, &event));
	struct waiter sender = SENDER(fd, 'b', 0);
	begin(&sender);
	TRY(get(fd));
	end(&sender);
	FACT("notify.refill", "depth fired registered", depth(fd), fired(NULL), registered(fd));
	close(fd);
}

static void owners(void)
{
	struct sigevent event = by_signal(SIGUSR1);
	int fd = queue(2, O_RDWR);
	TRY(notify(fd, &event));
	long again = FAILS("mq_notify", EBUSY, depth(fd), notify(fd, &event));
	long method = FAILS("mq_notify", EBUSY, depth(fd), notify(fd, &NONE));
	CHILD(shared[0] = FAILS("mq_notify", EBUSY, depth(fd), notify(fd, &NONE)); shared[1] = notify(fd, NULL));
	FACT("notify.one-per-queue", "same method other", again, method, shared[0]);
	long still = registered(fd), own = notify(fd, NULL);
	FACT("notify.null", "other registered own after", shared[1], still, own, registered(fd));

	TRY(notify(fd, &event));
	CHILD(close(fd));
	FACT("notify.close-other", "registered", registered(fd));
	close(dup(fd));
	long by_dup = registered(fd);
	char path[64];
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = SIZE };
	snprintf(path, sizeof(path), "%s", own_name("notify"));
	int first = TRY(open_named(path, O_RDWR | O_CREAT, 0600, &attr));
	int second = TRY(open_named(path, O_RDWR, 0, NULL));
	TRY(unlink_named(path));
	TRY(notify(first, &event));
	close(second);
	FACT("notify.close-any", "dup open", by_dup, registered(first));
	close(first);
	close(fd);
}

/* A child that registers, tells so, and becomes cat until its input ends. Gives whether it is registered then. */
static long exec_registered(int fd, int keep, siginfo_t *ended, long *sent)
{
	int in[2], begun[2];
	struct sigevent event = by_signal(SIGTERM);
	TRY(pipe2(in, O_CLOEXEC));
	TRY(pipe2(begun, O_CLOEXEC));
	pid_t child = TRY(fork());
	if (!child) {
		TRY(notify(fd, &event));
		if (keep)
			TRY(fcntl(fd, F_SETFD, 0));
		TRY(dup2(in[0], 0));
		execlp("cat", "cat", NULL);
		_exit(77);
	}
	close(begun[1]);
	close(in[0]);
	char byte;
	/* Ends when exec has closed the other end; descriptors of the queue are lower, and closed before it. */
	TRY(read(begun[0], &byte, 1));
	close(begun[0]);
	long is_registered = registered(fd);
	*sent = put(fd, 'a', 0);
	close(in[1]);
	TRY(waitid(P_PID, child, ended, WEXITED));
	return is_registered;
}

static void endings(void)
{
	int fd = queue(2, O_RDWR);
	siginfo_t ended;
	long sent;
	CHILD(TRY(notify(fd, &NONE)));
	long after_exit = registered(fd), after_exec = exec_registered(fd, 0, &ended, &sent);
	FACT("notify.exit", "exit exec", after_exit, after_exec);
	TRY(get(fd));
	long kept = exec_registered(fd, 1, &ended, &sent);
	FACT("notify.exec", "registered sent lives", kept, sent, ended.si_code == CLD_EXITED && ended.si_status == 0);
	close(fd);
}

static void threads(void)
{
	char cookie[COOKIE_BYTES], got[COOKIE_BYTES * 2];
	int fd = queue(2, O_RDWR), netlink = TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_signo = netlink, .sigev_value.sival_ptr = cookie };
	memset(cookie, 'k', sizeof(cookie));
	TRY(notify(fd, &event));
	TRY(put(fd, 'a', 0));
	long length = recv(netlink, got, sizeof(got), MSG_DONTWAIT), same = !memcmp(got, cookie, COOKIE_BYTES - 1);
	long woken = got[COOKIE_BYTES - 1];
	TRY(notify(fd, &event));
	TRY(notify(fd, NULL));
	TRY(recv(netlink, got, sizeof(got), MSG_DONTWAIT));
	FACT("notify.thread", "length same woken removed", length, same, woken, got[COOKIE_BYTES - 1]);

	event.sigev_signo = -1;
	FAILS("mq_notify", EBADF, depth(fd), notify(fd, &event));
	event.sigev_signo = TRY(open("/dev/null", O_RDWR | O_CLOEXEC));
	FAILS("mq_notify", ENOTSOCK, depth(fd), notify(fd, &event));
	event.sigev_signo = TRY(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	FAILS("mq_notify", EINVAL, depth(fd), notify(fd, &event));
	event.sigev_value.sival_ptr = BAD;
	FAILS("mq_notify", EFAULT, depth(fd), notify(fd, &event));
	close(fd);
}

static void errors(void)
{
	struct sigevent kind = { .sigev_notify = 17 }, signal = by_signal(65);
	int fd = queue(2, O_RDWR);
	FAILS("mq_notify", EINVAL, depth(fd), notify(fd, &kind));
	FAILS("mq_notify", EINVAL, depth(fd), notify(fd, &signal));
	FAILS("mq_notify", EFAULT, depth(fd), notify(fd, BAD));
	FAILS("mq_notify", EBADF, NO_DEPTH, notify(-1, &NONE));
	FAILS("mq_notify", EBADF, NO_DEPTH, notify(1, &NONE));
	close(fd);
}

int main(void)
{
	sigset_t set = usr1();
	facts_begin();
	sigprocmask(SIG_BLOCK, &set, NULL);
	firing();
	owners();
	endings();
	threads();
	errors();
	return 0;
}
