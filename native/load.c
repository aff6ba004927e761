/* SPDX-License-Identifier: Apache-2.0 */
/* From an object file to loaded programs: their configuration, the sizes of their maps, what is shared with them. */
#include "tape.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONFIG_SECTION ".rodata.config"
#define RING_BYTES_MIN 4096u
#define RING_BYTES_MAX (1u << 30)

/* Before 5.11 maps counted against this limit. Being refused to raise it is no failure: later kernels ignore it. */
static void raise_memlock(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
}

int ends_with(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len && !strcmp(text + text_len - end_len, end);
}

int tape_is_config(const struct bpf_map *map)
{
	return ends_with(bpf_map__name(map), CONFIG_SECTION);
}

int tape_set_config(struct mt_tape *tape, struct bpf_map *map, const void *config, size_t config_len)
{
	if (bpf_map__value_size(map) == config_len)
		return bpf_map__set_initial_value(map, config, config_len);
	FAIL(tape, "the kernel programs want %u bytes of configuration and got %zu: they and msgtape are of different "
		   "builds, build again", bpf_map__value_size(map), config_len);
	return -EINVAL;
}

static int set_config(struct mt_tape *tape, const void *config, size_t config_len)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, tape->object)
		if (tape_is_config(map))
			return tape_set_config(tape, map, config, config_len);
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

/*
 * Made here and not by libbpf, for its refusal to be told from the verifier's: older kernels take no array
 * with values above 4 MiB (-E2BIG; kernel/bpf/arraymap.c), and elsewhere memory may be short.
 */
static int create_rings(struct mt_tape *tape, uint32_t ring_bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct bpf_map *map = bpf_object__find_map_by_name(tape->object, "rings");
	int err, fd;

	if (!map) {
		FAIL(tape, "the object has no map rings: it is not one of msgtape's");
		return -EINVAL;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rings", sizeof(uint32_t), source_cpu_bytes(ring_bytes), tape->cpus,
			    &options);
	if (fd < 0) {
		err = -errno;
		message_explain(tape->error, sizeof(tape->error), "the kernel refused the rings", err);
		return err == -E2BIG || err == -ENOMEM ? -ENOSPC : err;
	}
	err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err;
}

/* The map `bursts`, of an object that has triggers: its size is in the configuration, which has the object's own size. */
static int size_bursts(struct mt_tape *tape, const void *config, size_t config_len)
{
	const struct mt_config *wanted = config;

	if (!bpf_object__find_map_by_name(tape->object, "bursts") || config_len != sizeof(*wanted))
		return 0;
	return set_size(tape, "bursts", wanted->burst_slots ? wanted->burst_slots : 1);
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

static int open_source(struct mt_tape *tape, uint32_t ring_bytes)
{
	int names_fd = map_fd(tape, "names_ring", 0);
	int rings_fd = map_fd(tape, "rings", source_cpu_bytes(ring_bytes));

	if (names_fd < 0 || rings_fd < 0)
		return -EINVAL;
	return source_open(&tape->source, names_fd,
			   bpf_map__max_entries(bpf_object__find_map_by_name(tape->object, "names_ring")), rings_fd,
			   tape->cpus, ring_bytes);
}

/* Tests have objects without triggers. */
static int open_triggers(struct mt_tape *tape)
{
	int fd;

	if (!bpf_object__find_map_by_name(tape->object, "fired"))
		return 0;
	fd = map_fd(tape, "fired", sizeof(struct mt_fired));
	return fd < 0 ? fd : triggers_open(&tape->triggers, fd);
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

	if (ring_bytes < RING_BYTES_MIN || ring_bytes > RING_BYTES_MAX || (ring_bytes & (ring_bytes - 1))) {
		FAIL(tape, "a buffer of %u bytes for each cpu: it must be a power of two from %u to %u", ring_bytes,
		     RING_BYTES_MIN, RING_BYTES_MAX);
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
		err = set_size(tape, "scratch", tape->cpus);
	if (!err)
		err = size_bursts(tape, config, config_len);
	if (!err)
		err = create_rings(tape, ring_bytes);
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
		err = open_triggers(tape);
	if (!err)
		err = open_source(tape, ring_bytes);
	if (err)
		FAIL(tape, "cannot map the rings: %s", strerror(-err));
	return err;
}

int tape_load(struct mt_tape *tape, const char *path, const void *config, size_t config_len, uint32_t ring_bytes)
{
	int err;

	raise_memlock();
	log_listen();
	err = prepare_object(tape, path, config, config_len, ring_bytes);
	return err ? err : load_object(tape, ring_bytes);
}
