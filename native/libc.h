/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libc plane: one pair of programs, attached to many places of a few files. Where the kernel has links for many
 * probes at once (6.6) a file takes two; elsewhere each probe is one, and detaching takes a grace period for each.
 */
#ifndef LIBC_H
#define LIBC_H

#include <bpf/libbpf.h>

#define LIBC_LINKS_MAX 1024
#define LIBC_MANY_MAX 512

struct mt_tape;

struct libc {
	struct bpf_object *object; /* the hook's that has the programs; NULL: none was loaded */
	int many; /* links are for many probes at once */
	int entered_fd, returned_fd; /* the programs */
	struct bpf_link **links; /* of one probe each */
	int count;
	int many_fds[LIBC_MANY_MAX];
	int many_count;
};

void libc_detach(struct libc *libc);
void libc_free(struct libc *libc);

#endif
