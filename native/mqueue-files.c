/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The POSIX queues of an ipc namespace, for the inventory. Many hosts do not mount the mqueue file system, and a mount that
 * is there may show another namespace: this one is attached nowhere, so the host's mount table stays as it is and nobody
 * else sees it.
 *
 * Queues are opened and closed again. That takes nobody's notification: only a close by its owner does.
 */
#include "mqueue-files.h"

#include "found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture; Linux 5.2. */
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

static int open_mqueue(void)
{
	int context, mount = -1, err = 0;

	context = syscall(SYS_fsopen, "mqueue", FSOPEN_CLOEXEC);
	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		err = -errno;
		goto cleanup;
	}
	/* Read-only: looking must not touch a queue's times, let alone its messages. */
	mount = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		err = -errno;
cleanup:
	close(context);
	return err ? err : mount;
}

/* "QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260", as mqueue_read_file() writes it. */
static int parse_state(struct mt_found_queue *queue, const char *text)
{
	unsigned long long qsize;
	unsigned int notify, signo, pid;

	if (sscanf(text, "QSIZE:%llu NOTIFY:%u SIGNO:%u NOTIFY_PID:%u", &qsize, &notify, &signo, &pid) != 4)
		return -EINVAL;
	queue->qsize = qsize;
	queue->notify = notify;
	queue->signo = signo;
	queue->notify_tgid = pid;
	queue->known |= MT_FOUND_NOTIFY;
	return 0;
}

static int read_queue(struct mt_found_queue *queue, int directory, const char *name)
{
	struct mq_attr attr;
	struct stat status;
	char text[128];
	int fd, err = 0;
	ssize_t len;

	fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	queue->at_ns = found_boot_ns();
	if (fstat(fd, &status)) {
		err = -errno;
		goto cleanup;
	}
	queue->inode = status.st_ino;
	queue->mode = status.st_mode;
	queue->uid = status.st_uid;
	queue->gid = status.st_gid;
	queue->nlink = (uint32_t)status.st_nlink;
	len = pread(fd, text, sizeof(text) - 1, 0);
	if (len >= 0) {
		text[len] = '\0';
		parse_state(queue, text);
	}
	/* A file that was opened by its path is as good as one from mq_open(). */
	if (!mq_getattr(fd, &attr)) {
		queue->curmsgs = (uint64_t)attr.mq_curmsgs;
		queue->maxmsg = (uint64_t)attr.mq_maxmsg;
		queue->msgsize = (uint64_t)attr.mq_msgsize;
		queue->known |= MT_FOUND_ATTR;
	}
cleanup:
	close(fd);
	return err;
}

/* Where what is found goes: behind found->queues_len bytes. */
struct room {
	char *queues;
	size_t size;
	struct mt_found *found;
};

static void read_entry(struct room *room, int directory, const char *name)
{
	struct mt_found_queue queue;
	struct mt_found *found = room->found;
	size_t len = strlen(name);
	int err;

	if (room->size - found->queues_len < sizeof(queue)) {
		found->cut = ENOSPC;
		return;
	}
	memset(&queue, 0, sizeof(queue));
	queue.namespace_inum = found->namespace_inum;
	queue.name_len = (uint32_t)(len < sizeof(queue.name) ? len : sizeof(queue.name) - 1);
	memcpy(queue.name, name, queue.name_len);
	err = read_queue(&queue, directory, name);
	if (err == -ENOENT) /* unlinked meanwhile */
		return;
	if (err) {
		found->refused++;
		found->why_refused = (uint32_t)-err;
		return;
	}
	memcpy(room->queues + found->queues_len, &queue, sizeof(queue));
	found->queues_len += sizeof(queue);
}

int mqueue_read(uint64_t until_ms, char *queues, size_t size, struct mt_found *found)
{
	struct room room = { .queues = queues, .size = size, .found = found };
	const struct dirent *entry;
	struct stat status;
	DIR *directory = NULL;
	int mount, fd, err = 0;

	mount = open_mqueue();
	if (mount < 0)
		return mount;
	/* The mount's own descriptor is O_PATH, which cannot be listed. */
	fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		directory = fdopendir(fd);
	if (!directory) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		goto cleanup;
	}
	if (!fstat(fd, &status))
		found->device = status.st_dev;
	while (!found->cut && (entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (found_now_ms() > until_ms)
			found->cut = ETIME;
		else
			read_entry(&room, fd, entry->d_name);
	}
	closedir(directory);
cleanup:
	close(mount);
	return err;
}
