/* SPDX-License-Identifier: Apache-2.0 */
/* The map `control`, shared with the programs as memory, and the map `tree` of tracked processes. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* As in bpf/maps.h. */
struct control_value {
	uint64_t tracked;
	uint32_t enabled;
	uint32_t pad;
	uint64_t planes_lost;
};

struct control {
	struct control_value *value;
	size_t mapped;
	int tree_fd;
};

int control_open(struct control *control, int control_fd, int tree_fd);
void control_close(struct control *control);
/* All programs begin to record, or cease to, at once. */
void control_enable(struct control *control, int enabled);
int control_track(struct control *control, uint32_t tgid);
/* Planes records that found no room, since the start. */
uint64_t control_planes_lost(const struct control *control);
uint64_t control_tracked(const struct control *control);

#endif
