/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rings as one stream: the names first that records refer to, then what the kernel and the libc plane saw, then the
 * records of every cpu by time.
 *
 * It is taken in sweeps. A sweep reads the clock, then how far each cpu has published, then how far the planes have,
 * then takes the names, the planes' records, and the records below those positions that are no younger than that clock. Thus a task's records are in true
 * order even when it moved to another cpu in between: an exit that is old enough began when its entry had been
 * published, and so the entry is below its cpu's position. What the planes saw of a call comes before its exit. Decodes nothing but a record's size and time.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "ring.h"

#include <linux/types.h>
#include <records.h>

#include <config.h>

struct cpu_ring {
	struct mt_ring *shared;
	uint64_t taken;	   /* position up to which records were taken; the kernel sees it at source_release */
	uint64_t released; /* what the kernel has seen of it */
	uint64_t end;	   /* of this sweep */
	uint64_t time_ns;  /* of the next record; UINT64_MAX: none in this sweep */
	uint32_t size;	   /* of the next record */
};

enum source_due { DUE_NAMES, DUE_PLANES, DUE_RECORDS };

struct source {
	struct ring names;
	struct ring planes;	  /* data_bytes 0: there is none */
	unsigned long planes_end; /* of this sweep */
	struct cpu_ring *cpu;
	uint32_t cpus;
	uint32_t ring_bytes; /* of each cpu */
	void *shared;	     /* the map, when it is ours to unmap */
	size_t shared_bytes;
	uint64_t (*clock_ns)(void); /* the programs' clock, CLOCK_BOOTTIME */
	int final;		    /* no program runs any more: everything is old enough */
	enum source_due due;	    /* what this sweep takes now */
	uint32_t first;		    /* the cpu with the oldest record; `cpus`: the sweep is over */
	uint64_t second_ns;	    /* the oldest record of any other cpu */
	uint64_t until_ns;	    /* records of this sweep are no younger */
};

/* Bytes of one cpu in the map `rings`: header, ring, and room to run past its end, in whole pages. */
uint32_t source_cpu_bytes(uint32_t ring_bytes);

/* Maps the programs' rings. On failure the source is left to be closed. */
int source_open(struct source *source, int names_fd, size_t names_bytes, int rings_fd, uint32_t cpus,
		uint32_t ring_bytes);

/* Adds the ring of the kernel and the libc plane. */
int source_open_planes(struct source *source, int planes_fd, size_t planes_bytes);

/* The same over memory that somebody else has mapped; `names` is the caller's to fill. */
int source_over(struct source *source, void *shared, uint32_t cpus, uint32_t ring_bytes);
void source_close(struct source *source);

/* From now on no age is too young: the programs have run to their end. */
void source_finish(struct source *source);

/* The next record; NULL when there is none old enough, or when a name or a planes' record is still being written (*busy is then 1).
 * Valid until source_release. */
const void *source_next(struct source *source, uint32_t *len, int *busy);

/* Goes past the record that source_next gave. */
void source_take(struct source *source, uint32_t len);

/* Gives the room of what was taken back to the kernel. */
void source_release(struct source *source);

/* Bytes not released yet, of all rings. */
size_t source_waiting(const struct source *source);

/* How full the fullest ring is, in percent. */
unsigned int source_fullness(const struct source *source);

#endif
