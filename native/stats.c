/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <bpf/bpf.h>

_Static_assert(MT_EVENTS == MT_MAX_EVENTS, "one number of events");
_Static_assert(sizeof(struct mt_stats) % 8 == 0, "the kernel pads a cpu's value to 8 bytes");

int stats_read(int map_fd, struct mt_stats *values)
{
	const uint32_t zero = 0;

	return bpf_map_lookup_elem(map_fd, &zero, values);
}

void stats_sum(const struct mt_stats *values, uint32_t cpus, struct mt_totals *totals)
{
	uint32_t cpu, i;

	for (cpu = 0; cpu < cpus; cpu++) {
		const struct mt_stats *stats = &values[cpu];
		uint64_t lost = 0;

		for (i = 0; i < MT_LOSSES; i++)
			lost += stats->lost[i];
		/* Read while it changes, seq may be older than lost. */
		totals->recorded += stats->seq > lost ? stats->seq - lost : 0;
		totals->lost_ring_full += stats->lost[MT_LOSS_RING_FULL];
		totals->lost_no_scratch += stats->lost[MT_LOSS_NO_SCRATCH];
		totals->x32 += stats->x32;
		totals->announce_failed += stats->announce_failed;
		totals->no_task_state += stats->no_task_state;
		for (i = 0; i < MT_EVENTS; i++) {
			totals->recorded_entries[i] += stats->recorded_entries[i];
			totals->recorded_exits[i] += stats->recorded_exits[i];
			totals->lost_entries[i] += stats->lost_entries[i];
			totals->lost_exits[i] += stats->lost_exits[i];
		}
	}
}

int stats_recursion(int program_fd, uint64_t *misses)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(program_fd, &info, &len);

	*misses = err ? 0 : info.recursion_misses;
	return err;
}
