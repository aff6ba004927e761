/* SPDX-License-Identifier: Apache-2.0 */
/* struct mt_tape, for tape.c (its life), load.c (its programs) and drain.c (its thread). */
#ifndef TAPE_H
#define TAPE_H

#include "account.h"
#include "control.h"
#include "hook.h"
#include "libc.h"
#include "message.h"
#include "msgtape.h"
#include "slots.h"
#include "source.h"
#include "stats.h"
#include "triggers.h"

#include <bpf/libbpf.h>

#define MAX_LINKS 32

struct mt_tape {
	char error[512];
	struct bpf_object *object;
	struct bpf_link *links[MAX_LINKS]; /* in the order of attaching */
	int link_count;
	int enter_fd, exit_fd; /* the syscall programs, -1 when the object has none */
	int stats_fd;
	uint32_t cpus;
	struct control control;
	struct triggers triggers;
	struct source source;
	int planes_fd; /* the ring of the kernel and the libc plane; -1: none */
	struct hook hooks[HOOKS_MAX];
	int hook_count;
	struct libc libc;

	/* The drain thread and what it shares. */
	pthread_t thread;
	int started;
	pthread_mutex_t lock; /* guards `account` and the flags below */
	pthread_cond_t wake;
	int stopping; /* the programs are detached: empty the rings and end */
	int closing;  /* end at once */
	struct account account;
	struct slots slots;
	uint32_t batch_bytes, batch_ms, poll_ms;
	const struct mt_keeper *keeper; /* asked for priority where we have no right to it; NULL: nobody is */
};

/* Leaves a line for users in tape->error. */
#define FAIL(tape, ...) message_set((tape)->error, sizeof((tape)->error), __VA_ARGS__)

/* Opens, configures and loads the object, and maps what the programs share with us. On failure the tape is left to
 * be closed. */
int tape_load(struct mt_tape *tape, const char *path, const void *config, size_t config_len, uint32_t ring_bytes);

/* Whether the map is an object's read-only configuration; sets it, and says so when its size is not the one given. */
int tape_is_config(const struct bpf_map *map);
int tape_set_config(struct mt_tape *tape, struct bpf_map *map, const void *config, size_t config_len);

int ends_with(const char *text, const char *end);

/* The drain thread. Ends after the final batch, or when the tape is closing. */
void *drain_run(void *tape);

#endif
