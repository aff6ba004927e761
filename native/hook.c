/* SPDX-License-Identifier: Apache-2.0 */
#include "hook.h"

#include "reason.h"
#include "tape.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PLANES_BYTES_MIN 4096u
#define PLANES_BYTES_MAX (1u << 30)
#define PLANE_SECTION ".rodata.plane"

/* struct mt_plane_config in bpf/planes.h */
struct plane_config {
	uint32_t page_bytes;
	uint32_t pad;
};

int mt_planes(struct mt_tape *tape, uint32_t ring_bytes)
{
	int err;

	if (tape->planes_fd >= 0 || tape->started || ring_bytes < PLANES_BYTES_MIN || ring_bytes > PLANES_BYTES_MAX ||
	    (ring_bytes & (ring_bytes - 1))) {
		FAIL(tape, "a buffer of %u bytes for the kernel and the libc plane: it is made once, before the start, of a "
			   "power of two from %u to %u", ring_bytes, PLANES_BYTES_MIN, PLANES_BYTES_MAX);
		return -EINVAL;
	}
	tape->planes_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "planes_ring", 0, 0, ring_bytes, NULL);
	err = tape->planes_fd < 0 ? -errno : source_open_planes(&tape->source, tape->planes_fd, ring_bytes);
	if (!err)
		return 0;
	message_explain(tape->error, sizeof(tape->error), "the kernel refused the ring of the planes", err);
	if (tape->planes_fd >= 0)
		close(tape->planes_fd);
	tape->planes_fd = -1;
	return err;
}

/* Whether the program is one of a hook in `names`. */
static int is_of(const struct bpf_program *program, const char *names)
{
	const char *its = bpf_program__name(program);
	const char *end = strstr(its, "__");
	size_t len = end ? (size_t)(end - its) : strlen(its);

	for (; end && *names; names += strcspn(names, ","), names += *names == ',')
		if (strcspn(names, ",") == len && !strncmp(names, its, len))
			return 1;
	return 0;
}

static int set_plane_config(struct bpf_map *map)
{
	const struct plane_config config = { .page_bytes = (uint32_t)sysconf(_SC_PAGESIZE) };

	return bpf_map__set_initial_value(map, &config, sizeof(config));
}

/* The map of this name that is there already, or -1: the tape's, or another hook's. */
static int shared_fd(const struct mt_tape *tape, const char *name)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(tape->object, name);
	int i;

	if (!strcmp(name, "planes_ring"))
		return tape->planes_fd;
	for (i = 0; !map && i < tape->hook_count; i++)
		map = bpf_object__find_map_by_name(tape->hooks[i].object, name);
	return map ? bpf_map__fd(map) : -1;
}

static int prepare_maps(struct mt_tape *tape, struct bpf_object *object, const void *config, size_t config_len)
{
	struct bpf_map *map;
	int err = 0, fd;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);

		if (tape_is_config(map)) {
			err = tape_set_config(tape, map, config, config_len);
		} else if (ends_with(name, PLANE_SECTION)) {
			err = set_plane_config(map);
		} else if (!bpf_map__is_internal(map)) {
			fd = shared_fd(tape, name);
			err = fd < 0 ? 0 : bpf_map__reuse_fd(map, fd);
		}
		if (err)
			return err;
	}
	return 0;
}

static int load(struct mt_tape *tape, struct hook *hook, const char *names, const void *config, size_t config_len,
		int attach_type)
{
	struct bpf_program *program;
	int err, count = 0;

	bpf_object__for_each_program(program, hook->object) {
		count += is_of(program, names);
		err = bpf_program__set_autoload(program, is_of(program, names));
		if (!err && attach_type)
			err = bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)attach_type);
		if (err)
			return err;
	}
	if (!count || count > HOOK_PROGRAMS) {
		FAIL(tape, "the object has %d programs for %s: they and msgtape are of different builds, build again", count,
		     names);
		return -EINVAL;
	}
	err = prepare_maps(tape, hook->object, config, config_len);
	if (err)
		return err;
	err = bpf_object__load(hook->object);
	if (err)
		return err;
	bpf_object__for_each_program(program, hook->object)
		if (bpf_program__autoload(program))
			hook->fds[hook->programs++] = bpf_program__fd(program);
	return 0;
}

static void explain_load(struct mt_tape *tape, const struct hook *hook, int err)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, hook->object)
		if (bpf_program__autoload(program)) {
			hook_explain(program, "the kernel refused the program", err, tape->error, sizeof(tape->error));
			return;
		}
	message_explain(tape->error, sizeof(tape->error), "cannot open the kernel programs", err);
}

int hook_load(struct mt_tape *tape, struct hook *hook, const char *object_path, const char *names, const void *config,
	      size_t config_len, int attach_type)
{
	int err = 0;

	memset(hook, 0, sizeof(*hook));
	tape->error[0] = '\0';
	if (tape->started || tape->planes_fd < 0 || tape->hook_count == HOOKS_MAX) {
		FAIL(tape, "%s: hooks come after mt_planes() and before mt_start(), at most %d", names, HOOKS_MAX);
		return -EINVAL;
	}
	if (access(object_path, R_OK)) {
		err = -errno;
		FAIL(tape, "cannot read the kernel programs %s: %s; build them first", object_path, strerror(-err));
		return err;
	}
	log_listen();
	hook->object = bpf_object__open_file(object_path, NULL);
	if (!hook->object)
		err = -errno;
	if (!err)
		err = load(tape, hook, names, config, config_len, attach_type);
	if (err) {
		if (!tape->error[0])
			explain_load(tape, hook, err);
		hook_close(hook);
	}
	return errno_of(err);
}

static int attach(struct mt_tape *tape, struct hook *hook)
{
	struct bpf_program *program;
	int err, i = 0;

	bpf_object__for_each_program(program, hook->object) {
		if (!bpf_program__autoload(program))
			continue;
		hook->links[i] = bpf_program__attach(program);
		if (!hook->links[i]) {
			err = -errno;
			hook_explain(program, "the program cannot be attached", err, tape->error,
				     sizeof(tape->error));
			return err;
		}
		i++;
	}
	return 0;
}

int mt_add_hook(struct mt_tape *tape, const char *object_path, const char *names, const void *config, size_t config_len)
{
	struct hook hook;
	int err = hook_load(tape, &hook, object_path, names, config, config_len, 0);

	if (err)
		return err;
	log_listen();
	err = attach(tape, &hook);
	if (err)
		hook_close(&hook);
	else
		hook_keep(tape, &hook);
	return errno_of(err);
}

void hook_keep(struct mt_tape *tape, const struct hook *hook)
{
	tape->hooks[tape->hook_count++] = *hook;
}

void hook_detach(struct hook *hook)
{
	int i;

	for (i = 0; i < HOOK_PROGRAMS; i++) {
		bpf_link__destroy(hook->links[i]);
		hook->links[i] = NULL;
	}
}

void hook_close(struct hook *hook)
{
	hook_detach(hook);
	bpf_object__close(hook->object);
	hook->object = NULL;
	hook->programs = 0;
}

int hooks_skipped(const struct mt_tape *tape, uint64_t *skipped)
{
	uint64_t misses;
	int err, i, j;

	*skipped = 0;
	for (i = 0; i < tape->hook_count; i++)
		for (j = 0; j < tape->hooks[i].programs; j++) {
			err = stats_recursion(tape->hooks[i].fds[j], &misses);
			if (err)
				return err;
			*skipped += misses;
		}
	return 0;
}
