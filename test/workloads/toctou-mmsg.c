/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the vectors of sendmmsg and recvmmsg while the kernel goes through them: header, name, iovec array and payload
 * of one message after the other. Tells for each call what changed and what the kernel must have used. argv: rounds.
 */
#include "toctou.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define LEN 24
#define MESSAGES 2

/* Two of each, the second to be put in the first one's place. */
struct vector {
	struct mmsghdr msg[MESSAGES];
	struct iovec iov[MESSAGES], other_iov[MESSAGES];
	char text[MESSAGES][LEN], other_text[MESSAGES][LEN];
};

static struct vector *vector;
static int from, to;
static struct sockaddr_in address;
static int number;

static void prepare(const char *kind)
{
	memset(vector, 0, sizeof(*vector));
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(vector->text[i], LEN, "%05d %d %s", number, i, kind);
		snprintf(vector->other_text[i], LEN, "%05d %d other", number, i);
		vector->iov[i] = (struct iovec){ vector->text[i], LEN };
		vector->other_iov[i] = (struct iovec){ vector->other_text[i], LEN };
		vector->msg[i].msg_hdr.msg_iov = &vector->iov[i];
		vector->msg[i].msg_hdr.msg_iovlen = 1;
	}
	number++;
}

static void payload_0(void)
{
	vector->text[0][10] = 'X';
}

static void iovec_0(void)
{
	vector->iov[0].iov_base = vector->other_text[0];
}

static void iovec_1(void)
{
	vector->iov[1].iov_base = vector->other_text[1];
}

static void header_0(void)
{
	vector->msg[0].msg_hdr.msg_iov = &vector->other_iov[0];
}

static void header_1(void)
{
	vector->msg[1].msg_hdr.msg_iov = &vector->other_iov[1];
}

static void nothing(void)
{
}

static const struct change {
	const char *place;
	int message;
	void (*make)(void);
} CHANGES[] = {
	{ "msgvec[0].msg_hdr.msg_iov[0].iov_base", 0, payload_0 },
	{ "msgvec[0].msg_hdr.msg_iov", 0, iovec_0 },
	{ "msgvec[1].msg_hdr.msg_iov", 1, iovec_1 },
	{ "msgvec[0].msg_hdr", 0, header_0 },
	{ "msgvec[1].msg_hdr", 1, header_1 },
	{ NULL, 0, nothing },
};
#define KINDS (sizeof(CHANGES) / sizeof(CHANGES[0]))

static void tell(const char *event, long ret, const struct change *change, int is_after)
{
	char extra[256];
	if (change->place)
		snprintf(extra, sizeof(extra), ",\"toctou\":{\"arg\":\"msgvec\",\"place\":\"%s\",\"used\":\"%s\"}",
			 change->place, is_after ? "after" : "before");
	else
		snprintf(extra, sizeof(extra), ",\"toctou\":{\"arg\":\"msgvec\",\"used\":null}");
	truth_of(syscall(SYS_gettid), extra, event, ret, " ");
}

/* The name of the first message is not there: the kernel has read its header by then, and nothing else. */
static void send_with(const struct change *change)
{
	char got[MESSAGES][LEN] = {}, before[LEN];
	long ret;

	prepare("text");
	memcpy(before, vector->text[change->message], LEN);
	memcpy(page_content, &address, sizeof(address));
	make_missing(change->make);
	for (int i = 0; i < MESSAGES; i++) {
		vector->msg[i].msg_hdr.msg_name = missing_page;
		vector->msg[i].msg_hdr.msg_namelen = sizeof(address);
	}
	ret = TRY(CALL(SYS_sendmmsg, from, vector->msg, MESSAGES, 0));
	for (int i = 0; i < MESSAGES; i++) {
		struct iovec iov = { got[i], LEN };
		struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
		TRY(CALL(SYS_recvmmsg, to, &msg, 1, 0, NULL));
	}
	tell("sendmmsg", ret, change, memcmp(got[change->message], before, LEN) != 0);
}

static void (*change_while_blocked)(void);

static void change_and_send(void)
{
	char text[MESSAGES][LEN] = { "first datagram", "second datagram" };
	change_while_blocked();
	for (int i = 0; i < MESSAGES; i++) {
		struct iovec iov = { text[i], LEN };
		struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov,
						    .msg_iovlen = 1,
						    .msg_name = &address,
						    .msg_namelen = sizeof(address) } };
		TRY(CALL(SYS_sendmmsg, from, &msg, 1, 0));
	}
}

/* The kernel waits for the first datagram: it has read the first message, and nothing of the second. */
static void receive_with(const struct change *change)
{
	struct helper helper;
	long ret;

	prepare("room");
	change_while_blocked = change->make == payload_0 ? nothing : change->make;
	when_blocked(&helper, SYS_recvmmsg, change_and_send);
	ret = TRY(CALL(SYS_recvmmsg, to, vector->msg, MESSAGES, 0, NULL));
	TRY(-pthread_join(helper.thread, NULL));
	tell("recvmmsg", ret, change->make == payload_0 ? &CHANGES[KINDS - 1] : change,
	     strstr(vector->other_text[change->message], "datagram") != NULL);
}

static int open_socket(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	TRY(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	return fd;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;
	socklen_t len = sizeof(address);

	vector = (void *)three_pages();
	from = open_socket();
	to = open_socket();
	TRY(getsockname(to, (struct sockaddr *)&address, &len));
	for (int i = 0; i < rounds; i++)
		for (unsigned int kind = 0; kind < KINDS; kind++) {
			send_with(&CHANGES[kind]);
			receive_with(&CHANGES[kind]);
		}
	return 0;
}
