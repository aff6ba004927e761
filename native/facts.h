/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FACTS_H
#define FACTS_H

#include "keeper.h"

/*
 * What /proc says of a process's program: where it lies, its command line, its cgroup, each of at most KEEPER_TEXT_MAX
 * bytes. -ESRCH when that process, by its start time, is gone; else an errno when not all of it can be read.
 */
int facts_read(uint32_t tgid, uint64_t start_ticks, struct keeper_facts *facts, char *exe, char *cmdline, char *cgroup);

#endif
