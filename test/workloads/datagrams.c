// SPDX-License-Identifier: Apache-2.0
/*
 * Datagrams within one process, four in each sendmmsg and recvmmsg, in order: over UDP on loopback to an address, over
 * a connected pair of AF_UNIX names, all different; then UDP again, all alike; then over a pair without names.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define COUNT 4

static void exchange(int from, int to, const struct sockaddr *address, socklen_t length, const char *format)
{
	char out[COUNT][32], in[COUNT][64];
	struct iovec out_iov[COUNT], in_iov[COUNT];
	struct mmsghdr out_messages[COUNT] = { 0 }, in_messages[COUNT] = { 0 };
	for (int i = 0; i < COUNT; i++) {
		snprintf(out[i], sizeof(out[i]), format, i);
		out_iov[i] = (struct iovec){ out[i], strlen(out[i]) };
		out_messages[i].msg_hdr = (struct msghdr){ .msg_iov = &out_iov[i], .msg_iovlen = 1 };
		out_messages[i].msg_hdr.msg_name = (void *)address;
		out_messages[i].msg_hdr.msg_namelen = length;
		memset(in[i], 0, sizeof(in[i]));
		in_iov[i] = (struct iovec){ in[i], sizeof(in[i]) };
		in_messages[i].msg_hdr = (struct msghdr){ .msg_iov = &in_iov[i], .msg_iovlen = 1 };
	}
	for (int sent = 0; sent < COUNT;)
		sent += TRY(CALL(SYS_sendmmsg, from, out_messages + sent, COUNT - sent, 0));
	for (int received = 0; received < COUNT;)
		received += TRY(CALL(SYS_recvmmsg, to, in_messages + received, COUNT - received, 0, NULL));
}

static socklen_t unix_name(struct sockaddr_un *name, const char *what)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "%s", own_name(what));
	return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

int main(void)
{
	int from = TRY(socket(AF_INET, SOCK_DGRAM, 0)), to = TRY(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	TRY(bind(to, (struct sockaddr *)&address, length));
	TRY(getsockname(to, (struct sockaddr *)&address, &length));
	exchange(from, to, (struct sockaddr *)&address, length, "udp number %d");

	struct sockaddr_un one, other;
	socklen_t one_length = unix_name(&one, "one"), other_length = unix_name(&other, "other");
	int unix_from = TRY(socket(AF_UNIX, SOCK_DGRAM, 0)), unix_to = TRY(socket(AF_UNIX, SOCK_DGRAM, 0));
	TRY(bind(unix_from, (struct sockaddr *)&one, one_length));
	TRY(bind(unix_to, (struct sockaddr *)&other, other_length));
	TRY(connect(unix_from, (struct sockaddr *)&other, other_length));
	exchange(unix_from, unix_to, NULL, 0, "unix number %d");

	exchange(from, to, (struct sockaddr *)&address, length, "udp alike");

	int pair[2];
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	exchange(pair[0], pair[1], NULL, 0, "pair number %d");
	return 0;
}
