/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define OPEN_BYTES (OPEN_SLOTS * sizeof(struct mt_open_call))

/* Pages that no batch has needed yet cost nothing. */
static void *reserve(size_t bytes)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return area == MAP_FAILED ? NULL : area;
}

static void release(void *area, size_t bytes)
{
	if (area)
		munmap(area, bytes);
}

int slots_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	int err;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	err = pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
	return -err;
}

struct timespec slots_deadline(uint32_t wait_ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += wait_ms / 1000;
	at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

int slots_init(struct slots *slots, uint32_t batch_bytes)
{
	int i;

	pthread_mutex_init(&slots->lock, NULL);
	slots_cond_init(&slots->changed);
	slots->open = -1;
	slots->free_count = SLOTS;
	for (i = 0; i < SLOTS; i++)
		slots->free[i] = SLOTS - 1 - i;
	slots->taken_open = reserve(OPEN_BYTES);
	if (!slots->taken_open) {
		slots_free(slots);
		return -ENOMEM;
	}
	for (i = 0; i < SLOTS; i++) {
		struct slot *slot = &slots->slot[i];

		slot->records_size = (size_t)batch_bytes + MT_RECORD_MAX;
		slot->records = reserve(slot->records_size);
		slot->names = reserve(BATCH_NAMES_BYTES);
		slot->planes = reserve(slot->records_size);
		slot->tasks = reserve(BATCH_TASKS * sizeof(*slot->tasks));
		slot->queues = reserve(BATCH_QUEUES * sizeof(*slot->queues));
		slot->open = reserve(OPEN_BYTES);
		if (!slot->records || !slot->names || !slot->planes || !slot->tasks || !slot->queues || !slot->open) {
			slots_free(slots);
			return -ENOMEM;
		}
	}
	return 0;
}

void slots_free(struct slots *slots)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		struct slot *slot = &slots->slot[i];

		release(slot->records, slot->records_size);
		release(slot->names, BATCH_NAMES_BYTES);
		release(slot->planes, slot->records_size);
		release(slot->tasks, BATCH_TASKS * sizeof(*slot->tasks));
		release(slot->queues, BATCH_QUEUES * sizeof(*slot->queues));
		release(slot->open, OPEN_BYTES);
	}
	release(slots->taken_open, OPEN_BYTES);
	slots->taken_open = NULL;
	memset(slots->slot, 0, sizeof(slots->slot));
	pthread_cond_destroy(&slots->changed);
	pthread_mutex_destroy(&slots->lock);
}

struct slot *slots_open(struct slots *slots)
{
	struct slot *slot;

	pthread_mutex_lock(&slots->lock);
	if (slots->open < 0 && slots->free_count)
		slots->open = slots->free[--slots->free_count];
	slot = slots->open < 0 ? NULL : &slots->slot[slots->open];
	pthread_mutex_unlock(&slots->lock);
	return slot;
}

void slots_close(struct slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->queue[slots->filled++ % SLOTS] = slots->open;
	slots->open = -1;
	pthread_cond_broadcast(&slots->changed);
	pthread_mutex_unlock(&slots->lock);
}

void slots_end(struct slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->ended = 1;
	pthread_cond_broadcast(&slots->changed);
	pthread_mutex_unlock(&slots->lock);
}

uint64_t slots_waiting(struct slots *slots)
{
	uint64_t waiting;

	pthread_mutex_lock(&slots->lock);
	waiting = slots->filled - slots->taken;
	pthread_mutex_unlock(&slots->lock);
	return waiting;
}

void slots_wait_free(struct slots *slots, uint32_t wait_ms)
{
	struct timespec until = slots_deadline(wait_ms);

	pthread_mutex_lock(&slots->lock);
	while (!slots->interrupted && slots->open < 0 && !slots->free_count)
		if (pthread_cond_timedwait(&slots->changed, &slots->lock, &until))
			break;
	pthread_mutex_unlock(&slots->lock);
}

/* 1: a batch is there; 0: none; -ENODATA: none is to come. Called with the lock held. */
static int wait_filled(struct slots *slots, uint32_t timeout_ms)
{
	struct timespec until = slots_deadline(timeout_ms);

	while (slots->filled == slots->taken) {
		if (slots->ended)
			return -ENODATA;
		if (slots->interrupted || pthread_cond_timedwait(&slots->changed, &slots->lock, &until))
			return 0;
	}
	return 1;
}

int slots_take(struct slots *slots, uint32_t timeout_ms, struct mt_batch *batch, void *records, size_t records_size,
	       void *names, size_t names_size, void *planes, size_t planes_size, struct mt_task_key *tasks, size_t tasks_max,
	       struct mt_queue_key *queues, size_t queues_max)
{
	const struct slot *slot;
	int result, index;

	pthread_mutex_lock(&slots->lock);
	slots->waiters++;
	result = wait_filled(slots, timeout_ms);
	if (result <= 0)
		goto cleanup;
	index = slots->queue[slots->taken % SLOTS];
	slot = &slots->slot[index];
	/* There is one taker, and the filler has given this slot away: it can be copied without the lock. */
	pthread_mutex_unlock(&slots->lock);
	memcpy(batch, &slot->head, sizeof(*batch));
	if (batch->records_len > records_size || batch->names_len > names_size || batch->planes_len > planes_size ||
	    batch->tasks > tasks_max || batch->queues > queues_max) {
		result = -ENOSPC;
	} else {
		memcpy(records, slot->records, batch->records_len);
		memcpy(names, slot->names, batch->names_len);
		memcpy(planes, slot->planes, batch->planes_len);
		memcpy(tasks, slot->tasks, batch->tasks * sizeof(*tasks));
		memcpy(queues, slot->queues, batch->queues * sizeof(*queues));
	}
	pthread_mutex_lock(&slots->lock);
	if (result == 1) {
		memcpy(slots->taken_open, slot->open, batch->open_calls * sizeof(*slot->open));
		slots->taken_open_count = batch->open_calls;
		slots->taken++;
		slots->free[slots->free_count++] = index;
	}
cleanup:
	slots->waiters--;
	pthread_cond_broadcast(&slots->changed);
	pthread_mutex_unlock(&slots->lock);
	return result;
}

int slots_taken_open(struct slots *slots, struct mt_open_call *calls, size_t max)
{
	size_t count;

	pthread_mutex_lock(&slots->lock);
	count = slots->taken_open_count < max ? slots->taken_open_count : max;
	memcpy(calls, slots->taken_open, count * sizeof(*calls));
	pthread_mutex_unlock(&slots->lock);
	return (int)count;
}

void slots_interrupt(struct slots *slots, int wait)
{
	pthread_mutex_lock(&slots->lock);
	slots->interrupted = 1;
	pthread_cond_broadcast(&slots->changed);
	while (wait && slots->waiters)
		pthread_cond_wait(&slots->changed, &slots->lock);
	pthread_mutex_unlock(&slots->lock);
}
