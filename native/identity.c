/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "message.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int identity_look_up(struct identity *identity, const char *user, char *message, size_t message_len)
{
	const struct passwd *entry;
	int err;

	errno = 0;
	entry = getpwnam(user);
	if (!entry) {
		err = errno ? -errno : -ENOENT;
		message_set(message, message_len, "there is no user %s", user);
		return err;
	}
	identity->wanted = 1;
	identity->uid = entry->pw_uid;
	identity->gid = entry->pw_gid;
	identity->group_count = 0;
	getgrouplist(user, entry->pw_gid, NULL, &identity->group_count);
	identity->groups = calloc((size_t)identity->group_count + 1, sizeof(gid_t));
	if (!identity->groups ||
	    getgrouplist(user, entry->pw_gid, identity->groups, &identity->group_count) < 0) {
		message_set(message, message_len, "cannot look up the groups of %s", user);
		return -ENOMEM;
	}
	return 0;
}

/* glibc's wrappers would have other threads, which are not there in a child, do the same. */
int identity_become(const struct identity *identity)
{
	if (!identity->wanted)
		return 0;
	if (syscall(SYS_setgroups, identity->group_count, identity->groups) ||
	    syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) ||
	    syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid))
		return -errno;
	return 0;
}

void identity_free(struct identity *identity)
{
	free(identity->groups);
	identity->groups = NULL;
}
