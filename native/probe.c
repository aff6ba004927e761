/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries one mechanism for real: what a kernel's version promises, its build or its policy may deny. Each probe
 * leaves nothing behind. -EACCES means that this process may not even try, so that nothing is known.
 */
#include "message.h"
#include "msgtape.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL_FUNCTION "load_msg" /* of the message queues; not inlined anywhere known */

#define MOVE(reg, value) ((struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (value) })
#define CALL_KERNEL(id) \
	((struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = (id) })
#define EXIT ((struct bpf_insn){ .code = BPF_JMP | BPF_EXIT })

struct answer {
	char *message;
	size_t len;
};

#define SAY(answer, ...) message_set((answer)->message, (answer)->len, __VA_ARGS__)

static int fail(const struct answer *answer, const char *what, int err)
{
	SAY(answer, "%s: %s", what, strerror(-err));
	return err;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id, const struct bpf_insn *insns,
		size_t count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach, .attach_btf_id = (uint32_t)btf_id);

	return bpf_prog_load(type, "mt_probe", "GPL", insns, count, &opts);
}

static int load_empty(enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id)
{
	const struct bpf_insn insns[] = { MOVE(BPF_REG_0, 0), EXIT };

	return load(type, attach, btf_id, insns, 2);
}

/* Loads an empty program and attaches it; name is a raw tracepoint's, or NULL when the type knows its place. */
static int try_attach(const struct answer *answer, enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id,
		      const char *name)
{
	int program, link, err = 0;

	if (btf_id < 0)
		return fail(answer, "not among this kernel's types", btf_id);
	program = load_empty(type, attach, btf_id);
	if (program < 0)
		return fail(answer, "cannot load", program);
	link = bpf_raw_tracepoint_open(name, program);
	if (link < 0)
		err = fail(answer, "loads, but cannot be attached", link);
	else
		close(link);
	close(program);
	return err;
}

static int probe_tp_btf(const struct answer *answer)
{
	return try_attach(answer, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
			  libbpf_find_vmlinux_btf_id("sys_enter", BPF_TRACE_RAW_TP), NULL);
}

static int probe_raw_tp(const struct answer *answer)
{
	return try_attach(answer, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, "sys_enter");
}

static int probe_fentry(const struct answer *answer)
{
	return try_attach(answer, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
			  libbpf_find_vmlinux_btf_id(KERNEL_FUNCTION, BPF_TRACE_FENTRY), NULL);
}

static int probe_fexit(const struct answer *answer)
{
	return try_attach(answer, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT,
			  libbpf_find_vmlinux_btf_id(KERNEL_FUNCTION, BPF_TRACE_FEXIT), NULL);
}

static int probe_map(const struct answer *answer, enum bpf_map_type type)
{
	int result = libbpf_probe_bpf_map_type(type, NULL);

	if (result == 1)
		return 0;
	return fail(answer, "the kernel makes no such map", result < 0 ? result : -EOPNOTSUPP);
}

static int probe_ringbuf(const struct answer *answer)
{
	return probe_map(answer, BPF_MAP_TYPE_RINGBUF);
}

static int probe_task_storage(const struct answer *answer)
{
	return probe_map(answer, BPF_MAP_TYPE_TASK_STORAGE);
}

static int probe_bpf_loop(const struct answer *answer)
{
	int result = libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL);

	if (result == 1)
		return 0;
	return fail(answer, "the kernel has no such helper (5.17)", result < 0 ? result : -EOPNOTSUPP);
}

static int probe_btf(const struct answer *answer)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err = btf ? 0 : -errno;

	btf__free(btf);
	return err ? fail(answer, "/sys/kernel/btf/vmlinux", err) : 0;
}

static int find_type(const char *name, int kind)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, name, (uint32_t)kind) : -errno;

	btf__free(btf);
	return id;
}

/* r1 is passed through, whatever it is; r2 must be a struct's type id. */
static int probe_rdonly_cast(const struct answer *answer)
{
	int function = find_type("bpf_rdonly_cast", BTF_KIND_FUNC);
	int task = find_type("task_struct", BTF_KIND_STRUCT);
	const struct bpf_insn insns[] = { MOVE(BPF_REG_1, 0), MOVE(BPF_REG_2, task), CALL_KERNEL(function),
					  MOVE(BPF_REG_0, 0), EXIT };
	int program;

	if (function < 0 || task < 0)
		return fail(answer, "the kernel has no such function (6.2)", -EOPNOTSUPP);
	program = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
		       libbpf_find_vmlinux_btf_id("sys_enter", BPF_TRACE_RAW_TP), insns,
		       sizeof(insns) / sizeof(*insns));
	if (program < 0)
		return fail(answer, "cannot load", program);
	close(program);
	return 0;
}

static int perf_type(const char *unit)
{
	char path[96];
	FILE *file;
	int type = -ENOENT;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", unit);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &type) != 1)
		type = -EINVAL;
	fclose(file);
	return type;
}

static int try_perf(const struct answer *answer, const char *unit, uint64_t config1, uint64_t config2)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .config1 = config1, .config2 = config2 };
	int type = perf_type(unit);
	long fd;

	if (type < 0)
		return fail(answer, "not built into this kernel", -EOPNOTSUPP);
	attr.type = (uint32_t)type;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return fail(answer, "cannot be opened", -errno);
	close((int)fd);
	return 0;
}

static int probe_kprobe(const struct answer *answer)
{
	return try_perf(answer, "kprobe", (uint64_t)(uintptr_t)KERNEL_FUNCTION, 0);
}

/* On a function of this very library. */
static int probe_uprobe(const struct answer *answer)
{
	Dl_info info;

	if (!dladdr((void *)mt_probe, &info))
		return fail(answer, "cannot find libmsgtape.so", -ENOENT);
	return try_perf(answer, "uprobe", (uint64_t)(uintptr_t)info.dli_fname,
			(uint64_t)((uintptr_t)mt_probe - (uintptr_t)info.dli_fbase));
}

static int probe_iter_task_file(const struct answer *answer)
{
	int id = libbpf_find_vmlinux_btf_id("task_file", BPF_TRACE_ITER);
	int program, link, err = 0;

	if (id < 0)
		return fail(answer, "not among this kernel's types", id);
	program = load_empty(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, id);
	if (program < 0)
		return fail(answer, "cannot load", program);
	link = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		err = fail(answer, "loads, but cannot be attached", link);
	else
		close(link);
	close(program);
	return err;
}

static int probe_caps(const struct answer *answer)
{
	if (may_load())
		return 0;
	SAY(answer, "neither root nor CAP_BPF and CAP_PERFMON");
	return -EPERM;
}

/* Under `confidentiality` programs may not read kernel memory. */
static int probe_lockdown(const struct answer *answer)
{
	char text[128] = "";
	int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int err = fd < 0 || got < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (err == -ENOENT) {
		SAY(answer, "not known: /sys/kernel/security/lockdown is not there");
		return -EACCES;
	}
	if (err)
		return fail(answer, "/sys/kernel/security/lockdown", err);
	text[strcspn(text, "\n")] = '\0';
	SAY(answer, "%s", text);
	return strstr(text, "[confidentiality]") ? -EPERM : 0;
}

static const struct {
	const char *name;
	int (*probe)(const struct answer *answer);
	int needs_caps;
} probes[] = {
	{ "caps", probe_caps, 0 },
	{ "lockdown", probe_lockdown, 0 },
	{ "btf", probe_btf, 0 },
	{ "tp_btf", probe_tp_btf, 1 },
	{ "raw_tp", probe_raw_tp, 1 },
	{ "ringbuf", probe_ringbuf, 1 },
	{ "task_storage", probe_task_storage, 1 },
	{ "bpf_rdonly_cast", probe_rdonly_cast, 1 },
	{ "bpf_loop", probe_bpf_loop, 1 },
	{ "fentry", probe_fentry, 1 },
	{ "fexit", probe_fexit, 1 },
	{ "kprobe", probe_kprobe, 1 },
	{ "uprobe", probe_uprobe, 1 },
	{ "iter/task_file", probe_iter_task_file, 1 },
};

int mt_probe(const char *name, char *message, size_t message_len)
{
	const struct answer answer = { message, message_len };
	size_t i;

	message_set(message, message_len, "%s", "");
	log_listen();
	for (i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		if (strcmp(probes[i].name, name))
			continue;
		if (probes[i].needs_caps && !may_load()) {
			SAY(&answer, "not tried: needs root, or CAP_BPF and CAP_PERFMON");
			return -EACCES;
		}
		return probes[i].probe(&answer);
	}
	SAY(&answer, "there is no probe %s", name);
	return -EINVAL;
}
