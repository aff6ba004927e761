/* SPDX-License-Identifier: Apache-2.0 */
/* The planes' ring in the one ordered stream. Run by `make check` under sanitizers. */
#include "rings.h"

static void planes_come_before_calls(void)
{
	uint32_t *half_written;

	open_rings(2, 0);
	open_planes();
	publish(0, 10, 1, 64);
	publish_in(&source.planes, 2);
	publish_name(3);
	publish_in(&source.planes, 4);
	CHECK(source_waiting(&source) == 64 + 3 * 64);
	COMES(3, 2, 4, 1);
	source_release(&source);
	CHECK(source_waiting(&source) == 0);
	/* what is still being written may belong to the exit behind it */
	half_written = publish_in(&source.planes, 5);
	*half_written |= BPF_RINGBUF_BUSY_BIT;
	publish(1, 11, 6, 64);
	COMES(0);
	*half_written &= ~BPF_RINGBUF_BUSY_BIT;
	COMES(5, 6);
	close_rings();
}

static void a_busy_plane_does_not_hold_up_a_sweep(void)
{
	open_rings(2, 0);
	open_planes();
	publish(0, 10, 1, 64);
	publish_in(&source.planes, 2);
	CHECK(take() == 2);
	publish_in(&source.planes, 3);
	COMES(1, 3);
	close_rings();
}

int main(void)
{
	planes_come_before_calls();
	a_busy_plane_does_not_hold_up_a_sweep();
	return report("source, planes");
}
