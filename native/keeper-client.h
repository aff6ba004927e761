/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KEEPER_CLIENT_H
#define KEEPER_CLIENT_H

#include "keeper.h"

#include <sys/types.h>

struct mt_keeper {
	pid_t pid;
	int socket;
	uint32_t seq;	   /* of the last request */
	uint32_t answered; /* of the last one whose answer has come whole */
};

/* Where an answer's bytes go, one after the other. */
struct answer {
	char *data;
	size_t size, len;
};

/* Waits for the answer to `seq`: its result, or a negative errno. */
int keeper_answer(struct mt_keeper *keeper, uint32_t seq, uint32_t limit_ms, struct answer *answer);

/* Lets a thread of ours come first, or no longer: for any thread, at any time, and without an answer. */
void keeper_hurry(const struct mt_keeper *keeper, uint32_t tid, int first);

#endif
