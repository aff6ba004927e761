/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recorder that has given up root and its keeper, which has not, say to each other: over a SOCK_SEQPACKET pair, one
 * request at a time. The keeper takes no paths and no pids to act on: what it may do is in the descriptors that it was
 * started with, and in this list.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "msgtape.h"

/* The keeper's descriptors. Each but the socket may be missing: then its requests give EBADF. */
enum keeper_fd {
	KEEPER_SOCKET = 3,
	KEEPER_ITERATOR = 4,  /* the link of the iterator over descriptors */
	KEEPER_COMMAND = 5,   /* a pidfd of the command */
	KEEPER_DIRECTORY = 6, /* where the output is */
	KEEPER_OUTPUT = 7,
	KEEPER_FDS = 8,
};

enum keeper_op {
	KEEPER_HELD = 1,	/* mt_found, mt_found_queue each */
	KEEPER_NAMESPACES = 2,	/* mt_found, mt_namespace each; result: how many */
	KEEPER_LOOK = 3,	/* mt_found each, all mt_found_queue, all text */
	KEEPER_FACTS = 4,	/* keeper_facts, then what it tells the lengths of */
	KEEPER_SIGNAL = 5,	/* to the command; nothing */
	KEEPER_DISCARD = 6,	/* takes the output away, as long as it is not kept; nothing */
	KEEPER_KEEP = 7,	/* from now on it stays; nothing */
	KEEPER_HURRY = 8,	/* lets a thread of the recorder come first, or no longer. There is no answer */
};

#define KEEPER_FIRST_NICE (-10)

#define KEEPER_NAMESPACES_MAX 1024u
#define KEEPER_ROOM_MAX (256u << 20)
#define KEEPER_LIMIT_MS_MAX 60000u

/* Every request has this size. What its op does not need is 0. */
struct keeper_request {
	uint32_t op;
	uint32_t seq;
	uint32_t limit_ms;
	uint32_t count;	      /* namespaces: at most so many; look: of these; signal: its number; hurry: 1 or 0 */
	uint64_t room;	      /* bytes for queues, and as many for text */
	uint64_t start_ticks; /* facts: of the process, so that no other one is told of */
	uint32_t tgid;	      /* facts; hurry: the thread */
	uint32_t pad;
	uint32_t namespaces[KEEPER_NAMESPACES_MAX]; /* look: their numbers, out of the keeper's last list; 0: our own */
};

/* An answer is one packet or more: each begins so, the last has `more` 0. */
struct keeper_answer {
	uint32_t seq;
	int32_t result; /* as the function's; negative: an errno, and nothing follows */
	uint32_t more;
	uint32_t len;	/* bytes behind this */
};
#define KEEPER_PACKET (32u << 10)

#define KEEPER_TEXT_MAX 4096u
struct keeper_facts {
	uint32_t exe_len; /* of /proc/PID/exe's target; not NUL-terminated */
	uint32_t cmdline_len;
	uint32_t cgroup_len; /* of the file's text */
	uint32_t pad;
};

#endif
