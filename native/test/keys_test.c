/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch refers to, names that repeat, and records that lie. Run by `make check` under sanitizers. */
#include "check.h"

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
	keys_once_a_batch();
	full_batch_is_said();
	repeats_of_names_are_dropped();
	full_names_are_not_forgotten();
	damaged_records_become_gaps();
	lying_item();
	return report("keys");
}
