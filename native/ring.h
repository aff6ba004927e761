/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's side of one BPF ring buffer, over its shared memory. libbpf's own reader calls back for each
 * record and cannot stop in the middle (a callback's error loses its place), so that it cannot leave records
 * in the ring while every batch is full.
 */
#ifndef RING_H
#define RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	void *consumer_page;
	void *producer_pages; /* its first page is the producer's position, then the data, mapped twice in a row */
	size_t page_bytes;
	size_t data_bytes;
	unsigned long taken; /* position up to which records were taken; the kernel sees it at ring_release */
};

int ring_open(struct ring *ring, int map_fd, size_t data_bytes);
void ring_close(struct ring *ring);

/* The next record, NULL when there is none or when it is still being written (*busy is then 1). Valid until
 * ring_release. */
const void *ring_next(struct ring *ring, uint32_t *len, int *busy);

/* How far the programs have come: what they reserve later is not below it. */
unsigned long ring_end(const struct ring *ring);

/* Goes past the record that ring_next gave. */
void ring_take(struct ring *ring, uint32_t len);

/* Gives the room of what was taken back to the kernel. */
void ring_release(struct ring *ring);

/* Bytes not taken yet, record headers included. */
size_t ring_waiting(const struct ring *ring);

#endif
