/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the ring's records into the open batch and keeps the figures of struct mt_batch: counts, times, keys,
 * gaps, calls in flight. No kernel, no threads: what it says follows from the records alone (and, for losses
 * that no later record shows, from the per-cpu sequence that the caller read).
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "keyset.h"
#include "msgtape.h"
#include "opencalls.h"
#include "seen.h"

#include <linux/types.h>
#include <records.h>

#define BATCH_TASKS 8192
#define BATCH_QUEUES 8192
#define BATCH_NAMES_BYTES (512 * 1024)
#define OPEN_SLOTS 32768

/* A batch and its areas. */
struct slot {
	struct mt_batch head;
	uint8_t *records;
	uint8_t *names;
	uint8_t *planes;	     /* records_size */
	struct mt_task_key *tasks;   /* BATCH_TASKS */
	struct mt_queue_key *queues; /* BATCH_QUEUES */
	struct mt_open_call *open;   /* OPEN_SLOTS, for head.open_calls of them; NULL: not wanted */
	size_t records_size;
};

struct cpu_account {
	uint64_t seq;	  /* of the last record kept, or lost for certain */
	uint64_t time_ns; /* of the last record kept */
	uint64_t lost;
};

/* The kernel and the libc plane: see planes.h. */
struct plane_account {
	uint64_t lost;	    /* as the last record kept counts them, or known for certain */
	uint64_t time_ns;   /* the newest of those kept */
	uint64_t skipped;   /* runs of the programs */
	uint64_t looked_ns; /* when these were last asked for */
};

struct account {
	struct cpu_account *cpu;
	uint32_t cpus;
	uint64_t records; /* entry and exit records kept since the start */
	uint64_t lost;
	uint64_t damaged; /* records refused: they count as lost when the next of their cpu arrives */
	uint64_t last_task[2];
	uint64_t last_queue[3]; /* a queue's key is never all zeros: its kind is not */
	struct keyset tasks;  /* of the open batch */
	struct keyset queues; /* of the open batch */
	struct seen names;
	struct opencalls open;
	struct plane_account planes;
};

int account_init(struct account *account, uint32_t cpus);
void account_free(struct account *account);

/* Makes a batch empty, to be filled next. */
void account_begin(struct account *account, struct slot *slot);

/* 1: the record is in the batch (or was a repeat, or damaged, and is done with); 0: the batch is full, close it
 * and come again with the next. */
int account_add(struct account *account, struct slot *slot, const void *record, uint32_t len);

/* Says that a cpu has lost so many records since the start, and that none from before these is still to come. One that is
 * numbered and not yet written may be. 1: done; 0: the batch has no room for the gap. */
int account_lost(struct account *account, struct slot *slot, uint32_t cpu, uint64_t lost);

/* At the end: says that a cpu has numbered records up to seq and that no record up to there is still to come.
 * 1: done; 0: the batch has no room for the gap. */
int account_reached(struct account *account, struct slot *slot, uint32_t cpu, uint64_t seq);

/* Figures that are known only when the batch closes. */
void account_end(struct account *account, struct slot *slot);

/* The batch gets the gap, or the newest of the same cpu and plane is widened. 1: noted; 0: no room. */
int account_note_gap(struct slot *slot, struct mt_gap gap);

/* The batch gets the task's key. */
void account_note_task(struct account *account, struct slot *slot, const struct mt_record *record);

/* Whether there is anything in it to hand over. */
int account_has_content(const struct slot *slot);

#endif
