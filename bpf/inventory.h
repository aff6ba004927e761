/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an inventory finds of POSIX queues, one struct a descriptor or file: written by the iterator (inventory.bpf.c) and
 * by the library (native/mqueue-files.c), and laid out the same in both.
 */
#ifndef MSGTAPE_INVENTORY_H
#define MSGTAPE_INVENTORY_H

#include <linux/types.h>

/* mt_found_queue.known: what of it was read. The rest of these fields is 0 and means nothing. */
enum mt_found_known {
	MT_FOUND_HOLDER = 1,	 /* tgid, tid, fd; else it is a file that was found by its name */
	MT_FOUND_GENERATION = 2,
	MT_FOUND_NOTIFY = 4,	 /* qsize, notify, signo, notify_tgid: what the queue's file says */
	MT_FOUND_ATTR = 8,	 /* curmsgs, maxmsg, msgsize */
	MT_FOUND_SENDERS = 16,	 /* waiting_senders */
	MT_FOUND_RECEIVERS = 32, /* waiting_receivers */
};

struct mt_found_queue {
	__u64 at_ns; /* CLOCK_BOOTTIME when it was read */
	__u64 inode;
	__u64 generation;
	__u64 qsize;
	__u64 curmsgs;
	__u64 maxmsg;
	__u64 msgsize;
	__u32 namespace_inum; /* the queue's; 0: that namespace is gone */
	__u32 known;	      /* enum mt_found_known */
	__u32 tgid;	      /* as the initial pid namespace has it */
	__u32 tid;	      /* not tgid: the descriptors are this thread's own */
	__u32 fd;
	__u32 mode;	      /* with the file's type */
	__u32 uid;
	__u32 gid;
	__u32 nlink;
	__u32 notify;	      /* 0 as well when nobody is registered */
	__u32 signo;
	__u32 notify_tgid;    /* 0: nobody is registered */
	__u32 waiting_senders;
	__u32 waiting_receivers;
	__u32 name_len;
	__u32 pad;
	__u8 name[256];	      /* without a slash */
};
_Static_assert(sizeof(struct mt_found_queue) == 376, "mt_found_queue has no holes");

#endif
