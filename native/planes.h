/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounting of KERNEL and LIBC records: into the open batch as they are, gaps from their own sequence. They come
 * from one ring and from programs that may be preempted, so they are nearly in the order of their times, and no more.
 */
#ifndef PLANES_H
#define PLANES_H

#include "account.h"

static inline int is_of_planes(const struct mt_record *record)
{
	return record->type == MT_RECORD_KERNEL || record->type == MT_RECORD_LIBC;
}

/* As account_add, for a sound record. */
int planes_add(struct account *account, struct slot *slot, const struct mt_record *record);

/* Says that `lost` were lost by now_ns, and that every record that counts fewer was added. 1: done; 0: the batch has
 * no room for the gap. */
int planes_reached(struct account *account, struct slot *slot, uint64_t lost, uint64_t now_ns);

/* Says that the kernel has skipped `skipped` runs of their programs by now_ns. 1: done; 0: as above. */
int planes_skipped(struct account *account, struct slot *slot, uint64_t skipped, uint64_t now_ns);

#endif
