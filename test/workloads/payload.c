// SPDX-License-Identifier: Apache-2.0
/*
 * payload SNAP: payloads at every edge: empty, full of NUL bytes, exactly the snap length, one more, and memory
 * that cannot be read: unmapped, PROT_NONE, a kernel address, a page that nobody touched yet, one that ends at an
 * unmapped page. What could not be read must come back as a status, never as zeros.
 *
 * Only the status at entry is told of the untouched page: the kernel's own read brings it in, so at exit it is there.
 */
#include "truth.h"

static int queue;
static size_t page, snap;

static void drain(void)
{
	static char text[65536];
	long ret = CALL(SYS_mq_timedreceive, queue, text, sizeof(text), NULL, NULL);
	size_t kept = (size_t)ret < snap ? (size_t)ret : snap;
	truth("mq_timedreceive", ret,
	      "\"msg_ptr\":{\"addr\":\"%p\",\"len\":%ld,\"captured\":%zu,\"bytes\":\"%s\",\"status\":\"%s\"}", (void *)text,
	      ret, kept, b64(text, kept), kept == (size_t)ret ? "read" : "truncated");
}

static void send_readable(const char *text, size_t len)
{
	size_t kept = len < snap ? len : snap;
	long ret = CALL(SYS_mq_timedsend, queue, text, len, 0, NULL);
	truth("mq_timedsend", ret,
	      "\"msg_ptr\":{\"addr\":\"%p\",\"len\":%zu,\"captured\":%zu,\"bytes\":\"%s\",\"status\":\"%s\"},"
	      "\"msg_len\":\"%zu\"",
	      (const void *)text, len, kept, b64(text, kept), kept == len ? "read" : "truncated", len);
	drain();
}

static void send_unreadable(const char *text, size_t len, const char *status)
{
	long ret = CALL(SYS_mq_timedsend, queue, text, len, 0, NULL);
	truth("mq_timedsend", ret,
	      "\"msg_ptr\":{\"addr\":\"%p\",\"len\":%zu,\"captured\":0,\"bytes\":null,\"status\":\"%s\"}",
	      (const void *)text, len, status);
}

int main(int argc, char **argv)
{
	snap = argc > 1 ? strtoul(argv[1], NULL, 0) : 256;
	page = sysconf(_SC_PAGESIZE);
	const char *name = own_name("payload");
	queue = open_queue(name, O_NONBLOCK, 4, 8192);
	truth("mq_open", queue, "\"name\":{\"text\":\"%s\"}", name);

	static char bytes[4096];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 37 % 251;
	send_readable("with\0NUL\0bytes\0", 15);
	send_readable("\0\0\0\0\0\0\0\0", 8);
	send_readable("", 0);
	send_readable(bytes, 1);
	send_readable(bytes, snap - 1);
	send_readable(bytes, snap);
	send_readable(bytes, snap + 1);
	send_readable(bytes, snap + 1000);
	long ret = CALL(SYS_mq_timedsend, queue, NULL, 0, 0, NULL); /* nothing to read */
	truth("mq_timedsend", ret, "\"msg_ptr\":null,\"msg_len\":\"0\"");
	drain();

	/* Mapped before the hole is made: it would land in it. */
	char path[] = "/tmp/msgtape-payload-XXXXXX";
	int fd = TRY(mkstemp(path));
	TRY(write(fd, bytes, sizeof(bytes)));
	char *mapped = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	unlink(path);
	madvise(mapped, page, MADV_RANDOM);
	char *area = mmap(NULL, 6 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(area, 'a', page);
	munmap(area + page, page);
	send_unreadable(area + page, 100, "not_resident");
	mprotect(area, page, PROT_NONE);
	send_unreadable(area, 100, "not_resident");
	mprotect(area, page, PROT_READ | PROT_WRITE);
	send_unreadable((char *)0xffff888000001000, 100, "refused");

	/* The last 40 bytes of a page, the next one unmapped: EFAULT, and 40 bytes are known. */
	ret = CALL(SYS_mq_timedsend, queue, area + page - 40, 100, 0, NULL);
	truth("mq_timedsend", ret,
	      "\"msg_ptr\":{\"addr\":\"%p\",\"len\":100,\"captured\":40,\"bytes\":\"%s\",\"status\":\"partly\"}",
	      (void *)(area + page - 40), b64(area + page - 40, 40));

	/* File pages that this process never touched: not there for the entry probe, read by the kernel, there at exit. */
	ret = CALL(SYS_mq_timedsend, queue, mapped + 100, 50, 0, NULL);
	truth("mq_timedsend", ret, "\"msg_ptr\":{\"addr\":\"%p\",\"len\":50,\"captured\":50,\"bytes\":\"%s\",\"status\":\"read\"}",
	      (void *)(mapped + 100), b64(bytes + 100, 50));
	drain();

	/* A receive into memory that is not there loses the message: EFAULT, and nothing is known of the bytes. */
	send_readable("kept", 4);
	ret = CALL(SYS_mq_timedsend, queue, "lost", 4, 0, NULL);
	truth("mq_timedsend", ret, "\"msg_len\":\"4\"");
	ret = CALL(SYS_mq_timedreceive, queue, area + page, 8192, NULL, NULL);
	truth("mq_timedreceive", ret, "\"msg_len\":\"8192\"");
	/* Names that cannot be read. */
	ret = CALL(SYS_mq_open, area + page, O_RDONLY, 0, NULL);
	truth("mq_open", ret, "\"name\":{\"addr\":\"%p\",\"status\":\"not_resident\"}", (void *)(area + page));
	ret = CALL(SYS_mq_timedsend, queue, "x", 1, 0, area + page);
	truth("mq_timedsend", ret, "\"abs_timeout\":{\"addr\":\"%p\",\"status\":\"not_resident\"}", (void *)(area + page));
	truth("mq_unlink", CALL(SYS_mq_unlink, name), "\"name\":{\"text\":\"%s\"}", name);
	return 0;
}
