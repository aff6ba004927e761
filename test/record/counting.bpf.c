/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A stand-in for the kernel programs, small enough to be all known: each kill(2) of the main thread of the process
 * named in the configuration becomes one record, numbered, or one counted loss. Has every map that the native half expects.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "records.h"
#include "config.h"


struct counting_config {
	__u32 tgid;
	__u32 machine_nr;
	__u32 ring_bytes;
};
const volatile struct counting_config config SEC(".rodata.config") = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MT_RING_HEAD + 4096 + MT_RING_TAIL);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} names_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u8);
} tree SEC(".maps");

struct mt_control {
	__u64 tracked;
	__u32 enabled;
	__u32 pad;
	__u64 planes_lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} scratch SEC(".maps");

struct counted {
	struct mt_record record;
	struct mt_entry entry;
};

/* 0, or -1 where it finds no room. */
static int put(struct counted *record)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct mt_ring *ring = bpf_map_lookup_elem(&rings, &cpu);
	__u64 produced;

	if (!ring)
		return -1;
	produced = ring->produced;
	if (produced - *(volatile __u64 *)&ring->consumed + sizeof(*record) > config.ring_bytes)
		return -1;
	__builtin_memcpy(ring->data + (produced & (config.ring_bytes - 1)), record, sizeof(*record));
	__sync_fetch_and_add(&ring->produced, sizeof(*record)); /* a full barrier */
	return 0;
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0;
	__u64 id = bpf_get_current_pid_tgid();
	struct mt_control *state = bpf_map_lookup_elem(&control, &zero);
	struct mt_stats *own = bpf_map_lookup_elem(&stats, &zero);
	struct counted record = {};

	if (ctx->args[1] != config.machine_nr || id != ((__u64)config.tgid << 32 | config.tgid) || !state || !state->enabled || !own)
		return 0;
	record.record.size = sizeof(record);
	record.record.type = MT_RECORD_ENTRY;
	record.record.flags = MT_FLAG_LAST;
	record.record.time_ns = bpf_ktime_get_boot_ns();
	record.record.task_start_ns = 7;
	record.record.tid = (__u32)id;
	record.record.tgid = id >> 32;
	record.record.seq = ++own->seq;
	record.record.cpu = bpf_get_smp_processor_id();
	record.record.event = 5;
	if (put(&record)) {
		own->lost[MT_LOSS_RING_FULL]++;
		own->lost_entries[5]++;
	} else {
		own->recorded_entries[5]++;
	}
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(void *ctx)
{
#ifdef REFUSED
	return *(int *)(ctx + 100000); /* no verifier lets that pass */
#else
	return 0;
#endif
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
