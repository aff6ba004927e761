/* SPDX-License-Identifier: Apache-2.0 */
/* The libc plane: one pair of programs, and two links for each place in a file where they are attached. */
#ifndef LIBC_H
#define LIBC_H

#include <bpf/libbpf.h>

#define LIBC_LINKS_MAX 1024

struct mt_tape;

struct libc {
	struct bpf_object *object; /* the hook's that has the programs; NULL: none was loaded */
	struct bpf_link **links;
	int count;
};

void libc_detach(struct libc *libc);
void libc_free(struct libc *libc);

#endif
