/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ITERATOR_H
#define ITERATOR_H

#include "msgtape.h"

/* Reads the iterator behind a link to its end, as mt_holders_read(). Needs no libbpf: the keeper has none. */
int iterator_read(int link, uint32_t limit_ms, void *queues, size_t queues_size, struct mt_found *found);

#endif
