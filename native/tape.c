/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a tape: open, attach, start, stop, close. Each step undoes itself when it fails. */
#include "tape.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GRACE_MS 50

int mt_open(const char *object_path, const void *config, size_t config_len, uint32_t ring_bytes,
	    struct mt_tape **result, char *message, size_t message_len)
{
	int cpus = libbpf_num_possible_cpus();
	struct mt_tape *tape;
	int err = -ENOMEM;

	*result = NULL;
	tape = calloc(1, sizeof(*tape));
	if (!tape)
		return err;
	pthread_mutex_init(&tape->lock, NULL);
	slots_cond_init(&tape->wake);
	tape->cpus = cpus > 0 ? (uint32_t)cpus : 1;
	tape->enter_fd = tape->exit_fd = tape->stats_fd = tape->planes_fd = -1;
	err = account_init(&tape->account, tape->cpus);
	if (!err)
		err = tape_load(tape, object_path, config, config_len, ring_bytes);
	if (err) {
		message_set(message, message_len, "%s", tape->error[0] ? tape->error : strerror(-err));
		mt_close(tape);
		return errno_of(err);
	}
	*result = tape;
	return 0;
}

const char *mt_error(const struct mt_tape *tape)
{
	return tape->error;
}

static int attach_program(struct mt_tape *tape, const struct bpf_program *program)
{
	char what[96];
	int err;

	message_set(what, sizeof(what), "cannot attach %s", bpf_program__name(program));
	if (tape->link_count == MAX_LINKS) {
		FAIL(tape, "%s: more than %d programs", what, MAX_LINKS);
		return -E2BIG;
	}
	log_listen();
	tape->links[tape->link_count] = bpf_program__attach(program);
	if (!tape->links[tape->link_count]) {
		err = -errno;
		message_explain(tape->error, sizeof(tape->error), what, err);
		return err;
	}
	tape->link_count++;
	return 0;
}

/* In the reverse order: entries cease before exits, and before these what looks inside a call. */
static void detach_all(struct mt_tape *tape)
{
	int i;

	libc_detach(&tape->libc);
	for (i = 0; i < tape->hook_count; i++)
		hook_detach(&tape->hooks[i]);
	while (tape->link_count)
		bpf_link__destroy(tape->links[--tape->link_count]);
}

static int is_named(const struct bpf_program *program, const char *name)
{
	return !strcmp(bpf_program__name(program), name);
}

/*
 * Task programs first, so that no fork of a tracked process is missed; then exits, then entries. `enabled` opens
 * all at one moment. Were it not there, this order would still tell the fewest untruths: a call caught between
 * the two is an exit without entry, which says just what happened, whereas an entry whose exit is missed looks
 * like a call that never ended.
 */
int mt_attach(struct mt_tape *tape)
{
	struct bpf_program *program;
	int err = 0, round;

	if (tape->link_count) {
		FAIL(tape, "the programs are attached already");
		return -EALREADY;
	}
	for (round = 0; round < 3 && !err; round++)
		bpf_object__for_each_program(program, tape->object) {
			int its_round = is_named(program, "sys_enter") ? 2 : is_named(program, "sys_exit") ? 1 : 0;

			if (its_round != round || !bpf_program__autoload(program))
				continue;
			err = attach_program(tape, program);
			if (err)
				break;
		}
	if (err) {
		detach_all(tape);
		return errno_of(err);
	}
	control_enable(&tape->control, 1);
	return 0;
}

int mt_track(struct mt_tape *tape, uint32_t tgid)
{
	int err = control_track(&tape->control, tgid);

	if (err)
		FAIL(tape, "cannot track process %u: %s", tgid, strerror(-err));
	return err;
}

int mt_tracked(struct mt_tape *tape, uint64_t *count)
{
	*count = control_tracked(&tape->control);
	return 0;
}

/* The host's signals are for the host's own threads. */
static int start_thread(struct mt_tape *tape)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&tape->thread, NULL, drain_run, tape);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int mt_start(struct mt_tape *tape, uint32_t batch_bytes, uint32_t batch_ms, uint32_t poll_ms)
{
	int err;

	if (tape->started) {
		FAIL(tape, "the drain thread was started already");
		return -EALREADY;
	}
	if (!batch_bytes || batch_bytes > 256u << 20 || !poll_ms) {
		FAIL(tape, "batches of %u bytes, a look every %u ms: expected 1 to 2^28 bytes, and at least 1 ms",
		     batch_bytes, poll_ms);
		return -EINVAL;
	}
	tape->batch_bytes = batch_bytes;
	tape->batch_ms = batch_ms;
	tape->poll_ms = poll_ms;
	err = slots_init(&tape->slots, batch_bytes);
	if (err) {
		FAIL(tape, "no memory for batches of %u bytes", batch_bytes);
		return err;
	}
	err = start_thread(tape);
	if (err) {
		slots_free(&tape->slots);
		FAIL(tape, "cannot start the drain thread: %s", strerror(-err));
		return err;
	}
	tape->started = 1;
	return 0;
}

int mt_next_batch(struct mt_tape *tape, uint32_t timeout_ms, struct mt_batch *batch, void *records,
		  size_t records_size, void *names, size_t names_size, void *planes, size_t planes_size,
		  struct mt_task_key *tasks, size_t tasks_max, struct mt_queue_key *queues, size_t queues_max)
{
	if (!tape->started)
		return -ENODATA;
	return slots_take(&tape->slots, timeout_ms, batch, records, records_size, names, names_size, planes, planes_size,
			  tasks, tasks_max, queues, queues_max);
}

int mt_open_calls(struct mt_tape *tape, struct mt_open_call *calls, size_t max)
{
	size_t count;

	pthread_mutex_lock(&tape->lock);
	count = opencalls_copy(&tape->account.open, calls, max);
	pthread_mutex_unlock(&tape->lock);
	return (int)count;
}

int mt_batch_open_calls(struct mt_tape *tape, struct mt_open_call *calls, size_t max)
{
	return tape->started ? slots_taken_open(&tape->slots, calls, max) : 0;
}

int mt_totals(struct mt_tape *tape, struct mt_totals *totals)
{
	struct mt_stats *values = calloc(tape->cpus, sizeof(*values));
	uint64_t enter_misses = 0, exit_misses = 0;
	int err = -ENOMEM;

	memset(totals, 0, sizeof(*totals));
	if (!values)
		goto cleanup;
	err = stats_read(tape->stats_fd, values);
	if (err)
		goto cleanup;
	stats_sum(values, tape->cpus, totals);
	if (tape->enter_fd >= 0)
		err = stats_recursion(tape->enter_fd, &enter_misses);
	if (!err && tape->exit_fd >= 0)
		err = stats_recursion(tape->exit_fd, &exit_misses);
	totals->lost_recursion = enter_misses + exit_misses;
	totals->ring_used = source_waiting(&tape->source);
	totals->planes_lost = control_planes_lost(&tape->control);
	if (!err)
		err = hooks_skipped(tape, &totals->planes_skipped);
cleanup:
	if (err)
		FAIL(tape, "cannot read the programs' counts: %s", strerror(-err));
	free(values);
	return err;
}

int mt_fired_triggers(struct mt_tape *tape, struct mt_fired_trigger *triggers, size_t max)
{
	return triggers_take(&tape->triggers, triggers, max);
}

int mt_rearm_trigger(struct mt_tape *tape, uint32_t index)
{
	int err = triggers_rearm(&tape->triggers, index);

	if (err)
		FAIL(tape, "there is no trigger %u", index);
	return err;
}

/* Returns when no program that saw `enabled` set is running any more: the tracepoints run their programs with
 * preemption off, which an RCU grace period waits for, and this is user space's way to one. */
static void wait_for_programs(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(GRACE_MS * 1000);
}

int mt_stop(struct mt_tape *tape)
{
	if (tape->control.value)
		control_enable(&tape->control, 0);
	if (tape->link_count) {
		detach_all(tape);
		wait_for_programs();
	}
	pthread_mutex_lock(&tape->lock);
	tape->stopping = 1;
	pthread_cond_broadcast(&tape->wake);
	pthread_mutex_unlock(&tape->lock);
	return 0;
}

void mt_interrupt(struct mt_tape *tape)
{
	if (tape->started)
		slots_interrupt(&tape->slots, 0);
}

void mt_close(struct mt_tape *tape)
{
	int i;

	if (!tape)
		return;
	if (tape->control.value)
		control_enable(&tape->control, 0);
	detach_all(tape);
	if (tape->started) {
		pthread_mutex_lock(&tape->lock);
		tape->closing = 1;
		pthread_cond_broadcast(&tape->wake);
		pthread_mutex_unlock(&tape->lock);
		slots_interrupt(&tape->slots, 0);
		pthread_join(tape->thread, NULL);
		slots_interrupt(&tape->slots, 1);
		slots_free(&tape->slots);
	}
	source_close(&tape->source);
	control_close(&tape->control);
	triggers_close(&tape->triggers);
	libc_free(&tape->libc);
	for (i = 0; i < tape->hook_count; i++)
		hook_close(&tape->hooks[i]);
	if (tape->planes_fd >= 0)
		close(tape->planes_fd);
	bpf_object__close(tape->object);
	account_free(&tape->account);
	pthread_cond_destroy(&tape->wake);
	pthread_mutex_destroy(&tape->lock);
	free(tape);
}
