/* SPDX-License-Identifier: Apache-2.0 */
/* Layout: kernel/bpf/ringbuf.c. Positions only grow; a record is an 8-byte header, then data padded to 8. */
#include "ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORD_ALIGN(len) (((size_t)(len) + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7)
#define LENGTH_MASK (~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

int ring_open(struct ring *ring, int map_fd, size_t data_bytes)
{
	int err;

	ring->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ring->data_bytes = data_bytes;
	ring->producer_pages = MAP_FAILED;
	ring->consumer_page = mmap(NULL, ring->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (ring->consumer_page == MAP_FAILED)
		goto failed;
	ring->producer_pages = mmap(NULL, ring->page_bytes + 2 * data_bytes, PROT_READ, MAP_SHARED, map_fd,
				    (off_t)ring->page_bytes);
	if (ring->producer_pages == MAP_FAILED)
		goto failed;
	ring->taken = *(volatile unsigned long *)ring->consumer_page;
	return 0;
failed:
	err = -errno;
	ring_close(ring);
	return err;
}

void ring_close(struct ring *ring)
{
	if (ring->consumer_page && ring->consumer_page != MAP_FAILED)
		munmap(ring->consumer_page, ring->page_bytes);
	if (ring->producer_pages && ring->producer_pages != MAP_FAILED)
		munmap(ring->producer_pages, ring->page_bytes + 2 * ring->data_bytes);
	ring->consumer_page = NULL;
	ring->producer_pages = NULL;
}

unsigned long ring_end(const struct ring *ring)
{
	return __atomic_load_n((unsigned long *)ring->producer_pages, __ATOMIC_ACQUIRE);
}

const void *ring_next(struct ring *ring, uint32_t *len, int *busy)
{
	*busy = 0;
	while (ring->taken < ring_end(ring)) {
		size_t offset = ring->taken & (ring->data_bytes - 1);
		const char *header = (const char *)ring->producer_pages + ring->page_bytes + offset;
		uint32_t word = __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);

		if (word & BPF_RINGBUF_BUSY_BIT) {
			*busy = 1;
			return NULL;
		}
		*len = word & LENGTH_MASK;
		if (!(word & BPF_RINGBUF_DISCARD_BIT))
			return header + BPF_RINGBUF_HDR_SZ;
		ring_take(ring, *len);
	}
	return NULL;
}

void ring_take(struct ring *ring, uint32_t len)
{
	ring->taken += RECORD_ALIGN(len);
}

void ring_release(struct ring *ring)
{
	__atomic_store_n((unsigned long *)ring->consumer_page, ring->taken, __ATOMIC_RELEASE);
}

size_t ring_waiting(const struct ring *ring)
{
	unsigned long consumed = __atomic_load_n((unsigned long *)ring->consumer_page, __ATOMIC_ACQUIRE);

	return ring_end(ring) - consumed;
}
