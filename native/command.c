/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that waits before its first instruction. Our process has threads, so between fork and exec the child
 * does only what is safe after such a fork: raw system calls, no memory, no locks. A socket pair carries the word
 * to go down and an exec's errno up; its end means "the recorder is gone" to the child, "exec worked" to us.
 */
#include "command.h"

#include "identity.h"
#include "message.h"
#include "msgtape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_ABANDONED 125 /* as env and nohup: the tool failed, not the command */
#define STATUS_NOT_RUN 127

struct mt_command {
	pid_t pid;
	int line; /* -1 once released */
	int ended;
	int wait_status;
	char name[128];
};

/* Node itself ignores these two (src/node.cc, PlatformInit). */
static int is_ignored_by_node(int number)
{
	return number == SIGPIPE || number == SIGXFSZ;
}

/*
 * Node's handlers must not run here: they write into a pipe that the parent reads. What else is ignored stays
 * so, as across any exec.
 */
static void reset_signals(void)
{
	struct sigaction action;
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++) {
		if (sigaction(number, NULL, &action))
			continue;
		if (action.sa_handler == SIG_DFL)
			continue;
		if (action.sa_handler == SIG_IGN && !is_ignored_by_node(number))
			continue;
		memset(&action, 0, sizeof(action));
		action.sa_handler = SIG_DFL;
		sigaction(number, &action, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Node marks its standard descriptors close-on-exec when it starts (uv_disable_stdio_inheritance), and libuv makes
 * pipes among them non-blocking for everyone who shares them. The command is to have them as it expects them.
 */
static void restore_stdio(int output)
{
	int fd, flags;

	if (output != 1)
		dup2(output, 1);
	for (fd = 0; fd <= 2; fd++) {
		flags = fcntl(fd, F_GETFD);
		if (flags < 0)
			continue;
		fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
		flags = fcntl(fd, F_GETFL);
		if (flags >= 0 && (flags & O_NONBLOCK))
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	}
}

static void child(int line, char *const *argv, const struct identity *identity, int output)
{
	char word;
	int err;

	reset_signals();
	restore_stdio(output);
	do
		err = (int)read(line, &word, 1);
	while (err < 0 && errno == EINTR);
	if (err != 1)
		_exit(STATUS_ABANDONED);
	err = identity_become(identity);
	if (!err) {
		execvp(argv[0], argv);
		err = -errno;
	}
	send(line, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(STATUS_NOT_RUN);
}

static int fork_child(struct mt_command *command, char *const *argv, const struct identity *identity, int output)
{
	sigset_t all, before;
	int line[2];
	int err = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))
		return -errno;
	/* No signal may find Node's handlers in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	command->pid = fork();
	if (!command->pid) {
		close(line[0]);
		child(line[1], argv, identity, output);
	}
	if (command->pid < 0)
		err = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(line[1]);
	if (err)
		close(line[0]);
	else
		command->line = line[0];
	return err;
}

int mt_command_prepare(char *const *argv, const char *user, int output, struct mt_command **result,
		       char *message, size_t message_len)
{
	struct identity identity = { 0 };
	struct mt_command *command = NULL;
	int err = -EINVAL;

	*result = NULL;
	if (!argv[0] || !*argv[0]) {
		message_set(message, message_len, "the command is empty");
		return err;
	}
	if (user && *user)
		err = identity_look_up(&identity, user, message, message_len);
	else
		err = 0;
	if (err)
		goto cleanup;
	command = calloc(1, sizeof(*command));
	err = command ? 0 : -ENOMEM;
	if (!err) {
		command->line = -1;
		message_set(command->name, sizeof(command->name), "%s", argv[0]);
		err = fork_child(command, argv, &identity, output);
	}
	if (err)
		message_set(message, message_len, "cannot start a process for %s: %s", argv[0], strerror(-err));
cleanup:
	identity_free(&identity);
	if (err)
		free(command);
	else
		*result = command;
	return err;
}

int command_pidfd(const struct mt_command *command)
{
	int fd = (int)syscall(SYS_pidfd_open, command->pid, 0);

	return fd < 0 ? -errno : fd;
}

uint32_t mt_command_pid(const struct mt_command *command)
{
	return (uint32_t)command->pid;
}

/* The child's -errno; 0 when its end closed, be it by exec or by a signal (which mt_command_poll will tell). */
static int read_answer(struct mt_command *command)
{
	int answer = 0;
	ssize_t got;

	do
		got = recv(command->line, &answer, sizeof(answer), MSG_WAITALL);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(answer))
		return answer;
	return 0;
}

int mt_command_release(struct mt_command *command, char *message, size_t message_len)
{
	int err = 0;

	if (command->line < 0) {
		message_set(message, message_len, "%s was let go before", command->name);
		return -EALREADY;
	}
	if (send(command->line, "g", 1, MSG_NOSIGNAL) != 1) {
		err = -ECHILD;
		message_set(message, message_len, "%s ended before it was let go", command->name);
	} else {
		err = read_answer(command);
		if (err)
			message_set(message, message_len, "cannot run %s: %s", command->name, strerror(-err));
	}
	close(command->line);
	command->line = -1;
	return err;
}

/* Waits for this one child only: Node waits for its own. */
int mt_command_poll(struct mt_command *command, int *wait_status)
{
	pid_t pid;

	if (!command->ended) {
		do
			pid = waitpid(command->pid, &command->wait_status, WNOHANG);
		while (pid < 0 && errno == EINTR);
		if (!pid)
			return 0;
		if (pid < 0)
			return -errno;
		command->ended = 1;
	}
	*wait_status = command->wait_status;
	return 1;
}

/* Its pid is its own as long as nobody has waited for it, which only mt_command_poll does. */
int mt_command_signal(struct mt_command *command, int signal)
{
	if (command->ended)
		return -ESRCH;
	return kill(command->pid, signal) ? -errno : 0;
}

void mt_command_close(struct mt_command *command)
{
	int ignored;

	if (!command)
		return;
	if (command->line >= 0) {
		kill(command->pid, SIGKILL); /* it has not run an instruction of its own */
		close(command->line);
		while (!command->ended && waitpid(command->pid, &ignored, 0) < 0 && errno == EINTR)
			;
	}
	free(command);
}
