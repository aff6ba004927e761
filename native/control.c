/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int control_open(struct control *control, int control_fd, int tree_fd)
{
	void *area;

	control->mapped = (size_t)sysconf(_SC_PAGESIZE);
	area = mmap(NULL, control->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0);
	if (area == MAP_FAILED)
		return -errno;
	control->value = area;
	control->tree_fd = tree_fd;
	return 0;
}

void control_close(struct control *control)
{
	if (control->value)
		munmap(control->value, control->mapped);
	control->value = NULL;
}

void control_enable(struct control *control, int enabled)
{
	__atomic_store_n(&control->value->enabled, (uint32_t)enabled, __ATOMIC_SEQ_CST);
}

int control_track(struct control *control, uint32_t tgid)
{
	const uint8_t one = 1;
	int err;

	/* Counted first: were it the other way round, its end could make the count 0 - 1. */
	__atomic_fetch_add(&control->value->tracked, 1, __ATOMIC_SEQ_CST);
	err = bpf_map_update_elem(control->tree_fd, &tgid, &one, BPF_NOEXIST);
	if (!err)
		return 0;
	__atomic_fetch_sub(&control->value->tracked, 1, __ATOMIC_SEQ_CST);
	return err == -EEXIST ? 0 : err;
}

uint64_t control_tracked(const struct control *control)
{
	return __atomic_load_n(&control->value->tracked, __ATOMIC_SEQ_CST);
}

uint64_t control_planes_lost(const struct control *control)
{
	return __atomic_load_n(&control->value->planes_lost, __ATOMIC_SEQ_CST);
}
