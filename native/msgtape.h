/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmsgtape: opens the kernel programs, attaches them, drains their rings into batches on a thread of
 * its own. Knows records by their header only; decodes nothing, writes no file.
 *
 * Every function returns 0 or a negative errno; mt_error() then has a line for users. One tape at a time is
 * driven by one caller at a time, except mt_next_batch(), which may wait on a second thread.
 */
#ifndef MSGTAPE_H
#define MSGTAPE_H

#include <stdint.h>
#include <stddef.h>

#define MT_MAX_EVENTS 32
#define MT_MAX_GAPS 64
#define MT_MAX_CPU_LOSSES 1024

struct mt_tape;

/* Opens the object, hands over the read-only configuration (struct mt_config, encoded by the caller from the
 * object's BTF) and loads. ring_bytes: of each cpu's ring, a power of two from 4096 to 2^30, the same as in the
 * configuration. -ENOSPC: the kernel refuses rings of that size, smaller ones may do. message/len: for users, on
 * failure. */
int mt_open(const char *object_path, const void *config, size_t config_len, uint32_t ring_bytes,
	    struct mt_tape **tape, char *message, size_t message_len);

/* Makes the ring of the kernel and the libc plane, of a power of two of at least 4096 bytes: before mt_add_hook() and
 * mt_start(). */
int mt_planes(struct mt_tape *tape, uint32_t ring_bytes);

/* Loads and attaches hooks of these planes, all or none: the object's programs whose names begin with one of `names`
 * (words with commas between them) and two underscores. They record from mt_attach() on. When it fails, mt_error() says
 * why, and everything else is as it was. */
int mt_add_hook(struct mt_tape *tape, const char *object_path, const char *names, const void *config,
		size_t config_len);

/* Loads the programs of the libc plane, once; as mt_add_hook(). one_by_one: also where the kernel could do with one link
 * for many probes. */
int mt_libc(struct mt_tape *tape, const char *object_path, const void *config, size_t config_len, int one_by_one);

/* Probes entry and return of the code at these offsets of a file, in every process that maps it; all or none.
 * functions: what the records say of each. When it fails, mt_error() says why, and everything else is as it was. */
int mt_libc_functions(struct mt_tape *tape, const char *path, const uint64_t *offsets, const uint64_t *functions,
		      uint32_t count);

/* Attaches every program of the object; on failure what was attached is detached again. */
int mt_attach(struct mt_tape *tape);

/* The last error of this tape, for users. Owned by the tape. */
const char *mt_error(const struct mt_tape *tape);

/* Adds a process, and from then on its descendants, to those recorded (MT_FILTER_TREE). */
int mt_track(struct mt_tape *tape, uint32_t tgid);

/* Processes in the tree now: 0 when the command and all its descendants are gone. */
int mt_tracked(struct mt_tape *tape, uint64_t *count);

/* Starts the drain thread: looks at the rings every poll_ms, closes a batch at batch_bytes or batch_ms. */
int mt_start(struct mt_tape *tape, uint32_t batch_bytes, uint32_t batch_ms, uint32_t poll_ms);

/* mt_gap.plane */
enum mt_gap_plane {
	MT_GAP_SYSCALL = 0,
	MT_GAP_PLANES = 1,	   /* kernel and libc plane: no room in their ring */
	MT_GAP_PLANES_SKIPPED = 2, /* the kernel skipped programs of theirs */
};

/* Lost records between two records that were kept. to_ns 0: still open at the batch's end. */
struct mt_gap {
	uint32_t cpu;	/* 0 in the planes, which have one ring */
	uint32_t plane; /* enum mt_gap_plane */
	uint64_t from_ns; /* time of the last record kept before; 0: none */
	uint64_t to_ns;
	uint64_t lost;
};

struct mt_event_count {
	uint32_t entries; /* first parts only */
	uint32_t exits;
};

struct mt_cpu_loss {
	uint32_t cpu;
	uint32_t pad;
	uint64_t lost; /* since the start */
};

/* What a batch holds, so that nobody has to look at each record again. */
struct mt_batch {
	uint64_t records_len; /* bytes of ENTRY and EXIT records, verbatim, in order of time; see source.h */
	uint64_t names_len;   /* bytes of TASK and QUEUE records, verbatim; repeats of what was seen are dropped */
	uint64_t planes_len;  /* bytes of KERNEL and LIBC records, verbatim, in the order of their ring */
	uint64_t first_record; /* number of the first record since the start */
	uint32_t records;
	uint32_t planes;      /* KERNEL and LIBC records */
	uint32_t tasks;	      /* keys in the tasks area: struct mt_task_key each */
	uint32_t queues;      /* keys in the queues area: struct mt_queue_key each */
	uint32_t gaps;
	uint32_t gaps_missed; /* gaps beyond MT_MAX_GAPS, folded into the last one */
	uint32_t cpu_losses;
	uint32_t pad;
	uint64_t first_time_ns; /* 0: no records */
	uint64_t last_time_ns;
	uint64_t oldest_open_ns; /* 0: none */
	uint32_t open_calls;
	uint32_t final; /* the last batch: the programs are detached and the rings are empty */
	struct mt_event_count counts[MT_MAX_EVENTS];
	struct mt_gap gap[MT_MAX_GAPS];
	struct mt_cpu_loss cpu_loss[MT_MAX_CPU_LOSSES];
};

struct mt_task_key {
	uint64_t start_ns;
	uint32_t tid;
	uint32_t pad;
};

struct mt_queue_key {
	uint64_t id;
	uint64_t generation;
	uint32_t namespace_inum;
	uint32_t kind;
};

/* Waits up to timeout_ms for the next batch. 1: copied; 0: none yet; -ENODATA: the final one was taken;
 * -ENOSPC: a buffer is too small (batch says how much is needed, the batch stays). */
int mt_next_batch(struct mt_tape *tape, uint32_t timeout_ms, struct mt_batch *batch, void *records,
		  size_t records_size, void *names, size_t names_size, void *planes, size_t planes_size,
		  struct mt_task_key *tasks, size_t tasks_max, struct mt_queue_key *queues, size_t queues_max);

/* Calls in flight now, as the drained records show: for inventories. Returns how many, at most max. */
struct mt_open_call {
	uint64_t start_ns;
	uint64_t enter_ns;
	uint32_t tid;
	uint32_t event;
};
int mt_open_calls(struct mt_tape *tape, struct mt_open_call *calls, size_t max);
/* The same, as it was at the end of the batch taken last: what comes in later batches is not in it. After mt_start(). */
int mt_batch_open_calls(struct mt_tape *tape, struct mt_open_call *calls, size_t max);

struct mt_totals {
	uint64_t recorded; /* entry and exit records, all parts */
	uint64_t lost_ring_full;
	uint64_t lost_no_scratch;
	uint64_t lost_recursion; /* runs that the kernel skipped: their events are not known */
	uint64_t x32;
	uint64_t announce_failed;
	uint64_t no_task_state;
	uint64_t ring_used; /* bytes waiting now, in all rings */
	uint64_t planes_lost;	 /* KERNEL and LIBC records that found no room */
	uint64_t planes_skipped; /* runs of these planes' programs that the kernel skipped */
	uint64_t recorded_entries[MT_MAX_EVENTS];
	uint64_t recorded_exits[MT_MAX_EVENTS];
	uint64_t lost_entries[MT_MAX_EVENTS];
	uint64_t lost_exits[MT_MAX_EVENTS];
};
int mt_totals(struct mt_tape *tape, struct mt_totals *totals);

/* A trigger that has fired, and the entry or exit that met its condition. */
struct mt_fired_trigger {
	uint64_t time_ns;
	uint64_t task_start_ns;
	uint64_t call;
	uint64_t value; /* as struct mt_fired in bpf/trigger-config.h */
	uint64_t met;	/* times that its condition was met since the start, until now */
	uint32_t index;
	uint32_t tid;
	uint32_t tgid;
	uint32_t event;
	uint32_t exit; /* 1: at the call's exit */
	uint32_t pad;
};

/* Triggers that have fired since the last call. Each is told once, and is held until it is made ready again. Returns how
 * many, at most max; the others come next time. Looks at shared memory alone. */
int mt_fired_triggers(struct mt_tape *tape, struct mt_fired_trigger *triggers, size_t max);
/* The trigger may fire again. -EINVAL: there is no such trigger. */
int mt_rearm_trigger(struct mt_tape *tape, uint32_t index);

/* Detaches the programs and lets the drain thread empty the rings; batches go on until the final one. */
int mt_stop(struct mt_tape *tape);

/* Sends a caller that waits in mt_next_batch() home, now and from now on: it returns 0 at once when there is no
 * batch. For a caller that must be out of there before it closes the tape. */
void mt_interrupt(struct mt_tape *tape);

/* Ends whatever runs and frees everything. NULL is fine. */
void mt_close(struct mt_tape *tape);

/* A command that waits before its first instruction. argv ends with NULL. uid, gid: -1 to keep. output: the
 * descriptor that is to be its standard output, 1 for ours. */
struct mt_command;
int mt_command_prepare(char *const *argv, const char *user, int output, struct mt_command **command,
		       char *message, size_t message_len);
uint32_t mt_command_pid(const struct mt_command *command);
/* Lets it go; an exec that fails comes back here as -errno. */
int mt_command_release(struct mt_command *command, char *message, size_t message_len);
/* 1 and a wait(2) status when it has ended, 0 while it runs. */
int mt_command_poll(struct mt_command *command, int *wait_status);
int mt_command_signal(struct mt_command *command, int signal);
void mt_command_close(struct mt_command *command);

/* Tries one mechanism, for doctor. name: "tp_btf", "raw_tp", "ringbuf", "task_storage", … ; 0, or why not. */
int mt_probe(const char *name, char *message, size_t message_len);

/* What a look for an inventory found. Errors are errno's numbers; 0: none. */
struct mt_found {
	uint64_t queues_len;   /* bytes of struct mt_found_queue (bpf/inventory.h) */
	uint64_t sysv_len;     /* bytes of /proc/sysvipc/msg, at the beginning of the text */
	uint64_t limits_len;   /* bytes behind them: lines of a name under /proc/sys and its value */
	uint64_t sysv_at_ns;   /* CLOCK_BOOTTIME when it was read */
	uint64_t device;       /* of the namespace's mqueue file system; 0: not known */
	uint32_t namespace_inum; /* 0: not known */
	uint32_t why_entered;  /* why the namespace could not be entered: then there is nothing else */
	uint32_t why_mqueue;   /* why its mqueue file system could not be looked at */
	uint32_t why_sysv;
	uint32_t cut;	       /* ETIME: the time was over; ENOSPC: the room was; there is more */
	uint32_t refused;      /* that could not be looked at, one by one */
	uint32_t why_refused;  /* the last of them */
	uint32_t pad;
};

/* The iterator over all descriptors, for POSIX queues that somebody holds. config: as mt_open()'s. */
struct mt_holders;
int mt_holders_open(const char *object_path, const void *config, size_t config_len, struct mt_holders **holders,
		    char *message, size_t message_len);
/* One struct mt_found_queue a descriptor. One caller at a time. */
int mt_holders_read(struct mt_holders *holders, uint32_t limit_ms, void *queues, size_t queues_size,
		    struct mt_found *found);
void mt_holders_close(struct mt_holders *holders);

struct mt_namespace {
	uint32_t namespace_inum;
	uint32_t pid; /* a process in it */
};
/* The ipc namespaces of all processes, each once. proc_path: "/proc". Returns how many, at most max; found: whether there
 * are more, and how many processes could not be looked at. */
int mt_namespaces(const char *proc_path, uint32_t limit_ms, struct mt_namespace *namespaces, size_t max,
		  struct mt_found *found);

/* Ipc namespaces looked at from inside, by a process in each; pid 0: our own. For each, one after the other: a struct
 * mt_found, one struct mt_found_queue a file of its mqueue file system, and in text /proc/sysvipc/msg and the limits. Needs
 * CAP_SYS_ADMIN, and says in `found` where it was missing. No thread of the caller's moves. */
#define MT_LIMITS                                                                                                       	{                                                                                                               		"fs/mqueue/msg_default", "fs/mqueue/msg_max", "fs/mqueue/msgsize_default", "fs/mqueue/msgsize_max",     			"fs/mqueue/queues_max", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni"                       	}
int mt_namespaces_look(const char *proc_path, const struct mt_namespace *namespaces, uint32_t count, uint32_t limit_ms,
		       void *queues, size_t queues_size, void *text, size_t text_size, struct mt_found *found);

/* The process that stays root when we give root up (keeper.c). holders, command: NULL, or what it looks with and may
 * signal; directory, output, output_name: the file that it may take away until it is kept; -1 for none. */
struct mt_keeper;
int mt_keeper_start(const char *path, const struct mt_holders *holders, const struct mt_command *command, int directory,
		    int output, const char *output_name, struct mt_keeper **keeper, char *message, size_t message_len);
uint32_t mt_keeper_pid(const struct mt_keeper *keeper);
/* As mt_holders_read(), mt_namespaces() and mt_namespaces_look(), by the keeper; the last knows only namespaces that it has
 * listed. -ETIME: no answer in time; -EBUSY: nor to an earlier one yet; -EPIPE: the keeper is gone. */
int mt_keeper_held(struct mt_keeper *keeper, uint32_t limit_ms, void *queues, size_t queues_size, struct mt_found *found);
int mt_keeper_namespaces(struct mt_keeper *keeper, uint32_t limit_ms, struct mt_namespace *namespaces, size_t max,
			 struct mt_found *found);
int mt_keeper_look(struct mt_keeper *keeper, const struct mt_namespace *namespaces, uint32_t count, uint32_t limit_ms,
		   void *queues, size_t queues_size, void *text, size_t text_size, struct mt_found *found);
/* The target of /proc/PID/exe, the command line and the text of cgroup, one behind the other; -ESRCH: the process that began
 * at start_ticks is gone; -EBUSY: an earlier look is not over. text_size: 12288 is enough. */
int mt_keeper_facts(struct mt_keeper *keeper, uint32_t tgid, uint64_t start_ticks, void *text, size_t text_size,
		    uint32_t lengths[3]);
int mt_keeper_signal(struct mt_keeper *keeper, int signal);
int mt_keeper_keep(struct mt_keeper *keeper);
int mt_keeper_discard(struct mt_keeper *keeper);
void mt_keeper_close(struct mt_keeper *keeper);
/* From now on the tape asks the keeper where it has no right to come first: before mt_start(), and the tape ends before it. */
void mt_keep_pace(struct mt_tape *tape, const struct mt_keeper *keeper);

/* Giving up root. ids: uid and gid. */
int mt_user_find(const char *user, uint32_t ids[2], char *message, size_t message_len);
/* Tries, as the user: to make a file in a directory and take it away; to read the programs' counts. */
int mt_writable_by(int directory, const char *user, char *message, size_t message_len);
int mt_counts_as(struct mt_tape *tape, const char *user, char *message, size_t message_len);
/* Becomes the user, in all threads and for good, barred from new privileges. */
int mt_drop(const char *user, char *message, size_t message_len);

/* Allocates blocks of a file behind its end and leaves its size as it is. */
int mt_reserve(int fd, uint64_t offset, uint64_t length);

#endif
