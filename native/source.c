/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE_BYTES 4096u
#define NONE UINT64_MAX

static uint64_t boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint32_t source_cpu_bytes(uint32_t ring_bytes)
{
	return (MT_RING_HEAD + ring_bytes + MT_RING_TAIL + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

int source_over(struct source *source, void *shared, uint32_t cpus, uint32_t ring_bytes)
{
	uint32_t i;

	source->cpu = calloc(cpus, sizeof(*source->cpu));
	if (!source->cpu)
		return -ENOMEM;
	for (i = 0; i < cpus; i++) {
		struct cpu_ring *cpu = &source->cpu[i];

		cpu->shared = (struct mt_ring *)((char *)shared + (size_t)i * source_cpu_bytes(ring_bytes));
		cpu->taken = cpu->released = cpu->end = cpu->shared->consumed;
		cpu->time_ns = NONE;
	}
	source->cpus = cpus;
	source->first = cpus;
	source->due = DUE_RECORDS;
	source->ring_bytes = ring_bytes;
	source->clock_ns = boottime_ns;
	return 0;
}

int source_open(struct source *source, int names_fd, size_t names_bytes, int rings_fd, uint32_t cpus,
		uint32_t ring_bytes)
{
	int err = ring_open(&source->names, names_fd, names_bytes);
	void *shared;

	if (err)
		return err;
	source->shared_bytes = (size_t)cpus * source_cpu_bytes(ring_bytes);
	shared = mmap(NULL, source->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, rings_fd, 0);
	if (shared == MAP_FAILED)
		return -errno;
	source->shared = shared;
	return source_over(source, shared, cpus, ring_bytes);
}

int source_open_planes(struct source *source, int planes_fd, size_t planes_bytes)
{
	int err = ring_open(&source->planes, planes_fd, planes_bytes);

	if (err)
		source->planes.data_bytes = 0;
	return err;
}

void source_close(struct source *source)
{
	ring_close(&source->names);
	ring_close(&source->planes);
	source->planes.data_bytes = 0;
	if (source->shared)
		munmap(source->shared, source->shared_bytes);
	source->shared = NULL;
	free(source->cpu);
	source->cpu = NULL;
	source->cpus = 0;
}

void source_finish(struct source *source)
{
	source->final = 1;
}

static uint64_t produced(const struct cpu_ring *cpu)
{
	return __atomic_load_n(&cpu->shared->produced, __ATOMIC_ACQUIRE);
}

/*
 * Looks at a cpu's next record. The kernel alone writes there, and still no size is believed: one that cannot be
 * leaves no way to find the next record, so the rest of the sweep is skipped, which shows as a gap in the sequence.
 */
static void look(const struct source *source, struct cpu_ring *cpu)
{
	const struct mt_record *record;
	uint64_t left = cpu->end - cpu->taken;

	cpu->time_ns = NONE;
	if (!left)
		return;
	record = (const struct mt_record *)(cpu->shared->data + (cpu->taken & (source->ring_bytes - 1)));
	cpu->size = __atomic_load_n(&record->size, __ATOMIC_RELAXED);
	if (cpu->size < sizeof(*record) || cpu->size % 8 || cpu->size > MT_RECORD_MAX || cpu->size > left)
		cpu->taken = cpu->end;
	else if (record->time_ns <= source->until_ns)
		cpu->time_ns = record->time_ns;
}

/* The cpu with the oldest record, and how old the others' oldest is: until it has passed that, it stays first. */
static void choose(struct source *source)
{
	uint64_t first_ns = NONE;
	uint32_t i;

	source->first = source->cpus;
	source->second_ns = NONE;
	for (i = 0; i < source->cpus; i++) {
		uint64_t time_ns = source->cpu[i].time_ns;

		if (time_ns < first_ns) {
			source->second_ns = first_ns;
			first_ns = time_ns;
			source->first = i;
		} else if (time_ns < source->second_ns) {
			source->second_ns = time_ns;
		}
	}
}

static int has_planes(const struct source *source)
{
	return source->planes.data_bytes != 0;
}

static void begin_sweep(struct source *source)
{
	uint32_t i;

	/* Before the positions: whatever is older than this and needed is below them. NONE is no record's time. */
	source->until_ns = source->final ? NONE - 1 : source->clock_ns();
	for (i = 0; i < source->cpus; i++) {
		struct cpu_ring *cpu = &source->cpu[i];

		cpu->end = produced(cpu);
		/* Never more than fits, and positions that are whole: else the ring begins anew here. */
		if (cpu->end - cpu->taken > source->ring_bytes || cpu->end % 8)
			cpu->taken = cpu->end &= ~(uint64_t)7;
		look(source, cpu);
	}
	/* After the positions: what belongs to a call was there before its exit. */
	source->planes_end = has_planes(source) ? ring_end(&source->planes) : 0;
	source->due = DUE_NAMES;
	choose(source);
}

/* Only as far as the sweep goes: a busy plane must not keep the calls waiting. */
static const void *next_of_planes(struct source *source, uint32_t *len, int *busy)
{
	if (!has_planes(source) || source->planes.taken >= source->planes_end)
		return NULL;
	return ring_next(&source->planes, len, busy);
}

const void *source_next(struct source *source, uint32_t *len, int *busy)
{
	int fresh = 0;

	*busy = 0;
	for (;;) {
		if (source->due == DUE_NAMES) {
			const void *name = ring_next(&source->names, len, busy);

			if (name || *busy)
				return name;
			source->due = DUE_PLANES;
		}
		if (source->due == DUE_PLANES) {
			const void *record = next_of_planes(source, len, busy);

			if (record || *busy)
				return record;
			source->due = DUE_RECORDS;
		}
		if (source->first < source->cpus) {
			const struct cpu_ring *cpu = &source->cpu[source->first];

			*len = cpu->size;
			return cpu->shared->data + (cpu->taken & (source->ring_bytes - 1));
		}
		if (fresh)
			return NULL;
		begin_sweep(source);
		fresh = 1;
	}
}

void source_take(struct source *source, uint32_t len)
{
	struct cpu_ring *cpu;

	if (source->due != DUE_RECORDS) {
		ring_take(source->due == DUE_NAMES ? &source->names : &source->planes, len);
		return;
	}
	cpu = &source->cpu[source->first];
	cpu->taken += len;
	look(source, cpu);
	if (cpu->time_ns > source->second_ns || cpu->time_ns == NONE)
		choose(source);
}

void source_release(struct source *source)
{
	uint32_t i;

	ring_release(&source->names);
	if (has_planes(source))
		ring_release(&source->planes);
	for (i = 0; i < source->cpus; i++) {
		struct cpu_ring *cpu = &source->cpu[i];

		/* The programs read that cache line at each record: not written without need. */
		if (cpu->taken == cpu->released)
			continue;
		__atomic_store_n(&cpu->shared->consumed, cpu->taken, __ATOMIC_RELEASE);
		cpu->released = cpu->taken;
	}
}

/* Any thread may ask: between its two looks the reader may have gone on. */
static size_t cpu_waiting(const struct source *source, const struct cpu_ring *cpu)
{
	uint64_t end = produced(cpu);
	uint64_t consumed = __atomic_load_n(&cpu->shared->consumed, __ATOMIC_ACQUIRE);
	uint64_t waiting = end - consumed;

	return waiting > source->ring_bytes ? 0 : waiting;
}

size_t source_waiting(const struct source *source)
{
	size_t waiting = ring_waiting(&source->names) + (has_planes(source) ? ring_waiting(&source->planes) : 0);
	uint32_t i;

	for (i = 0; i < source->cpus; i++)
		waiting += cpu_waiting(source, &source->cpu[i]);
	return waiting;
}

static unsigned int ring_fullness(const struct ring *ring)
{
	return (unsigned int)(ring_waiting(ring) * 100 / ring->data_bytes);
}

unsigned int source_fullness(const struct source *source)
{
	unsigned int fullest = ring_fullness(&source->names);
	uint32_t i;

	if (has_planes(source) && ring_fullness(&source->planes) > fullest)
		fullest = ring_fullness(&source->planes);

	for (i = 0; i < source->cpus; i++) {
		unsigned int percent =
			(unsigned int)((uint64_t)cpu_waiting(source, &source->cpu[i]) * 100 / source->ring_bytes);

		if (percent > fullest)
			fullest = percent;
	}
	return fullest;
}
