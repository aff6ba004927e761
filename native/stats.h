/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel programs count: struct mt_stats of each cpu, and the runs that the kernel skipped. */
#ifndef STATS_H
#define STATS_H

#include "msgtape.h"

#include <linux/types.h>
#include <config.h>

/* Reads all cpus' into values[cpus]. */
int stats_read(int map_fd, struct mt_stats *values);

/* Sums them up into the totals; their other fields stay. */
void stats_sum(const struct mt_stats *values, uint32_t cpus, struct mt_totals *totals);

/* Runs of a program skipped because it, or another holding its cpu's place, was running. */
int stats_recursion(int program_fd, uint64_t *misses);

#endif
