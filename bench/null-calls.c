// SPDX-License-Identifier: Apache-2.0
/* null-calls COUNT: calls that nobody records, at full speed. Prints ns per call. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now_ns(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000000;
	double wall_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	printf("{\"calls\":%ld,\"ns_per_call\":%.1f,\"cpu_ns_per_call\":%.1f}\n", count, wall_ns / count, cpu_ns / count);
	return 0;
}
