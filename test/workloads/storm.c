// SPDX-License-Identifier: Apache-2.0
/*
 * storm PROCESSES CALLS [JOURNAL]: so many processes make mq_timedsend and mq_timedreceive in turn at full speed, each on a
 * queue of its own, CALLS calls each, or, with 0, until standard input ends. With a JOURNAL each process writes through to
 * that file what its newest finished call was: struct entry. Prints all calls that were made.
 */
#include "truth.h"
#include <sys/stat.h>

struct entry {
	_Atomic uint64_t calls;	 /* finished */
	_Atomic uint64_t end_ns; /* CLOCK_BOOTTIME just after the last of them */
};

/* Shared between all processes; a journal's file is this memory. */
struct shared {
	_Atomic uint64_t stop;
	uint64_t pad;
	struct entry entries[64];
};

static struct shared *shared;

static uint64_t boot_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void share(const char *path)
{
	int fd = path ? TRY(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) : -1;
	if (path)
		TRY(ftruncate(fd, sizeof(*shared)));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | (path ? 0 : MAP_ANONYMOUS), fd, 0);
	if (shared == MAP_FAILED)
		exit(73);
}

static void make_calls(int which, uint64_t calls)
{
	struct entry *entry = &shared->entries[which];
	char name[80];
	struct {
		uint64_t number, at_ns;
		char rest[48];
	} message = { 0 };
	snprintf(name, sizeof(name), "%s-%d", own_name("storm"), which);
	int queue = open_queue(name, O_NONBLOCK, 4, sizeof(message));
	TRY(CALL(SYS_mq_unlink, name));
	uint64_t made = 2;
	while (calls ? made < calls : !shared->stop) {
		message.number = made;
		message.at_ns = boot_ns();
		TRY(CALL(SYS_mq_timedsend, queue, &message, sizeof(message), 0, NULL));
		TRY(CALL(SYS_mq_timedreceive, queue, &message, sizeof(message), NULL, NULL));
		made += 2;
		entry->end_ns = boot_ns();
		entry->calls = made;
	}
	entry->calls = made;
	exit(0);
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 1, status;
	uint64_t calls = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000, all = 0;
	char byte;
	share(argc > 3 ? argv[3] : NULL);
	own_name("storm");
	for (int i = 0; i < processes; i++)
		if (!TRY(fork()))
			make_calls(i, calls);
	if (!calls) {
		printf("{\"ready\":%d}\n", getpid());
		fflush(stdout);
		while (read(0, &byte, 1) > 0)
			;
		shared->stop = 1;
	}
	for (int i = 0; i < processes; i++)
		if (wait(&status) < 0 || status)
			return 74;
	for (int i = 0; i < processes; i++)
		all += shared->entries[i].calls;
	printf("{\"calls\":%llu}\n", (unsigned long long)all);
	return 0;
}
