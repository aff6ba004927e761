/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX queues for the facts programs. Built with -m32 the same calls are the 32-bit time ones. */
#ifndef FACTS_MQ_H
#define FACTS_MQ_H

#include "facts.h"

#ifdef __i386__
#define SEND "mq_timedsend_time32"
#define RECEIVE "mq_timedreceive_time32"
#else
#define SEND "mq_timedsend"
#define RECEIVE "mq_timedreceive"
#endif

enum { SIZE = 16 };

static inline long open_named(const char *name, int oflag, mode_t mode, struct mq_attr *attr)
{
	return T("mq_open", SYS_mq_open, name, oflag, mode, attr);
}

static inline long unlink_named(const char *name)
{
	return T("mq_unlink", SYS_mq_unlink, name);
}

/* A queue without a name. */
static inline int queue(long maxmsg, int oflag)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = SIZE };
	const char *name = own_name("facts");
	int fd = TRY(open_named(name, O_CREAT | O_EXCL | oflag, 0600, &attr));
	TRY(unlink_named(name));
	return fd;
}

static inline long attributes(int fd, struct mq_attr *attr)
{
	return T("mq_getsetattr", SYS_mq_getsetattr, fd, NULL, attr);
}

static inline long depth(int fd)
{
	struct mq_attr attr;
	TRY(attributes(fd, &attr));
	return attr.mq_curmsgs;
}

static inline long set_flags(int fd, long flags)
{
	struct mq_attr attr = { .mq_flags = flags };
	return T("mq_getsetattr", SYS_mq_getsetattr, fd, &attr, NULL);
}

static inline long flags_of(int fd)
{
	struct mq_attr attr;
	TRY(attributes(fd, &attr));
	return attr.mq_flags;
}

/* A message of one byte. */
static inline long put(int fd, char byte, unsigned int prio)
{
	return T(SEND, SYS_mq_timedsend, fd, &byte, 1, prio, NULL);
}

/* The byte, or the error. */
static inline long get(int fd)
{
	char data[SIZE] = "";
	struct timespec past = { 1, 0 };
	long ret = T(RECEIVE, SYS_mq_timedreceive, fd, data, SIZE, NULL, &past);
	return ret < 0 ? ret : data[0];
}

static inline long send_waiting(struct waiter *waiter)
{
	return waiter_told(waiter, SEND,
			   CALL(SYS_mq_timedsend, waiter->fd, waiter->data, 1, waiter->prio, NULL));
}

static inline long receive_waiting(struct waiter *waiter)
{
	return waiter_told(waiter, RECEIVE,
			   CALL(SYS_mq_timedreceive, waiter->fd, waiter->data, SIZE, &waiter->prio, NULL));
}

#define SENDER(queue, byte, priority) \
	{ .run = send_waiting, .nr = SYS_mq_timedsend, .fd = (queue), .data = { byte }, .prio = (priority) }
#define RECEIVER(queue) { .run = receive_waiting, .nr = SYS_mq_timedreceive, .fd = (queue) }

#endif
