/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the workloads have in common: system calls with the kernel's own result (-errno), and the truth about
 * each of them as a JSON line on stdout. Tests compare these lines with what a capture says.
 *
 * A program tells only what it knows by itself: never what it would have to ask a tracer.
 */
#ifndef TRUTH_H
#define TRUTH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A system call as the kernel answers it: -errno instead of -1. */
#define CALL(...)                                              \
	({                                                     \
		long result_ = syscall(__VA_ARGS__);           \
		result_ == -1 && errno ? -(long)errno : result_; \
	})

#define TRY(expression)                                                                              \
	({                                                                                           \
		long tried_ = (long)(expression);                                                    \
		if (tried_ < 0) {                                                                    \
			fprintf(stderr, "%s:%d: %s: %ld (%s)\n", __FILE__, __LINE__, #expression, tried_, \
				strerror(errno));                                                    \
			exit(70);                                                                    \
		}                                                                                    \
		tried_;                                                                              \
	})

/* What sys_exit sees of a call that a signal ended; user space never does. */
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514

static inline const char *errno_word(long ret)
{
	if (ret >= 0 || ret < -4095)
		return NULL;
	if (ret == -ERESTARTSYS)
		return "ERESTARTSYS";
	if (ret == -ERESTARTNOHAND)
		return "ERESTARTNOHAND";
	return strerrorname_np((int)-ret);
}

/* Base64 in one of eight rotating buffers, so that a line may hold several. */
static inline const char *b64(const void *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static _Thread_local char buffers[8][4096];
	static _Thread_local unsigned int turn;
	const unsigned char *in = data;
	char *start = buffers[turn++ % 8];
	char *out = start;
	for (size_t i = 0; i < len; i += 3) {
		unsigned int bits = in[i] << 16;
		if (i + 1 < len)
			bits |= in[i + 1] << 8;
		if (i + 2 < len)
			bits |= in[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*out = 0;
	return start;
}

static inline void truth_line(long tid, const char *extra, const char *event, long ret, const char *format,
			      va_list list)
{
	/* One write, so that the lines of several threads do not mix. */
	static _Thread_local char line[16384];
	const char *word = errno_word(ret);
	int n = snprintf(line, sizeof(line), "{\"tid\":%ld,\"event\":\"%s\",\"ret\":%ld,\"errno\":%s%s%s%s,\"args\":{",
			 tid, event, ret, word ? "\"" : "", word ? word : "null", word ? "\"" : "", extra);
	n += vsnprintf(line + n, sizeof(line) - n - 4, format, list);
	memcpy(line + n, "}}\n", 3);
	if (write(1, line, n + 3) != n + 3)
		exit(71);
}

/* truth("mq_unlink", ret, "\"name\":\"...\""): the calling thread made this call. */
__attribute__((format(printf, 3, 4))) static inline void truth(const char *event, long ret, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	truth_line(syscall(SYS_gettid), "", event, ret, format, list);
	va_end(list);
}

/* With more fields of the call's line, as `,"restart":true`, and for another thread's call. */
__attribute__((format(printf, 5, 6))) static inline void truth_of(long tid, const char *extra, const char *event,
								  long ret, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	truth_line(tid, extra, event, ret, format, list);
	va_end(list);
}

/* Waits until a thread of this or another process sits in system call `nr`, asleep. */
static inline void wait_blocked(pid_t pid, pid_t tid, long nr)
{
	char path[64], text[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = 0;
		char *end;
		long now = strtol(text, &end, 10);
		if (end != text && now == nr)
			return;
		usleep(500);
	}
}

/*
 * A queue of this process alone: its name holds the pid and, as pids recur and queues outlive a program that was
 * killed, when it began. The file name, without a slash, as the kernel gets it.
 */
static inline const char *own_name(const char *what)
{
	static char name[64];
	static long long began_ms;
	struct timespec now;
	if (!began_ms) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		began_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
	}
	snprintf(name, sizeof(name), "msgtape-%s-%d-%llx", what, getpid(), began_ms);
	return name;
}

static inline int open_queue(const char *name, int oflag, long maxmsg, long msgsize)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };
	return TRY(CALL(SYS_mq_open, name, oflag | O_CREAT | O_RDWR, 0600, &attr));
}

#endif
