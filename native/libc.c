/* SPDX-License-Identifier: Apache-2.0 */
#include "libc.h"

#include "tape.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since 6.6, in neither the headers nor the libbpf of older build hosts: include/uapi/linux/bpf.h. */
#define TRACE_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN 1
struct link_create_uprobe_multi {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, pad;
};

static int attach_many(int program_fd, int at_return, const char *path, const uint64_t *offsets,
		       const uint64_t *cookies, uint32_t count)
{
	struct link_create_uprobe_multi attr = {
		.prog_fd = (uint32_t)program_fd,
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.count = count,
		.multi_flags = at_return ? UPROBE_MULTI_RETURN : 0,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* Whether the kernel has such links: one that has gets as far as to see that this is no file. */
static int has_many(int program_fd)
{
	const uint64_t zero = 0;

	return attach_many(program_fd, 0, "/", &zero, &zero, 1) == -EBADF;
}

static int fd_of(const struct hook *hook, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(hook->object, name);

	return program ? bpf_program__fd(program) : -1;
}

static int load(struct mt_tape *tape, struct hook *hook, const char *object_path, const void *config, size_t config_len,
		int one_by_one)
{
	tape->libc.many = 0;
	if (!one_by_one && !hook_load(tape, hook, object_path, "libc", config, config_len, TRACE_UPROBE_MULTI)) {
		tape->libc.many = has_many(fd_of(hook, "libc__entered"));
		if (tape->libc.many)
			return 0;
		hook_close(hook);
	}
	return hook_load(tape, hook, object_path, "libc", config, config_len, 0);
}

int mt_libc(struct mt_tape *tape, const char *object_path, const void *config, size_t config_len, int one_by_one)
{
	struct libc *libc = &tape->libc;
	struct hook hook;
	int err;

	if (libc->object) {
		FAIL(tape, "the programs of the libc plane are loaded already");
		return -EALREADY;
	}
	err = load(tape, &hook, object_path, config, config_len, one_by_one);
	if (err)
		return err;
	libc->links = calloc(LIBC_LINKS_MAX, sizeof(*libc->links));
	if (!libc->links) {
		FAIL(tape, "no memory for the libc plane");
		hook_close(&hook);
		return -ENOMEM;
	}
	libc->object = hook.object;
	libc->entered_fd = fd_of(&hook, "libc__entered");
	libc->returned_fd = fd_of(&hook, "libc__returned");
	hook_keep(tape, &hook);
	return 0;
}

static int explain(struct mt_tape *tape, int at_return, int err)
{
	message_explain(tape->error, sizeof(tape->error),
			at_return ? "its return cannot be probed" : "its entry cannot be probed", err);
	return err;
}

/* By offset, and for every process: which ones are meant is up to the programs. */
static int attach_one(struct mt_tape *tape, int at_return, const char *path, uint64_t offset, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookie, .retprobe = at_return);
	const char *name = at_return ? "libc__returned" : "libc__entered";
	struct bpf_program *program = bpf_object__find_program_by_name(tape->libc.object, name);
	struct bpf_link *link;

	log_listen();
	link = program ? bpf_program__attach_uprobe_opts(program, -1, path, offset, &options) : NULL;
	if (!link)
		return explain(tape, at_return, program ? -errno : -ENOENT);
	tape->libc.links[tape->libc.count++] = link;
	return 0;
}

static int attach_file(struct mt_tape *tape, const char *path, const uint64_t *offsets, const uint64_t *functions,
		       uint32_t count)
{
	struct libc *libc = &tape->libc;
	int at_return, fd, err = 0;
	uint32_t i;

	for (at_return = 1; at_return >= 0; at_return--) {
		if (libc->many) {
			log_listen();
			fd = attach_many(at_return ? libc->returned_fd : libc->entered_fd, at_return, path, offsets, functions,
					 count);
			if (fd < 0)
				return explain(tape, at_return, fd);
			libc->many_fds[libc->many_count++] = fd;
			continue;
		}
		for (i = 0; i < count && !err; i++)
			err = attach_one(tape, at_return, path, offsets[i], functions[i]);
		if (err)
			return err;
	}
	return 0;
}

static void detach_to(struct libc *libc, int count, int many_count)
{
	while (libc->count > count)
		bpf_link__destroy(libc->links[--libc->count]);
	while (libc->many_count > many_count)
		close(libc->many_fds[--libc->many_count]);
}

int mt_libc_functions(struct mt_tape *tape, const char *path, const uint64_t *offsets, const uint64_t *functions,
		      uint32_t count)
{
	struct libc *libc = &tape->libc;
	int links = libc->count, many = libc->many_count, err;

	if (!libc->object || !count || count > (uint32_t)(LIBC_LINKS_MAX - links) / 2 || many + 2 > LIBC_MANY_MAX) {
		FAIL(tape, "functions come after mt_libc(), at most %d", LIBC_LINKS_MAX / 2);
		return -EINVAL;
	}
	tape->error[0] = '\0';
	err = attach_file(tape, path, offsets, functions, count);
	if (err)
		detach_to(libc, links, many);
	return errno_of(err);
}

void libc_detach(struct libc *libc)
{
	detach_to(libc, 0, 0);
}

void libc_free(struct libc *libc)
{
	libc_detach(libc);
	free(libc->links);
	libc->links = NULL;
	libc->object = NULL;
}
