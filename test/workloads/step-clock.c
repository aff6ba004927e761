// SPDX-License-Identifier: Apache-2.0
/* step-clock MICROSECONDS: sets the wall clock so much forward or back, at one stroke. 77: not allowed to. */
#include "truth.h"
#include <sys/timex.h>

int main(int argc, char **argv)
{
	long long us = argc > 1 ? atoll(argv[1]) : 0;
	struct timex change = { .modes = ADJ_SETOFFSET };
	/* The fraction must not be negative. */
	change.time.tv_sec = us / 1000000 - (us % 1000000 < 0);
	change.time.tv_usec = us - change.time.tv_sec * 1000000;
	return adjtimex(&change) < 0 ? 77 : 0;
}
