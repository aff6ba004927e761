// SPDX-License-Identifier: Apache-2.0
/*
 * What recvmsg and recvmmsg leave alone in the caller's memory: the buffer, where MSG_TRUNC on TCP throws the bytes
 * away; and what lies behind the room that msg_namelen gave for an address. Both hold a secret that nobody received.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SECRET "NEVER-RECEIVED-SECRET"

static void tcp_discards(void)
{
	int listener = TRY(socket(AF_INET, SOCK_STREAM, 0)), client = TRY(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	TRY(bind(listener, (struct sockaddr *)&address, len));
	TRY(listen(listener, 1));
	TRY(getsockname(listener, (struct sockaddr *)&address, &len));
	TRY(connect(client, (struct sockaddr *)&address, len));
	int server = TRY(accept(listener, NULL, NULL));
	char text[64] = SECRET;
	struct iovec iov = { text, sizeof(text) };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	TRY(send(client, "0123456789abcdefghij", 20, 0));
	long ret = CALL(SYS_recvmsg, server, &message.msg_hdr, MSG_TRUNC);
	truth("recvmsg", ret, "\"msg\":{\"msg_iov\":[{\"iov_base\":{\"len\":0,\"captured\":0,\"bytes\":\"\"},\"iov_len\":\"64\"}]}");
	TRY(send(client, "0123456789abcdefghij", 20, 0));
	ret = CALL(SYS_recvmmsg, server, &message, 1, MSG_TRUNC, NULL);
	truth("recvmmsg", ret,
	      "\"msgvec\":[{\"msg_hdr\":{\"msg_iov\":[{\"iov_base\":{\"len\":0,\"captured\":0,\"bytes\":\"\"},"
	      "\"iov_len\":\"64\"}]},\"msg_len\":20}]");
	if (strcmp(text, SECRET) != 0)
		exit(80);
	/* Without MSG_TRUNC the bytes come, and are shown. */
	TRY(send(client, "0123456789", 10, 0));
	ret = CALL(SYS_recvmsg, server, &message.msg_hdr, 0);
	truth("recvmsg", ret, "\"msg\":{\"msg_iov\":[{\"iov_base\":{\"len\":10,\"captured\":10,\"bytes\":\"%s\"}}]}",
	      b64("0123456789", 10));
}

static struct sockaddr_un abstract(const char *what, socklen_t *len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	*len = offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "msgtape-%s-%d", what, getpid());
	return address;
}

/* Room for six bytes of a name that is longer: the kernel writes six, and says how long it would have been. */
static void short_room(void)
{
	int to = TRY(socket(AF_UNIX, SOCK_DGRAM, 0)), from = TRY(socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len, full;
	struct sockaddr_un address = abstract("to", &len), sender = abstract("sender-with-a-long-name", &full);
	TRY(bind(to, (struct sockaddr *)&address, len));
	TRY(bind(from, (struct sockaddr *)&sender, full));
	TRY(connect(from, (struct sockaddr *)&address, len));
	char text[64];
	struct sockaddr_un name;
	struct iovec iov = { text, sizeof(text) };
	for (socklen_t room = 6; room <= 16; room += 10) {
		struct mmsghdr message = { .msg_hdr = { &name, room, &iov, 1, NULL, 0, 0 } };
		int shown = room - offsetof(struct sockaddr_un, sun_path) - 1;
		memset(&name, 'P', sizeof(name));
		memcpy((char *)&name + room, SECRET, strlen(SECRET));
		TRY(send(from, "hello", 5, 0));
		long ret = CALL(SYS_recvmsg, to, &message.msg_hdr, 0);
		truth("recvmsg", ret,
		      "\"msg\":{\"msg_name\":{\"sun_family\":1,\"sun_path\":\"@%.*s\"},\"msg_namelen\":%u,\"at_entry\":{\"msg_namelen\":%u}}",
		      shown, sender.sun_path + 1, full, room);
		message.msg_hdr.msg_namelen = room;
		TRY(send(from, "hello", 5, 0));
		ret = CALL(SYS_recvmmsg, to, &message, 1, 0, NULL);
		truth("recvmmsg", ret,
		      "\"msgvec\":[{\"msg_hdr\":{\"msg_name\":{\"sun_family\":1,\"sun_path\":\"@%.*s\"},\"msg_namelen\":%u,"
		      "\"at_entry\":{\"msg_namelen\":%u}},\"msg_len\":5}]",
		      shown, sender.sun_path + 1, full, room);
	}
}

int main(void)
{
	tcp_discards();
	short_room();
	return 0;
}
