/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of an inventory have in common: its struct, its clocks. */
#ifndef FOUND_H
#define FOUND_H

#include "../bpf/inventory.h"

#include <stdint.h>
#include <time.h>

static inline uint64_t found_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline uint64_t found_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
