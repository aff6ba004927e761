// SPDX-License-Identifier: Apache-2.0
/* The statements of the pages of sendmsg, recvmsg, sendmmsg and recvmmsg (-m32: recvmmsg_time32), and their errors. */
#include "facts.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifdef __i386__
#define RECVMMSG "recvmmsg_time32"
#else
#define RECVMMSG "recvmmsg"
#endif

#define MSG_CMSG_COMPAT_BIT 0x80000000u
enum { SOME = 64, MANY = 1100, LARGE = 1 << 20 };

/* The header of one message with one buffer. */
struct one {
	struct iovec iov;
	struct mmsghdr message;
};

static char scratch[LARGE];

static struct msghdr *header(struct one *one, void *data, size_t size)
{
	*one = (struct one){ .iov = { data, size } };
	one->message.msg_hdr.msg_iov = &one->iov;
	one->message.msg_hdr.msg_iovlen = 1;
	return &one->message.msg_hdr;
}

static long sendmsg_(int fd, const struct msghdr *msg, unsigned int flags)
{
	return T("sendmsg", SYS_sendmsg, fd, msg, flags);
}

static long recvmsg_(int fd, struct msghdr *msg, unsigned int flags)
{
	return T("recvmsg", SYS_recvmsg, fd, msg, flags);
}

static long sendmmsg_(int fd, void *vec, unsigned int vlen, unsigned int flags)
{
	return T("sendmmsg", SYS_sendmmsg, fd, vec, vlen, flags);
}

static long recvmmsg_(int fd, void *vec, unsigned int vlen, unsigned int flags, void *timeout)
{
	return T(RECVMMSG, SYS_recvmmsg, fd, vec, vlen, flags, timeout);
}

/* Many at once, each with a buffer of its own. */
static struct mmsghdr *many(unsigned int count, size_t size)
{
	struct mmsghdr *vec = calloc(count, sizeof(*vec));
	struct iovec *iov = calloc(count, sizeof(*iov));
	char *data = calloc(count, size + 1);
	for (unsigned int i = 0; i < count; i++) {
		iov[i] = (struct iovec){ data + i * size, size };
		vec[i].msg_hdr.msg_iov = &iov[i];
		vec[i].msg_hdr.msg_iovlen = 1;
	}
	return vec;
}

/* Beside what is recorded: by sendto and recvfrom, which are no events. */
static void push(int fd, const char *data, size_t size)
{
	TRY(send(fd, data, size, 0));
}

static long pull(int fd)
{
	char data[SOME] = "";
	ssize_t got = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	return got < 0 ? -errno : data[0];
}

/* What was sent over UDP may come a moment later. */
static void await_input(int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	TRY(poll(&input, 1, 5000) == 1 ? 0 : -1);
}

/* Is there something to receive? */
static long there(int fd)
{
	char data[SOME];
	return recv(fd, data, sizeof(data), MSG_DONTWAIT | MSG_PEEK) >= 0;
}

static void pair(int type, int fds[2])
{
	TRY(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
}

static void fill(int fd)
{
	while (send(fd, scratch, 65536, MSG_DONTWAIT) > 0)
		;
	while (send(fd, scratch, 1, MSG_DONTWAIT) > 0)
		;
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);
	TRY(getsockname(fd, (struct sockaddr *)&name, &size));
	return name;
}

static int udp(uint16_t port)
{
	struct sockaddr_in name = loopback(port);
	int fd = TRY(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

static void meet(int fd, int other)
{
	struct sockaddr_in name = name_of(other);
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

/* A UDP socket with a pending ECONNREFUSED, and the port that refused. */
static int refused_socket(uint16_t *port)
{
	int fd = udp(0), gone = udp(0);
	meet(fd, gone);
	*port = name_of(gone).sin_port;
	close(gone);
	push(fd, "x", 1);
	struct pollfd error = { .fd = fd };
	TRY(poll(&error, 1, 5000) == 1 ? 0 : -1);
	return fd;
}

/* A TCP socket whose peer has reset the connection. */
static int reset_socket(void)
{
	struct linger hard = { 1, 0 };
	int listener = TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), fd = TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	TRY(listen(listener, 1));
	struct sockaddr_in name = loopback(name_of(listener).sin_port);
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
	int peer = TRY(accept(listener, NULL, NULL));
	TRY(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	close(peer);
	close(listener);
	struct pollfd error = { .fd = fd };
	TRY(poll(&error, 1, 5000) == 1 ? 0 : -1);
	return fd;
}

static void time_limit(int fd, int option, long ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	TRY(setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit)));
}

/* Bytes that may be read and not written. */
static void *read_only(const void *data, size_t size)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, data, size);
	TRY(mprotect(page, 4096, PROT_READ));
	return page;
}

/* a: which call, of one message; b: what the tracer sees of a signal, 0 for ERESTARTSYS. */
enum { RECVMSG_CALL, RECVMMSG_CALL, SENDMSG_CALL, SENDMMSG_CALL };
static const char *const EVENT[] = { "recvmsg", RECVMMSG, "sendmsg", "sendmmsg" };
static const long NR[] = { SYS_recvmsg, SYS_recvmmsg, SYS_sendmsg, SYS_sendmmsg };

static long call_of(long which, int fd, struct one *one)
{
	switch (which) {
	case RECVMSG_CALL:
		return CALL(SYS_recvmsg, fd, &one->message.msg_hdr, 0);
	case RECVMMSG_CALL:
		return CALL(SYS_recvmmsg, fd, &one->message, 1, 0, NULL);
	case SENDMSG_CALL:
		return CALL(SYS_sendmsg, fd, &one->message.msg_hdr, 0);
	default:
		return CALL(SYS_sendmmsg, fd, &one->message, 1, 0);
	}
}

static long socket_waiting(struct waiter *waiter)
{
	struct one one;
	header(&one, waiter->data, 1);
	if (waiter->b)
		raw_interrupt = waiter->b;
	return waiter_told(waiter, EVENT[waiter->a], call_of(waiter->a, waiter->fd, &one));
}

static void restarts(const char *id, int which)
{
	int is_send = which >= SENDMSG_CALL;
	int fds[2];
	pair(SOCK_STREAM, fds);
	if (is_send)
		fill(fds[0]);
	struct waiter plain = { .run = socket_waiting, .nr = NR[which], .fd = fds[0], .a = which }, again = plain, timed = plain;
	handle(SIGUSR1, 0);
	begin(&plain);
	interrupt(&plain);
	long interrupted = end(&plain);
	provoked(EVENT[which], ERESTARTSYS, interrupted, NO_DEPTH, NO_DEPTH);

	handle(SIGUSR1, SA_RESTART);
	again.restarts = 1;
	begin(&again);
	interrupt(&again);
	long waits = still_waits(&again);
	if (is_send)
		while (!again.has_ended) {
			recv(fds[1], scratch, sizeof(scratch), MSG_DONTWAIT);
			usleep(1000);
		}
	else
		push(fds[1], "x", 1);
	long ret = end(&again);

	if (is_send)
		fill(fds[0]);
	time_limit(fds[0], is_send ? SO_SNDTIMEO : SO_RCVTIMEO, 3600000);
	timed.b = -EINTR;
	begin(&timed);
	interrupt(&timed);
	long with_limit = end(&timed);
	provoked(EVENT[which], EINTR, with_limit, NO_DEPTH, NO_DEPTH);
	FACT(id, "plain waits ret with_limit", interrupted, waits, ret, with_limit);
	close(fds[0]);
	close(fds[1]);
}

/* With room for `count` descriptors. */
static size_t rights(struct msghdr *msg, char *room, const int *fds, int count)
{
	msg->msg_control = room;
	msg->msg_controllen = CMSG_SPACE(count * sizeof(int));
	if (fds) {
		struct cmsghdr *control = CMSG_FIRSTHDR(msg);
		*control = (struct cmsghdr){ .cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(control), fds, count * sizeof(int));
		msg->msg_controllen = control->cmsg_len;
	}
	return msg->msg_controllen;
}

static void sends(void)
{
	int from = udp(0), to = udp(0), fds[2];
	struct sockaddr_in name = name_of(to);
	struct iovec parts[] = { { "ab", 2 }, { "cd", 2 } };
	struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = parts, .msg_iovlen = 2 };
	char data[SOME] = "", room[CMSG_SPACE(4 * sizeof(int))];
	long bytes = sendmsg_(from, &msg, 0), got = recv(to, data, sizeof(data), 0);
	struct one one;
	pair(SOCK_DGRAM, fds);
	int passed[] = { to };
	struct msghdr *with = header(&one, "x", 1);
	rights(with, room, passed, 1);
	TRY(sendmsg_(fds[0], with, 0));
	struct one in;
	struct msghdr *receives = header(&in, data + 8, 1);
	rights(receives, room, NULL, 1);
	TRY(recvmsg_(fds[1], receives, 0));
	int came = *(int *)CMSG_DATA(CMSG_FIRSTHDR(receives));
	FACT("sendmsg.gathers", "bytes got first last descriptor", bytes, got, data[0], data[3],
	     name_of(came).sin_port == name.sin_port);
	close(came);

	struct msghdr *plain = header(&one, "y", 1);
	plain->msg_flags = MSG_OOB;
	struct one before = one;
	long ignored = sendmsg_(fds[0], plain, 0);
	FACT("sendmsg.reads-only", "ret unchanged", ignored, !memcmp(&before, &one, sizeof(one)));
	TRY(pull(fds[1]));
	long empty = sendmsg_(fds[0], header(&one, "", 0), 0);
	FACT("sendmsg.empty", "sent received", empty, recv(fds[1], data, sizeof(data), MSG_DONTWAIT));
	close(fds[0]);
	close(fds[1]);

	pair(SOCK_STREAM, fds);
	long part = sendmsg_(fds[0], header(&one, scratch, sizeof(scratch)), MSG_DONTWAIT);
	FACT("sendmsg.bytes", "datagram part", bytes, part > 0 && part < LARGE);
	fill(fds[0]);
	time_limit(fds[0], SO_SNDTIMEO, 20);
	FACT("sendmsg.timeout", "ret", FAILS("sendmsg", EAGAIN, NO_DEPTH, sendmsg_(fds[0], header(&one, "x", 1), 0)));
	close(fds[1]);
	sigset_t pipes;
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipes, NULL);
	struct timespec none = { 0 };
	long quiet = FAILS("sendmsg", EPIPE, NO_DEPTH, sendmsg_(fds[0], header(&one, "x", 1), MSG_NOSIGNAL));
	long no_signal = sigtimedwait(&pipes, NULL, &none) == SIGPIPE;
	long loud = FAILS("sendmsg", EPIPE, NO_DEPTH, sendmsg_(fds[0], header(&one, "x", 1), 0));
	FACT("sendmsg.sigpipe", "quiet no_signal loud signal", quiet, no_signal, loud, sigtimedwait(&pipes, NULL, &none) == SIGPIPE);
	close(fds[0]);

	uint16_t port;
	int refused = refused_socket(&port), back = udp(port);
	long late = FAILS("sendmsg", ECONNREFUSED, NO_DEPTH, sendmsg_(refused, header(&one, "2", 1), 0));
	long next = sendmsg_(refused, header(&one, "3", 1), 0);
	await_input(back);
	long received = pull(back);
	FACT("sendmsg.late-error", "late next received no_more", late, next, received, pull(back));
	static struct iovec iovecs[1025];
	struct msghdr wide = { .msg_iov = iovecs, .msg_iovlen = 1024 };
	meet(from, to);
	long most = sendmsg_(from, &wide, 0);
	wide.msg_iovlen = 1025;
	FACT("sendmsg.iovecs", "most more", most, FAILS("sendmsg", EMSGSIZE, NO_DEPTH, sendmsg_(from, &wide, 0)));
	close(refused);
	close(back);
	close(from);
	close(to);
	restarts("sendmsg.restart", SENDMSG_CALL);
}

static void receives(void)
{
	int from = udp(0), to = udp(0), fds[2];
	char a[8] = "xxxxxxx", b[SOME], room[CMSG_SPACE(4 * sizeof(int))];
	struct sockaddr_in name, cut;
	struct iovec parts[] = { { a, 2 }, { b, sizeof(b) } };
	struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = parts, .msg_iovlen = 2, .msg_flags = MSG_PEEK,
			      .msg_control = room, .msg_controllen = sizeof(room) };
	struct one one;
	meet(from, to);
	push(from, "abcd", 4);
	long bytes = recvmsg_(to, &msg, 0);
	FACT("recvmsg.scatters", "bytes a b port", bytes, a[1], b[0], name.sin_port == name_of(from).sin_port);
	FACT("recvmsg.inout", "namelen controllen flags left", msg.msg_namelen, msg.msg_controllen, msg.msg_flags, there(to));
	push(from, "", 0);
	long empty = recvmsg_(to, header(&one, b, 4), 0);

	push(from, "0123456789", 10);
	long stored = recvmsg_(to, header(&one, b, 4), 0), truncated = one.message.msg_hdr.msg_flags == MSG_TRUNC;
	long rest = there(to);
	push(from, "0123456789", 10);
	FACT("recvmsg.cut", "stored flag rest whole", stored, truncated, rest,
	     recvmsg_(to, header(&one, b, 4), MSG_TRUNC));
	push(from, "n", 1);
	memset(&cut, 'x', sizeof(cut));
	header(&one, b, 4)->msg_name = &cut;
	one.message.msg_hdr.msg_namelen = 4;
	TRY(recvmsg_(to, &one.message.msg_hdr, 0));
	FACT("recvmsg.name-cut", "namelen family behind", one.message.msg_hdr.msg_namelen, cut.sin_family, ((char *)&cut)[4]);
	push(from, "p", 1);
	long peeked = recvmsg_(to, header(&one, b, 4), MSG_PEEK);
	FACT("recvmsg.peek", "ret still", peeked, pull(to));

	pair(SOCK_DGRAM, fds);
	int first[2], second[2];
	TRY(pipe2(first, O_CLOEXEC));
	TRY(pipe2(second, O_CLOEXEC));
	int ends[] = { first[1], second[1] };
	struct msghdr *with = header(&one, "x", 1);
	rights(with, room, ends, 2);
	TRY(sendmsg_(fds[0], with, 0));
	close(first[1]);
	close(second[1]);
	with = header(&one, b, 1);
	msg.msg_flags = 0;
	with->msg_control = room;
	with->msg_controllen = CMSG_LEN(sizeof(int));
	TRY(recvmsg_(fds[1], with, 0));
	struct pollfd hung[] = { { .fd = first[0] }, { .fd = second[0] } };
	poll(hung, 2, 0);
	FACT("recvmsg.control-cut", "flag one_open other_closed", with->msg_flags & MSG_CTRUNC ? 1 : 0, hung[0].revents == 0,
	     hung[1].revents == POLLHUP);
	time_limit(fds[1], SO_RCVTIMEO, 20);
	FACT("recvmsg.timeout", "ret", FAILS("recvmsg", EAGAIN, there(fds[1]), recvmsg_(fds[1], header(&one, b, 1), 0)));
	push(fds[0], "f", 1);
	long unix_fault = FAILS("recvmsg", EFAULT, there(fds[1]), recvmsg_(fds[1], header(&one, BAD, 1), MSG_DONTWAIT));
	long unix_left = there(fds[1]);
	push(from, "f", 1);
	await_input(to);
	FAILS("recvmsg", EFAULT, there(to), recvmsg_(to, header(&one, BAD, 1), MSG_DONTWAIT));
	long udp_left = there(to);
	close(fds[0]);
	close(fds[1]);
	pair(SOCK_STREAM, fds);
	push(fds[0], "s", 1);
	FAILS("recvmsg", EFAULT, there(fds[1]), recvmsg_(fds[1], header(&one, BAD, 1), MSG_DONTWAIT));
	FACT("recvmsg.fault", "ret unix udp stream", unix_fault, unix_left, udp_left, pull(fds[1]));
	close(fds[0]);
	FACT("recvmsg.bytes", "bytes empty end", bytes, empty, recvmsg_(fds[1], header(&one, b, 1), 0));
	close(fds[1]);

	uint16_t port;
	int refused = refused_socket(&port), back = udp(port);
	meet(back, refused);
	push(back, "d", 1);
	long error = FAILS("recvmsg", ECONNREFUSED, NO_DEPTH, recvmsg_(refused, header(&one, b, 1), 0));
	FACT("recvmsg.error-once", "first next", error, recvmsg_(refused, header(&one, b, 1), 0));
	close(refused);
	close(back);
	close(from);
	close(to);
	restarts("recvmsg.restart", RECVMSG_CALL);
}

static void sends_many(void)
{
	int fds[2], from = udp(0), to = udp(0);
	pair(SOCK_DGRAM, fds);
	struct mmsghdr *vec = many(3, 4);
	vec[1].msg_hdr.msg_iov->iov_len = 2;
	long count = sendmmsg_(fds[0], vec, 3, 0);
	FACT("sendmmsg.many", "count first second", count, vec[0].msg_len, vec[1].msg_len);
	for (int i = 0; i < 3; i++)
		TRY(pull(fds[1]));
	vec[1].msg_hdr.msg_iov->iov_base = BAD;
	long hidden = sendmmsg_(fds[0], vec, 3, 0);
	TRY(pull(fds[1]));
	long nothing = there(fds[1]);
	long next = sendmmsg_(fds[0], vec, 1, 0);
	FACT("sendmmsg.count", "all fewer sent_more", count, hidden, nothing);
	FACT("sendmmsg.error-hidden", "count next first", hidden, next,
	     FAILS("sendmmsg", EFAULT, NO_DEPTH, sendmmsg_(fds[0], vec + 1, 2, 0)));
	TRY(pull(fds[1]));

	struct mmsghdr *fixed = read_only(vec, sizeof(*vec));
	long fault = FAILS("sendmmsg", EFAULT, NO_DEPTH, sendmmsg_(fds[0], fixed, 1, 0));
	FACT("sendmmsg.fault-sent", "ret arrived", fault, there(fds[1]));
	close(fds[0]);
	close(fds[1]);
	meet(from, to);
	FACT("sendmmsg.cap", "count", sendmmsg_(from, many(MANY, 1), MANY, 0));
	close(from);
	close(to);

	pair(SOCK_STREAM, fds);
	vec = many(2, LARGE);
	long partly = sendmmsg_(fds[0], vec, 2, MSG_DONTWAIT);
	FACT("sendmmsg.partial", "count part second", partly, vec[0].msg_len > 0 && vec[0].msg_len < LARGE, vec[1].msg_len);
	close(fds[0]);
	close(fds[1]);
	restarts("sendmmsg.restart", SENDMMSG_CALL);
}

/* a: the call's vlen; b: its timeout in ms, -1 for none. */
static long many_waiting(struct waiter *waiter)
{
	struct timespec timeout = { waiter->b / 1000, waiter->b % 1000 * 1000000 };
	struct mmsghdr *vec = many(waiter->a, 4);
	return recvmmsg_(waiter->fd, vec, waiter->a, 0, waiter->b < 0 ? NULL : &timeout);
}

static struct waiter many_receiver(int fd, long vlen, long timeout_ms)
{
	return (struct waiter){ .run = many_waiting, .nr = SYS_recvmmsg, .fd = fd, .a = vlen, .b = timeout_ms };
}

static void receives_many(void)
{
	int fds[2];
	pair(SOCK_DGRAM, fds);
	struct mmsghdr *vec = many(4, 4);
	push(fds[0], "a", 1);
	push(fds[0], "bc", 2);
	long count = recvmmsg_(fds[1], vec, 4, MSG_DONTWAIT, NULL);
	FACT("recvmmsg.many", "count first second", count, vec[0].msg_len, vec[1].msg_len);
	FACT("recvmmsg.count", "some none", count, FAILS(RECVMMSG, EAGAIN, there(fds[1]), recvmmsg_(fds[1], vec, 4, MSG_DONTWAIT, NULL)));

	push(fds[0], "a", 1);
	struct waiter both = many_receiver(fds[1], 2, -1);
	begin(&both);
	long waits = still_waits(&both);
	push(fds[0], "b", 1);
	long all = end(&both);
	push(fds[0], "a", 1);
	push(fds[0], "b", 1);
	FACT("recvmmsg.waits-for-all", "waits all for_one", waits, all, recvmmsg_(fds[1], vec, 4, MSG_WAITFORONE, NULL));

	struct timespec from = monotonic();
	struct waiter timed = many_receiver(fds[1], 2, 20);
	begin(&timed);
	while (ms_since(from) < 100)
		usleep(5000);
	waits = still_waits(&timed);
	push(fds[0], "a", 1);
	FACT("recvmmsg.timeout-after-each", "waits count", waits, end(&timed));
	struct waiter zero = many_receiver(fds[1], 2, 0);
	begin(&zero);
	waits = still_waits(&zero);
	push(fds[0], "a", 1);
	FACT("recvmmsg.timeout-zero", "waits count", waits, end(&zero));
	struct timespec timeout = { 3600, 5 }, same = timeout;
	FAILS(RECVMMSG, EAGAIN, there(fds[1]), recvmmsg_(fds[1], vec, 2, MSG_DONTWAIT, &same));
	push(fds[0], "a", 1);
	TRY(recvmmsg_(fds[1], vec, 2, MSG_DONTWAIT, &timeout));
	FACT("recvmmsg.timeout-remains", "none some", same.tv_sec == 3600 && same.tv_nsec == 5,
	     timeout.tv_sec > 3000 && timeout.tv_sec < 3600);

	push(fds[0], "a", 1);
	push(fds[0], "b", 1);
	void *good = vec[1].msg_hdr.msg_iov->iov_base;
	vec[1].msg_hdr.msg_iov->iov_base = BAD;
	long kept_count = recvmmsg_(fds[1], vec, 2, MSG_DONTWAIT, NULL);
	vec[1].msg_hdr.msg_iov->iov_base = good;
	push(fds[0], "c", 1);
	/* Nothing may look whether there is something: whoever asks gets the error. */
	long kept = FAILS(RECVMMSG, EFAULT, NO_DEPTH, recvmmsg_(fds[1], vec, 1, MSG_DONTWAIT, NULL));
	push(fds[0], "d", 1);
	long left = recvmmsg_(fds[1], vec, 4, MSG_DONTWAIT, NULL);
	push(fds[0], "e", 1);
	FACT("recvmmsg.error-kept", "count next left after_eagain", kept_count, kept, left,
	     recvmmsg_(fds[1], vec, 1, MSG_DONTWAIT, NULL));

	handle(SIGUSR1, 0);
	push(fds[0], "a", 1);
	struct waiter signalled = many_receiver(fds[1], 2, -1);
	begin(&signalled);
	interrupt(&signalled);
	long one = end(&signalled);
	FACT("recvmmsg.errno-512", "count next after", one, recvmmsg_(fds[1], vec, 1, MSG_DONTWAIT, NULL),
	     recvmmsg_(fds[1], vec, 1, MSG_DONTWAIT, NULL));

	push(fds[0], "a", 1);
	struct mmsghdr *fixed = read_only(vec, sizeof(*vec));
	long fault = FAILS(RECVMMSG, EFAULT, there(fds[1]), recvmmsg_(fds[1], fixed, 1, MSG_DONTWAIT, NULL));
	/* The header can be written, msg_len behind it cannot. */
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY(mprotect(pages + 4096, 4096, PROT_READ));
	struct mmsghdr *across = (struct mmsghdr *)(pages + 4096 - offsetof(struct mmsghdr, msg_len));
	across->msg_hdr = vec->msg_hdr;
	push(fds[0], "a", 1);
	FACT("recvmmsg.fault-loses", "header len", fault,
	     FAILS(RECVMMSG, EFAULT, there(fds[1]), recvmmsg_(fds[1], across, 1, MSG_DONTWAIT, NULL)));
	push(fds[0], "a", 1);
	struct timespec *fixed_timeout = read_only(&same, sizeof(same));
	FACT("recvmmsg.timeout-fault", "ret left",
	     FAILS(RECVMMSG, EFAULT, there(fds[1]), recvmmsg_(fds[1], vec, 2, MSG_DONTWAIT, fixed_timeout)), there(fds[1]));
#ifdef __i386__
	struct {
		int64_t sec, nsec;
	} wide = { 3600, 0 };
	push(fds[0], "a", 1);
	FACT("recvmmsg_time32.only-32-bit", "size wide remains", sizeof(struct timespec),
	     T("recvmmsg", 417, fds[1], vec, 2, MSG_DONTWAIT, &wide), wide.sec > 3000 && wide.sec < 3600);
#endif
	close(fds[0]);
	close(fds[1]);

	uint16_t port;
	int refused = refused_socket(&port), back = udp(port);
	meet(back, refused);
	push(back, "d", 1);
	long error = FAILS(RECVMMSG, ECONNREFUSED, NO_DEPTH, recvmmsg_(refused, vec, 1, 0, NULL));
	FACT("recvmmsg.pending-first", "first next", error, recvmmsg_(refused, vec, 2, MSG_WAITFORONE, NULL));
	int room = 8 << 20;
	TRY(setsockopt(refused, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	time_limit(refused, SO_RCVTIMEO, 5000);
	for (int i = 0; i < MANY; i++)
		push(back, "m", 1);
	FACT("recvmmsg.no-cap", "count", recvmmsg_(refused, many(MANY, 1), MANY, 0, NULL));
	close(refused);
	close(back);
	restarts("recvmmsg.restart", RECVMMSG_CALL);
}

/* Of both calls that send: sendmmsg with one message. */
static long send_by(int which, int fd, struct one *one, unsigned int flags)
{
	return which == SENDMSG_CALL ? sendmsg_(fd, &one->message.msg_hdr, flags) : sendmmsg_(fd, &one->message, 1, flags);
}

static long receive_by(int which, int fd, struct one *one, unsigned int flags)
{
	return which == RECVMSG_CALL ? recvmsg_(fd, &one->message.msg_hdr, flags) :
				       recvmmsg_(fd, &one->message, 1, flags, NULL);
}

static void send_errors(int which)
{
	const char *event = EVENT[which];
	int fds[2], stream[2], no_socket = TRY(open("/dev/null", O_RDWR | O_CLOEXEC)), lone = udp(0);
	struct sockaddr_in broadcast = loopback(htons(9));
	static struct iovec iovecs[1025];
	uint16_t port;
	struct one one;
	broadcast.sin_addr.s_addr = htonl(0x7fffffff);
	pair(SOCK_DGRAM, fds);
	pair(SOCK_STREAM, stream);
	header(&one, "x", 1);
	FAILS(event, EBADF, NO_DEPTH, send_by(which, -1, &one, 0));
	FAILS(event, ENOTSOCK, NO_DEPTH, send_by(which, no_socket, &one, 0));
	FAILS(event, EDESTADDRREQ, NO_DEPTH, send_by(which, lone, &one, 0));
	FAILS(event, EOPNOTSUPP, NO_DEPTH, send_by(which, fds[0], &one, MSG_OOB));
	int refused = refused_socket(&port);
	FAILS(event, ECONNREFUSED, NO_DEPTH, send_by(which, refused, &one, 0));
	close(refused);
	int reset = reset_socket();
	FAILS(event, ECONNRESET, NO_DEPTH, send_by(which, reset, &one, MSG_NOSIGNAL));
	FAILS(event, EPIPE, NO_DEPTH, send_by(which, reset, &one, MSG_NOSIGNAL));
	close(reset);
	int fresh = TRY(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	FAILS(event, ENOTCONN, NO_DEPTH, send_by(which, fresh, &one, 0));
	if (!ON_IA32)
		FAILS(event, EINVAL, NO_DEPTH, send_by(which, fds[0], &one, MSG_CMSG_COMPAT_BIT));
	one.message.msg_hdr.msg_name = &broadcast;
	one.message.msg_hdr.msg_namelen = sizeof(broadcast);
	FAILS(event, EACCES, NO_DEPTH, send_by(which, lone, &one, 0));
	FAILS(event, EISCONN, NO_DEPTH, send_by(which, stream[0], &one, 0));
	one.message.msg_hdr.msg_namelen = -1;
	FAILS(event, EINVAL, NO_DEPTH, send_by(which, lone, &one, 0));
	header(&one, BAD, 1);
	FAILS(event, EFAULT, NO_DEPTH, send_by(which, fds[0], &one, 0));
	header(&one, "x", 1)->msg_control = scratch;
	one.message.msg_hdr.msg_controllen = 0x80000000u;
	FAILS(event, ENOBUFS, NO_DEPTH, send_by(which, fds[0], &one, 0));
	one.message.msg_hdr.msg_controllen = sizeof(struct cmsghdr);
	FAILS(event, EINVAL, NO_DEPTH, send_by(which, fds[0], &one, 0));
	header(&one, "x", 1)->msg_iov = iovecs;
	one.message.msg_hdr.msg_iovlen = 1025;
	FAILS(event, EMSGSIZE, NO_DEPTH, send_by(which, fds[0], &one, 0));
	meet(lone, lone);
	header(&one, scratch, 70000);
	FAILS(event, EMSGSIZE, NO_DEPTH, send_by(which, lone, &one, 0));
	fill(stream[0]);
	header(&one, "x", 1);
	FAILS(event, EAGAIN, NO_DEPTH, send_by(which, stream[0], &one, MSG_DONTWAIT));
	int fds_to_close[] = { fds[0], fds[1], stream[0], stream[1], no_socket, lone, fresh };
	for (int i = 0; i < 7; i++)
		close(fds_to_close[i]);
}

static void receive_errors(int which)
{
	const char *event = EVENT[which];
	int fds[2], stream[2], no_socket = TRY(open("/dev/null", O_RDWR | O_CLOEXEC));
	static struct iovec iovecs[1025];
	char data[SOME];
	struct one one;
	pair(SOCK_DGRAM, fds);
	pair(SOCK_STREAM, stream);
	push(fds[0], "a", 1);
	header(&one, data, 1);
	FAILS(event, EBADF, NO_DEPTH, receive_by(which, -1, &one, 0));
	FAILS(event, ENOTSOCK, NO_DEPTH, receive_by(which, no_socket, &one, 0));
	FAILS(event, EOPNOTSUPP, there(fds[1]), receive_by(which, fds[1], &one, MSG_OOB));
	if (!ON_IA32)
		FAILS(event, EINVAL, there(fds[1]), receive_by(which, fds[1], &one, MSG_CMSG_COMPAT_BIT));
	int fresh = TRY(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), tcp = TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	FAILS(event, EINVAL, NO_DEPTH, receive_by(which, fresh, &one, 0));
	FAILS(event, ENOTCONN, NO_DEPTH, receive_by(which, tcp, &one, 0));
	int reset = reset_socket();
	FAILS(event, ECONNRESET, NO_DEPTH, receive_by(which, reset, &one, 0));
	push(stream[0], "x", 1);
	close(stream[1]);
	FAILS(event, ECONNRESET, NO_DEPTH, receive_by(which, stream[0], &one, 0));
	one.message.msg_hdr.msg_name = data;
	one.message.msg_hdr.msg_namelen = -1;
	FAILS(event, EINVAL, there(fds[1]), receive_by(which, fds[1], &one, MSG_DONTWAIT));
	header(&one, data, 1)->msg_iov = iovecs;
	one.message.msg_hdr.msg_iovlen = 1025;
	FAILS(event, EMSGSIZE, there(fds[1]), receive_by(which, fds[1], &one, MSG_DONTWAIT));
	if (which == RECVMSG_CALL) {
		FAILS(event, EFAULT, there(fds[1]), recvmsg_(fds[1], BAD, MSG_DONTWAIT));
	} else {
		struct timespec wrong = { 1, 1000000000 };
		FAILS(event, EFAULT, there(fds[1]), recvmmsg_(fds[1], BAD, 1, MSG_DONTWAIT, NULL));
		FAILS(event, EFAULT, there(fds[1]), recvmmsg_(fds[1], &one.message, 1, MSG_DONTWAIT, BAD));
		FAILS(event, EINVAL, there(fds[1]), recvmmsg_(fds[1], &one.message, 1, MSG_DONTWAIT, &wrong));
	}
	int fds_to_close[] = { fds[0], fds[1], stream[0], no_socket, fresh, tcp, reset };
	for (int i = 0; i < 7; i++)
		close(fds_to_close[i]);
}

int main(void)
{
	facts_begin();
	sends();
	receives();
	sends_many();
	receives_many();
	send_errors(SENDMSG_CALL);
	send_errors(SENDMMSG_CALL);
	receive_errors(RECVMSG_CALL);
	receive_errors(RECVMMSG_CALL);
	return 0;
}
