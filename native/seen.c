/* SPDX-License-Identifier: Apache-2.0 */
#include "seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int seen_init(struct seen *seen, uint32_t slots)
{
	seen->slots = calloc(slots, sizeof(*seen->slots));
	seen->mask = slots - 1;
	seen->used = 0;
	return seen->slots ? 0 : -ENOMEM;
}

void seen_free(struct seen *seen)
{
	free(seen->slots);
	seen->slots = NULL;
}

int seen_before(struct seen *seen, uint64_t key, uint64_t content)
{
	uint32_t i;

	key |= 1; /* 0 is a free slot; two keys that meet here differ in content, and are sent once more */
	if (seen->used > seen->mask / 4 * 3) {
		memset(seen->slots, 0, ((size_t)seen->mask + 1) * sizeof(*seen->slots));
		seen->used = 0;
	}
	for (i = (uint32_t)(key >> 32) & seen->mask; seen->slots[i].key; i = (i + 1) & seen->mask) {
		if (seen->slots[i].key != key)
			continue;
		if (seen->slots[i].content == content)
			return 1;
		seen->slots[i].content = content;
		seen->used++; /* sent again: see seen.h */
		return 0;
	}
	seen->slots[i].key = key;
	seen->slots[i].content = content;
	seen->used++;
	return 0;
}
