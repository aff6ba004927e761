/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receive into the payload of a send that waits, and a queue that another thread fills between a look at it and the
 * send that relied on it. Each once, and once without the other thread. Prints the threads: {"tid":main,"other":tid}.
 */
#include "toctou.h"

#define LEN 16

static int full, other, loose;
static char text[LEN] = "what was to go";
static long helper_tid;

/* Its receive writes over what the main thread's send was given; then there is room. */
static void overwrite(void)
{
	char filler[LEN];
	helper_tid = syscall(SYS_gettid);
	TRY(CALL(SYS_mq_timedreceive, other, text, LEN, NULL, NULL));
	TRY(CALL(SYS_mq_timedreceive, full, filler, LEN, NULL, NULL));
}

static void *fill(void *unused)
{
	TRY(CALL(SYS_mq_timedsend, loose, "mine", 4, 0, NULL));
	return unused;
}

int main(void)
{
	struct mq_attr attr;
	struct helper helper;
	pthread_t thread;
	char got[LEN];

	full = open_queue(own_name("full"), O_EXCL, 1, LEN);
	other = open_queue(own_name("other"), O_EXCL, 1, LEN);
	loose = open_queue(own_name("loose"), O_EXCL | O_NONBLOCK, 1, LEN);
	TRY(CALL(SYS_mq_unlink, own_name("full")));
	TRY(CALL(SYS_mq_unlink, own_name("other")));
	TRY(CALL(SYS_mq_unlink, own_name("loose")));

	TRY(CALL(SYS_mq_timedsend, other, "WHAT CAME", 9, 0, NULL));
	TRY(CALL(SYS_mq_timedsend, full, "filler", 6, 0, NULL));
	when_blocked(&helper, SYS_mq_timedsend, overwrite);
	TRY(CALL(SYS_mq_timedsend, full, text, LEN, 0, NULL));
	TRY(-pthread_join(helper.thread, NULL));
	TRY(CALL(SYS_mq_timedreceive, full, got, LEN, NULL, NULL));

	TRY(CALL(SYS_mq_getsetattr, loose, NULL, &attr));
	TRY(CALL(SYS_mq_timedsend, loose, "ours", 4, 0, NULL));
	TRY(CALL(SYS_mq_timedreceive, loose, got, LEN, NULL, NULL));
	TRY(CALL(SYS_mq_getsetattr, loose, NULL, &attr));
	TRY(-pthread_create(&thread, NULL, fill, NULL));
	TRY(-pthread_join(thread, NULL));
	if (CALL(SYS_mq_timedsend, loose, "ours", 4, 0, NULL) != -EAGAIN)
		return 72;
	printf("{\"tid\":%d,\"other\":%ld}\n", getpid(), helper_tid);
	return 0;
}
