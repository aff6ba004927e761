/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Up to `size` bytes of a file; what is behind them stays unread. */
static int read_file(int directory, const char *name, char *text, uint32_t size, uint32_t *len)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int err = 0;

	*len = 0;
	if (fd < 0)
		return -errno;
	while (*len < size) {
		got = read(fd, text + *len, size - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		*len += (uint32_t)got;
	}
	close(fd);
	return err;
}

/* Field 22 of stat; the second, the name, may hold blanks and parentheses. 0: it has no such field. */
static uint64_t start_of(const char *stat)
{
	const char *at = strrchr(stat, ')');
	int field;

	for (field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* The directory stays the process's: of another one under its number nothing can be read through it. */
int facts_read(uint32_t tgid, uint64_t start_ticks, struct keeper_facts *facts, char *exe, char *cmdline, char *cgroup)
{
	char path[32], stat[1024];
	uint32_t len;
	ssize_t got;
	int directory, err;

	snprintf(path, sizeof(path), "/proc/%u", tgid);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	err = read_file(directory, "stat", stat, sizeof(stat) - 1, &len);
	if (err)
		goto cleanup;
	stat[len] = '\0';
	err = -ESRCH;
	if (start_of(stat) != start_ticks)
		goto cleanup;
	got = readlinkat(directory, "exe", exe, KEEPER_TEXT_MAX);
	err = got < 0 ? -errno : got == KEEPER_TEXT_MAX ? -ENAMETOOLONG : 0;
	if (err)
		goto cleanup;
	facts->exe_len = (uint32_t)got;
	err = read_file(directory, "cmdline", cmdline, KEEPER_TEXT_MAX, &facts->cmdline_len);
	if (!err)
		err = read_file(directory, "cgroup", cgroup, KEEPER_TEXT_MAX, &facts->cgroup_len);
cleanup:
	close(directory);
	return err;
}
