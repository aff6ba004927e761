/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batches between the drain thread, which fills them, and the one caller that takes them, in order. When all
 * are full the drain thread has none to fill and leaves records in the ring. The last one freed is the next to be
 * filled, so that the memory of the others is touched only when the taker is behind.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "account.h"

#include <pthread.h>

#define SLOTS 32

struct slots {
	struct slot slot[SLOTS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int open;		  /* being filled; -1: none */
	int free[SLOTS];	  /* a stack */
	unsigned int free_count;
	int queue[SLOTS]; /* closed ones: queue[taken % SLOTS] is the next to be taken */
	uint64_t filled;  /* closed since the start */
	uint64_t taken;
	unsigned int waiters;
	struct mt_open_call *taken_open; /* as they were at the end of the batch taken last */
	uint32_t taken_open_count;
	int ended;	 /* no further batch is to come */
	int interrupted; /* nobody is to wait any more */
};

int slots_init(struct slots *slots, uint32_t batch_bytes);
void slots_free(struct slots *slots);

/* The one to fill, until it is closed; NULL while all are full. For the drain thread. */
struct slot *slots_open(struct slots *slots);
void slots_close(struct slots *slots);
void slots_end(struct slots *slots);

/* Closed and not yet taken. */
uint64_t slots_waiting(struct slots *slots);

/* Waits until a slot is free, at most wait_ms. */
void slots_wait_free(struct slots *slots, uint32_t wait_ms);

/* As mt_next_batch. */
int slots_take(struct slots *slots, uint32_t timeout_ms, struct mt_batch *batch, void *records, size_t records_size,
	       void *names, size_t names_size, void *planes, size_t planes_size, struct mt_task_key *tasks, size_t tasks_max,
	       struct mt_queue_key *queues, size_t queues_max);

/* As mt_batch_open_calls. */
int slots_taken_open(struct slots *slots, struct mt_open_call *calls, size_t max);

/* Sends waiters home, now and later. With wait: returns when all have gone. */
void slots_interrupt(struct slots *slots, int wait);

/* A moment on the clock of these condition variables, wait_ms from now. */
struct timespec slots_deadline(uint32_t wait_ms);
int slots_cond_init(pthread_cond_t *cond);

#endif
