// SPDX-License-Identifier: Apache-2.0
/*
 * sendmsg, recvmsg, sendmmsg and recvmmsg over AF_UNIX, AF_INET and AF_INET6: addresses, iovecs, control messages,
 * partial and truncated receives, more than 64 messages and more than 16 iovecs a call.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static void one_message(void)
{
	int pair[2];
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	struct iovec out[3] = { { "one", 3 }, { "", 0 }, { "three", 5 } };
	struct msghdr header = { .msg_iov = out, .msg_iovlen = 3 };
	long ret = CALL(SYS_sendmsg, pair[1], &header, MSG_DONTWAIT);
	truth("sendmsg", ret,
	      "\"fd\":%d,\"msg\":{\"addr\":\"%p\",\"msg_name\":null,\"msg_iov\":["
	      "{\"iov_base\":{\"bytes\":\"%s\",\"status\":\"read\"},\"iov_len\":\"3\"},{\"iov_len\":\"0\"},"
	      "{\"iov_base\":{\"bytes\":\"%s\",\"status\":\"read\"},\"iov_len\":\"5\"}],\"msg_iovlen\":\"3\","
	      "\"msg_control\":null},\"flags\":%d",
	      pair[1], (void *)&header, b64("one", 3), b64("three", 5), MSG_DONTWAIT);
	char first[4], second[4];
	struct iovec in[2] = { { first, 4 }, { second, 3 } };
	header = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
	ret = CALL(SYS_recvmsg, pair[0], &header, MSG_TRUNC); /* 8 sent, room for 7: the result is 8, the bytes are 7 */
	truth("recvmsg", ret,
	      "\"fd\":%d,\"msg\":{\"msg_iov\":[{\"iov_base\":{\"bytes\":\"%s\"},\"iov_len\":\"4\"},"
	      "{\"iov_base\":{\"bytes\":\"%s\"},\"iov_len\":\"3\"}],\"msg_flags\":%d},\"flags\":%d",
	      pair[0], b64("onet", 4), b64("hre", 3), MSG_TRUNC, MSG_TRUNC);
	ret = CALL(SYS_recvmsg, pair[0], &header, MSG_DONTWAIT);
	truth("recvmsg", ret, "\"fd\":%d,\"flags\":%d", pair[0], MSG_DONTWAIT);
	ret = CALL(SYS_sendmsg, 999, &header, 0);
	truth("sendmsg", ret, "\"fd\":999");
	ret = CALL(SYS_sendmsg, 0, &header, 0); /* no socket */
	truth("sendmsg", ret, "\"fd\":0");
}

static void descriptors(void)
{
	int pair[2], passed[2] = { 0, 2 };
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	struct iovec iov = { "fds", 3 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(passed))];
	} control = { .header = { CMSG_LEN(sizeof(passed)), SOL_SOCKET, SCM_RIGHTS } };
	memcpy(CMSG_DATA(&control.header), passed, sizeof(passed));
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	long ret = CALL(SYS_sendmsg, pair[0], &header, 0);
	truth("sendmsg", ret,
	      "\"fd\":%d,\"msg\":{\"msg_controllen\":\"%zu\",\"msg_control\":{\"cmsgs\":[{\"cmsg_level\":%d,\"cmsg_type\":%d,"
	      "\"cmsg_data\":{\"fds\":[0,2]}}]}}",
	      pair[0], sizeof(control), SOL_SOCKET, SCM_RIGHTS);
	char text[8];
	iov = (struct iovec){ text, 8 };
	ret = CALL(SYS_recvmsg, pair[1], &header, MSG_CMSG_CLOEXEC);
	memcpy(passed, CMSG_DATA(&control.header), sizeof(passed));
	truth("recvmsg", ret,
	      "\"fd\":%d,\"msg\":{\"msg_controllen\":\"%zu\",\"msg_control\":{\"cmsgs\":[{\"cmsg_data\":{\"fds\":[%d,%d]}}]}},"
	      "\"flags\":%d",
	      pair[1], (size_t)header.msg_controllen, passed[0], passed[1], MSG_CMSG_CLOEXEC);
}

static void addresses(int family)
{
	int to = TRY(socket(family, SOCK_DGRAM, 0)), from = TRY(socket(family, SOCK_DGRAM, 0));
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} address = { .sa.sa_family = family };
	socklen_t len = sizeof(address.in);
	if (family == AF_INET) {
		address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (family == AF_INET6) {
		address.in6.sin6_addr = in6addr_loopback;
		len = sizeof(address.in6);
	} else {
		len = offsetof(struct sockaddr_un, sun_path) + snprintf(address.un.sun_path + 1, 64, "msgtape-%d", getpid()) + 1;
	}
	if (bind(to, &address.sa, len) != 0 || getsockname(to, &address.sa, &len) != 0)
		return; /* no such family here */
	char expected[160];
	if (family == AF_INET)
		snprintf(expected, sizeof(expected), "\"sin_family\":%d,\"sin_port\":%d,\"sin_addr\":\"127.0.0.1\"", family,
			 ntohs(address.in.sin_port));
	else if (family == AF_INET6)
		snprintf(expected, sizeof(expected), "\"sin6_family\":%d,\"sin6_port\":%d,\"sin6_addr\":\"::1\"", family,
			 ntohs(address.in6.sin6_port));
	else
		snprintf(expected, sizeof(expected), "\"sun_family\":%d,\"sun_path\":\"@msgtape-%d\"", family, getpid());
	struct iovec iov = { "to you", 6 };
	struct msghdr header = { .msg_name = &address, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1 };
	long ret = CALL(SYS_sendmsg, from, &header, 0);
	truth("sendmsg", ret, "\"fd\":%d,\"msg\":{\"msg_name\":{%s},\"msg_namelen\":%d}", from, expected, (int)len);
	char text[16];
	struct sockaddr_storage sender;
	iov = (struct iovec){ text, 16 };
	header = (struct msghdr){ .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &iov, .msg_iovlen = 1 };
	ret = CALL(SYS_recvmsg, to, &header, 0);
	truth("recvmsg", ret, "\"fd\":%d,\"msg\":{\"msg_namelen\":%d,\"msg_iov\":[{\"iov_base\":{\"bytes\":\"%s\"},\"iov_len\":\"16\"}]}",
	      to, (int)header.msg_namelen, b64("to you", 6));
	close(to);
	close(from);
}

/* sendmmsg of `count` messages, the last with `iovecs` iovecs; then recvmmsg for more than there are: partial. */
static void many(int count, int iovecs)
{
	int pair[2];
	static char bodies[100][8], inputs[100][8];
	static struct iovec iov[100], in[100], last[40];
	static struct mmsghdr out[100], got[100];
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	int size = 1 << 20;
	TRY(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	for (int i = 0; i < count; i++) {
		snprintf(bodies[i], 8, "m%03d", i);
		iov[i] = (struct iovec){ bodies[i], 4 };
		in[i] = (struct iovec){ inputs[i], 8 };
		out[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		got[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
	}
	for (int i = 0; i < iovecs; i++)
		last[i] = (struct iovec){ bodies[0] + i % 4, 1 };
	if (iovecs)
		out[count - 1].msg_hdr = (struct msghdr){ .msg_iov = last, .msg_iovlen = iovecs };
	long sent = CALL(SYS_sendmmsg, pair[0], out, count, MSG_DONTWAIT);
	/* 64 messages are kept of a call, and 16 iovecs of a message; the rest is counted. */
	static char kept[16000];
	int n = 0;
	for (int i = 0; i < count && i < 64; i++) {
		if (iovecs && i == count - 1)
			n += snprintf(kept + n, sizeof(kept) - n, ",{\"msg_hdr\":{\"msg_iovlen\":\"%d\",\"msg_iov_not_kept\":%d},\"msg_len\":%d}",
				      iovecs, iovecs - 16, iovecs);
		else
			n += snprintf(kept + n, sizeof(kept) - n,
				      "%s{\"msg_hdr\":{\"msg_iov\":[{\"iov_base\":{\"bytes\":\"%s\"},\"iov_len\":\"4\"}],\"msg_iovlen\":\"1\"},"
				      "\"msg_len\":4}",
				      i ? "," : "", b64(bodies[i], 4));
	}
	truth("sendmmsg", sent, "\"fd\":%d,\"vlen\":%d,\"flags\":%d,\"msgvec\":[%s]%s", pair[0], count, MSG_DONTWAIT, kept,
	      count > 64 ? ",\"msgvec_not_kept\":6" : "");
	struct timespec timeout = { 5, 0 };
	while (sent > 0) {
		long ret = CALL(SYS_recvmmsg, pair[1], got, sent < 33 ? sent + 5 : 33L, MSG_DONTWAIT, &timeout);
		truth("recvmmsg", ret, "\"fd\":%d,\"vlen\":%ld,\"msgvec\":[{\"msg_hdr\":{\"msg_iov\":[{\"iov_base\":{\"bytes\":\"%s\"}}]},\"msg_len\":%u}]",
		      pair[1], sent < 33 ? sent + 5 : 33L, b64(inputs[0], got[0].msg_len), got[0].msg_len);
		if (ret <= 0)
			break;
		sent -= ret;
	}
	long ret = CALL(SYS_recvmmsg, pair[1], got, 8, MSG_DONTWAIT, NULL);
	truth("recvmmsg", ret, "\"fd\":%d,\"vlen\":8,\"timeout\":null", pair[1]);
	timeout = (struct timespec){ 0, 1000000000 };
	ret = CALL(SYS_recvmmsg, pair[1], got, 8, 0, &timeout);
	truth("recvmmsg", ret, "\"timeout\":{\"tv_sec\":\"0\",\"tv_nsec\":\"1000000000\"}");
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	close(0);
	TRY(open("/dev/null", O_RDONLY));
	one_message();
	descriptors();
	addresses(AF_UNIX);
	addresses(AF_INET);
	addresses(AF_INET6);
	many(3, 0);
	many(70, 0);
	many(5, 20);
	return 0;
}
