/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the keeper (keeper.c) with the descriptors that it may use, and ends it.
 */
#include "command.h"
#include "holders.h"
#include "keeper-client.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 10000
#define END_MS 5000

/* In the child, after fork: no memory, no locks. */
static void become_keeper(const char *path, const char *output, const int given[KEEPER_FDS])
{
	char *const argv[] = { "msgtape-keeper", (char *)output, NULL };
	char *const environment[] = { NULL };
	int fd, moved[KEEPER_FDS];

	/* Out of the way first: what is given may lie where something is to go. */
	for (fd = 0; fd < KEEPER_FDS; fd++)
		moved[fd] = given[fd] < 0 ? -1 : fcntl(given[fd], F_DUPFD, KEEPER_FDS);
	for (fd = 0; fd < KEEPER_FDS; fd++)
		if (moved[fd] < 0)
			close(fd);
		else
			dup2(moved[fd], fd);
	syscall(SYS_close_range, KEEPER_FDS, ~0u, 0);
	execve(path, argv, environment);
	_exit(1);
}

static int fork_keeper(struct mt_keeper *keeper, const char *path, const char *output, int given[KEEPER_FDS])
{
	sigset_t all, before;
	int pair[2], null, err = 0;

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		goto cleanup;
	}
	given[0] = given[1] = given[2] = null;
	given[KEEPER_SOCKET] = pair[1];
	/* No signal may find Node's handlers in the child; the keeper takes none afterwards either. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	keeper->pid = fork();
	if (!keeper->pid)
		become_keeper(path, output, given);
	if (keeper->pid < 0)
		err = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	if (err)
		close(pair[0]);
	else
		keeper->socket = pair[0];
cleanup:
	close(null);
	return err;
}

int mt_keeper_start(const char *path, const struct mt_holders *holders, const struct mt_command *command, int directory,
		    int output, const char *output_name, struct mt_keeper **result, char *message, size_t message_len)
{
	struct mt_keeper *keeper = calloc(1, sizeof(*keeper));
	struct answer nothing = { 0 };
	int given[KEEPER_FDS] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	int err = -ENOMEM, pidfd = -1;

	*result = NULL;
	if (!keeper)
		goto cleanup;
	keeper->socket = -1;
	if (access(path, X_OK)) {
		err = -errno;
		goto cleanup;
	}
	if (command) {
		pidfd = command_pidfd(command);
		err = pidfd;
		if (pidfd < 0)
			goto cleanup;
	}
	given[KEEPER_ITERATOR] = holders ? holders_link(holders) : -1;
	given[KEEPER_COMMAND] = pidfd;
	given[KEEPER_DIRECTORY] = directory;
	given[KEEPER_OUTPUT] = output;
	err = fork_keeper(keeper, path, output_name, given);
	if (!err)
		err = keeper_answer(keeper, 0, START_MS, &nothing);
cleanup:
	if (pidfd >= 0)
		close(pidfd);
	if (err) {
		message_set(message, message_len, "%s, which stays root for the inventories, does not start: %s", path,
			    strerror(-err));
		mt_keeper_close(keeper);
	} else {
		*result = keeper;
	}
	return err;
}

uint32_t mt_keeper_pid(const struct mt_keeper *keeper)
{
	return (uint32_t)keeper->pid;
}

void mt_keeper_close(struct mt_keeper *keeper)
{
	int status, tries = END_MS / 5;

	if (!keeper)
		return;
	if (keeper->socket >= 0) {
		close(keeper->socket);
		/* It ends by itself, when the look that it is at is over. One that hangs in the kernel must not hold us. */
		while (tries-- && waitpid(keeper->pid, &status, WNOHANG) != keeper->pid)
			usleep(5000);
	}
	free(keeper);
}
