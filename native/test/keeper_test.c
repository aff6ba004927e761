/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper against a recorder that has gone bad: it must not do more than keeper.h says, nor fall over. */
#include "check.h"

#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int line;
static pid_t keeper, command;
static char directory_path[] = "/tmp/msgtape-keeper-XXXXXX";
static int directory, output, nice_before;

static void start(const char *path)
{
	int pair[2], pidfd, fd;

	if (!mkdtemp(directory_path))
		exit(2);
	directory = open(directory_path, O_RDONLY | O_DIRECTORY);
	output = openat(directory, "out", O_WRONLY | O_CREAT | O_EXCL, 0600);
	command = fork();
	if (!command) {
		pause();
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, command, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		exit(2);
	keeper = fork();
	if (!keeper) {
		int given[] = { pair[1], -1, pidfd, directory, output };

		for (fd = 0; fd < 5; fd++)
			given[fd] = fcntl(given[fd], F_DUPFD, 100);
		for (fd = 0; fd < 5; fd++)
			if (dup2(given[fd], KEEPER_SOCKET + fd) < 0)
				close(KEEPER_SOCKET + fd);
		syscall(SYS_close_range, KEEPER_FDS, ~0u, 0);
		execl(path, "msgtape-keeper", "out", NULL);
		_exit(1);
	}
	close(pair[1]);
	line = pair[0];
}

/* The result of the answer's last packet, and how many bytes there were. */
static int result_of(uint32_t seq, size_t *len)
{
	static char packet[sizeof(struct keeper_answer) + KEEPER_PACKET];
	struct keeper_answer head;

	*len = 0;
	do {
		ssize_t got = recv(line, packet, sizeof(packet), 0);

		if (got < (ssize_t)sizeof(head))
			return -EPIPE;
		memcpy(&head, packet, sizeof(head));
		CHECK(head.seq == seq && head.len == (size_t)got - sizeof(head));
		*len += head.len;
	} while (head.more);
	return head.result;
}

static int ask(struct keeper_request request, size_t *len)
{
	static uint32_t seq = 100;
	size_t unused;

	request.seq = ++seq;
	if (send(line, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return -EPIPE;
	return result_of(seq, len ? len : &unused);
}

static void refuses_what_is_no_request(void)
{
	struct keeper_request request = { .op = KEEPER_LOOK };
	static char much[sizeof(request) * 2];
	size_t len;

	CHECK(send(line, "x", 1, 0) == 1 && result_of(0, &len) == -EINVAL);
	CHECK(send(line, &request, sizeof(request) - 1, 0) > 0 && result_of(0, &len) == -EINVAL);
	CHECK(send(line, much, sizeof(much), 0) > 0 && result_of(0, &len) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = 0 }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = 9 }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_HELD, .room = KEEPER_ROOM_MAX + 1 }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_HELD, .limit_ms = 60001 }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_LOOK, .count = KEEPER_NAMESPACES_MAX + 1 }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_HELD, .room = 4096, .limit_ms = 100 }, NULL) < 0);
}

static void goes_into_no_namespace_that_it_did_not_list(void)
{
	struct keeper_request request = { .op = KEEPER_LOOK, .count = 1, .room = 1 << 16, .limit_ms = 1000,
					  .namespaces = { 4026531839u } };
	size_t len;

	CHECK(ask(request, NULL) == -EINVAL);
	request.namespaces[0] = 0; /* our own */
	CHECK(ask(request, &len) == 0 && len > sizeof(struct mt_found));
	request.room = 0;
	CHECK(ask(request, &len) == 0 && len == sizeof(struct mt_found));
	CHECK(ask((struct keeper_request){ .op = KEEPER_NAMESPACES, .count = 0, .limit_ms = 1000 }, &len) == 0);
	CHECK(ask((struct keeper_request){ .op = KEEPER_NAMESPACES, .count = 64, .limit_ms = 1000 }, &len) > 0);
}

static uint64_t own_start(void)
{
	char path[64], text[1024] = "";
	uint64_t start = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
	file = fopen(path, "r");
	if (file && fgets(text, sizeof(text), file))
		sscanf(strrchr(text, ')') + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
		       &start);
	if (file)
		fclose(file);
	return start;
}

static void tells_of_the_process_that_is_meant_alone(void)
{
	struct keeper_request request = { .op = KEEPER_FACTS, .tgid = (uint32_t)getpid(), .start_ticks = own_start() };
	size_t len;

	CHECK(ask(request, &len) == 0 && len > sizeof(struct keeper_facts));
	request.start_ticks++;
	CHECK(ask(request, &len) == -ESRCH && !len);
	request.tgid = 0;
	CHECK(ask(request, &len) == -ESRCH && !len);
}

static void signals_the_command_as_a_terminal_does(void)
{
	int status = 0;

	CHECK(ask((struct keeper_request){ .op = KEEPER_SIGNAL, .count = SIGKILL }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_SIGNAL, .count = SIGSTOP }, NULL) == -EINVAL);
	CHECK(ask((struct keeper_request){ .op = KEEPER_SIGNAL, .count = 0 }, NULL) == -EINVAL);
	CHECK(!waitpid(command, &status, WNOHANG));
	CHECK(ask((struct keeper_request){ .op = KEEPER_SIGNAL, .count = SIGTERM }, NULL) == 0);
	CHECK(waitpid(command, &status, 0) == command && WTERMSIG(status) == SIGTERM);
	CHECK(ask((struct keeper_request){ .op = KEEPER_SIGNAL, .count = SIGTERM }, NULL) == -ESRCH);
}

static void takes_away_the_output_alone_and_not_when_it_is_kept(void)
{
	struct stat status;

	renameat(directory, "out", directory, "mine");
	close(openat(directory, "out", O_WRONLY | O_CREAT, 0600));
	CHECK(ask((struct keeper_request){ .op = KEEPER_DISCARD }, NULL) == -ENOENT);
	CHECK(!fstatat(directory, "out", &status, 0));
	renameat(directory, "mine", directory, "out");
	CHECK(ask((struct keeper_request){ .op = KEEPER_DISCARD }, NULL) == 0);
	CHECK(fstatat(directory, "out", &status, 0) && errno == ENOENT);
	CHECK(ask((struct keeper_request){ .op = KEEPER_KEEP }, NULL) == 0);
	CHECK(ask((struct keeper_request){ .op = KEEPER_DISCARD }, NULL) == -EBADF);
}

static void hurries_the_recorder_alone(void)
{
	struct keeper_request request = { .op = KEEPER_HURRY, .count = 0, .tgid = (uint32_t)getpid() };
	pid_t other = fork();

	if (!other) {
		pause();
		_exit(0);
	}
	/* Lower again than they are: that needs no right. */
	setpriority(PRIO_PROCESS, (id_t)other, 7);
	setpriority(PRIO_PROCESS, (id_t)getpid(), 7);
	CHECK(send(line, &request, sizeof(request), 0) > 0);
	request.tgid = (uint32_t)other;
	CHECK(send(line, &request, sizeof(request), 0) > 0);
	CHECK(ask((struct keeper_request){ .op = KEEPER_KEEP }, NULL) == 0); /* no answer was given to these */
	if (!geteuid())
		CHECK(getpriority(PRIO_PROCESS, (id_t)getpid()) == nice_before);
	CHECK(getpriority(PRIO_PROCESS, (id_t)other) == 7);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

static void takes_no_signal_and_ends_with_the_recorder(void)
{
	int status = -1;

	kill(keeper, SIGTERM);
	kill(keeper, SIGINT);
	kill(keeper, SIGHUP);
	CHECK(ask((struct keeper_request){ .op = KEEPER_KEEP }, NULL) == 0);
	close(line);
	CHECK(waitpid(keeper, &status, 0) == keeper && !status);
}

int main(int argc, char **argv)
{
	size_t len;

	if (argc < 2)
		return 2;
	nice_before = getpriority(PRIO_PROCESS, 0);
	start(argv[1]);
	CHECK(result_of(0, &len) == 0);
	refuses_what_is_no_request();
	goes_into_no_namespace_that_it_did_not_list();
	tells_of_the_process_that_is_meant_alone();
	signals_the_command_as_a_terminal_does();
	takes_away_the_output_alone_and_not_when_it_is_kept();
	hurries_the_recorder_alone();
	takes_no_signal_and_ends_with_the_recorder();
	rmdir(directory_path);
	return report("keeper");
}
