/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes its inputs while the kernel is in the call, always at a known moment, and tells what the kernel must have
 * used. argv: mq, msg, or both; then rounds (each of several calls). Every payload begins with its own number.
 */
#include "toctou.h"

#include <sys/ipc.h>
#include <sys/msg.h>

#define LEN 48

static char *pages;
static int mqd, msqid;
static int number;

struct message {
	long type;
	char text[LEN];
};

/* What the next change puts where. */
static char *change_at;
static char change_to;

static void change(void)
{
	*change_at = change_to;
}

static void fill(char *text, const char *kind)
{
	memset(text, '.', LEN);
	snprintf(text, LEN, "%05d %s ", number++, kind);
	text[strlen(text)] = '.';
}

/* `before`, `used`, `after`: the LEN or more bytes at the argument at entry, as the kernel had them, at exit. */
static void tell(const char *event, long ret, const char *arg, const void *before, const void *used, const void *after,
		 size_t len)
{
	const char *which = !memcmp(before, after, len)	? "null" :
			    !memcmp(used, before, len)	? "\"before\"" :
			    !memcmp(used, after, len)	? "\"after\"" :
							  "\"mixed\"";
	char extra[1024];
	snprintf(extra, sizeof(extra),
		 ",\"toctou\":{\"arg\":\"%s\",\"used\":%s,\"before\":\"%s\",\"kernel\":\"%s\",\"after\":\"%s\"}", arg, which,
		 b64(before, len), b64(used, len), b64(after, len));
	truth_of(syscall(SYS_gettid), extra, event, ret, " ");
}

static struct timespec *deadline_in(char *page)
{
	struct timespec *deadline = (void *)page;
	TRY(clock_gettime(CLOCK_REALTIME, deadline));
	deadline->tv_sec += 60;
	return deadline;
}

static char got[LEN];

static void receive_mq(void)
{
	TRY(CALL(SYS_mq_timedreceive, mqd, got, LEN, NULL, NULL));
}

/* The call waits for room: what the helper changes now was copied before. */
static void change_and_make_room(void)
{
	char filler[LEN];
	change();
	TRY(CALL(SYS_mq_timedreceive, mqd, filler, LEN, NULL, NULL));
}

static void make_room(void)
{
	char filler[LEN];
	TRY(CALL(SYS_mq_timedreceive, mqd, filler, LEN, NULL, NULL));
}

static void send_mq(const char *kind, void (*on_deadline)(void), void (*on_block)(void))
{
	char *text = pages, before[LEN], after[LEN];
	struct timespec *deadline = NULL;
	struct helper helper;
	long ret;

	fill(text, kind);
	change_at = text + 20;
	change_to = 'X';
	memcpy(before, text, LEN);
	if (on_deadline) {
		deadline_in(page_content);
		deadline = (void *)missing_page;
		make_missing(on_deadline);
	}
	if (on_block) {
		TRY(CALL(SYS_mq_timedsend, mqd, "filler", 6, 0, NULL));
		when_blocked(&helper, SYS_mq_timedsend, on_block);
	}
	ret = CALL(SYS_mq_timedsend, mqd, text, LEN, 0, deadline);
	memcpy(after, text, LEN);
	if (on_block)
		TRY(-pthread_join(helper.thread, NULL));
	receive_mq();
	tell("mq_timedsend", ret, "msg_ptr", before, got, after, LEN);
}

/* Before the copy one byte, behind it another. */
static void change_one(void)
{
	change();
	change_at++;
	change_to = 'Y';
}

static void nothing(void)
{
}

static void posix(int rounds)
{
	mqd = open_queue(own_name("toctou"), 0, 1, LEN);
	TRY(CALL(SYS_mq_unlink, own_name("toctou")));
	for (int i = 0; i < rounds; i++) {
		send_mq("before the copy", change, NULL);
		send_mq("behind the copy", NULL, change_and_make_room);
		send_mq("plain", NULL, NULL);
		send_mq("both", change_one, change_and_make_room);
		send_mq("late deadline", nothing, NULL);
		send_mq("waiting", NULL, make_room);
	}
}

static struct message taken;

static void take_filler(void)
{
	struct message filler;
	TRY(CALL(SYS_msgrcv, msqid, &filler, LEN, 99, 0));
}

static void change_and_take(void)
{
	change();
	take_filler();
}

/* `split`: mtext begins so many bytes before the missing page; 0: all of it is there. */
static void send_msg(const char *kind, int split, size_t at, void (*on_text)(void), void (*on_block)(void))
{
	struct message *message = (void *)(split ? missing_page - split - sizeof(long) : pages), before, used, after;
	struct helper helper;
	long ret;

	memset(&used, 0, sizeof(used));
	before.type = 1 + number % 7;
	fill(before.text, kind);
	change_at = (char *)message + at;
	change_to = at < sizeof(long) ? 50 : 'X';
	if (split) {
		memcpy(page_content, before.text + split, LEN - split);
		make_missing(on_text);
		memcpy(message, &before, sizeof(long) + split);
	} else {
		*message = before;
	}
	if (on_block) {
		struct message filler = { .type = 99 };
		/* One byte short of what the queue holds: nothing more goes in. */
		TRY(CALL(SYS_msgsnd, msqid, &filler, LEN, 0));
		when_blocked(&helper, SYS_msgsnd, on_block);
	}
	ret = CALL(SYS_msgsnd, msqid, message, LEN, 0);
	after = *message;
	if (on_block)
		TRY(-pthread_join(helper.thread, NULL));
	TRY(CALL(SYS_msgrcv, msqid, &taken, LEN, 0, 0));
	used = taken;
	tell("msgsnd", ret, "msgp", &before, &used, &after, sizeof(before));
}

static void sysv(int rounds)
{
	struct msqid_ds ds;
	msqid = TRY(CALL(SYS_msgget, IPC_PRIVATE, 0600));
	TRY(CALL(SYS_msgctl, msqid, IPC_STAT, &ds));
	ds.msg_qbytes = LEN + LEN / 2;
	TRY(CALL(SYS_msgctl, msqid, IPC_SET, &ds));
	for (int i = 0; i < rounds; i++) {
		/* The kernel has copied what lies before the page that it waits for. */
		send_msg("text behind its copy", 32, sizeof(long) + 25, change, NULL);
		send_msg("type behind its copy", 32, 0, change, NULL);
		send_msg("waiting, changed", 0, sizeof(long) + 30, NULL, change_and_take);
		send_msg("waiting", 0, 0, NULL, take_filler);
		send_msg("plain", 0, 0, NULL, NULL);
	}
	TRY(CALL(SYS_msgctl, msqid, IPC_RMID, NULL));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "both";
	int rounds = argc > 2 ? atoi(argv[2]) : 20;

	pages = three_pages();
	if (strcmp(what, "msg"))
		posix(rounds);
	if (strcmp(what, "mq"))
		sysv(rounds);
	return 0;
}
