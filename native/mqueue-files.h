/* SPDX-License-Identifier: Apache-2.0 */
/* What the calling thread's ipc namespace has of POSIX queues. */
#ifndef MQUEUE_FILES_H
#define MQUEUE_FILES_H

#include "msgtape.h"

/* One struct mt_found_queue a queue into `queues`, as far as time and room go: found->queues_len, device, cut, refused.
 * found->namespace_inum goes into each. A negative errno: the file system cannot be looked at (-EPERM: needs
 * CAP_SYS_ADMIN). */
int mqueue_read(uint64_t until_ms, char *queues, size_t size, struct mt_found *found);

#endif
