// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets whose addresses change between calls: by connect(), by its dissolution (AF_UNSPEC), by a bind() of their
 * own or of the other end. Each sendmmsg has the name that the socket had at that call.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void send_as(int fd, const char *name)
{
	char extra[256];
	struct iovec iov = { "x", 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	snprintf(extra, sizeof(extra), ",\"queue\":{\"kind\":\"socket\",\"name\":\"%s\"}", name);
	long ret = CALL(SYS_sendmmsg, fd, &message, 1, MSG_DONTWAIT);
	truth_of(syscall(SYS_gettid), extra, "sendmmsg", ret, "\"fd\":%d,\"vlen\":1", fd);
}

static void dissolve(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	TRY(connect(fd, &none, sizeof(none)));
}

/* Binds to a free port of `address`, twice: only a port that was asked for by number outlives dissolve(). */
static void bind_port(int fd, void *address, socklen_t len)
{
	TRY(bind(fd, address, len));
	TRY(getsockname(fd, address, &len));
	dissolve(fd);
	TRY(bind(fd, address, len));
}

static struct sockaddr_in bound4(int fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bind_port(fd, &address, sizeof(address));
	return address;
}

/* There and back: a name that the recorder has told once is not the name that holds now. */
static void udp(void)
{
	int fd = TRY(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in own = bound4(fd), peers[2];
	char name[128];
	for (int i = 0; i < 2; i++)
		peers[i] = bound4(TRY(socket(AF_INET, SOCK_DGRAM, 0)));
	for (int i = 0; i < 6; i++) {
		TRY(connect(fd, (struct sockaddr *)&peers[i % 2], sizeof(peers[0])));
		snprintf(name, sizeof(name), "UDP:[127.0.0.1:%d->127.0.0.1:%d]", ntohs(own.sin_port), ntohs(peers[i % 2].sin_port));
		send_as(fd, name);
	}
	dissolve(fd);
	snprintf(name, sizeof(name), "UDP:[127.0.0.1:%d]", ntohs(own.sin_port));
	send_as(fd, name);
}

/* One port under two addresses, so that nothing but the address changes: ::1, and 127.0.0.1 as IPv6 writes it. */
static void udp6(void)
{
	int fd = TRY(socket(AF_INET6, SOCK_DGRAM, 0)), peer = TRY(socket(AF_INET6, SOCK_DGRAM, 0)), off = 0;
	struct sockaddr_in6 own = { .sin6_family = AF_INET6 }, to = own;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(peer, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	bind_port(fd, &own, sizeof(own));
	bind_port(peer, &to, sizeof(to));
	for (int i = 0; i < 6; i++) {
		const char *address = i % 2 ? "::ffff:127.0.0.1" : "::1";
		char name[160];
		inet_pton(AF_INET6, address, &to.sin6_addr);
		TRY(connect(fd, (struct sockaddr *)&to, sizeof(to)));
		snprintf(name, sizeof(name), "UDPv6:[[%s]:%d->[%s]:%d]", address, ntohs(own.sin6_port), address,
			 ntohs(to.sin6_port));
		send_as(fd, name);
		dissolve(fd);
	}
}

/* An abstract name, unique by the pid; written as `@…`. */
static const char *bind_unix(int fd, const char *what, struct sockaddr_un *address, socklen_t *len)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "msgtape-%s-%d", what, getpid());
	TRY(bind(fd, (struct sockaddr *)address, *len));
	return address->sun_path + 1;
}

/* Peers that live for one message: the kernel gives the next one the memory of the one before. */
static void unix_peers(void)
{
	int fd = TRY(socket(AF_UNIX, SOCK_DGRAM, 0));
	for (int i = 0; i < 12; i++) {
		int peer = TRY(socket(AF_UNIX, SOCK_DGRAM, 0));
		struct sockaddr_un address;
		socklen_t len;
		char what[16], name[160];
		snprintf(what, sizeof(what), "peer%d", i);
		snprintf(name, sizeof(name), "UNIX:[->@%s]", bind_unix(peer, what, &address, &len));
		TRY(connect(fd, (struct sockaddr *)&address, len));
		send_as(fd, name);
		dissolve(fd);
		close(peer);
		usleep(20000); /* nothing tells when its memory is free again */
	}
}

/* Both ends get their names while they are connected. */
static void late_bind(void)
{
	int pair[2];
	struct sockaddr_un address;
	struct stat own;
	socklen_t len;
	char name[320], peer[128];
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	TRY(fstat(pair[0], &own));
	snprintf(name, sizeof(name), "UNIX:[%lu]", own.st_ino);
	send_as(pair[0], name);
	snprintf(peer, sizeof(peer), "->@%s", bind_unix(pair[1], "late", &address, &len));
	snprintf(name, sizeof(name), "UNIX:[%s]", peer);
	send_as(pair[0], name);
	snprintf(name, sizeof(name), "UNIX:[@%s%s]", bind_unix(pair[0], "own", &address, &len), peer);
	send_as(pair[0], name);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "udp") == 0)
		udp();
	else if (strcmp(what, "udp6") == 0)
		udp6();
	else if (strcmp(what, "unix") == 0)
		unix_peers();
	else if (strcmp(what, "pair") == 0)
		late_bind();
	else
		return 64;
	return 0;
}
