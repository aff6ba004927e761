/* SPDX-License-Identifier: Apache-2.0 */
/* The rings as one ordered stream, over rings made by hand in memory. Run by `make check` under sanitizers. */
#include "rings.h"

static void merges_by_time(void)
{
	open_rings(4, 0);
	publish(0, 10, 1, 64);
	publish(2, 11, 2, 64);
	publish(0, 12, 3, 128);
	publish(0, 13, 4, 64);
	publish(3, 14, 5, 56);
	publish(2, 15, 6, 64);
	publish(0, 16, 7, 64);
	publish(3, 17, 8, 64);
	COMES(1, 2, 3, 4, 5, 6, 7, 8);
	CHECK(source_waiting(&source) == 4 * 64 + 64 + 64 + 64 + 56 + 64);
	source_release(&source);
	CHECK(source_waiting(&source) == 0 && ring_of(0)->consumed == 320 && ring_of(1)->consumed == 0);
	publish(1, 18, 9, 64);
	COMES(9);
	close_rings();
}

/* Against sorting: many cpus, and runs of one. */
static void merges_what_is_random(void)
{
	uint32_t count, cpu = 0, i;

	open_rings(7, 0);
	srandom(3);
	for (count = 0; count < 200; count++) {
		if (random() % 3 == 0)
			cpu = (uint32_t)random() % 7;
		if (ring_of(cpu)->produced + 64 <= RING_BYTES)
			publish(cpu, 1 + count, 1 + count, 64);
		else
			break;
	}
	CHECK(count > 50);
	for (i = 1; i <= count; i++)
		if (take() != i)
			break;
	CHECK(i == count + 1 && take() == 0);
	close_rings();
}

static void leaves_what_is_younger_than_the_sweep(void)
{
	open_rings(2, 0);
	clock_now = 100;
	publish(0, 100, 1, 64);
	publish(0, 101, 3, 64);
	publish(1, 99, 2, 64);
	COMES(2, 1);
	publish(1, 100, 4, 64);
	COMES(4);
	clock_now = 101;
	COMES(3);
	publish(0, 500, 5, 64);
	CHECK(take() == 0);
	source_finish(&source);
	COMES(5);
	close_rings();
}

/*
 * The task enters its call on cpu 1, moves to cpu 0 and leaves it there, while the reader is between reading the
 * clock and looking at the cpus in turn. The exit is young, so it waits: the entry is not missed.
 */
static uint64_t enter_and_leave(void)
{
	static int sweeps;

	if (++sweeps == 1) {
		publish(0, 101, 20, 64); /* the exit, seen by this sweep */
		return 100;
	}
	if (sweeps == 2)
		publish(1, 90, 10, 64); /* the entry, seen only by the next */
	return 200;
}

static void exit_waits_for_its_entry(void)
{
	open_rings(2, 0);
	source.clock_ns = enter_and_leave;
	CHECK(take() == 0);
	COMES(10, 20);
	close_rings();
}

/* What comes while a sweep is under way is of the next one. */
static void sweep_ends_where_it_began(void)
{
	open_rings(2, 0);
	publish(0, 10, 1, 64);
	publish(0, 30, 3, 64);
	CHECK(take() == 1);
	publish(1, 20, 2, 64);
	CHECK(take() == 3);
	COMES(2);
	close_rings();
}

static void names_come_first(void)
{
	uint32_t *header, len;
	int busy;

	open_rings(2, 0);
	publish(0, 10, 1, 64);
	publish_name(100);
	publish_name(101);
	COMES(100, 101, 1);
	/* a name half-written: no record may pass it */
	publish(0, 11, 2, 64);
	header = publish_name(102);
	*header |= BPF_RINGBUF_BUSY_BIT;
	CHECK(source_next(&source, &len, &busy) == NULL && busy == 1);
	CHECK(source_next(&source, &len, &busy) == NULL && busy == 1);
	*header &= ~BPF_RINGBUF_BUSY_BIT;
	COMES(102, 2);
	/* one that comes during a sweep waits for the next */
	publish(0, 12, 3, 64);
	publish(0, 13, 4, 64);
	CHECK(take() == 3);
	publish_name(103);
	COMES(4, 103);
	close_rings();
}

/* The same record until it is taken: a full batch comes again for it. */
static void next_is_the_same_until_taken(void)
{
	const void *first;
	uint32_t len;
	int busy;

	open_rings(2, 0);
	publish(1, 10, 1, 64);
	first = source_next(&source, &len, &busy);
	publish(0, 5, 2, 64);
	CHECK(first && source_next(&source, &len, &busy) == first && len == 64);
	COMES(1, 2);
	close_rings();
}

static void runs_past_the_end_and_wraps(void)
{
	uint64_t start = UINT64_MAX - 7 - 64; /* positions themselves wrap, too */
	uint32_t i;

	/* 64 bytes before the end of the ring, and a record that needs nearly all of it: it ends in the tail */
	open_rings(1, RING_BYTES - 64);
	publish(0, 1, 1, RING_BYTES - 8);
	CHECK(source_fullness(&source) == 99);
	COMES(1);
	source_release(&source);
	CHECK(source_fullness(&source) == 0);
	CHECK((ring_of(0)->produced & (RING_BYTES - 1)) == RING_BYTES - 72);
	publish(0, 2, 2, 72);
	publish(0, 3, 3, 64);
	CHECK(((struct mt_record *)ring_of(0)->data)->tid == 3);
	COMES(2, 3);
	close_rings();

	open_rings(1, start);
	for (i = 1; i < 1000; i++) {
		publish(0, i, i, 56 + 8 * (i % 5));
		if (take() != i)
			break;
		source_release(&source);
	}
	CHECK(i == 1000 && source_waiting(&source) == 0);
	close_rings();
}

/* The rest of that cpu's sweep is skipped, the other cpus' is not, and the next sweep goes on. */
static void lying_sizes_end_a_cpus_sweep(void)
{
	const uint32_t lies[] = { 0, 8, 48, 60, 63, 136, MT_RECORD_MAX + 8, 0x7ffffff8, 0xfffffff8, 0xffffffff };
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct mt_record *liar;

		open_rings(2, RING_BYTES - 128);
		publish(0, 10, 1, 64);
		liar = place(0);
		publish(0, 11, 2, 64);
		liar->size = lies[i];
		publish(0, 12, 3, 64);
		publish(1, 13, 4, 64);
		if (lies[i] == 136)
			liar->size = 64 + 64 + 8; /* 8 more than there is */
		COMES(1, 4);
		publish(0, 14, 5, 64);
		COMES(5);
		source_release(&source);
		CHECK(source_waiting(&source) == 0);
		close_rings();
	}
}

static void lying_positions_are_left_alone(void)
{
	const uint64_t lies[] = { RING_BYTES + 64, (uint64_t)-64, 1ull << 40, 60, 7 };
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		open_rings(2, 0);
		publish(1, 10, 1, 64);
		ring_of(0)->produced = lies[i];
		COMES(1);
		/* what comes after it is found again, unless no position can be right any more */
		if (lies[i] % 8 == 0) {
			publish(0, 11, 2, 64);
			COMES(2);
		}
		close_rings();
	}
}

int main(void)
{
	merges_by_time();
	merges_what_is_random();
	leaves_what_is_younger_than_the_sweep();
	exit_waits_for_its_entry();
	sweep_ends_where_it_began();
	names_come_first();
	next_is_the_same_until_taken();
	runs_past_the_end_and_wraps();
	lying_sizes_end_a_cpus_sweep();
	lying_positions_are_left_alone();
	return report("source");
}
