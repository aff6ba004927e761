// SPDX-License-Identifier: Apache-2.0
/*
 * mq-ping COUNT [BYTES]: COUNT times one send and one receive on one non-blocking queue, from one thread, at full
 * speed. Prints nothing on the way: the truth is COUNT sends, COUNT receives, one open, one unlink. The first
 * eight bytes of each message are its number. Prints ns per call, for the benchmark: by the clock on the wall, and
 * of processor time, which other programs on the machine disturb less.
 */
#include "truth.h"

static double now_ns(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000;
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 0) : 64;
	char *out = calloc(1, bytes + 8), *in = calloc(1, bytes + 8);
	const char *name = own_name("ping");
	int queue = open_queue(name, O_NONBLOCK, 10, bytes > 8 ? bytes : 8);
	double wall_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (long i = 0; i < count; i++) {
		memcpy(out, &i, sizeof(i));
		TRY(CALL(SYS_mq_timedsend, queue, out, bytes, i % 7, NULL));
		long got = TRY(CALL(SYS_mq_timedreceive, queue, in, bytes > 8 ? bytes : 8, NULL, NULL));
		if ((size_t)got != bytes || memcmp(in, out, bytes) != 0)
			return 72;
	}
	wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	TRY(CALL(SYS_mq_unlink, name));
	double calls = count ? 2.0 * count : 1;
	printf("{\"tid\":%d,\"calls\":%ld,\"ns_per_call\":%.1f,\"cpu_ns_per_call\":%.1f}\n", getpid(), 2 * count,
	       wall_ns / calls, cpu_ns / calls);
	return 0;
}
