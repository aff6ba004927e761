/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of the kernel and the libc plane: one or several in an object of its own, with their programs alone, so that what
 * the kernel refuses need not cost the others. They share maps with the tape's programs and with one another.
 */
#ifndef HOOK_H
#define HOOK_H

#include <bpf/libbpf.h>

#define HOOKS_MAX 96
#define HOOK_PROGRAMS 8

struct mt_tape;

struct hook {
	struct bpf_object *object;
	struct bpf_link *links[HOOK_PROGRAMS];
	int fds[HOOK_PROGRAMS];
	int programs;
};

/* Opens the object, loads those of its programs whose names begin with one of `names` (words with commas between them)
 * and two underscores, and leaves them to be attached. attach_type: an enum bpf_attach_type, 0 for what their sections
 * say. On failure nothing is left, and the tape's error says why. */
int hook_load(struct mt_tape *tape, struct hook *hook, const char *object_path, const char *names, const void *config,
	      size_t config_len, int attach_type);

/* The tape keeps it from now on. */
void hook_keep(struct mt_tape *tape, const struct hook *hook);

/* Detaches; the counts of its programs can still be read. */
void hook_detach(struct hook *hook);
void hook_close(struct hook *hook);

/* Runs of all hooks' programs that the kernel skipped. A negative errno: not known. */
int hooks_skipped(const struct mt_tape *tape, uint64_t *skipped);

#endif
