// SPDX-License-Identifier: Apache-2.0
/*
 * mq_notify in all its ways, a case a run: `notify CASE`. Prints a line for each registration: who made it and how, what
 * ended it and by which call, which receive followed, who was refused meanwhile. A call is {tid, event, nth of the
 * thread's calls of that event}. What a case says of the kernel it checks by itself, and ends with 70 where it is wrong.
 */
#include "truth.h"

#define CHECK(condition)                                                                    \
	do {                                                                                \
		if (!(condition)) {                                                         \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			exit(70);                                                           \
		}                                                                           \
	} while (0)

#define NOBODY "null"
#define SIGNO (SIGRTMIN + 3)

static const char *name;
static int queue;
static struct {
	int notifies, sends, receives;
} made;

/* A call as the truth names it, in one of eight rotating buffers. */
static const char *call_of(long tid, const char *event, int nth)
{
	static char buffers[8][96];
	static unsigned int turn;
	char *text = buffers[turn++ % 8];
	snprintf(text, sizeof(buffers[0]), "{\"tid\":%ld,\"event\":\"%s\",\"nth\":%d}", tid, event, nth);
	return text;
}

/* The calls that this thread made last. */
static const char *last_notify(void)
{
	return call_of(getpid(), "mq_notify", made.notifies - 1);
}
static const char *last_send(void)
{
	return call_of(getpid(), "mq_timedsend", made.sends - 1);
}
static const char *last_receive(void)
{
	return call_of(getpid(), "mq_timedreceive", made.receives - 1);
}

static long notify_by(int notify, int signo)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signo };
	made.notifies++;
	return CALL(SYS_mq_notify, queue, &event);
}

static long cancel(void)
{
	made.notifies++;
	return CALL(SYS_mq_notify, queue, NULL);
}

static void send_one(void)
{
	made.sends++;
	TRY(CALL(SYS_mq_timedsend, queue, "m", 1, 0, NULL));
}

static void receive_one(void)
{
	char text[64];
	made.receives++;
	CHECK(CALL(SYS_mq_timedreceive, queue, text, sizeof(text), NULL, NULL) == 1);
}

/* A child makes one call and ends; its pid names it. */
static pid_t child(void (*act)(void))
{
	pid_t pid = TRY(fork());
	if (!pid) {
		act();
		_exit(0);
	}
	return pid;
}

static void ended(pid_t pid)
{
	int status;
	TRY(waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const char *child_send(void)
{
	pid_t pid = child(send_one);
	ended(pid);
	return call_of(pid, "mq_timedsend", 0);
}

/* What the registration was, and what became of it; calls as `call_of` has them, lists without their brackets. */
static void registration(const char *owner, const char *method, int signo, const char *end, const char *by,
			 const char *receive, const char *refused, const char *ignored)
{
	char number[16];
	snprintf(number, sizeof(number), signo ? "%d" : "null", signo);
	printf("{\"queue\":\"/%s\",\"owner\":%s,\"method\":\"%s\",\"signo\":%s,\"end\":\"%s\",\"by\":%s,\"receive\":%s,"
	       "\"refused\":[%s],\"ignored\":[%s]}\n",
	       name, owner, method, number, end, by, receive, refused, ignored);
	fflush(stdout);
}

static void fired(const char *owner, const char *method, int signo, const char *by, const char *receive)
{
	registration(owner, method, signo, "fired", by, receive, "", "");
}

/* The signal of a notification comes, from this sender; returns it. */
static siginfo_t wait_signal(void)
{
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGNO);
	TRY(sigwaitinfo(&set, &info));
	return info;
}

static int is_signal_pending(void)
{
	sigset_t set;
	TRY(sigpending(&set));
	return sigismember(&set, SIGNO);
}

static void by_signal(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	pid_t pid = child(send_one);
	siginfo_t info = wait_signal();
	CHECK(info.si_code == SI_MESGQ && info.si_pid == pid && info.si_uid == getuid());
	ended(pid);
	receive_one();
	fired(last_notify(), "signal", SIGNO, call_of(pid, "mq_timedsend", 0), last_receive());
}

/* Nothing tells of it, and yet it ends: the next one is accepted. */
static void by_nothing(void)
{
	TRY(notify_by(SIGEV_NONE, 0));
	const char *owner = last_notify();
	const char *by = child_send();
	TRY(notify_by(SIGEV_NONE, 0));
	receive_one();
	fired(owner, "none", 0, by, last_receive());
	owner = last_notify();
	CHECK(cancel() == 0);
	registration(owner, "none", 0, "cancelled", last_notify(), NOBODY, "", "");
}

static _Atomic long notified;

static void on_notified(union sigval value)
{
	char text[64];
	CHECK(value.sival_int == 42);
	CHECK(CALL(SYS_mq_timedreceive, queue, text, sizeof(text), NULL, NULL) == 1);
	atomic_store(&notified, syscall(SYS_gettid));
}

static void by_thread(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_notified,
				  .sigev_value.sival_int = 42 };
	made.notifies++;
	TRY(mq_notify(queue, &event));
	const char *owner = last_notify();
	const char *by = child_send();
	while (!atomic_load(&notified))
		usleep(500);
	fired(owner, "thread", 0, by, call_of(atomic_load(&notified), "mq_timedreceive", 0));
	made.notifies++;
	TRY(mq_notify(queue, &event));
	owner = last_notify();
	made.notifies++;
	TRY(mq_notify(queue, NULL));
	registration(owner, "thread", 0, "cancelled", last_notify(), NOBODY, "", "");
}

static void busy_child(void)
{
	CHECK(notify_by(SIGEV_NONE, 0) == -EBUSY);
}

static void busy(void)
{
	char refused[200];
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	const char *owner = last_notify();
	pid_t pid = child(busy_child);
	ended(pid);
	CHECK(notify_by(SIGEV_SIGNAL, SIGNO) == -EBUSY);
	snprintf(refused, sizeof(refused), "%s,%s", call_of(pid, "mq_notify", 0), last_notify());
	CHECK(cancel() == 0);
	registration(owner, "signal", SIGNO, "cancelled", last_notify(), NOBODY, refused, "");
}

static void null_child(void)
{
	CHECK(cancel() == 0);
}

static void null_of_another(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	const char *owner = last_notify();
	pid_t pid = child(null_child);
	ended(pid);
	const char *by = child_send();
	wait_signal();
	receive_one();
	registration(owner, "signal", SIGNO, "fired", by, last_receive(), "", call_of(pid, "mq_notify", 0));
}

static void not_empty(void)
{
	send_one();
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	child_send();
	CHECK(!is_signal_pending());
	receive_one();
	receive_one();
	CHECK(!is_signal_pending());
	const char *by = child_send();
	wait_signal();
	receive_one();
	fired(last_notify(), "signal", SIGNO, by, last_receive());
}

static void waiting_receiver(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	pid_t pid = child(receive_one);
	wait_blocked(pid, pid, SYS_mq_timedreceive);
	send_one();
	ended(pid);
	CHECK(!is_signal_pending());
	send_one();
	CHECK(is_signal_pending());
	const char *by = last_send();
	receive_one();
	fired(last_notify(), "signal", SIGNO, by, last_receive());
}

/* Full with one message: the receiver takes it and puts in the sender's, and nobody is told of the new one. */
static void blocked_sender(void)
{
	send_one();
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	const char *owner = last_notify();
	pid_t pid = child(send_one);
	wait_blocked(pid, pid, SYS_mq_timedsend);
	receive_one();
	ended(pid);
	CHECK(!is_signal_pending());
	CHECK(notify_by(SIGEV_SIGNAL, SIGNO) == -EBUSY);
	const char *refused = last_notify();
	receive_one();
	const char *by = child_send();
	wait_signal();
	receive_one();
	registration(owner, "signal", SIGNO, "fired", by, last_receive(), refused, "");
}

static void one_shot(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	const char *by = child_send();
	wait_signal();
	receive_one();
	fired(last_notify(), "signal", SIGNO, by, last_receive());
	child_send();
	CHECK(!is_signal_pending());
	receive_one();
}

/* As a handler does it: registered anew first, then everything is taken out. */
static void again(void)
{
	for (int i = 0; i < 20; i++) {
		TRY(notify_by(SIGEV_SIGNAL, SIGNO));
		const char *owner = last_notify();
		pid_t pid = child(send_one);
		wait_signal();
		receive_one();
		ended(pid);
		fired(owner, "signal", SIGNO, call_of(pid, "mq_timedsend", 0), last_receive());
	}
}

static void look(void)
{
	struct mq_attr attr;
	TRY(CALL(SYS_mq_getsetattr, queue, NULL, &attr));
}

static void by_close(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	close(queue);
	queue = TRY(CALL(SYS_mq_open, name, O_RDWR, 0, NULL));
	registration(last_notify(), "signal", SIGNO, "close", NOBODY, NOBODY, "", "");
}

static void by_close_of_dup(void)
{
	int other = TRY(dup(queue));
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	close(other);
	look();
	send_one();
	CHECK(!is_signal_pending());
	registration(last_notify(), "signal", SIGNO, "close", NOBODY, NOBODY, "", "");
}

/* A child that has the descriptor too closes it, which takes nothing away. */
static void close_by_child(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	ended(child(look));
	const char *by = child_send();
	wait_signal();
	receive_one();
	fired(last_notify(), "signal", SIGNO, by, last_receive());
}

static void owner_execs(void)
{
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	registration(last_notify(), "signal", SIGNO, "exec", NOBODY, NOBODY, "", "");
	TRY(execl("/proc/self/exe", "notify", "look", name, NULL));
}

static void by_exec(void)
{
	ended(child(owner_execs));
}

/* The descriptor stays open across the exec, so the registration does; its signal comes to nobody. */
static void owner_keeps(void)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", queue);
	TRY(fcntl(queue, F_SETFD, 0));
	TRY(notify_by(SIGEV_SIGNAL, SIGNO));
	fired(last_notify(), "signal", SIGNO, call_of(getpid(), "mq_timedsend", 0), NOBODY);
	TRY(execl("/proc/self/exe", "notify", "send", number, NULL));
}

static void kept_by_exec(void)
{
	ended(child(owner_keeps));
}

static void owner_exits(void)
{
	TRY(notify_by(SIGEV_NONE, 0));
	registration(last_notify(), "none", 0, "exit", NOBODY, NOBODY, "", "");
}

static void by_exit(void)
{
	ended(child(owner_exits));
	look();
}

static void with_queue(void)
{
	TRY(notify_by(SIGEV_NONE, 0));
	registration(last_notify(), "none", 0, "queue_gone", NOBODY, NOBODY, "", "");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "signal", by_signal },
	{ "none", by_nothing },
	{ "thread", by_thread },
	{ "busy", busy },
	{ "null-of-another", null_of_another },
	{ "not-empty", not_empty },
	{ "waiting-receiver", waiting_receiver },
	{ "blocked-sender", blocked_sender },
	{ "one-shot", one_shot },
	{ "again", again },
	{ "close", by_close },
	{ "close-of-dup", by_close_of_dup },
	{ "close-by-child", close_by_child },
	{ "exec", by_exec },
	{ "kept-by-exec", kept_by_exec },
	{ "exit", by_exit },
	{ "with-queue", with_queue },
};

/* What `exec` and `kept-by-exec` become. */
static int after_exec(char **argv)
{
	if (!strcmp(argv[1], "look")) {
		queue = TRY(CALL(SYS_mq_open, argv[2], O_RDWR, 0, NULL));
		look();
	} else {
		queue = atoi(argv[2]);
		send_one();
		CHECK(!is_signal_pending());
	}
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGNO);
	TRY(sigprocmask(SIG_BLOCK, &set, NULL));
	if (argc == 3)
		return after_exec(argv);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name))
			continue;
		name = own_name(argv[1]);
		queue = open_queue(name, O_EXCL, strcmp(argv[1], "blocked-sender") ? 4 : 1, 64);
		cases[i].run();
		TRY(CALL(SYS_mq_unlink, name));
		return 0;
	}
	fprintf(stderr, "usage: notify CASE\n");
	return 64;
}
