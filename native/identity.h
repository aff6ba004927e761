/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is to be: looked up while memory may be had, put on where only system calls may be made. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stddef.h>
#include <sys/types.h>

struct identity {
	int wanted; /* 0: stay as we are */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int group_count;
};

/* A user with his groups. -ENOENT and a line for users where there is none. */
int identity_look_up(struct identity *identity, const char *user, char *message, size_t message_len);

/* By raw calls, of the calling thread alone: for a child after fork(). */
int identity_become(const struct identity *identity);

void identity_free(struct identity *identity);

#endif
