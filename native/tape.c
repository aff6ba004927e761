/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a tape: open, attach, start, stop, close. Each step undoes itself when it fails. */
#include "tape.h"

#include "message.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CONFIG_SECTION ".rodata.config"
#define GRACE_MS 50

#define FAIL(tape, ...) message_set((tape)->error, sizeof((tape)->error), __VA_ARGS__)

/* Before 5.11 maps counted against this limit. Being refused to raise it is no failure: later kernels ignore it. */
static void raise_memlock(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
}

static int ends_with(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len && !strcmp(text + text_len - end_len, end);
}

static int set_config(struct mt_tape *tape, const void *config, size_t config_len)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, tape->object) {
		if (!ends_with(bpf_map__name(map), CONFIG_SECTION))
			continue;
		if (bpf_map__value_size(map) != config_len) {
			FAIL(tape, "the kernel programs want %u bytes of configuration and got %zu: they and msgtape "
				   "are of different builds, build again", bpf_map__value_size(map), config_len);
			return -EINVAL;
		}
		return bpf_map__set_initial_value(map, config, config_len);
	}
	FAIL(tape, "the object has no section %s: it is not one of msgtape's", CONFIG_SECTION);
	return -EINVAL;
}

static int set_size(struct mt_tape *tape, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(tape->object, name);

	if (!map) {
		FAIL(tape, "the object has no map %s: it is not one of msgtape's", name);
		return -EINVAL;
	}
	return bpf_map__set_max_entries(map, entries);
}

static int map_fd(struct mt_tape *tape, const char *name, uint32_t value_bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(tape->object, name);

	if (!map || bpf_map__value_size(map) != value_bytes) {
		FAIL(tape, "the object's map %s is missing or of another build: build again", name);
		return -EINVAL;
	}
	return bpf_map__fd(map);
}

static int program_fd(const struct mt_tape *tape, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(tape->object, name);

	return program ? bpf_program__fd(program) : -1;
}

static int prepare_object(struct mt_tape *tape, const char *path, const void *config, size_t config_len,
			  uint32_t ring_bytes)
{
	int err;

	if (ring_bytes < (uint32_t)sysconf(_SC_PAGESIZE) || (ring_bytes & (ring_bytes - 1))) {
		FAIL(tape, "a buffer of %u bytes: it must be a power of two and at least a page", ring_bytes);
		return -EINVAL;
	}
	if (access(path, R_OK)) {
		err = -errno;
		FAIL(tape, "cannot read the kernel programs %s: %s; build them first", path, strerror(-err));
		return err;
	}
	tape->object = bpf_object__open_file(path, NULL);
	if (!tape->object) {
		err = -errno;
		message_explain(tape->error, sizeof(tape->error), "cannot open the kernel programs", err);
		return err;
	}
	err = set_config(tape, config, config_len);
	if (!err)
		err = set_size(tape, "ring", ring_bytes);
	if (!err)
		err = set_size(tape, "scratch", tape->cpus);
	return err;
}

static int load_object(struct mt_tape *tape, uint32_t ring_bytes)
{
	int err, control_fd, tree_fd;

	err = bpf_object__load(tape->object);
	if (err) {
		message_explain(tape->error, sizeof(tape->error), "the kernel refused the programs", err);
		return err;
	}
	tape->enter_fd = program_fd(tape, "sys_enter");
	tape->exit_fd = program_fd(tape, "sys_exit");
	tape->stats_fd = map_fd(tape, "stats", sizeof(struct mt_stats));
	control_fd = map_fd(tape, "control", sizeof(struct control_value));
	tree_fd = map_fd(tape, "tree", sizeof(uint8_t));
	if (tape->stats_fd < 0 || control_fd < 0 || tree_fd < 0)
		return -EINVAL;
	err = control_open(&tape->control, control_fd, tree_fd);
	if (!err)
		err = ring_open(&tape->ring, map_fd(tape, "ring", 0), ring_bytes);
	if (err)
		FAIL(tape, "cannot map the ring buffer: %s", strerror(-err));
	return err;
}

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
	tape->enter_fd = tape->exit_fd = tape->stats_fd = -1;
	raise_memlock();
	log_listen();
	err = account_init(&tape->account, tape->cpus);
	if (!err)
		err = prepare_object(tape, object_path, config, config_len, ring_bytes);
	if (!err)
		err = load_object(tape, ring_bytes);
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

/* In the reverse order: entries cease before exits. */
static void detach_all(struct mt_tape *tape)
{
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
		  size_t records_size, void *names, size_t names_size, struct mt_task_key *tasks,
		  size_t tasks_max, struct mt_queue_key *queues, size_t queues_max)
{
	if (!tape->started)
		return -ENODATA;
	return slots_take(&tape->slots, timeout_ms, batch, records, records_size, names, names_size, tasks, tasks_max,
			  queues, queues_max);
}

int mt_open_calls(struct mt_tape *tape, struct mt_open_call *calls, size_t max)
{
	size_t count;

	pthread_mutex_lock(&tape->lock);
	count = opencalls_copy(&tape->account.open, calls, max);
	pthread_mutex_unlock(&tape->lock);
	return (int)count;
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
	totals->ring_used = ring_waiting(&tape->ring);
cleanup:
	if (err)
		FAIL(tape, "cannot read the programs' counts: %s", strerror(-err));
	free(values);
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
	ring_close(&tape->ring);
	control_close(&tape->control);
	bpf_object__close(tape->object);
	account_free(&tape->account);
	pthread_cond_destroy(&tape->wake);
	pthread_mutex_destroy(&tape->lock);
	free(tape);
}
