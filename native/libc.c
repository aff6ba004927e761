/* SPDX-License-Identifier: Apache-2.0 */
#include "libc.h"

#include "tape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int mt_libc(struct mt_tape *tape, const char *object_path, const void *config, size_t config_len)
{
	struct hook hook;
	int err;

	if (tape->libc.object) {
		FAIL(tape, "the programs of the libc plane are loaded already");
		return -EALREADY;
	}
	err = hook_load(tape, &hook, object_path, "libc", config, config_len);
	if (err)
		return err;
	tape->libc.links = calloc(LIBC_LINKS_MAX, sizeof(*tape->libc.links));
	if (!tape->libc.links) {
		FAIL(tape, "no memory for the libc plane");
		hook_close(&hook);
		return -ENOMEM;
	}
	tape->libc.object = hook.object;
	hook_keep(tape, &hook);
	return 0;
}

/* By offset, and for every process: which ones are meant is up to the programs. */
static int attach(struct mt_tape *tape, const char *program_name, int at_return, const char *path, uint64_t offset,
		  uint64_t cookie)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookie, .retprobe = at_return);
	struct bpf_program *program = bpf_object__find_program_by_name(tape->libc.object, program_name);
	struct bpf_link *link;
	int err;

	if (!program)
		return -ENOENT;
	log_listen();
	link = bpf_program__attach_uprobe_opts(program, -1, path, offset, &options);
	if (!link) {
		err = -errno;
		message_explain(tape->error, sizeof(tape->error),
				at_return ? "its return cannot be probed" : "its entry cannot be probed", err);
		return err;
	}
	tape->libc.links[tape->libc.count++] = link;
	return 0;
}

int mt_libc_function(struct mt_tape *tape, const char *path, uint64_t offset, uint32_t function)
{
	int err;

	if (!tape->libc.object || tape->libc.count + 2 > LIBC_LINKS_MAX) {
		FAIL(tape, "functions come after mt_libc(), at most %d", LIBC_LINKS_MAX / 2);
		return -EINVAL;
	}
	tape->error[0] = '\0';
	err = attach(tape, "libc__returned", 1, path, offset, function);
	if (err)
		return errno_of(err);
	err = attach(tape, "libc__entered", 0, path, offset, function);
	if (err)
		bpf_link__destroy(tape->libc.links[--tape->libc.count]);
	return errno_of(err);
}

void libc_detach(struct libc *libc)
{
	while (libc->count)
		bpf_link__destroy(libc->links[--libc->count]);
}

void libc_free(struct libc *libc)
{
	libc_detach(libc);
	free(libc->links);
	libc->links = NULL;
	libc->object = NULL;
}
