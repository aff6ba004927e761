/* SPDX-License-Identifier: Apache-2.0 */
#include "opencalls.h"

#include "hash.h"

#include <errno.h>
#include <stdlib.h>

int opencalls_init(struct opencalls *calls, uint32_t slots)
{
	calls->slots = calloc(slots, sizeof(*calls->slots));
	calls->mask = slots - 1;
	calls->used = 0;
	calls->dropped = 0;
	return calls->slots ? 0 : -ENOMEM;
}

void opencalls_free(struct opencalls *calls)
{
	free(calls->slots);
	calls->slots = NULL;
}

static uint32_t home(const struct opencalls *calls, uint32_t tid, uint64_t start_ns)
{
	return (uint32_t)hash_add(hash_mix(tid), start_ns) & calls->mask;
}

/* The task's slot, or the free one where it would go. */
static uint32_t find(const struct opencalls *calls, uint32_t tid, uint64_t start_ns)
{
	uint32_t i = home(calls, tid, start_ns);

	while (calls->slots[i].enter_ns && (calls->slots[i].tid != tid || calls->slots[i].start_ns != start_ns))
		i = (i + 1) & calls->mask;
	return i;
}

/* Frees slot `hole` and moves up what follows, so that no search ends early. */
static void erase(struct opencalls *calls, uint32_t hole)
{
	uint32_t i = hole;

	for (;;) {
		uint32_t from;

		i = (i + 1) & calls->mask;
		if (!calls->slots[i].enter_ns)
			break;
		from = home(calls, calls->slots[i].tid, calls->slots[i].start_ns);
		if (((i - from) & calls->mask) < ((i - hole) & calls->mask))
			continue;
		calls->slots[hole] = calls->slots[i];
		hole = i;
	}
	memset(&calls->slots[hole], 0, sizeof(calls->slots[hole]));
	calls->used--;
}

void opencalls_enter(struct opencalls *calls, uint32_t tid, uint64_t start_ns, uint32_t event, uint64_t enter_ns)
{
	uint32_t i = find(calls, tid, start_ns);

	if (!enter_ns)
		return;
	if (!calls->slots[i].enter_ns) {
		if (calls->used > calls->mask / 4 * 3) {
			calls->dropped++;
			return;
		}
		calls->used++;
	}
	calls->slots[i] = (struct mt_open_call){
		.start_ns = start_ns, .enter_ns = enter_ns, .tid = tid, .event = event
	};
}

void opencalls_exit(struct opencalls *calls, uint32_t tid, uint64_t start_ns)
{
	uint32_t i = find(calls, tid, start_ns);

	if (calls->slots[i].enter_ns)
		erase(calls, i);
}

uint64_t opencalls_oldest(const struct opencalls *calls)
{
	uint64_t oldest = 0;
	uint32_t i;

	if (!calls->used)
		return 0;
	for (i = 0; i <= calls->mask; i++) {
		uint64_t enter_ns = calls->slots[i].enter_ns;

		if (enter_ns && (!oldest || enter_ns < oldest))
			oldest = enter_ns;
	}
	return oldest;
}

size_t opencalls_copy(const struct opencalls *calls, struct mt_open_call *to, size_t max)
{
	size_t count = 0;
	uint32_t i;

	for (i = 0; i <= calls->mask && count < max; i++)
		if (calls->slots[i].enter_ns)
			to[count++] = calls->slots[i];
	return count;
}

void opencalls_drop_dead(struct opencalls *calls, int (*alive)(uint32_t tid))
{
	uint32_t i = 0;

	/* erase() moves another call into slot i, so i goes on only when i stays. */
	while (i <= calls->mask)
		if (calls->slots[i].enter_ns && !alive(calls->slots[i].tid))
			erase(calls, i);
		else
			i++;
}
