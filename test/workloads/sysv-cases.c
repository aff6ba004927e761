// SPDX-License-Identifier: Apache-2.0
/*
 * System V queues: msgget, msgsnd, msgrcv by every selector, msgctl with every command, and a queue that is
 * removed under a blocked receiver and a blocked sender (EIDRM).
 */
#include "truth.h"
#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
	long mtype;
	char mtext[8192];
};

static int queue;

static void get(key_t key, int flags)
{
	long ret = CALL(SYS_msgget, key, flags);
	truth("msgget", ret, "\"key\":%d,\"msgflg\":%d", key, flags);
	if (ret >= 0)
		queue = ret;
}

static void send_one(int id, long type, const char *text, size_t len, int flags)
{
	static struct message message;
	message.mtype = type;
	memcpy(message.mtext, text, len);
	long ret = CALL(SYS_msgsnd, id, &message, len, flags);
	truth("msgsnd", ret,
	      "\"msqid\":%d,\"msgp\":{\"addr\":\"%p\",\"mtype\":\"%ld\",\"mtext\":{\"bytes\":\"%s\",\"status\":\"read\"}},"
	      "\"msgsz\":\"%zu\",\"msgflg\":%d",
	      id, (void *)&message, type, b64(text, len), len, flags);
}

static void receive_one(int id, size_t size, long type, int flags)
{
	static struct message message;
	memset(&message, 0x55, sizeof(message));
	long ret = CALL(SYS_msgrcv, id, &message, size, type, flags);
	if (ret >= 0)
		truth("msgrcv", ret,
		      "\"msqid\":%d,\"msgp\":{\"addr\":\"%p\",\"mtype\":\"%ld\",\"mtext\":{\"bytes\":\"%s\","
		      "\"status\":\"read\"}},\"msgsz\":\"%zu\",\"msgtyp\":\"%ld\",\"msgflg\":%d",
		      id, (void *)&message, message.mtype, b64(message.mtext, ret), size, type, flags);
	else
		truth("msgrcv", ret, "\"msqid\":%d,\"msgsz\":\"%zu\",\"msgtyp\":\"%ld\",\"msgflg\":%d", id, size, type,
		      flags);
}

static void messages(void)
{
	receive_one(queue, 100, 0, IPC_NOWAIT); /* ENOMSG */
	send_one(queue, 5, "five", 4, 0);
	send_one(queue, 2, "two", 3, IPC_NOWAIT);
	send_one(queue, 9, "", 0, 0);
	send_one(queue, 2, "second two", 10, 0);
	send_one(queue, 0, "type", 4, 0); /* EINVAL */
	receive_one(queue, 3, 5, IPC_NOWAIT); /* E2BIG: stays */
	receive_one(queue, 100, 1, IPC_NOWAIT | MSG_COPY); /* the second one, not removed */
	receive_one(queue, 100, 5, MSG_EXCEPT);	/* two */
	receive_one(queue, 2, 5, MSG_NOERROR);	/* fi, the rest is gone */
	receive_one(queue, 100, -3, 0);		/* second two */
	receive_one(queue, 100, 0, 0);		/* the empty one */
	receive_one(queue, 100, 0, MSG_COPY);	/* EINVAL: only with IPC_NOWAIT */
	receive_one(queue + 1, 100, 0, IPC_NOWAIT);
	send_one(-1, 1, "x", 1, 0);
}

static void control(void)
{
	struct msqid_ds ds;
	struct msginfo info;
	send_one(queue, 3, "three", 5, 0);
	long ret = CALL(SYS_msgctl, queue, IPC_STAT, &ds);
	truth("msgctl", ret,
	      "\"msqid\":%d,\"cmd\":%d,\"buf\":{\"addr\":\"%p\",\"msg_perm\":{\"key\":%d,\"uid\":%u,\"mode\":%u},"
	      "\"msg_cbytes\":\"5\",\"msg_qnum\":\"1\",\"msg_qbytes\":\"%lu\",\"msg_lspid\":%d}",
	      queue, IPC_STAT, (void *)&ds, ds.msg_perm.__key, ds.msg_perm.uid, ds.msg_perm.mode,
	      (unsigned long)ds.msg_qbytes, getpid());
	ds.msg_qbytes = 4000;
	ds.msg_perm.mode = 0640;
	ret = CALL(SYS_msgctl, queue, IPC_SET, &ds);
	truth("msgctl", ret, "\"cmd\":%d,\"buf\":{\"msg_qbytes\":\"4000\",\"msg_perm\":{\"mode\":%d}}", IPC_SET, 0640);
	ret = CALL(SYS_msgctl, queue, IPC_INFO, &info);
	truth("msgctl", ret, "\"cmd\":%d,\"buf\":{\"msgmax\":%d,\"msgmnb\":%d,\"msgmni\":%d}", IPC_INFO, info.msgmax,
	      info.msgmnb, info.msgmni);
	long highest = ret = CALL(SYS_msgctl, queue, MSG_INFO, &info);
	truth("msgctl", ret, "\"cmd\":%d,\"buf\":{\"msgpool\":%d,\"msgmap\":%d,\"msgtql\":%d}", MSG_INFO, info.msgpool,
	      info.msgmap, info.msgtql);
	int index = queue & 0x7fff; /* ids are seq << 15 | index */
	if (index <= highest) {
		ret = CALL(SYS_msgctl, index, MSG_STAT, &ds);
		truth("msgctl", ret, "\"msqid\":%d,\"cmd\":%d,\"buf\":{\"msg_qnum\":\"%lu\",\"msg_qbytes\":\"%lu\"}", index,
		      MSG_STAT, ds.msg_qnum, ds.msg_qbytes);
		ret = CALL(SYS_msgctl, index, MSG_STAT_ANY, &ds);
		truth("msgctl", ret, "\"msqid\":%d,\"cmd\":%d,\"buf\":{\"msg_qnum\":\"%lu\"}", index, MSG_STAT_ANY,
		      ds.msg_qnum);
	}
	ret = CALL(SYS_msgctl, queue, 99, NULL);
	truth("msgctl", ret, "\"cmd\":99");
}

static _Atomic int blocked_tid;

static void *receive_blocked(void *unused)
{
	blocked_tid = syscall(SYS_gettid);
	receive_one(queue, 100, 1234, 0);
	return unused;
}

static void *send_blocked(void *unused)
{
	static const char big[4000] = "fills the queue";
	blocked_tid = syscall(SYS_gettid);
	struct message *message = calloc(1, sizeof(*message));
	message->mtype = 1;
	long ret = CALL(SYS_msgsnd, queue, message, sizeof(big), 0);
	truth("msgsnd", ret, "\"msqid\":%d,\"msgsz\":\"%zu\",\"msgp\":{\"mtype\":\"1\"}", queue, sizeof(big));
	free(message);
	return unused;
}

static void remove_under(void *(*body)(void *), long nr)
{
	pthread_t thread;
	blocked_tid = 0;
	pthread_create(&thread, NULL, body, NULL);
	while (!blocked_tid)
		usleep(200);
	wait_blocked(getpid(), blocked_tid, nr);
	long ret = CALL(SYS_msgctl, queue, IPC_RMID, NULL);
	truth("msgctl", ret, "\"msqid\":%d,\"cmd\":%d", queue, IPC_RMID);
	pthread_join(thread, NULL);
}

int main(void)
{
	get(0x6d540000 + getpid() % 0xffff, 0600);			       /* ENOENT */
	get(0x6d540000 + getpid() % 0xffff, IPC_CREAT | IPC_EXCL | 0600);
	get(0x6d540000 + getpid() % 0xffff, IPC_CREAT | IPC_EXCL | 0600); /* EEXIST */
	messages();
	control();
	int stale = queue;
	remove_under(receive_blocked, SYS_msgrcv);
	send_one(stale, 1, "gone", 4, 0); /* EINVAL */
	get(IPC_PRIVATE, 0600);
	struct msqid_ds ds;
	TRY(msgctl(queue, IPC_STAT, &ds));
	truth("msgctl", 0, "\"msqid\":%d", queue);
	ds.msg_qbytes = 4000;
	TRY(msgctl(queue, IPC_SET, &ds));
	truth("msgctl", 0, "\"msqid\":%d", queue);
	send_one(queue, 1, "leaves no room", 14, 0);
	remove_under(send_blocked, SYS_msgsnd);
	return 0;
}
