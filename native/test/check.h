/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that count, and records made by hand, for the unit tests of the accounting. Each test includes it once. */
#ifndef MSGTAPE_CHECK_H
#define MSGTAPE_CHECK_H

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

static inline void set_up(void)
{
	if (account_init(&account, CPUS))
		exit(2);
	slot.records_size = RECORDS_SIZE;
	slot.records = malloc(slot.records_size);
	slot.planes = malloc(slot.records_size);
	slot.names = malloc(BATCH_NAMES_BYTES);
	slot.tasks = malloc(BATCH_TASKS * sizeof(*slot.tasks));
	slot.queues = malloc(BATCH_QUEUES * sizeof(*slot.queues));
	account_begin(&account, &slot);
}

static inline void tear_down(void)
{
	account_free(&account);
	free(slot.records);
	free(slot.names);
	free(slot.planes);
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

static inline struct mt_record header(uint8_t type, uint32_t cpu, uint64_t seq, uint32_t tid, uint64_t time_ns)
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

static inline int add(uint8_t type, uint32_t cpu, uint64_t seq, uint32_t tid, uint64_t time_ns)
{
	struct call_record record = { .record = header(type, cpu, seq, tid, time_ns) };

	return account_add(&account, &slot, &record, record.record.size);
}

static int report(const char *name)
{
	printf("%s: %d checks passed, %d failed\n", name, passed, failed);
	return failed ? 1 : 0;
}

#endif
