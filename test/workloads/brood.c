// SPDX-License-Identifier: Apache-2.0
/*
 * brood COUNT PER_SECOND: COUNT processes, each of a name of its own, that live as long as it takes to send a message to a
 * queue, receive one and be refused one; some PER_SECOND of them, as far as the machine can. Prints how many calls that
 * were, and how long it took.
 */
#include "truth.h"

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void live(int queue, unsigned int number)
{
	char name[32], message[32] = "";
	snprintf(name, sizeof(name), "brood-%u", number % 1000000);
	prctl(PR_SET_NAME, name);
	TRY(CALL(SYS_mq_timedsend, queue, name, strlen(name), 0, NULL));
	TRY(CALL(SYS_mq_timedreceive, queue, message, sizeof(message), NULL, NULL));
	if (CALL(SYS_mq_getsetattr, -1, NULL, NULL) != -EBADF)
		_exit(72);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	uint64_t per_second = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;
	const char *name = own_name("brood");
	int queue = open_queue(name, 0, 10, 32), status;
	uint64_t began = now_ns();
	TRY(CALL(SYS_mq_unlink, name));
	for (unsigned int i = 0; i < count; i++) {
		uint64_t due = began + i * 1000000000ull / per_second, now = now_ns();
		if (now < due)
			usleep((due - now) / 1000);
		if (!TRY(fork()))
			live(queue, i);
		while (waitpid(-1, &status, WNOHANG) > 0)
			if (status)
				return 74;
	}
	while (wait(&status) > 0)
		if (status)
			return 74;
	printf("{\"calls\":%u,\"ns\":%llu}\n", 2 + 3 * count, (unsigned long long)(now_ns() - began));
	return 0;
}
