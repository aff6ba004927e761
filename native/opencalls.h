/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls entered and not left, by task, as the drained records show. A call whose exit was lost stays until
 * its task's next entry or until opencalls_drop_dead. Bounded: a call that finds no room is counted, not kept.
 */
#ifndef OPENCALLS_H
#define OPENCALLS_H

#include "msgtape.h"

#include <stddef.h>
#include <stdint.h>

struct opencalls {
	struct mt_open_call *slots; /* enter_ns 0: free */
	uint32_t mask;
	uint32_t used;
	uint64_t dropped;
};

/* slots: a power of two; three quarters of them are used at most. */
int opencalls_init(struct opencalls *calls, uint32_t slots);
void opencalls_free(struct opencalls *calls);
void opencalls_enter(struct opencalls *calls, uint32_t tid, uint64_t start_ns, uint32_t event, uint64_t enter_ns);
void opencalls_exit(struct opencalls *calls, uint32_t tid, uint64_t start_ns);
/* Entry time of the oldest one; 0: none. */
uint64_t opencalls_oldest(const struct opencalls *calls);
size_t opencalls_copy(const struct opencalls *calls, struct mt_open_call *to, size_t max);
/* Forgets the calls of tasks that alive() denies. */
void opencalls_drop_dead(struct opencalls *calls, int (*alive)(uint32_t tid));

#endif
