/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a BPF iterator. The kernel runs it inside read(), on the caller's time; in between it is attached to nothing. */
#include "iterator.h"

#include "found.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int create(int link)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link;
	return (int)syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
}

/*
 * read() gives what fits of whole pieces. Where it has looked at a million descriptors and found nothing it comes back
 * with EAGAIN, to go on from there (kernel/bpf/bpf_iter.c).
 */
int iterator_read(int link, uint32_t limit_ms, void *queues, size_t queues_size, struct mt_found *found)
{
	uint64_t until_ms = found_now_ms() + limit_ms;
	ssize_t got;
	int fd, err = 0;

	memset(found, 0, sizeof(*found));
	fd = create(link);
	if (fd < 0)
		return -errno;
	for (;;) {
		if (found_now_ms() > until_ms) {
			found->cut = ETIME;
			break;
		}
		if (queues_size - found->queues_len < sizeof(struct mt_found_queue)) {
			found->cut = ENOSPC;
			break;
		}
		got = read(fd, (char *)queues + found->queues_len, queues_size - found->queues_len);
		if (!got)
			break;
		if (got > 0) {
			found->queues_len += (uint64_t)got;
		} else if (errno != EAGAIN && errno != EINTR) {
			err = -errno;
			break;
		}
	}
	close(fd);
	return err;
}
