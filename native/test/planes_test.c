/* SPDX-License-Identifier: Apache-2.0 */
/* The accounting of KERNEL and LIBC records: gaps by their own count, whole records in order. `make check` runs it. */
#include "check.h"
#include "planes.h"

struct kernel_record {
	struct mt_record record;
	struct mt_kernel kernel;
	uint8_t unused[88]; /* of the place in the ring */
};

/* One that was made when `lost` had been lost, in a place of `place` bytes. */
static int add_kernel(uint64_t lost, uint64_t time_ns, uint32_t tid, uint32_t place)
{
	struct kernel_record record = { .record = header(MT_RECORD_KERNEL, 2, lost, tid, time_ns),
					.kernel = { .hook = MT_HOOK_LOAD_MSG, .m_ts = tid } };

	memset(record.unused, 0xee, sizeof(record.unused));
	record.record.size = sizeof(record.record) + sizeof(record.kernel);
	return account_add(&account, &slot, &record, place);
}

static const struct kernel_record *kept(uint32_t i)
{
	return (const void *)(slot.planes + i * (sizeof(struct mt_record) + sizeof(struct mt_kernel)));
}

static int gap_is(const struct mt_gap *gap, uint32_t plane, uint64_t from_ns, uint64_t to_ns, uint64_t lost)
{
	return gap->cpu == 0 && gap->plane == plane && gap->from_ns == from_ns && gap->to_ns == to_ns &&
	       gap->lost == lost;
}

static void kept_as_they_are(void)
{
	set_up();
	CHECK(!account_has_content(&slot));
	CHECK(add_kernel(0, 100, 10, 192) == 1 && account_has_content(&slot));
	CHECK(add_kernel(0, 90, 11, 104) == 1);
	CHECK(slot.head.planes == 2 && slot.head.planes_len == 208 && slot.head.gaps == 0);
	CHECK(kept(0)->record.tid == 10 && kept(0)->kernel.m_ts == 10);
	CHECK(kept(1)->record.tid == 11 && kept(1)->kernel.m_ts == 11);
	/* nothing of this is a call's */
	CHECK(slot.head.records == 0 && slot.head.counts[3].entries == 0 && slot.head.first_time_ns == 0);
	/* but the chunk has to name the tasks */
	CHECK(slot.head.tasks == 2 && slot.tasks[1].tid == 11);
	tear_down();
}

static void jump_of_the_count_is_a_gap(void)
{
	set_up();
	add_kernel(0, 100, 10, 104);
	add_kernel(3, 200, 10, 104);
	CHECK(slot.head.gaps == 1 && gap_is(&slot.head.gap[0], MT_GAP_PLANES, 100, 200, 3));
	/* one that was made before that loss, and came into the ring behind it */
	add_kernel(1, 150, 10, 104);
	CHECK(slot.head.gaps == 1);
	CHECK(planes_reached(&account, &slot, 3, 300) == 1 && slot.head.gaps == 1);
	CHECK(planes_reached(&account, &slot, 8, 300) == 1);
	CHECK(slot.head.gaps == 2 && gap_is(&slot.head.gap[1], MT_GAP_PLANES, 200, 300, 5));
	add_kernel(8, 400, 10, 104);
	CHECK(slot.head.gaps == 2);
	/* no cpu has lost anything by it */
	account_end(&account, &slot);
	CHECK(slot.head.cpu_losses == 0 && account.lost == 0);
	tear_down();
}

static void skipped_runs_are_between_two_looks(void)
{
	set_up();
	CHECK(planes_skipped(&account, &slot, 0, 100) == 1 && slot.head.gaps == 0);
	CHECK(planes_skipped(&account, &slot, 2, 200) == 1 && slot.head.gaps == 1);
	CHECK(gap_is(&slot.head.gap[0], MT_GAP_PLANES_SKIPPED, 100, 200, 2));
	CHECK(planes_skipped(&account, &slot, 2, 300) == 1 && slot.head.gaps == 1);
	tear_down();
}

static void gaps_of_cpus_are_not_theirs(void)
{
	uint64_t seq = 0;
	int i;

	set_up();
	for (i = 0; i < MT_MAX_GAPS; i++)
		add(MT_RECORD_ENTRY, 0, seq += 2, 10, 100 + (uint64_t)i);
	/* cpu 0's are no place for a gap of the planes */
	CHECK(add_kernel(1, 500, 10, 104) == 0 && slot.head.planes == 0);
	CHECK(planes_reached(&account, &slot, 1, 500) == 0 && planes_skipped(&account, &slot, 1, 500) == 0);
	account_begin(&account, &slot);
	CHECK(add_kernel(1, 500, 10, 104) == 1 && slot.head.gaps == 1);
	for (i = 2; i <= MT_MAX_GAPS + 1; i++)
		add_kernel((uint64_t)i, 500 + (uint64_t)i, 10, 104);
	CHECK(slot.head.gaps == MT_MAX_GAPS && slot.head.gaps_missed == 1);
	CHECK(gap_is(&slot.head.gap[MT_MAX_GAPS - 1], MT_GAP_PLANES, 563, 565, 2));
	tear_down();
}

static void full_batch_leaves_it(void)
{
	int i, taken = 0;

	set_up();
	for (i = 0; i < 4096 && add_kernel(0, 100, 10, 104); i++)
		taken++;
	CHECK(taken == RECORDS_SIZE / 104 && slot.head.planes_len <= RECORDS_SIZE);
	account_begin(&account, &slot);
	CHECK(add_kernel(0, 100, 10, 104) == 1 && slot.head.planes == 1);
	tear_down();
}

static void lies_are_refused(void)
{
	struct kernel_record record = { .record = header(MT_RECORD_KERNEL, 2, 0, 10, 100) };
	static const uint32_t sizes[] = { 0, 56, 96, 103, 200, 0xffffffff };
	size_t i;

	set_up();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		record.record.size = sizes[i];
		CHECK(account_add(&account, &slot, &record, 192) == 1);
	}
	CHECK(slot.head.planes == 0 && account.damaged == sizeof(sizes) / sizeof(*sizes));
	tear_down();
}

int main(void)
{
	kept_as_they_are();
	jump_of_the_count_is_a_gap();
	skipped_runs_are_between_two_looks();
	gaps_of_cpus_are_not_theirs();
	full_batch_leaves_it();
	lies_are_refused();
	return report("planes");
}
