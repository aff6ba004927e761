/* SPDX-License-Identifier: Apache-2.0 */
/* A set of keys of three words, emptied in no time: for the tasks and queues of one batch. */
#ifndef KEYSET_H
#define KEYSET_H

#include <stdint.h>

struct keyset_slot {
	uint64_t key[3];
	uint64_t epoch; /* in the set when it is the set's */
};

struct keyset {
	struct keyset_slot *slots;
	uint32_t mask;
	uint64_t epoch;
};

/* slots: a power of two, at least twice the keys that are ever in it. */
int keyset_init(struct keyset *set, uint32_t slots);
void keyset_free(struct keyset *set);
void keyset_clear(struct keyset *set);
/* 1: was not there and is now; 0: was there. The caller bounds the number of keys. */
int keyset_add(struct keyset *set, const uint64_t key[3]);

#endif
