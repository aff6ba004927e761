/* SPDX-License-Identifier: Apache-2.0 */
/* Rings made by hand in memory, for the tests of source.c. Each test includes it once. */
#ifndef MSGTAPE_RINGS_H
#define MSGTAPE_RINGS_H

#include "check.h"
#include "source.h"

#include <linux/bpf.h>
#include <sys/mman.h>

#define RING_BYTES 4096u
#define NAMES_BYTES 4096u
#define PAGE 4096u

static struct source source;
static uint8_t *shared;
static uint64_t clock_now;

static inline uint64_t read_clock(void)
{
	return clock_now;
}

static inline void *pages(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

/* `start` is where every ring's positions stand. */
static inline void open_rings(uint32_t cpus, uint64_t start)
{
	uint32_t cpu;

	memset(&source, 0, sizeof(source));
	source.names = (struct ring){ .consumer_page = pages(PAGE),
				      .producer_pages = pages(PAGE + 2 * NAMES_BYTES),
				      .page_bytes = PAGE,
				      .data_bytes = NAMES_BYTES };
	/* On the heap, where a step outside is seen. */
	shared = calloc(cpus, source_cpu_bytes(RING_BYTES));
	if (!shared)
		exit(2);
	for (cpu = 0; cpu < cpus; cpu++) {
		struct mt_ring *ring = (struct mt_ring *)(shared + cpu * source_cpu_bytes(RING_BYTES));

		ring->produced = ring->consumed = start;
	}
	if (source_over(&source, shared, cpus, RING_BYTES))
		exit(2);
	source.clock_ns = read_clock;
	clock_now = 1000000;
}

static inline void close_rings(void)
{
	source_close(&source);
	free(shared);
}

static inline struct mt_ring *ring_of(uint32_t cpu)
{
	return (struct mt_ring *)(shared + cpu * source_cpu_bytes(RING_BYTES));
}

static inline void *place(uint32_t cpu)
{
	return ring_of(cpu)->data + (ring_of(cpu)->produced & (RING_BYTES - 1));
}

/* As a program does: the record, of `size` bytes, then the position. */
static inline void publish(uint32_t cpu, uint64_t time_ns, uint32_t tid, uint32_t size)
{
	struct mt_record record = { .size = size, .type = MT_RECORD_ENTRY, .time_ns = time_ns, .tid = tid, .cpu = cpu };

	memset(place(cpu), 0xaa, size);
	memcpy(place(cpu), &record, sizeof(record));
	ring_of(cpu)->produced += size;
}

static inline void open_planes(void)
{
	source.planes = (struct ring){ .consumer_page = pages(PAGE),
				       .producer_pages = pages(PAGE + 2 * NAMES_BYTES),
				       .page_bytes = PAGE,
				       .data_bytes = NAMES_BYTES };
}

/* Into one of the kernel's ring buffers. */
static inline uint32_t *publish_in(struct ring *ring, uint32_t tid)
{
	unsigned long *produced = ring->producer_pages;
	struct mt_record record = { .size = sizeof(record), .type = MT_RECORD_TASK, .tid = tid };
	uint8_t *at = (uint8_t *)ring->producer_pages + PAGE + *produced;

	memcpy(at + BPF_RINGBUF_HDR_SZ, &record, sizeof(record));
	*(uint32_t *)at = sizeof(record);
	*produced += BPF_RINGBUF_HDR_SZ + sizeof(record);
	return (uint32_t *)at;
}

static inline uint32_t *publish_name(uint32_t tid)
{
	return publish_in(&source.names, tid);
}

/* Takes one and says its tid; 0: none. */
static inline uint32_t take(void)
{
	uint32_t len = 0;
	int busy = 0;
	const struct mt_record *record = source_next(&source, &len, &busy);

	if (!record)
		return 0;
	if (len != record->size) {
		printf("length %u, size %u\n", len, record->size);
		failed++;
	}
	source_take(&source, len);
	return record->tid;
}

/* Whether just these come, in this order, and then none. */
static inline int comes(const uint32_t *tids)
{
	for (; *tids; tids++)
		if (take() != *tids)
			return 0;
	return take() == 0;
}

#define COMES(...) CHECK(comes((const uint32_t[]){ __VA_ARGS__, 0 }))

#endif
