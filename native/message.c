/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEEDS "loading the kernel programs needs root, or CAP_BPF and CAP_PERFMON"

/* libbpf has one printing function for the whole process. A verifier's log is long: its end says why. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char tail[8192];
static size_t tail_len;

void message_set(char *message, size_t len, const char *format, ...)
{
	va_list args;

	if (!message || !len)
		return;
	va_start(args, format);
	vsnprintf(message, len, format, args);
	va_end(args);
}

static void keep(const char *text, size_t len)
{
	if (len > sizeof(tail) / 2) {
		text += len - sizeof(tail) / 2;
		len = sizeof(tail) / 2;
	}
	if (tail_len + len > sizeof(tail)) {
		size_t drop = tail_len + len - sizeof(tail);

		memmove(tail, tail + drop, tail_len - drop);
		tail_len -= drop;
	}
	memcpy(tail + tail_len, text, len);
	tail_len += len;
}

static int on_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text = NULL;
	int len;

	if (level == LIBBPF_DEBUG)
		return 0;
	len = vasprintf(&text, format, args);
	if (len < 0)
		return 0;
	pthread_mutex_lock(&lock);
	keep(text, (size_t)len);
	pthread_mutex_unlock(&lock);
	if (getenv("MSGTAPE_DEBUG"))
		fputs(text, stderr);
	free(text);
	return 0;
}

void log_listen(void)
{
	pthread_mutex_lock(&lock);
	tail_len = 0;
	pthread_mutex_unlock(&lock);
	libbpf_set_print(on_print);
}

static int is_reason(const char *line)
{
	static const char *const noise[] = { "processed ", "-- END",      "-- BEGIN",	 "failed to load object",
					     "verification time", "stack depth", "insns_state", "arg#",
					     "BPF program load failed",	 "try raising 'ulimit -l'" };
	size_t i;

	if (!*line)
		return 0;
	for (i = 0; i < sizeof(noise) / sizeof(*noise); i++)
		if (strstr(line, noise[i]))
			return 0;
	return 1;
}

void log_reason(char *reason, size_t len)
{
	char copy[sizeof(tail) + 1];
	char *line, *next;

	reason[0] = '\0';
	pthread_mutex_lock(&lock);
	memcpy(copy, tail, tail_len);
	copy[tail_len] = '\0';
	pthread_mutex_unlock(&lock);
	/* In a verifier's log the refusal is the last line but for the statistics; "prog 'x': failed to load: -22"
	 * comes after it and tells nothing that errno does not. */
	for (line = copy; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, "libbpf: ", 8))
			line += 8;
		if (is_reason(line) && !strstr(line, ": failed to load: "))
			message_set(reason, len, "%s", line);
	}
}

int may_load(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &header, data))
		return geteuid() == 0;
	if (data[0].effective & (1u << CAP_SYS_ADMIN))
		return 1;
	return (data[CAP_BPF / 32].effective & (1u << (CAP_BPF % 32))) &&
	       (data[CAP_PERFMON / 32].effective & (1u << (CAP_PERFMON % 32)));
}

int errno_of(int err)
{
	return err <= -__LIBBPF_ERRNO__START ? -EINVAL : err;
}

void message_explain(char *message, size_t len, const char *what, int err)
{
	char reason[256], text[128];

	log_reason(reason, sizeof(reason));
	libbpf_strerror(err, text, sizeof(text));
	if ((err == -EPERM || err == -EACCES) && !may_load())
		message_set(message, len, NEEDS);
	else if (access("/sys/kernel/btf/vmlinux", R_OK) && (err == -ESRCH || err == -ENOENT || err == -EINVAL))
		message_set(message, len, "this kernel describes no types: /sys/kernel/btf/vmlinux cannot be read (it "
					  "needs CONFIG_DEBUG_INFO_BTF)");
	else if (reason[0])
		message_set(message, len, "%s: %s (%s)", what, text, reason);
	else
		message_set(message, len, "%s: %s", what, text);
}
