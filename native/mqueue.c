/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of the POSIX queues of this process's ipc namespace for the inventory. Many hosts do not mount the
 * mqueue file system, and a mount that is there may show another namespace: this one is attached nowhere, so the
 * host's mount table stays as it is and nobody else sees it.
 */
#include "msgtape.h"

#include <errno.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture; Linux 5.2. */
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif

int mt_mqueue_open(void)
{
	int context, mount = -1, err = 0;

	context = syscall(SYS_fsopen, "mqueue", FSOPEN_CLOEXEC);
	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		err = -errno;
		goto cleanup;
	}
	/* Read-only: looking must not touch a queue's times, let alone its messages. */
	mount = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		err = -errno;
cleanup:
	close(context);
	return err ? err : mount;
}
