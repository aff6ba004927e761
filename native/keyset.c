/* SPDX-License-Identifier: Apache-2.0 */
#include "keyset.h"

#include "hash.h"

#include <errno.h>
#include <stdlib.h>

int keyset_init(struct keyset *set, uint32_t slots)
{
	set->slots = calloc(slots, sizeof(*set->slots));
	set->mask = slots - 1;
	set->epoch = 1;
	return set->slots ? 0 : -ENOMEM;
}

void keyset_free(struct keyset *set)
{
	free(set->slots);
	set->slots = NULL;
}

void keyset_clear(struct keyset *set)
{
	set->epoch++;
}

int keyset_add(struct keyset *set, const uint64_t key[3])
{
	uint64_t hash = hash_add(hash_add(hash_mix(key[0]), key[1]), key[2]);
	uint32_t i = (uint32_t)hash & set->mask;

	for (; set->slots[i].epoch == set->epoch; i = (i + 1) & set->mask)
		if (!memcmp(set->slots[i].key, key, sizeof(set->slots[i].key)))
			return 0;
	memcpy(set->slots[i].key, key, sizeof(set->slots[i].key));
	set->slots[i].epoch = set->epoch;
	return 1;
}
