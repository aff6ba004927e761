/* SPDX-License-Identifier: Apache-2.0 */
/* The accounting of the drain thread: gaps, losses, calls in flight. Run by `make check` under sanitizers. */
#include "check.h"

static void jump_is_a_gap(void)
{
	set_up();
	CHECK(add(MT_RECORD_ENTRY, 1, 1, 10, 100) == 1);
	CHECK(add(MT_RECORD_EXIT, 1, 2, 10, 110) == 1);
	CHECK(add(MT_RECORD_ENTRY, 1, 7, 10, 200) == 1);
	CHECK(add(MT_RECORD_ENTRY, 2, 4, 11, 210) == 1);
	account_end(&account, &slot);
	CHECK(slot.head.records == 4 && slot.head.first_record == 0 && slot.head.gaps == 2);
	CHECK(slot.head.gap[0].cpu == 1 && slot.head.gap[0].lost == 4);
	CHECK(slot.head.gap[0].from_ns == 110 && slot.head.gap[0].to_ns == 200);
	/* the first record kept of a cpu: what was lost before it, since the start */
	CHECK(slot.head.gap[1].cpu == 2 && slot.head.gap[1].lost == 3);
	CHECK(slot.head.gap[1].from_ns == 0 && slot.head.gap[1].to_ns == 210);
	CHECK(slot.head.cpu_losses == 2 && slot.head.cpu_loss[0].cpu == 1 && slot.head.cpu_loss[0].lost == 4);
	CHECK(slot.head.cpu_loss[1].cpu == 2 && slot.head.cpu_loss[1].lost == 3);
	CHECK(slot.head.first_time_ns == 100 && slot.head.last_time_ns == 210);
	CHECK(slot.head.counts[3].entries == 3 && slot.head.counts[3].exits == 1);
	tear_down();
}

static void losses_at_the_end(void)
{
	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	CHECK(account_reached(&account, &slot, 0, 1) == 1 && slot.head.gaps == 0);
	CHECK(account_reached(&account, &slot, 0, 5) == 1);
	CHECK(slot.head.gaps == 1 && slot.head.gap[0].lost == 4);
	CHECK(slot.head.gap[0].from_ns == 100 && slot.head.gap[0].to_ns == 0);
	CHECK(account_reached(&account, &slot, 3, 2) == 1); /* a cpu of which nothing was kept */
	CHECK(slot.head.gaps == 2 && slot.head.gap[1].cpu == 3 && slot.head.gap[1].lost == 2);
	/* the next record does not tell of the same loss again */
	add(MT_RECORD_EXIT, 0, 6, 10, 120);
	CHECK(slot.head.gaps == 2 && account.lost == 6);
	CHECK(account_reached(&account, &slot, 99, 1) == 1 && slot.head.gaps == 2);
	tear_down();
}

/* What is numbered and not handed over yet is not lost; what is lost before it is, to the record. */
static void a_record_under_way_is_no_loss(void)
{
	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	CHECK(account_lost(&account, &slot, 0, 0) == 1 && slot.head.gaps == 0); /* 2 is under way */
	add(MT_RECORD_EXIT, 0, 2, 10, 110);
	CHECK(slot.head.gaps == 0 && account.lost == 0);
	CHECK(account_lost(&account, &slot, 0, 3) == 1); /* 3 to 5 are lost, 6 is under way */
	CHECK(slot.head.gaps == 1 && slot.head.gap[0].lost == 3);
	CHECK(slot.head.gap[0].from_ns == 110 && slot.head.gap[0].to_ns == 0);
	CHECK(account_lost(&account, &slot, 0, 3) == 1 && slot.head.gaps == 1);
	add(MT_RECORD_ENTRY, 0, 6, 10, 120);
	CHECK(slot.head.gaps == 1 && account.lost == 3);
	/* what a record's number told of is not told again */
	add(MT_RECORD_EXIT, 0, 8, 10, 130);
	CHECK(slot.head.gaps == 2 && account_lost(&account, &slot, 0, 4) == 1 && slot.head.gaps == 2);
	CHECK(account_reached(&account, &slot, 0, 8) == 1 && account.lost == 4);
	CHECK(account_lost(&account, &slot, 99, 1) == 1 && slot.head.gaps == 2);
	tear_down();
}

static void many_gaps_widen_their_own_cpus(void)
{
	uint64_t seq = 0;
	int i;

	set_up();
	for (i = 0; i < MT_MAX_GAPS; i++)
		add(MT_RECORD_ENTRY, 0, seq += 2, 10, 100 + (uint64_t)i);
	CHECK(slot.head.gaps == MT_MAX_GAPS && slot.head.gaps_missed == 0);
	CHECK(add(MT_RECORD_ENTRY, 0, seq += 4, 10, 500) == 1);
	CHECK(slot.head.gaps == MT_MAX_GAPS && slot.head.gaps_missed == 1);
	CHECK(slot.head.gap[MT_MAX_GAPS - 1].lost == 1 + 3 && slot.head.gap[MT_MAX_GAPS - 1].to_ns == 500);
	/* another cpu's gap fits nowhere: the batch is full, and nothing of the record was noted */
	CHECK(add(MT_RECORD_ENTRY, 1, 3, 11, 501) == 0);
	CHECK(account.records == MT_MAX_GAPS + 1 && account.cpu[1].seq == 0 && account.cpu[1].lost == 0);
	CHECK(account_reached(&account, &slot, 1, 9) == 0);
	account_begin(&account, &slot);
	CHECK(add(MT_RECORD_ENTRY, 1, 3, 11, 501) == 1);
	CHECK(slot.head.first_record == MT_MAX_GAPS + 1 && slot.head.gaps == 1 && slot.head.gap[0].lost == 2);
	tear_down();
}

static void calls_in_flight(void)
{
	struct mt_open_call calls[4];

	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	add(MT_RECORD_ENTRY, 0, 2, 11, 90);
	account_end(&account, &slot);
	CHECK(slot.head.open_calls == 2 && slot.head.oldest_open_ns == 90);
	add(MT_RECORD_EXIT, 0, 3, 11, 120);
	account_end(&account, &slot);
	CHECK(slot.head.open_calls == 1 && slot.head.oldest_open_ns == 100);
	CHECK(opencalls_copy(&account.open, calls, 4) == 1);
	CHECK(calls[0].tid == 10 && calls[0].start_ns == 1000 && calls[0].enter_ns == 100 && calls[0].event == 3);
	/* the exit was lost: the task's next entry takes the place */
	add(MT_RECORD_ENTRY, 0, 5, 10, 300);
	account_end(&account, &slot);
	CHECK(slot.head.open_calls == 1 && slot.head.oldest_open_ns == 300);
	add(MT_RECORD_EXIT, 0, 6, 12, 310); /* no entry seen */
	add(MT_RECORD_EXIT, 0, 7, 10, 320);
	account_end(&account, &slot);
	CHECK(slot.head.open_calls == 0 && slot.head.oldest_open_ns == 0);
	CHECK(opencalls_copy(&account.open, calls, 4) == 0);
	tear_down();
}

static void parts_are_one_call(void)
{
	struct call_record record = { .record = header(MT_RECORD_ENTRY, 0, 2, 10, 100) };

	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	record.record.part = 1;
	CHECK(account_add(&account, &slot, &record, record.record.size) == 1);
	CHECK(slot.head.records == 2 && slot.head.counts[3].entries == 1 && account.open.used == 1);
	add(MT_RECORD_EXIT, 0, 3, 10, 110);
	record.record.type = MT_RECORD_EXIT;
	record.record.size = sizeof(struct mt_record) + sizeof(struct mt_exit);
	record.record.seq = 4;
	CHECK(account_add(&account, &slot, &record, record.record.size) == 1);
	CHECK(slot.head.records == 4 && slot.head.counts[3].exits == 1 && account.open.used == 0);
	CHECK(slot.head.gaps == 0);
	tear_down();
}

/* The ring's order is that of reserving room; a cpu that was slower may have read the clock earlier. */
static void times_out_of_order(void)
{
	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 200);
	add(MT_RECORD_ENTRY, 1, 1, 11, 190);
	add(MT_RECORD_ENTRY, 2, 1, 12, 195);
	CHECK(slot.head.first_time_ns == 190 && slot.head.last_time_ns == 200 && slot.head.gaps == 0);
	tear_down();
}

static int is_even(uint32_t tid)
{
	return tid % 2 == 0;
}

/* Against a plain array, so that erasing from the middle of a run is proved. */
static void open_calls_stay_findable(void)
{
	enum { TASKS = 300 };
	uint64_t expected[TASKS] = { 0 };
	struct opencalls calls;
	uint32_t i, tid, open = 0;

	srandom(7);
	CHECK(opencalls_init(&calls, 512) == 0);
	for (i = 0; i < 100000; i++) {
		tid = (uint32_t)random() % TASKS;
		if (random() % 2) {
			open += !expected[tid];
			opencalls_enter(&calls, tid, 5, 1, i + 1);
			expected[tid] = i + 1;
		} else {
			open -= !!expected[tid];
			opencalls_exit(&calls, tid, 5);
			expected[tid] = 0;
		}
		if (calls.used != open)
			break;
	}
	CHECK(i == 100000 && calls.dropped == 0);
	opencalls_drop_dead(&calls, is_even);
	for (tid = 0, open = 0; tid < TASKS; tid++)
		open += tid % 2 == 0 && expected[tid];
	CHECK(calls.used == open);
	for (tid = 0; tid < TASKS; tid += 2)
		opencalls_exit(&calls, tid, 5);
	CHECK(calls.used == 0 && opencalls_oldest(&calls) == 0);
	for (tid = 1; tid <= 600; tid++)
		opencalls_enter(&calls, tid, 5, 1, tid);
	CHECK(calls.used < 512 && calls.used + calls.dropped == 600 && opencalls_oldest(&calls) == 1);
	opencalls_free(&calls);
}

int main(void)
{
	jump_is_a_gap();
	losses_at_the_end();
	a_record_under_way_is_no_loss();
	many_gaps_widen_their_own_cpus();
	calls_in_flight();
	parts_are_one_call();
	times_out_of_order();
	open_calls_stay_findable();
	return report("account");
}
