/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was last said of each task and queue, as hashes, so that repeats need not travel. Bounded: when full
 * it forgets everything, and what is then said again is only sent again. It counts what was sent, so that what
 * it remembers is always among the last things sent: the receiver must keep those, for they do not come again.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdint.h>

struct seen_slot {
	uint64_t key;	  /* 0: free */
	uint64_t content;
};

struct seen {
	struct seen_slot *slots;
	uint32_t mask;
	uint32_t used; /* sent since it last forgot */
};

/* slots: a power of two. */
int seen_init(struct seen *seen, uint32_t slots);
void seen_free(struct seen *seen);
/* 1: this key was last seen with this content; 0: not, and from now on it was. */
int seen_before(struct seen *seen, uint64_t key, uint64_t content);

#endif
