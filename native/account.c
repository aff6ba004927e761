/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "hash.h"
#include "planes.h"

#include <errno.h>
#include <stdlib.h>

#define SEEN_SLOTS 8192 /* it remembers three quarters: no more than REMEMBERED in src/record/versions.ts */
#define ITEM_BYTES(captured) (sizeof(struct mt_item) + (((size_t)(captured) + 7) & ~(size_t)7))
/* No record can refer to more queues than fit into it. */
#define QUEUES_PER_RECORD (MT_RECORD_MAX / (sizeof(struct mt_item) + sizeof(struct mt_queue)) + 1)

_Static_assert(QUEUES_PER_RECORD < BATCH_QUEUES, "an empty batch takes any record");
_Static_assert(MT_RECORD_MAX < BATCH_NAMES_BYTES, "an empty batch takes any name");

int account_init(struct account *account, uint32_t cpus)
{
	memset(account, 0, sizeof(*account));
	account->cpus = cpus;
	account->cpu = calloc(cpus, sizeof(*account->cpu));
	if (!account->cpu || keyset_init(&account->tasks, 2 * BATCH_TASKS) ||
	    keyset_init(&account->queues, 2 * BATCH_QUEUES) || seen_init(&account->names, SEEN_SLOTS) ||
	    opencalls_init(&account->open, OPEN_SLOTS)) {
		account_free(account);
		return -ENOMEM;
	}
	return 0;
}

void account_free(struct account *account)
{
	free(account->cpu);
	account->cpu = NULL;
	keyset_free(&account->tasks);
	keyset_free(&account->queues);
	seen_free(&account->names);
	opencalls_free(&account->open);
}

void account_begin(struct account *account, struct slot *slot)
{
	memset(&slot->head, 0, sizeof(slot->head));
	slot->head.first_record = account->records;
	keyset_clear(&account->tasks);
	keyset_clear(&account->queues);
	account->last_task[0] = 0;
	account->last_task[1] = 0;
	memset(account->last_queue, 0, sizeof(account->last_queue));
}

int account_has_content(const struct slot *slot)
{
	return slot->head.records || slot->head.names_len || slot->head.planes_len || slot->head.gaps;
}

/*
 * Beyond MT_MAX_GAPS the newest gap of the same cpu is widened over the new one, which stays true; a gap is never
 * folded into another cpu's or plane's. Closing the batch at every 64 gaps instead would make one batch of a few
 * records after the other while the ring is full.
 */
int account_note_gap(struct slot *slot, struct mt_gap gap)
{
	struct mt_batch *head = &slot->head;
	uint32_t i;

	if (head->gaps < MT_MAX_GAPS) {
		head->gap[head->gaps++] = gap;
		return 1;
	}
	for (i = head->gaps; i; i--)
		if (head->gap[i - 1].cpu == gap.cpu && head->gap[i - 1].plane == gap.plane)
			break;
	if (!i)
		return 0;
	head->gap[i - 1].to_ns = gap.to_ns;
	head->gap[i - 1].lost += gap.lost;
	head->gaps_missed++;
	return 1;
}

static int note_gap(struct account *account, struct slot *slot, uint32_t cpu, uint64_t to_ns, uint64_t lost)
{
	if (!account_note_gap(slot, (struct mt_gap){
				     .cpu = cpu, .from_ns = account->cpu[cpu].time_ns, .to_ns = to_ns, .lost = lost }))
		return 0;
	account->cpu[cpu].lost += lost;
	account->lost += lost;
	return 1;
}

/*
 * The sequence also counts what was lost, so a jump is a gap, to the record. Within a cpu it only grows: the
 * syscall tracepoints run with preemption off, and a program takes its number and writes its record in one go.
 */
static int note_sequence(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct cpu_account *cpu = &account->cpu[record->cpu];

	if (record->seq > cpu->seq + 1 &&
	    !note_gap(account, slot, record->cpu, record->time_ns, record->seq - cpu->seq - 1))
		return 0;
	if (record->seq > cpu->seq)
		cpu->seq = record->seq;
	cpu->time_ns = record->time_ns;
	return 1;
}

void account_note_task(struct account *account, struct slot *slot, const struct mt_record *record)
{
	uint64_t key[3] = { record->task_start_ns, record->tid, 0 };

	if (key[0] == account->last_task[0] && key[1] == account->last_task[1])
		return; /* most records come in runs of one task */
	memcpy(account->last_task, key, sizeof(account->last_task));
	if (keyset_add(&account->tasks, key))
		slot->tasks[slot->head.tasks++] =
			(struct mt_task_key){ .start_ns = record->task_start_ns, .tid = record->tid };
}

static void note_queue(struct account *account, struct slot *slot, const struct mt_queue *queue)
{
	uint64_t key[3] = { queue->id, queue->generation,
			    (uint64_t)queue->kind << 32 | queue->namespace_inum };

	if (!memcmp(key, account->last_queue, sizeof(key)))
		return;
	memcpy(account->last_queue, key, sizeof(key));
	if (keyset_add(&account->queues, key))
		slot->queues[slot->head.queues++] = (struct mt_queue_key){
			.id = queue->id,
			.generation = queue->generation,
			.namespace_inum = queue->namespace_inum,
			.kind = queue->kind,
		};
}

static void note_queues(struct account *account, struct slot *slot, const struct mt_record *record, size_t fixed)
{
	const uint8_t *at = (const uint8_t *)(record + 1) + fixed;
	const uint8_t *end = (const uint8_t *)record + record->size;

	while ((size_t)(end - at) >= sizeof(struct mt_item)) {
		const struct mt_item *item = (const struct mt_item *)at;

		if (ITEM_BYTES(item->captured) > (size_t)(end - at))
			return;
		if (item->kind == MT_ITEM_QUEUE && item->captured >= sizeof(struct mt_queue))
			note_queue(account, slot, (const struct mt_queue *)(item + 1));
		at += ITEM_BYTES(item->captured);
	}
}

static void note_call(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct mt_event_count *count = &slot->head.counts[record->event];

	if (record->part)
		return;
	if (record->type == MT_RECORD_ENTRY) {
		count->entries++;
		opencalls_enter(&account->open, record->tid, record->task_start_ns, record->event, record->time_ns);
	} else {
		count->exits++;
		opencalls_exit(&account->open, record->tid, record->task_start_ns);
	}
}

static void note_time(struct mt_batch *head, uint64_t time_ns)
{
	/* Two cpus' records may lie in the ring a little out of the order of their times. */
	if (!head->first_time_ns || time_ns < head->first_time_ns)
		head->first_time_ns = time_ns;
	if (time_ns > head->last_time_ns)
		head->last_time_ns = time_ns;
}

static int add_call_record(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct mt_batch *head = &slot->head;

	if (head->records_len + record->size > slot->records_size || head->tasks == BATCH_TASKS ||
	    head->queues + QUEUES_PER_RECORD > BATCH_QUEUES)
		return 0;
	if (!note_sequence(account, slot, record))
		return 0;
	account_note_task(account, slot, record);
	note_queues(account, slot, record,
		    record->type == MT_RECORD_ENTRY ? sizeof(struct mt_entry) : sizeof(struct mt_exit));
	note_call(account, slot, record);
	note_time(head, record->time_ns);
	memcpy(slot->records + head->records_len, record, record->size);
	head->records_len += record->size;
	head->records++;
	account->records++;
	return 1;
}

/* Whether this task or queue was last described just so. What changes with every call is left out: the
 * record's time and cpu, the depth of the queue, the task that met it. */
static int is_repeat(struct account *account, const struct mt_record *record)
{
	const uint8_t *body = (const uint8_t *)(record + 1);
	size_t len = record->size - sizeof(*record);
	uint64_t key = hash_mix(record->type);

	if (record->type == MT_RECORD_TASK) {
		key = hash_add(hash_add(key, record->tid), record->task_start_ns);
	} else {
		const struct mt_queue *queue = (const struct mt_queue *)body;

		key = hash_add(hash_add(key, queue->id), queue->generation);
		key = hash_add(key, (uint64_t)queue->kind << 32 | queue->namespace_inum);
		body += sizeof(*queue);
		len -= sizeof(*queue);
	}
	return seen_before(&account->names, key, hash_bytes(hash_mix(record->tgid * (record->type == MT_RECORD_TASK)),
							     body, len));
}

static int add_name_record(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct mt_batch *head = &slot->head;

	/* Room first: what is once seen must have been sent. */
	if (head->names_len + record->size > BATCH_NAMES_BYTES)
		return 0;
	if (is_repeat(account, record))
		return 1;
	memcpy(slot->names + head->names_len, record, record->size);
	head->names_len += record->size;
	return 1;
}

static size_t smallest(uint8_t type)
{
	switch (type) {
	case MT_RECORD_ENTRY:
		return sizeof(struct mt_record) + sizeof(struct mt_entry);
	case MT_RECORD_EXIT:
		return sizeof(struct mt_record) + sizeof(struct mt_exit);
	case MT_RECORD_TASK:
		return sizeof(struct mt_record) + sizeof(struct mt_task);
	case MT_RECORD_QUEUE:
		return sizeof(struct mt_record) + sizeof(struct mt_queue) + sizeof(struct mt_queue_name);
	case MT_RECORD_KERNEL:
		return sizeof(struct mt_record) + sizeof(struct mt_kernel);
	case MT_RECORD_LIBC:
		return sizeof(struct mt_record) + sizeof(struct mt_libc);
	default:
		return SIZE_MAX;
	}
}

/* Our own programs wrote it, into memory that only the kernel writes: still nothing is taken on trust. A record of the
 * planes may be shorter than its place. */
static int is_sound(const struct account *account, const struct mt_record *record, uint32_t len)
{
	if (len < sizeof(*record) || len > MT_RECORD_MAX || record->size > len || record->size % 8)
		return 0;
	return (record->size == len || is_of_planes(record)) && record->size >= smallest(record->type) &&
	       record->cpu < account->cpus && record->event < MT_MAX_EVENTS;
}

int account_add(struct account *account, struct slot *slot, const void *data, uint32_t len)
{
	const struct mt_record *record = data;

	if (!is_sound(account, record, len)) {
		account->damaged++;
		return 1;
	}
	if (record->type == MT_RECORD_TASK || record->type == MT_RECORD_QUEUE)
		return add_name_record(account, slot, record);
	if (is_of_planes(record))
		return planes_add(account, slot, record);
	return add_call_record(account, slot, record);
}

int account_reached(struct account *account, struct slot *slot, uint32_t cpu, uint64_t seq)
{
	if (cpu >= account->cpus || seq <= account->cpu[cpu].seq)
		return 1;
	if (!note_gap(account, slot, cpu, 0, seq - account->cpu[cpu].seq))
		return 0;
	account->cpu[cpu].seq = seq;
	return 1;
}

int account_lost(struct account *account, struct slot *slot, uint32_t cpu, uint64_t lost)
{
	uint64_t more;

	if (cpu >= account->cpus || lost <= account->cpu[cpu].lost)
		return 1;
	more = lost - account->cpu[cpu].lost;
	if (!note_gap(account, slot, cpu, 0, more))
		return 0;
	account->cpu[cpu].seq += more;
	return 1;
}

void account_end(struct account *account, struct slot *slot)
{
	struct mt_batch *head = &slot->head;
	uint32_t cpu;

	head->oldest_open_ns = opencalls_oldest(&account->open);
	head->open_calls = account->open.used;
	if (slot->open)
		opencalls_copy(&account->open, slot->open, account->open.used);
	head->cpu_losses = 0;
	for (cpu = 0; cpu < account->cpus && head->cpu_losses < MT_MAX_CPU_LOSSES; cpu++)
		if (account->cpu[cpu].lost)
			head->cpu_loss[head->cpu_losses++] =
				(struct mt_cpu_loss){ .cpu = cpu, .lost = account->cpu[cpu].lost };
}
