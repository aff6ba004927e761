/* SPDX-License-Identifier: Apache-2.0 */
/* The map `fired`, shared with the programs as memory: struct mt_fired of each trigger. */
#ifndef TRIGGERS_H
#define TRIGGERS_H

#include "msgtape.h"

#include <linux/types.h>
#include <config.h>

struct triggers {
	struct mt_fired *fired; /* MT_TRIGGERS of them; NULL: not open */
	size_t mapped;
	uint64_t told[MT_TRIGGERS]; /* mt_fired.fired when it was told last */
};

int triggers_open(struct triggers *triggers, int fired_fd);
void triggers_close(struct triggers *triggers);
/* As mt_fired_triggers() and mt_rearm_trigger(). */
int triggers_take(struct triggers *triggers, struct mt_fired_trigger *to, size_t max);
int triggers_rearm(struct triggers *triggers, uint32_t index);

#endif
