/* SPDX-License-Identifier: Apache-2.0 */
#include "triggers.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int triggers_open(struct triggers *triggers, int fired_fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *area;

	triggers->mapped = (sizeof(struct mt_fired) * MT_TRIGGERS + page - 1) & ~(page - 1);
	area = mmap(NULL, triggers->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fired_fd, 0);
	if (area == MAP_FAILED)
		return -errno;
	triggers->fired = area;
	return 0;
}

void triggers_close(struct triggers *triggers)
{
	if (triggers->fired)
		munmap(triggers->fired, triggers->mapped);
	triggers->fired = NULL;
}

/* What stands beside a count that was not told yet is whole, and nobody writes it while the trigger is held. */
int triggers_take(struct triggers *triggers, struct mt_fired_trigger *to, size_t max)
{
	size_t count = 0;
	uint32_t i;

	for (i = 0; triggers->fired && i < MT_TRIGGERS && count < max; i++) {
		const struct mt_fired *fired = &triggers->fired[i];
		uint64_t times = __atomic_load_n(&fired->fired, __ATOMIC_ACQUIRE);

		if (times == triggers->told[i])
			continue;
		triggers->told[i] = times;
		to[count++] = (struct mt_fired_trigger){
			.time_ns = fired->time_ns,
			.task_start_ns = fired->task_start_ns,
			.call = fired->call,
			.value = fired->value,
			.met = __atomic_load_n(&fired->met, __ATOMIC_RELAXED),
			.index = i,
			.tid = fired->tid,
			.tgid = fired->tgid,
			.event = fired->event,
			.exit = fired->exit,
		};
	}
	return (int)count;
}

int triggers_rearm(struct triggers *triggers, uint32_t index)
{
	if (!triggers->fired || index >= MT_TRIGGERS)
		return -EINVAL;
	__atomic_store_n(&triggers->fired[index].held, 0, __ATOMIC_SEQ_CST);
	return 0;
}
