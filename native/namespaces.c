/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ipc namespace as one sees it from inside: the files of its mqueue file system, /proc/sysvipc/msg, its limits. A thread
 * of its own goes in (setns() moves one thread alone) and ends there, so that nothing of this process stays behind.
 */
#include "found.h"
#include "mqueue-files.h"
#include "msgtape.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /proc/PID/ns/ipc leads to "ipc:[4026531839]". */
static uint32_t namespace_of(int proc, const char *pid)
{
	char path[280], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/ns/ipc", pid);
	len = readlinkat(proc, path, link, sizeof(link) - 1);
	if (len <= 5)
		return 0;
	link[len] = '\0';
	return strncmp(link, "ipc:[", 5) ? 0 : (uint32_t)strtoul(link + 5, NULL, 10);
}

static uint32_t note_namespace(struct mt_namespace *namespaces, size_t max, uint32_t count, uint32_t inum, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < count && i < max; i++)
		if (namespaces[i].namespace_inum == inum)
			return count;
	if (count < max)
		namespaces[count] = (struct mt_namespace){ .namespace_inum = inum, .pid = pid };
	return count + 1;
}

int mt_namespaces(const char *proc_path, uint32_t limit_ms, struct mt_namespace *namespaces, size_t max,
		  struct mt_found *found)
{
	uint64_t until_ms = found_now_ms() + limit_ms;
	DIR *directory = opendir(proc_path);
	const struct dirent *entry;
	uint32_t count = 0, inum, pid;

	memset(found, 0, sizeof(*found));
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		if (found_now_ms() > until_ms) {
			found->cut = ETIME;
			break;
		}
		errno = 0;
		inum = namespace_of(dirfd(directory), entry->d_name);
		pid = (uint32_t)strtoul(entry->d_name, NULL, 10);
		if (inum) {
			count = note_namespace(namespaces, max, count, inum, pid);
		} else if (errno && errno != ENOENT && errno != ESRCH) {
			found->refused++;
			found->why_refused = (uint32_t)errno;
		}
	}
	closedir(directory);
	if (count > max)
		found->cut = ENOSPC;
	return (int)(count < max ? count : max);
}

/* For the thread that looks. */
struct look {
	const char *proc;
	const struct mt_namespace *namespaces;
	uint32_t count;
	uint64_t until_ms;
	char *queues, *text; /* what is left of the caller's room */
	size_t queues_size, text_size;
	struct mt_found *found; /* of the namespace that is looked into */
};

/* A whole file behind what `text` has already. -ENOSPC: it does not fit. */
static int read_file(struct look *look, const char *path, uint64_t *len)
{
	char whole[256];
	ssize_t got = 0;
	int fd, err = 0;

	snprintf(whole, sizeof(whole), "%s/%s", look->proc, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		*len += (uint64_t)got;
		if (*len == look->text_size) {
			err = -ENOSPC;
			break;
		}
		got = read(fd, look->text + *len, look->text_size - *len);
	} while (got > 0);
	if (got < 0)
		err = -errno;
	close(fd);
	return err;
}

/* "name value" lines, after the System V queues in `text`; "!" and an errno in place of a value that cannot be read. */
static void read_limits(struct look *look)
{
	static const char *const names[] = MT_LIMITS;
	struct mt_found *found = look->found;
	uint64_t end = found->sysv_len;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint64_t len = end;
		char path[96];
		int put, err;

		put = snprintf(path, sizeof(path), "%s ", names[i]);
		if (look->text_size - end <= (size_t)put)
			break;
		memcpy(look->text + end, path, (size_t)put);
		len += (uint64_t)put;
		snprintf(path, sizeof(path), "sys/%s", names[i]);
		err = read_file(look, path, &len);
		if (err) {
			len = end + (uint64_t)put;
			put = snprintf(path, sizeof(path), "!%d\n", -err);
			if (look->text_size - len <= (size_t)put)
				break;
			memcpy(look->text + len, path, (size_t)put);
			len += (uint64_t)put;
		}
		end = len;
	}
	found->limits_len = end - found->sysv_len;
}

/* pid 0: our own, in which the thread still is. */
static int enter(struct look *look, uint32_t pid)
{
	char path[256];
	struct stat status;
	int fd, err = 0;

	if (pid)
		snprintf(path, sizeof(path), "%s/%u/ns/ipc", look->proc, pid);
	else
		snprintf(path, sizeof(path), "%s/self/ns/ipc", look->proc);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Which one it is is asked of the descriptor: the pid may be another process's by now. */
	if (fstat(fd, &status))
		err = -errno;
	else
		look->found->namespace_inum = (uint32_t)status.st_ino;
	if (!err && pid && setns(fd, CLONE_NEWIPC))
		err = -errno;
	close(fd);
	return err;
}

static void look_into(struct look *look, uint32_t pid)
{
	struct mt_found *found = look->found;
	int err = enter(look, pid);

	found->why_entered = (uint32_t)-err;
	if (err && pid)
		return;
	found->why_mqueue = (uint32_t)-mqueue_read(look->until_ms, look->queues, look->queues_size, found);
	found->sysv_at_ns = found_boot_ns();
	err = read_file(look, "sysvipc/msg", &found->sysv_len);
	found->why_sysv = (uint32_t)-err;
	if (err)
		found->sysv_len = 0;
	read_limits(look);
	look->queues += found->queues_len;
	look->queues_size -= found->queues_len;
	look->text += found->sysv_len + found->limits_len;
	look->text_size -= found->sysv_len + found->limits_len;
}

static void *look_into_all(void *argument)
{
	struct look *look = argument;
	uint32_t i;

	for (i = 0; i < look->count; i++, look->found++) {
		if (found_now_ms() > look->until_ms)
			look->found->why_entered = ETIME;
		else
			look_into(look, look->namespaces[i].pid);
	}
	return NULL;
}

int mt_namespaces_look(const char *proc_path, const struct mt_namespace *namespaces, uint32_t count, uint32_t limit_ms,
		       void *queues, size_t queues_size, void *text, size_t text_size, struct mt_found *found)
{
	struct look look = { .proc = proc_path, .namespaces = namespaces, .count = count,
			     .until_ms = found_now_ms() + limit_ms, .queues = queues, .text = text,
			     .queues_size = queues_size, .text_size = text_size, .found = found };
	sigset_t all, before;
	pthread_t thread;
	int err;

	memset(found, 0, count * sizeof(*found));
	/* The host's signals are for the host's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, look_into_all, &look);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		err = pthread_join(thread, NULL);
	return -err;
}
