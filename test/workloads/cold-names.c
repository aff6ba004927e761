// SPDX-License-Identifier: Apache-2.0
/*
 * For --queue /msgtape-cold-want: names of another queue that cannot be read when the call begins. One runs into an
 * unmapped page (the kernel cannot read it either), one lies in a page that is mapped but not in memory yet.
 * The truth is that of the wanted queue and of the calls whose queue nobody could know at entry.
 */
#include "truth.h"

#define WANT "msgtape-cold-want"
#define OTHER "msgtape-cold-other"

static const char *at_the_edge(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 4096, 4096);
	return memcpy(pages + 4096 - 5, "other", 5);
}

static const char *in_a_file(const char *name)
{
	FILE *file = tmpfile();
	if (!file || fwrite(name, 1, strlen(name) + 1, file) == 0 || fflush(file) != 0)
		exit(85);
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
}

int main(void)
{
	char want[] = WANT, other[] = OTHER; /* in memory */
	int queue = open_queue(want, 0, 3, 64);
	truth("mq_open", queue, "\"name\":{\"text\":\"" WANT "\"}");
	int hidden = open_queue(other, 0, 3, 64);

	const char *edge = at_the_edge();
	truth("mq_open", CALL(SYS_mq_open, edge, O_RDWR, 0, NULL), "\"oflag\":2");
	truth("mq_unlink", CALL(SYS_mq_unlink, edge), "\"name\":{\"addr\":\"%p\"}", (const void *)edge);
	const char *cold = in_a_file(OTHER);
	truth("mq_open", CALL(SYS_mq_open, cold, O_RDWR, 0, NULL), "\"name\":{\"text\":\"" OTHER "\"}");

	TRY(CALL(SYS_mq_timedsend, hidden, "x", 1, 0, NULL));
	TRY(CALL(SYS_mq_unlink, other));
	truth("mq_timedsend", CALL(SYS_mq_timedsend, queue, "x", 1, 0, NULL), "\"mqdes\":%d", queue);
	truth("mq_unlink", CALL(SYS_mq_unlink, want), "\"name\":{\"text\":\"" WANT "\"}");
	return 0;
}
