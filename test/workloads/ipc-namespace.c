// SPDX-License-Identifier: Apache-2.0
/*
 * In IPC and mount namespaces of its own, so that limits and files can be set without anybody noticing:
 *   ipc-namespace reuse: System V queues that are removed, and their id given to the next one by msg_next_id;
 *   ipc-namespace long: one System V message of 65536 bytes, byte i is i % 251;
 *   ipc-namespace directory: calls on the mqueue file system's directory, which is no queue, and on a file in it.
 */
#include "truth.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>

#define LONG 65536

static void set(const char *name, int value)
{
	char path[64], text[16];
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	int fd = TRY(open(path, O_WRONLY)), n = snprintf(text, sizeof(text), "%d", value);
	TRY(write(fd, text, n));
	close(fd);
}

static void reuse(void)
{
	struct {
		long mtype;
		char mtext[1];
	} message = { 1, "x" };
	int id = 7;
	for (int i = 0; i < 12; i++) {
		int key = 0x6d547900 + i;
		char extra[64];
		set("msg_next_id", id);
		if (TRY(CALL(SYS_msgget, key, IPC_CREAT | 0600)) != id)
			exit(83);
		snprintf(extra, sizeof(extra), ",\"queue\":{\"kind\":\"sysv\",\"name\":\"0x%x\"}", key);
		truth_of(getpid(), extra, "msgget", id, "\"key\":%d", key);
		long ret = CALL(SYS_msgsnd, id, &message, 1, 0);
		truth_of(getpid(), extra, "msgsnd", ret, "\"msqid\":%d", id);
		ret = CALL(SYS_msgctl, id, IPC_RMID, NULL);
		truth_of(getpid(), extra, "msgctl", ret, "\"msqid\":%d,\"cmd\":0", id);
		usleep(20000); /* nothing tells when the removed queue's memory is free again */
	}
}

static void send_long(void)
{
	static struct {
		long mtype;
		char mtext[LONG];
	} message = { .mtype = 7 };
	set("msgmax", LONG);
	set("msgmnb", 2 * LONG);
	int id = TRY(CALL(SYS_msgget, IPC_PRIVATE, 0600));
	for (int i = 0; i < LONG; i++)
		message.mtext[i] = i % 251;
	long ret = CALL(SYS_msgsnd, id, &message, LONG, 0);
	truth("msgsnd", ret, "\"msqid\":%d,\"msgp\":{\"mtype\":\"7\",\"mtext\":{\"len\":%d,\"captured\":%d}},\"msgsz\":\"%d\"", id,
	      LONG, LONG, LONG);
	ret = CALL(SYS_msgrcv, id, &message, LONG, 0, 0);
	truth("msgrcv", ret, "\"msqid\":%d,\"msgp\":{\"mtype\":\"7\",\"mtext\":{\"len\":%d,\"captured\":%d}},\"msgsz\":\"%d\"", id,
	      LONG, LONG, LONG);
}

static void directory(void)
{
	char path[] = "/tmp/msgtape-mqueue-XXXXXX", file[64];
	if (!mkdtemp(path))
		exit(84);
	TRY(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	TRY(mount("mqueue", path, "mqueue", 0, NULL));
	int fd = TRY(open(path, O_RDONLY | O_DIRECTORY));
	long ret = CALL(SYS_mq_timedsend, fd, "x", 1, 0, NULL);
	truth_of(getpid(), ",\"queue\":null", "mq_timedsend", ret, "\"mqdes\":%d", fd);
	ret = CALL(SYS_mq_getsetattr, fd, NULL, NULL);
	truth_of(getpid(), ",\"queue\":null", "mq_getsetattr", ret, "\"mqdes\":%d", fd);
	snprintf(file, sizeof(file), "%s/a-queue", path);
	int queue = TRY(open(file, O_RDWR | O_CREAT, 0600));
	ret = CALL(SYS_mq_timedsend, queue, "x", 1, 0, NULL);
	truth_of(getpid(), ",\"queue\":{\"kind\":\"posix\",\"name\":\"/a-queue\",\"depth_after\":1}", "mq_timedsend", ret,
		 "\"mqdes\":%d", queue);
	close(queue);
	close(fd);
	TRY(umount2(path, MNT_DETACH));
	TRY(rmdir(path));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	TRY(unshare(CLONE_NEWIPC | CLONE_NEWNS));
	if (strcmp(what, "reuse") == 0)
		reuse();
	else if (strcmp(what, "long") == 0)
		send_long();
	else if (strcmp(what, "directory") == 0)
		directory();
	else
		return 64;
	return 0;
}
