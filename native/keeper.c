/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msgtape-keeper: stays root when the recorder gives root up, and does for it the few things that need it (keeper.h):
 * looks for inventories, tells what /proc says of a recorded task's program, signals the command, takes away the output of
 * a recording that did not begin. A program of its own, so that nothing of the recorder's memory is in it. It ends when
 * the recorder's end of the socket closes, and takes no signal that can be blocked.
 */
#include "keeper.h"

#include "facts.h"
#include "iterator.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct keeper {
	pid_t recorder;
	int recorder_nice;
	const char *output; /* its name in the directory */
	struct mt_namespace known[KEEPER_NAMESPACES_MAX]; /* of the last list */
	uint32_t known_count;
};

static int send_packet(const struct keeper_answer *head, const void *data)
{
	static char packet[sizeof(*head) + KEEPER_PACKET];

	memcpy(packet, head, sizeof(*head));
	if (head->len)
		memcpy(packet + sizeof(*head), data, head->len);
	return send(KEEPER_SOCKET, packet, sizeof(*head) + head->len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* One after the other, as if they were one piece. */
struct piece {
	const void *data;
	size_t len;
};

static int answer(uint32_t seq, int result, const struct piece *pieces, size_t count)
{
	struct keeper_answer head = { .seq = seq, .result = result, .more = 1 };
	size_t i, at;
	int err = 0;

	for (i = 0; i < count && result >= 0 && !err; i++)
		for (at = 0; at < pieces[i].len && !err; at += head.len) {
			head.len = (uint32_t)(pieces[i].len - at < KEEPER_PACKET ? pieces[i].len - at : KEEPER_PACKET);
			err = send_packet(&head, (const char *)pieces[i].data + at);
		}
	head.len = 0;
	head.more = 0;
	return err ? err : send_packet(&head, NULL);
}

static int answer_held(const struct keeper_request *request)
{
	struct mt_found found = { 0 };
	char *queues = malloc(request->room);
	int err = queues ? iterator_read(KEEPER_ITERATOR, request->limit_ms, queues, request->room, &found) : -ENOMEM;
	const struct piece pieces[] = { { &found, sizeof(found) }, { queues, found.queues_len } };

	err = answer(request->seq, err, pieces, 2);
	free(queues);
	return err;
}

static int answer_namespaces(struct keeper *keeper, const struct keeper_request *request)
{
	struct mt_found found = { 0 };
	int count = mt_namespaces("/proc", request->limit_ms, keeper->known, request->count, &found);
	const struct piece pieces[] = { { &found, sizeof(found) },
					{ keeper->known, count > 0 ? (size_t)count * sizeof(*keeper->known) : 0 } };

	keeper->known_count = count > 0 ? (uint32_t)count : 0;
	return answer(request->seq, count, pieces, 2);
}

static int find_namespace(const struct keeper *keeper, uint32_t inum, struct mt_namespace *found)
{
	uint32_t i;

	*found = (struct mt_namespace){ 0 };
	for (i = 0; inum && i < keeper->known_count; i++)
		if (keeper->known[i].namespace_inum == inum) {
			*found = keeper->known[i];
			return 0;
		}
	return inum ? -EINVAL : 0;
}

static int answer_look(const struct keeper *keeper, const struct keeper_request *request)
{
	static struct mt_namespace wanted[KEEPER_NAMESPACES_MAX];
	static struct mt_found found[KEEPER_NAMESPACES_MAX];
	char *queues = malloc(request->room), *text = malloc(request->room);
	uint64_t queues_len = 0, text_len = 0;
	int err = queues && text ? 0 : -ENOMEM;
	uint32_t i;

	for (i = 0; i < request->count && !err; i++)
		err = find_namespace(keeper, request->namespaces[i], &wanted[i]);
	if (!err)
		err = mt_namespaces_look("/proc", wanted, request->count, request->limit_ms, queues, request->room, text,
					 request->room, found);
	for (i = 0; i < request->count && !err; i++) {
		queues_len += found[i].queues_len;
		text_len += found[i].sysv_len + found[i].limits_len;
	}
	const struct piece pieces[] = { { found, request->count * sizeof(*found) }, { queues, queues_len },
					{ text, text_len } };
	err = answer(request->seq, err, pieces, 3);
	free(queues);
	free(text);
	return err;
}

static int answer_facts(const struct keeper_request *request)
{
	static char exe[KEEPER_TEXT_MAX], cmdline[KEEPER_TEXT_MAX], cgroup[KEEPER_TEXT_MAX];
	struct keeper_facts facts = { 0 };
	int err = facts_read(request->tgid, request->start_ticks, &facts, exe, cmdline, cgroup);
	const struct piece pieces[] = { { &facts, sizeof(facts) }, { exe, facts.exe_len },
					{ cmdline, facts.cmdline_len }, { cgroup, facts.cgroup_len } };

	return answer(request->seq, err, pieces, 4);
}

/* What a terminal or a service manager sends to end something, and nothing else. */
static int signal_command(uint32_t number)
{
	if (number != SIGINT && number != SIGTERM && number != SIGHUP && number != SIGQUIT)
		return -EINVAL;
	return syscall(SYS_pidfd_send_signal, KEEPER_COMMAND, number, NULL, 0) ? -errno : 0;
}

static int discard_output(const struct keeper *keeper)
{
	struct stat there, ours;

	if (fstat(KEEPER_OUTPUT, &ours) || fstatat(KEEPER_DIRECTORY, keeper->output, &there, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (there.st_ino != ours.st_ino || there.st_dev != ours.st_dev)
		return -ENOENT;
	return unlinkat(KEEPER_DIRECTORY, keeper->output, 0) ? -errno : 0;
}

static int keep_output(void)
{
	close(KEEPER_OUTPUT);
	close(KEEPER_DIRECTORY);
	return 0;
}

/* A thread of the recorder's alone, and nothing but its own priority or the one that it needs when it is behind. */
static int hurry(const struct keeper *keeper, const struct keeper_request *request)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%u", keeper->recorder, request->tgid);
	if (getppid() == keeper->recorder && !access(path, F_OK))
		setpriority(PRIO_PROCESS, request->tgid, request->count ? KEEPER_FIRST_NICE : keeper->recorder_nice);
	return 0;
}

static int is_valid(const struct keeper_request *request)
{
	uint32_t count_max = request->op == KEEPER_SIGNAL ? NSIG : KEEPER_NAMESPACES_MAX;

	return request->limit_ms <= KEEPER_LIMIT_MS_MAX && request->room <= KEEPER_ROOM_MAX &&
	       request->count <= count_max;
}

/* Negative: the recorder is gone. */
static int serve(struct keeper *keeper, const struct keeper_request *request)
{
	if (!is_valid(request))
		return answer(request->seq, -EINVAL, NULL, 0);
	switch (request->op) {
	case KEEPER_HELD:
		return answer_held(request);
	case KEEPER_NAMESPACES:
		return answer_namespaces(keeper, request);
	case KEEPER_LOOK:
		return answer_look(keeper, request);
	case KEEPER_FACTS:
		return answer_facts(request);
	case KEEPER_SIGNAL:
		return answer(request->seq, signal_command(request->count), NULL, 0);
	case KEEPER_DISCARD:
		return answer(request->seq, discard_output(keeper), NULL, 0);
	case KEEPER_KEEP:
		return answer(request->seq, keep_output(), NULL, 0);
	case KEEPER_HURRY:
		return hurry(keeper, request);
	default:
		return answer(request->seq, -EINVAL, NULL, 0);
	}
}

/*
 * Of root's rights those that its work takes: into other namespaces and their processes (SYS_ADMIN, SYS_PTRACE), to
 * queues and files of others (DAC_READ_SEARCH; DAC_OVERRIDE for the output's directory), signals, the iterator, priorities. Not
 * being allowed to is no failure: what is missing then is told with each answer.
 */
static int keep_rights(void)
{
	static const int kept[] = { CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
				    CAP_KILL, CAP_BPF, CAP_SYS_NICE };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[2] = { 0 }, wanted[2] = { 0 };
	size_t i;

	if (syscall(SYS_capget, &head, now))
		return -errno;
	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		wanted[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
	for (i = 0; i < 2; i++) {
		wanted[i].permitted &= now[i].permitted;
		wanted[i].effective = wanted[i].permitted;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &head, wanted))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

int main(int argc, char **argv)
{
	static struct keeper keeper;
	static struct keeper_request request;
	sigset_t all;
	ssize_t got;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	if (keep_rights())
		return 1;
	keeper.recorder = getppid();
	keeper.recorder_nice = getpriority(PRIO_PROCESS, (id_t)keeper.recorder);
	keeper.output = argc > 1 ? argv[1] : "";
	if (answer(0, 0, NULL, 0)) /* says that it is there */
		return 1;
	for (;;) {
		got = recv(KEEPER_SOCKET, &request, sizeof(request), MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		if (got != sizeof(request) ? answer(0, -EINVAL, NULL, 0) : serve(&keeper, &request))
			return 0;
	}
}
