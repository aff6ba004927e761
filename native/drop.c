/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up root for good: in every thread of the process, with nothing kept to come back by. What still needs root is
 * the keeper's (keeper.c).
 */
#include "found.h"
#include "identity.h"
#include "message.h"
#include "msgtape.h"
#include "tape.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int mt_user_find(const char *user, uint32_t ids[2], char *message, size_t message_len)
{
	struct identity identity = { 0 };
	int err = identity_look_up(&identity, user, message, message_len);

	ids[0] = identity.uid;
	ids[1] = identity.gid;
	identity_free(&identity);
	return err;
}

/* Runs `attempt` in a child that has become the user, which is for good. Its -errno, or that of not getting there. */
static int attempt_as(const struct identity *identity, int (*attempt)(void *), void *argument)
{
	sigset_t all, before;
	int status = 0;
	pid_t child;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (!child) {
		int err = identity_become(identity);

		_exit(-(err ? err : attempt(argument)) & 0xff);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

struct trial_file {
	int directory;
	char name[64];
};

static int make_and_remove(void *argument)
{
	const struct trial_file *file = argument;
	int fd = openat(file->directory, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return unlinkat(file->directory, file->name, 0) ? -errno : 0;
}

int mt_writable_by(int directory, const char *user, char *message, size_t message_len)
{
	struct trial_file file = { .directory = directory };
	struct identity identity = { 0 };
	int err = identity_look_up(&identity, user, message, message_len);

	if (!err) {
		snprintf(file.name, sizeof(file.name), ".msgtape-%d-%llx", getpid(), (unsigned long long)found_boot_ns());
		err = attempt_as(&identity, make_and_remove, &file);
		if (err)
			message_set(message, message_len, "%s", strerror(-err));
	}
	identity_free(&identity);
	return err;
}

static int read_counts(void *argument)
{
	struct mt_totals totals;

	return mt_totals(argument, &totals);
}

int mt_counts_as(struct mt_tape *tape, const char *user, char *message, size_t message_len)
{
	struct identity identity = { 0 };
	int err = identity_look_up(&identity, user, message, message_len);

	if (!err)
		err = attempt_as(&identity, read_counts, tape);
	if (err)
		message_set(message, message_len, "this kernel lets root alone read the programs' counts: %s", strerror(-err));
	identity_free(&identity);
	return err;
}

/*
 * no_new_privs is each thread's own, and the one way to give it to all of them at once is with a seccomp filter that
 * is given to all. This one lets everything pass.
 */
static int bar_new_privileges(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = 1, .filter = &pass };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    &program))
		return -errno;
	return 0;
}

/*
 * As a user one has limits that root has not: threads count among the user's processes, of which he may have many. Not being
 * allowed to raise them is no failure yet. Priorities are the keeper's: raising RLIMIT_NICE needs CAP_SYS_RESOURCE, which
 * root does not have everywhere.
 */
static void raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_NPROC, &all);
}

/* glibc's calls, unlike the kernel's, are for all threads of the process. */
static int become(const struct identity *identity, const char **what)
{
	*what = "setgroups";
	if (setgroups((size_t)identity->group_count, identity->groups))
		return -errno;
	*what = "setresgid";
	if (setresgid(identity->gid, identity->gid, identity->gid))
		return -errno;
	*what = "setresuid";
	if (setresuid(identity->uid, identity->uid, identity->uid))
		return -errno;
	*what = "seccomp";
	return bar_new_privileges();
}

int mt_drop(const char *user, char *message, size_t message_len)
{
	struct identity identity = { 0 };
	const char *what = "";
	int err = identity_look_up(&identity, user, message, message_len);

	if (err)
		goto cleanup;
	raise_limits();
	err = become(&identity, &what);
	/* Whoever else is this user must not get at our memory and descriptors. */
	if (!err && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) {
		what = "prctl";
		err = -errno;
	}
	if (err)
		message_set(message, message_len, "cannot become %s: %s: %s", user, what, strerror(-err));
cleanup:
	identity_free(&identity);
	return err;
}
