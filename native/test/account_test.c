/* SPDX-License-Identifier: Apache-2.0 */
/* The accounting of the drain thread, with records made by hand. Run by `make check` under sanitizers. */
#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS 4
#define RECORDS_SIZE (4096 + MT_RECORD_MAX)

static int passed, failed;
static struct account account;
static struct slot slot;

#define CHECK(condition)                                                             \
	do {                                                                         \
		if (condition) {                                                     \
			passed++;                                                    \
		} else {                                                             \
			failed++;                                                    \
			printf("%s:%d: %s\n", __func__, __LINE__, #condition);       \
		}                                                                    \
	} while (0)

static void set_up(void)
{
	if (account_init(&account, CPUS))
		exit(2);
	slot.records_size = RECORDS_SIZE;
	slot.records = malloc(slot.records_size);
	slot.names = malloc(BATCH_NAMES_BYTES);
	slot.tasks = malloc(BATCH_TASKS * sizeof(*slot.tasks));
	slot.queues = malloc(BATCH_QUEUES * sizeof(*slot.queues));
	account_begin(&account, &slot);
}

static void tear_down(void)
{
	account_free(&account);
	free(slot.records);
	free(slot.names);
	free(slot.tasks);
	free(slot.queues);
}

struct call_record {
	struct mt_record record;
	union {
		struct mt_entry entry;
		struct mt_exit exit;
	};
	uint8_t items[1024];
};

static struct mt_record header(uint8_t type, uint32_t cpu, uint64_t seq, uint32_t tid, uint64_t time_ns)
{
	return (struct mt_record){ .size = sizeof(struct mt_record) +
					   (type == MT_RECORD_ENTRY ? sizeof(struct mt_entry) : sizeof(struct mt_exit)),
				   .type = type,
				   .flags = MT_FLAG_LAST,
				   .time_ns = time_ns,
				   .task_start_ns = 1000,
				   .tid = tid,
				   .tgid = tid,
				   .seq = seq,
				   .call = 1,
				   .cpu = cpu,
				   .event = 3,
				   .abi = MT_ABI_X86_64 };
}

static int add(uint8_t type, uint32_t cpu, uint64_t seq, uint32_t tid, uint64_t time_ns)
{
	struct call_record record = { .record = header(type, cpu, seq, tid, time_ns) };

	return account_add(&account, &slot, &record, record.record.size);
}

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

static int add_with_queues(uint64_t seq, uint64_t first_id, int count)
{
	struct call_record record = { .record = header(MT_RECORD_EXIT, 0, seq, 10, 100) };
	uint8_t *at = (uint8_t *)&record.record + record.record.size;
	int i;

	for (i = 0; i < count; i++) {
		struct mt_item item = { .kind = MT_ITEM_QUEUE, .captured = sizeof(struct mt_queue) };
		struct mt_queue queue = { .kind = MT_QUEUE_SYSV, .id = first_id + (uint64_t)i, .generation = 77,
					  .namespace_inum = 4026531839u, .depth = (uint32_t)seq };

		memcpy(at, &item, sizeof(item));
		memcpy(at + sizeof(item), &queue, sizeof(queue));
		at += sizeof(item) + sizeof(queue);
	}
	record.record.size += (uint32_t)(count * (sizeof(struct mt_item) + sizeof(struct mt_queue)));
	return account_add(&account, &slot, &record, record.record.size);
}

static void keys_once_a_batch(void)
{
	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	add(MT_RECORD_ENTRY, 1, 1, 11, 101);
	add(MT_RECORD_EXIT, 0, 2, 10, 102);
	CHECK(slot.head.tasks == 2);
	CHECK(slot.tasks[0].tid == 10 && slot.tasks[0].start_ns == 1000 && slot.tasks[1].tid == 11);
	CHECK(add_with_queues(3, 500, 2) == 1);
	CHECK(add_with_queues(4, 501, 2) == 1);
	CHECK(slot.head.queues == 3);
	CHECK(slot.queues[0].id == 500 && slot.queues[0].generation == 77 && slot.queues[0].kind == MT_QUEUE_SYSV &&
	      slot.queues[0].namespace_inum == 4026531839u);
	CHECK(slot.queues[2].id == 502);
	account_begin(&account, &slot);
	add_with_queues(5, 500, 1);
	CHECK(slot.head.queues == 1 && slot.head.tasks == 1 && slot.head.first_record == 5);
	tear_down();
}

static void full_batch_is_said(void)
{
	uint64_t seq = 0, kept = 0;
	uint32_t tid;

	set_up();
	while (add(MT_RECORD_ENTRY, 0, ++seq, 10, 100) == 1)
		kept++;
	CHECK(kept == RECORDS_SIZE / (sizeof(struct mt_record) + sizeof(struct mt_entry)));
	CHECK(slot.head.records == kept && account.cpu[0].seq == kept);
	tear_down();

	set_up();
	slot.records_size = SIZE_MAX / 2; /* only the keys are to run out */
	free(slot.records);
	slot.records = malloc((BATCH_TASKS + 1) * sizeof(struct call_record));
	for (tid = 1; add(MT_RECORD_ENTRY, 0, tid, tid, 100) == 1; tid++)
		;
	CHECK(slot.head.tasks == BATCH_TASKS && tid == BATCH_TASKS + 1);
	tear_down();
}

struct task_record {
	struct mt_record record;
	struct mt_task task;
};

static int add_task(uint32_t tid, uint64_t time_ns, const char *comm)
{
	struct task_record record = { .record = header(MT_RECORD_TASK, 0, 0, tid, time_ns) };

	record.record.size = sizeof(record);
	strncpy((char *)record.task.comm, comm, sizeof(record.task.comm));
	return account_add(&account, &slot, &record, sizeof(record));
}

struct queue_record {
	struct mt_record record;
	struct mt_queue queue;
	struct mt_queue_name name;
};

static int add_queue(uint32_t tid, uint32_t depth, const char *name)
{
	struct queue_record record = { .record = header(MT_RECORD_QUEUE, 0, 0, tid, 100),
				       .queue = { .kind = MT_QUEUE_POSIX, .id = 9, .depth = depth } };

	record.record.size = sizeof(record);
	strncpy((char *)record.name.name, name, sizeof(record.name.name));
	return account_add(&account, &slot, &record, sizeof(record));
}

static void repeats_of_names_are_dropped(void)
{
	set_up();
	CHECK(add_task(10, 100, "one") == 1 && slot.head.names_len == sizeof(struct task_record));
	CHECK(add_task(10, 200, "one") == 1 && slot.head.names_len == sizeof(struct task_record));
	CHECK(add_task(10, 300, "two") == 1 && slot.head.names_len == 2 * sizeof(struct task_record));
	CHECK(add_task(10, 400, "one") == 1 && slot.head.names_len == 3 * sizeof(struct task_record));
	CHECK(add_task(11, 400, "one") == 1 && slot.head.names_len == 4 * sizeof(struct task_record));
	account_begin(&account, &slot);
	CHECK(add_queue(10, 1, "q") == 1 && slot.head.names_len == sizeof(struct queue_record));
	CHECK(add_queue(11, 2, "q") == 1 && slot.head.names_len == sizeof(struct queue_record));
	CHECK(add_queue(10, 1, "r") == 1 && slot.head.names_len == 2 * sizeof(struct queue_record));
	CHECK(slot.head.records == 0 && slot.head.tasks == 0 && account.records == 0 && account_has_content(&slot));
	tear_down();
}

static void full_names_are_not_forgotten(void)
{
	uint32_t tid = 1;

	set_up();
	while (add_task(tid, 100, "x") == 1)
		tid++;
	account_begin(&account, &slot);
	CHECK(add_task(tid, 100, "x") == 1 && slot.head.names_len == sizeof(struct task_record));
	tear_down();
}

static void damaged_records_become_gaps(void)
{
	struct call_record record = { .record = header(MT_RECORD_ENTRY, 0, 2, 10, 100) };
	uint32_t len = record.record.size;

	set_up();
	add(MT_RECORD_ENTRY, 0, 1, 10, 100);
	CHECK(account_add(&account, &slot, &record, len - 8) == 1); /* size disagrees */
	CHECK(account_add(&account, &slot, &record, 8) == 1);
	record.record.cpu = CPUS;
	CHECK(account_add(&account, &slot, &record, len) == 1);
	record.record.cpu = 0;
	record.record.event = MT_MAX_EVENTS;
	CHECK(account_add(&account, &slot, &record, len) == 1);
	record.record.event = 3;
	record.record.type = 99;
	CHECK(account_add(&account, &slot, &record, len) == 1);
	record.record.type = MT_RECORD_TASK; /* too short for one */
	CHECK(account_add(&account, &slot, &record, len) == 1);
	CHECK(account.damaged == 6 && slot.head.records == 1 && slot.head.names_len == 0);
	add(MT_RECORD_EXIT, 0, 3, 10, 120);
	CHECK(slot.head.gaps == 1 && slot.head.gap[0].lost == 1);
	tear_down();
}

/* An item that claims more bytes than its record has must not be walked into. */
static void lying_item(void)
{
	struct call_record record = { .record = header(MT_RECORD_EXIT, 0, 1, 10, 100) };
	struct mt_item item = { .kind = MT_ITEM_QUEUE, .captured = 0xffffffff };

	set_up();
	memcpy((uint8_t *)&record.record + record.record.size, &item, sizeof(item));
	record.record.size += sizeof(item);
	CHECK(account_add(&account, &slot, &record, record.record.size) == 1);
	CHECK(slot.head.queues == 0 && slot.head.records == 1);
	tear_down();
}

int main(void)
{
	jump_is_a_gap();
	losses_at_the_end();
	many_gaps_widen_their_own_cpus();
	calls_in_flight();
	parts_are_one_call();
	times_out_of_order();
	open_calls_stay_findable();
	keys_once_a_batch();
	full_batch_is_said();
	repeats_of_names_are_dropped();
	full_names_are_not_forgotten();
	damaged_records_become_gaps();
	lying_item();
	printf("account: %d checks passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}
