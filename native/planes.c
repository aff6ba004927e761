/* SPDX-License-Identifier: Apache-2.0 */
#include "planes.h"

#include <string.h>

/*
 * mt_record.seq is how many were lost before. A program reads it before and after the time, and takes both only where
 * nothing was lost in between; so a loss lies between the newest record that does not count it and any that does.
 */
static int note_sequence(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct plane_account *planes = &account->planes;

	if (record->seq > planes->lost) {
		if (!account_note_gap(slot, (struct mt_gap){ .plane = MT_GAP_PLANES,
							     .from_ns = planes->time_ns,
							     .to_ns = record->time_ns,
							     .lost = record->seq - planes->lost }))
			return 0;
		planes->lost = record->seq;
	}
	if (record->time_ns > planes->time_ns)
		planes->time_ns = record->time_ns;
	return 1;
}

int planes_add(struct account *account, struct slot *slot, const struct mt_record *record)
{
	struct mt_batch *head = &slot->head;

	if (head->planes_len + record->size > slot->records_size || head->tasks == BATCH_TASKS)
		return 0;
	if (!note_sequence(account, slot, record))
		return 0;
	account_note_task(account, slot, record);
	memcpy(slot->planes + head->planes_len, record, record->size);
	head->planes_len += record->size;
	head->planes++;
	return 1;
}

int planes_reached(struct account *account, struct slot *slot, uint64_t lost, uint64_t now_ns)
{
	struct plane_account *planes = &account->planes;

	if (lost <= planes->lost)
		return 1;
	if (!account_note_gap(slot, (struct mt_gap){ .plane = MT_GAP_PLANES,
						     .from_ns = planes->time_ns,
						     .to_ns = now_ns,
						     .lost = lost - planes->lost }))
		return 0;
	planes->lost = lost;
	return 1;
}

int planes_skipped(struct account *account, struct slot *slot, uint64_t skipped, uint64_t now_ns)
{
	struct plane_account *planes = &account->planes;

	if (skipped > planes->skipped) {
		if (!account_note_gap(slot, (struct mt_gap){ .plane = MT_GAP_PLANES_SKIPPED,
							     .from_ns = planes->looked_ns,
							     .to_ns = now_ns,
							     .lost = skipped - planes->skipped }))
			return 0;
		planes->skipped = skipped;
	}
	planes->looked_ns = now_ns;
	return 1;
}
