/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drain thread: rings → batches. Looks at them on a timer, since being woken by the programs costs every
 * traced call four times what recording it does. Losses happen only where a ring is full, and there they are
 * counted; here nothing is ever dropped.
 */
#include "keeper-client.h"
#include "planes.h"
#include "tape.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Room goes back to the programs in steps: doing it for each record would bounce their cache line. */
#define RELEASE_BYTES (64 * 1024)
/* A pass holds the lock; others get a turn after this much. */
#define PASS_BYTES (1024 * 1024)
/* A record that stays half-written after its program ended would be a kernel bug: do not wait for ever. */
#define BUSY_LIMIT_MS 2000
#define SWEEP_MS 1000
/* Batches that wait for the reader: from here on it may come first, and down to here it may again not. */
#define BEHIND (SLOTS / 4)
#define CAUGHT_UP 1
/* linux/proc_ns.h: the inode number of the initial pid namespace, whose tids the records hold. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

struct drain {
	struct mt_tape *tape;
	struct slot *slot; /* being filled; NULL: all are full */
	uint64_t opened_ms;  /* when its first content came; while empty, when it was begun */
	uint32_t interval_ms;
	int sees_tids; /* kill(tid, 0) can tell whether a task lives */
	uint64_t swept_ms;
	int idle_looks;
	int reader_nice; /* the reader's own */
	int reader_first;
	struct mt_stats *stats;	     /* of the last look at empty rings */
	struct mt_stats *last_stats; /* of the look before */
	uint64_t planes_lost;	     /* at the last look */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int is_alive(uint32_t tid)
{
	return kill((pid_t)tid, 0) == 0 || errno != ESRCH;
}

static int open_slot(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;

	if (!drain->slot) {
		drain->slot = slots_open(&tape->slots);
		if (!drain->slot)
			return 0;
		account_begin(&tape->account, drain->slot);
		drain->opened_ms = now_ms();
	}
	return 1;
}

/* 0: the batch has no room for the gap. */
static int note_skipped(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;
	uint64_t skipped;

	if (!tape->hook_count || hooks_skipped(tape, &skipped))
		return 1;
	return planes_skipped(&tape->account, drain->slot, skipped, tape->source.clock_ns());
}

static void close_slot(struct drain *drain, int final)
{
	struct mt_tape *tape = drain->tape;

	/* Only a lost exit leaves a dead task's call open; its task may die long after. */
	if (drain->sees_tids && tape->account.lost && now_ms() - drain->swept_ms >= SWEEP_MS) {
		drain->swept_ms = now_ms();
		opencalls_drop_dead(&tape->account.open, is_alive);
	}
	note_skipped(drain);
	account_end(&tape->account, drain->slot);
	drain->slot->head.final = (uint32_t)final;
	slots_close(&tape->slots);
	drain->slot = NULL;
}

/* Takes records until the rings are empty (or the next name is half-written), a pass is over, or all batches are
 * full. 1: there may be more to take at once. */
static int pass(struct drain *drain, int *busy)
{
	struct mt_tape *tape = drain->tape;
	size_t unreleased = 0, taken = 0;
	int more = 0;

	*busy = 0;
	while (taken < PASS_BYTES) {
		const void *record;
		uint32_t len;

		more = 0;
		if (!open_slot(drain))
			break;
		record = source_next(&tape->source, &len, busy);
		if (!record)
			break;
		more = 1;
		if (!account_has_content(drain->slot))
			drain->opened_ms = now_ms();
		if (!account_add(&tape->account, drain->slot, record, len)) {
			close_slot(drain, 0);
			continue;
		}
		source_take(&tape->source, len);
		taken += len;
		unreleased += len;
		if (unreleased >= RELEASE_BYTES) {
			source_release(&tape->source);
			unreleased = 0;
		}
		if (drain->slot->head.records_len >= tape->batch_bytes ||
		    drain->slot->head.planes_len >= tape->batch_bytes)
			close_slot(drain, 0);
	}
	source_release(&tape->source);
	if (taken)
		drain->idle_looks = 0;
	return more;
}

/* Notes what every cpu had lost by `stats`: no record from before is still to come. 0: all batches are full. */
static int note_lost(struct drain *drain, const struct mt_stats *stats)
{
	struct mt_tape *tape = drain->tape;
	uint32_t cpu;

	for (cpu = 0; cpu < tape->cpus; cpu++)
		while (open_slot(drain)) {
			if (account_lost(&tape->account, drain->slot, cpu, stats[cpu].lost[MT_LOSS_RING_FULL]))
				break;
			close_slot(drain, 0);
		}
	return open_slot(drain);
}

/* Notes that every cpu has numbered its records up to `stats`, and none up to there is still to come. 0: all
 * batches are full. */
static int note_reached(struct drain *drain, const struct mt_stats *stats)
{
	struct mt_tape *tape = drain->tape;
	uint32_t cpu;

	for (cpu = 0; cpu < tape->cpus; cpu++)
		while (open_slot(drain)) {
			if (account_reached(&tape->account, drain->slot, cpu, stats[cpu].seq))
				break;
			close_slot(drain, 0);
		}
	return open_slot(drain);
}

/* The same of the planes. 0: all batches are full. */
static int note_planes_reached(struct drain *drain, uint64_t lost)
{
	struct mt_tape *tape = drain->tape;

	while (open_slot(drain)) {
		if (planes_reached(&tape->account, drain->slot, lost, tape->source.clock_ns()))
			return 1;
		close_slot(drain, 0);
	}
	return 0;
}

/*
 * Losses that no later record shows yet: what was counted as lost at one look, with nothing having come up to the next,
 * comes behind the last record taken. Not what was numbered: a program takes its number before it hands its record
 * over, and a virtual cpu may stand still in between for longer than any two looks are apart.
 */
static void look_for_silent_losses(struct drain *drain)
{
	struct mt_stats *now = drain->last_stats;
	uint64_t planes_lost = control_planes_lost(&drain->tape->control);

	if (stats_read(drain->tape->stats_fd, now))
		return;
	if (drain->idle_looks++) {
		note_lost(drain, drain->stats);
		note_planes_reached(drain, drain->planes_lost);
	}
	drain->planes_lost = planes_lost;
	drain->last_stats = drain->stats;
	drain->stats = now;
}

static int is_due(const struct drain *drain)
{
	return drain->slot && account_has_content(drain->slot) &&
	       now_ms() - drain->opened_ms >= drain->tape->batch_ms;
}

/* Sleeps until the next look, or until the tape stops. With the lock held. */
static void rest(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;
	struct timespec until = slots_deadline(drain->interval_ms);

	while (!tape->stopping && !tape->closing)
		if (pthread_cond_timedwait(&tape->wake, &tape->lock, &until))
			return;
}

/* The fullest ring more than half full: look twice as often; less than an eighth: half as often, down to the wanted interval. */
static void pace(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;
	unsigned int percent = source_fullness(&tape->source);

	if (percent > 50 && drain->interval_ms > 1)
		drain->interval_ms /= 2;
	else if (percent < 12 && drain->interval_ms < tape->poll_ms)
		drain->interval_ms = drain->interval_ms * 2 > tape->poll_ms ? tape->poll_ms : drain->interval_ms * 2;
}

/* Without the right to it, and nobody to ask, it stays as it is: this is only for the better. */
static void come_first(const struct mt_tape *tape, pid_t tid, int first, int priority)
{
	if (setpriority(PRIO_PROCESS, (id_t)tid, priority) && tape->keeper)
		keeper_hurry(tape->keeper, (uint32_t)tid, first);
}

/*
 * The process's first thread compresses the batches, which is most of a recorder's work. Run first always, it takes
 * the processor from the recorded task where there are few; run as others are, it falls behind on a busy host, and
 * when all batches are full the rings fill too. So it comes first while it is behind.
 */
static void pace_reader(struct drain *drain)
{
	uint64_t waiting = slots_waiting(&drain->tape->slots);
	int first = drain->reader_first ? waiting > CAUGHT_UP : waiting > BEHIND;

	if (first == drain->reader_first || drain->reader_nice <= KEEPER_FIRST_NICE)
		return;
	come_first(drain->tape, getpid(), first, first ? KEEPER_FIRST_NICE : drain->reader_nice);
	drain->reader_first = first;
}

static void wait_for_room(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;

	pthread_mutex_unlock(&tape->lock);
	slots_wait_free(&tape->slots, 100);
	pthread_mutex_lock(&tape->lock);
}

static void run(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;
	int more, busy;

	while (!tape->stopping && !tape->closing) {
		pace(drain);
		pace_reader(drain);
		more = pass(drain, &busy);
		if (!more && !busy && drain->slot)
			look_for_silent_losses(drain);
		if (is_due(drain))
			close_slot(drain, 0);
		if (more) {
			pthread_mutex_unlock(&tape->lock);
			sched_yield();
			pthread_mutex_lock(&tape->lock);
		} else if (!drain->slot && !slots_open(&tape->slots)) {
			wait_for_room(drain);
		} else {
			rest(drain);
		}
	}
}

/* 0: all batches are full. */
static int note_end_of_planes(struct drain *drain)
{
	while (note_planes_reached(drain, control_planes_lost(&drain->tape->control)) && open_slot(drain)) {
		if (note_skipped(drain))
			return 1;
		close_slot(drain, 0);
	}
	return 0;
}

/* The programs are detached and have run to their end: what is in the rings is all there will be. */
static void empty(struct drain *drain)
{
	struct mt_tape *tape = drain->tape;
	uint64_t until = now_ms() + BUSY_LIMIT_MS;
	int more, busy;

	source_finish(&tape->source);
	while (!tape->closing) {
		more = pass(drain, &busy);
		if (more)
			continue;
		if (!drain->slot) {
			wait_for_room(drain);
			until = now_ms() + BUSY_LIMIT_MS;
		} else if (busy && now_ms() < until) {
			pthread_mutex_unlock(&tape->lock);
			usleep(1000);
			pthread_mutex_lock(&tape->lock);
		} else {
			break;
		}
	}
	/* Reading the counts may be refused after giving up root (5.10): then only the summary lacks the last losses. */
	if (!stats_read(tape->stats_fd, drain->stats))
		while (!tape->closing && !note_reached(drain, drain->stats))
			wait_for_room(drain);
	while (!tape->closing && !note_end_of_planes(drain))
		wait_for_room(drain);
	if (drain->slot)
		close_slot(drain, 1);
}

static int sees_initial_tids(void)
{
	struct stat status;

	return !stat("/proc/self/ns/pid", &status) && status.st_ino == INITIAL_PID_NAMESPACE;
}

void *drain_run(void *argument)
{
	struct mt_tape *tape = argument;
	struct drain drain = {
		.tape = tape,
		.interval_ms = tape->poll_ms,
		.sees_tids = sees_initial_tids(),
		.reader_nice = getpriority(PRIO_PROCESS, (id_t)getpid()),
		.stats = calloc(tape->cpus, sizeof(struct mt_stats)),
		.last_stats = calloc(tape->cpus, sizeof(struct mt_stats)),
	};

	prctl(PR_SET_NAME, "msgtape-drain");
	/* It runs for a moment at a time (some 40 ns a record); on a busy host every moment it is late is ring space. */
	come_first(tape, gettid(), 1, KEEPER_FIRST_NICE);
	pthread_mutex_lock(&tape->lock);
	if (drain.stats && drain.last_stats) {
		run(&drain);
		empty(&drain);
	} else {
		message_set(tape->error, sizeof(tape->error), "the drain thread has no memory");
	}
	pthread_mutex_unlock(&tape->lock);
	slots_end(&tape->slots);
	free(drain.stats);
	free(drain.last_stats);
	return NULL;
}
