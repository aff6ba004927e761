/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the facts-*.c programs have in common: they execute the statements of the reference pages (src/catalog/pages) and
 * the errors of the catalogue's rows, and print what came of each:
 *
 *   {"fact":ID,"saw":{NAME:NUMBER,...}}                                     compared with a table in test/live
 *   {"skipped":ID,"lacks":WHAT}                                             this machine cannot show it
 *   {"provoked":EVENT,"errno":NAME,"ret":...,"before":...,"after":...}      messages in the queue around a call that failed
 *
 * and the truth about each call (truth.h), so that a recording of the program can be held against it.
 */
#ifndef FACTS_H
#define FACTS_H

#include "truth.h"
#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifdef __i386__
#define ABI ",\"abi\":\"ia32\""
#define ON_IA32 1
#else
#define ABI ",\"abi\":\"x86_64\""
#define ON_IA32 0
#endif

/* No page is ever mapped here. */
#define BAD ((void *)8)

/* What the tracer sees in place of EINTR. */
static _Thread_local long raw_interrupt = -ERESTARTSYS;

static inline long told(const char *event, long ret)
{
	truth_of(syscall(SYS_gettid), ABI, event, ret == -EINTR ? raw_interrupt : ret, "%s", "");
	return ret;
}

/* A recorded call, told as the kernel answered it. */
#define T(event, ...) told(event, CALL(__VA_ARGS__))

static inline void fact(const char *id, const char *names, const long *values, size_t count)
{
	char line[1024], copy[512], *rest = copy;
	int n = snprintf(line, sizeof(line), "{\"fact\":\"%s\",\"saw\":{", id);
	snprintf(copy, sizeof(copy), "%s", names);
	for (size_t i = 0; i < count; i++)
		n += snprintf(line + n, sizeof(line) - n, "%s\"%s\":%ld", i ? "," : "", strsep(&rest, " "), values[i]);
	n += snprintf(line + n, sizeof(line) - n, "}}\n");
	if (write(1, line, n) != n)
		exit(71);
}

/* FACT("send.zero", "first second", a, b) */
#define FACT(id, names, ...) \
	fact(id, names, (const long[]){ __VA_ARGS__ }, sizeof((const long[]){ __VA_ARGS__ }) / sizeof(long))

/* A fact that this machine cannot show. */
static inline void skip(const char *id, const char *lacks)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "{\"skipped\":\"%s\",\"lacks\":\"%s\"}\n", id, lacks);
	if (write(1, line, n) != n)
		exit(71);
}

/* Some machines' root lacks it. */
static inline int has_sys_resource(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	unsigned long long effective = 0;
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &effective);
	if (file)
		fclose(file);
	return effective >> 24 & 1;
}

static inline void provoked(const char *event, int error, long ret, long before, long after)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "{\"provoked\":\"%s\",\"errno\":\"%s\",\"ret\":%ld,\"before\":%ld,\"after\":%ld}\n", event,
			 errno_word(-error), ret, before, after);
	if (write(1, line, n) != n)
		exit(71);
}

/* A call that is to fail so; `depth` is asked before and after it. */
#define FAILS(event, error, depth, call)                                  \
	({                                                                \
		long before_ = (depth), ret_ = (call), after_ = (depth);  \
		provoked(event, error, ret_, before_, after_);            \
		ret_;                                                     \
	})

/* Where there is no queue to look into. */
#define NO_DEPTH (-1)

/* Runs the statements in a child to its end. Results come back through `shared`. */
#define CHILD(...)                                   \
	do {                                         \
		pid_t child_ = TRY(fork());          \
		int status_;                         \
		if (!child_) {                       \
			__VA_ARGS__;                 \
			_exit(0);                    \
		}                                    \
		TRY(waitpid(child_, &status_, 0));   \
		if (status_)                         \
			exit(72);                    \
	} while (0)

static volatile long *shared;

static inline void facts_begin(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		exit(77);
}

static inline void become(uid_t uid)
{
	TRY(setgroups(0, NULL));
	TRY(setresgid(uid, uid, uid));
	TRY(setresuid(uid, uid, uid));
}

static inline long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long number = -1;
	if (!file || fscanf(file, "%ld", &number) != 1)
		exit(73);
	fclose(file);
	return number;
}

static inline void put_number(const char *path, long number)
{
	FILE *file = fopen(path, "w");
	if (!file || fprintf(file, "%ld\n", number) < 0 || fclose(file))
		exit(74);
}

static inline struct timespec in_ms(long ms)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

static inline long ms_since(struct timespec from)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000;
}

static inline struct timespec monotonic(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

static _Atomic int handled;

static inline void on_signal(int signal)
{
	(void)signal;
	handled++;
}

static inline void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	TRY(sigaction(signal, &action, NULL));
}

/* A thread that makes one call which waits. `run` makes and tells it. */
struct waiter {
	long (*run)(struct waiter *);
	long nr;
	int fd;
	long a, b;
	unsigned int prio;
	char data[64];
	/* So often the kernel is to begin the call anew. */
	int restarts;
	/* SCHED_FIFO, which goes before all others. */
	int is_urgent;
	long ret;
	_Atomic long tid;
	_Atomic int has_ended;
	pthread_t thread;
};

/* As told(), with the interrupted calls before it of which the program never learns. */
static inline long waiter_told(struct waiter *waiter, const char *event, long ret)
{
	for (int i = 0; i < waiter->restarts; i++)
		truth_of(waiter->tid, i ? ABI ",\"restart\":true" : ABI, event, raw_interrupt, "%s", "");
	if (!waiter->restarts)
		return told(event, ret);
	truth_of(waiter->tid, ABI ",\"restart\":true", event, ret, "%s", "");
	return ret;
}

static inline void *waiter_main(void *given)
{
	struct waiter *waiter = given;
	struct sched_param urgent = { .sched_priority = 1 };
	if (waiter->is_urgent)
		TRY(sched_setscheduler(0, SCHED_FIFO, &urgent));
	waiter->tid = syscall(SYS_gettid);
	waiter->ret = waiter->run(waiter);
	waiter->has_ended = 1;
	return NULL;
}

/* Returns when it waits in its call. */
static inline void begin(struct waiter *waiter)
{
	if (pthread_create(&waiter->thread, NULL, waiter_main, waiter))
		exit(75);
	while (!waiter->tid)
		usleep(200);
	wait_blocked(getpid(), waiter->tid, waiter->nr);
}

static inline long end(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	return waiter->ret;
}

/* Returns when the handler has run: the call has ended, or the kernel begins it anew. */
static inline void interrupt(struct waiter *waiter)
{
	int before = handled;
	pthread_kill(waiter->thread, SIGUSR1);
	while (handled == before)
		usleep(200);
	if (waiter->restarts)
		wait_blocked(getpid(), waiter->tid, waiter->nr);
}

/* Does it still wait, after others have had the time to wake it? */
static inline long still_waits(struct waiter *waiter)
{
	usleep(20000);
	return !waiter->has_ended;
}

#endif
