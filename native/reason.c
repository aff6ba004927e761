/* SPDX-License-Identifier: Apache-2.0 */
#include "reason.h"

#include "message.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe", F_OK) ||
	       !access("/sys/kernel/tracing/kprobe_events", F_OK) ||
	       !access("/sys/kernel/debug/tracing/kprobe_events", F_OK);
}

/*
 * Looks for a function in the kernel's table of symbols. A compiler that changes a static function's arguments or
 * splits it gives it another name, with a dot: that one is put into `variant`, "" when there is none. 1: it is there
 * under its own name; 0: it is not; negative: the table cannot be read.
 */
static int find_function(const char *name, char *variant, size_t len)
{
	char line[512], symbol[256], kind;
	size_t name_len = strlen(name);
	FILE *file = fopen("/proc/kallsyms", "re");
	int found = 0;

	variant[0] = '\0';
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %c %255s", &kind, symbol) != 2 || strncmp(symbol, name, name_len))
			continue;
		if ((kind == 't' || kind == 'T') && !symbol[name_len])
			found = 1;
		else if (symbol[name_len] == '.')
			message_set(variant, len, "%s", symbol);
	}
	fclose(file);
	return found;
}

static const char *function_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

void hook_explain(const struct bpf_program *program, const char *what, int err, char *message, size_t len)
{
	const char *function = function_of(program);
	char variant[256];

	if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE && !has_kprobes()) {
		message_set(message, len, "this kernel has no kprobes: it is built without CONFIG_KPROBE_EVENTS");
		return;
	}
	if ((err == -ENOENT || err == -ESRCH || err == -EINVAL) && !find_function(function, variant, sizeof(variant))) {
		if (variant[0])
			message_set(message, len, "this kernel has no function %s: its compiler made %s of it", function, variant);
		else
			message_set(message, len, "this kernel has no function %s: its compiler made it part of others", function);
		return;
	}
	message_explain(message, len, what, err);
}
