/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program changes memory at a known moment of a system call: a page that is missing holds the kernel up where it
 * first needs it (userfaultfd), until the handler has changed what it wants and gives the page.
 */
#ifndef TOCTOU_H
#define TOCTOU_H

#include "truth.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#define PAGE 4096

static int uffd;
/* The page that is missing when asked for, and what it shall hold. */
static char *missing_page;
static char page_content[PAGE] __attribute__((aligned(PAGE)));
/* Done by the handler's thread when the kernel needs the page, before it gets it. */
static void (*_Atomic on_fault)(void);

static inline void *handle_faults(void *unused)
{
	struct uffd_msg msg;
	(void)unused;
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)missing_page,
			.src = (unsigned long)page_content,
			.len = PAGE,
		};
		if (msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		void (*act)(void) = atomic_load(&on_fault);
		if (act)
			act();
		TRY(ioctl(uffd, UFFDIO_COPY, &copy));
	}
	return NULL;
}

/* Memory of three pages; the one in the middle is the one that can be made missing. */
static inline char *three_pages(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		exit(72);
	uffd = TRY(syscall(SYS_userfaultfd, O_CLOEXEC));
	TRY(ioctl(uffd, UFFDIO_API, &api));
	missing_page = pages + PAGE;
	range.range.start = (unsigned long)missing_page;
	TRY(ioctl(uffd, UFFDIO_REGISTER, &range));
	TRY(-pthread_create(&thread, NULL, handle_faults, NULL));
	return pages;
}

/* From now on the page is missing; whoever needs it waits for `act`. */
static inline void make_missing(void (*act)(void))
{
	atomic_store(&on_fault, act);
	TRY(madvise(missing_page, PAGE, MADV_DONTNEED));
}

/* A thread that does something when the main thread is asleep in system call `number`. */
struct helper {
	pthread_t thread;
	long number;
	void (*act)(void);
};

static inline void *wait_and_act(void *given)
{
	struct helper *helper = given;
	wait_blocked(getpid(), getpid(), helper->number);
	helper->act();
	return NULL;
}

static inline void when_blocked(struct helper *helper, long number, void (*act)(void))
{
	helper->number = number;
	helper->act = act;
	TRY(-pthread_create(&helper->thread, NULL, wait_and_act, helper));
}

#endif
