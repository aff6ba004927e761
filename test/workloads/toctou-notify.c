/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process asks to be told of the next message, is told by a signal, and takes it. Four times: nobody else took it;
 * another process took it before; then both again, but it is not the thread that asked which takes the message.
 * Prints the tasks: {"tid":main,"thread":who did not ask,"other":who sends and interferes}.
 */
#include "truth.h"

#define LEN 16

static int queue;
static sigset_t told;
static int orders[2], done[2], let_go[2];
static long taker_tid;

static void read_byte(int fd, char *byte)
{
	if (read(fd, byte, 1) != 1)
		exit(73);
}

static void write_byte(int fd, char byte)
{
	if (write(fd, &byte, 1) != 1)
		exit(74);
}

/* By order of the process that asked: 's' sends a message, 't' takes it as well. */
static void other_process(void)
{
	char order, got[LEN];
	for (;;) {
		read_byte(orders[0], &order);
		if (order == 'q')
			_exit(0);
		TRY(CALL(SYS_mq_timedsend, queue, "news", 4, 0, NULL));
		if (order == 't')
			TRY(CALL(SYS_mq_timedreceive, queue, got, LEN, NULL, NULL));
		write_byte(done[1], order);
	}
}

/* Registers, lets the other process do it, and returns when the signal has come and the other one is done. */
static void be_told(char order)
{
	struct sigevent how = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	siginfo_t info;
	char byte;
	TRY(CALL(SYS_mq_notify, queue, &how));
	write_byte(orders[1], order);
	if (TRY(sigwaitinfo(&told, &info)) != SIGUSR1 || info.si_code != SI_MESGQ)
		exit(75);
	read_byte(done[0], &byte);
}

static void take(long expected)
{
	char got[LEN];
	if (CALL(SYS_mq_timedreceive, queue, got, LEN, NULL, NULL) != expected)
		exit(76);
}

/* One message of its own accord, the other when it is let go. */
static void *take_both(void *unused)
{
	char byte;
	taker_tid = syscall(SYS_gettid);
	take(4);
	write_byte(done[1], 'm');
	read_byte(let_go[0], &byte);
	take(-EAGAIN);
	return unused;
}

int main(void)
{
	pthread_t taker;
	char byte;

	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	TRY(sigprocmask(SIG_BLOCK, &told, NULL));
	TRY(pipe(orders));
	TRY(pipe(done));
	TRY(pipe(let_go));
	queue = open_queue(own_name("notify"), O_EXCL | O_NONBLOCK, 4, LEN);
	TRY(CALL(SYS_mq_unlink, own_name("notify")));
	pid_t other = TRY(fork());
	if (other == 0)
		other_process();

	be_told('s');
	take(4);
	be_told('t');
	take(-EAGAIN);

	be_told('s');
	TRY(-pthread_create(&taker, NULL, take_both, NULL));
	read_byte(done[0], &byte);
	be_told('t');
	write_byte(orders[1], 'q');
	TRY(waitpid(other, NULL, 0));
	write_byte(let_go[1], 'g');
	TRY(-pthread_join(taker, NULL));
	printf("{\"tid\":%d,\"thread\":%ld,\"other\":%d}\n", getpid(), taker_tid, other);
	return 0;
}
