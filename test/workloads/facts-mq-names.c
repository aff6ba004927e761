// SPDX-License-Identifier: Apache-2.0
/* The statements of the pages of mq_open, mq_unlink and mq_getsetattr, and their errors. */
#include "facts-mq.h"
#include <sys/socket.h>

#define NOBODY 64321

static const char *name;

static ino_t inode(int fd)
{
	struct stat about;
	TRY(fstat(fd, &about));
	return about.st_ino;
}

/* The descriptor as another one, through a socket. */
static int passed_on(int fd)
{
	int sockets[2];
	char byte = 'x', room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *control = CMSG_FIRSTHDR(&msg);
	*control = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	TRY(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets));
	TRY(T("sendmsg", SYS_sendmsg, sockets[0], &msg, 0));
	TRY(T("recvmsg", SYS_recvmsg, sockets[1], &msg, 0));
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	close(sockets[0]);
	close(sockets[1]);
	return fd;
}

static void opens(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = SIZE, .mq_flags = O_NONBLOCK }, seen;
	long absent = FAILS("mq_open", ENOENT, NO_DEPTH, open_named(name, O_RDWR, 0, NULL));
	umask(027);
	int first = TRY(open_named(name, O_RDWR | O_CREAT, 0666, &attr));
	int second = TRY(open_named(name, O_RDWR, 0, NULL));
	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		shared[0] = open_named(name, O_RDWR, 0, NULL);
	});
	TRY(put(second, 'a', 0));
	FACT("mq_open.by-name", "absent through_one through_other elsewhere", absent, depth(first), depth(second), shared[0]);

	struct stat about;
	TRY(fstat(first, &about));
	FACT("mq_open.umask", "mode", about.st_mode & 0777);
	FACT("mq_open.cloexec", "first second", fcntl(first, F_GETFD), fcntl(second, F_GETFD));
	FACT("mq_open.flags-ignored", "flags", flags_of(first));

	struct mq_attr other = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	int again = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &other));
	attributes(again, &seen);
	TRY(fstat(again, &about));
	FACT("mq_open.limits-at-creation", "maxmsg msgsize mode", seen.mq_maxmsg, seen.mq_msgsize, about.st_mode & 0777);
	FACT("mq_open.larger-exists", "opened msgsize", again >= 0, seen.mq_msgsize);

	int copy = TRY(dup(first));
	CHILD(TRY(set_flags(first, O_NONBLOCK)));
	int passed = passed_on(first);
	FACT("mq_open.description", "forked dup passed other", flags_of(first), flags_of(copy), flags_of(passed),
	     flags_of(second));
	close(passed);

	long fault = open_named(name, O_RDWR, 0, BAD);
	if (fault >= 0)
		close(fault);
	FACT("mq_open.attr-read", "fails", fault == -EFAULT);

	char with_slash[80];
	snprintf(with_slash, sizeof(with_slash), "/%s", name);
	int by_libc = TRY(told("mq_open", mq_open(with_slash, O_RDWR)));
	FACT("mq_open.slash", "same raw", inode(by_libc) == inode(first), open_named(with_slash, O_RDWR, 0, NULL));

	close(by_libc);
	close(copy);
	close(again);
	close(second);
	close(first);
	TRY(unlink_named(name));
	umask(022);
}

static void limits(void)
{
	struct mq_attr seen, attr = { .mq_maxmsg = number_in("/proc/sys/fs/mqueue/msg_max") + 1, .mq_msgsize = 1 };
	int plain = TRY(open_named(name, O_RDWR | O_CREAT, 0600, NULL));
	attributes(plain, &seen);
	long messages = number_in("/proc/sys/fs/mqueue/msg_default"), most = number_in("/proc/sys/fs/mqueue/msg_max");
	long bytes = number_in("/proc/sys/fs/mqueue/msgsize_default"),
	     largest = number_in("/proc/sys/fs/mqueue/msgsize_max");
	FACT("mq_open.defaults", "messages bytes", seen.mq_maxmsg == (messages < most ? messages : most),
	     seen.mq_msgsize == (bytes < largest ? bytes : largest));
	TRY(unlink_named(name));
	close(plain);
	CHILD({
		become(NOBODY);
		shared[0] = open_named(name, O_RDWR | O_CREAT, 0600, &attr);
	});
	FACT("mq_open.highest", "above", shared[0]);
	if (has_sys_resource()) {
		int privileged = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &attr));
		TRY(unlink_named(name));
		close(privileged);
		struct mq_attr beyond = { .mq_maxmsg = 65537, .mq_msgsize = 1 };
		FACT("mq_open.highest-privileged", "above beyond", privileged >= 0,
		     FAILS("mq_open", EINVAL, NO_DEPTH, open_named(name, O_RDWR | O_CREAT, 0600, &beyond)));
	} else {
		skip("mq_open.highest-privileged", "CAP_SYS_RESOURCE");
	}

	/* Twice the messages do not fit; descriptors there are. */
	CHILD({
		become(NOBODY);
		struct mq_attr small = { .mq_maxmsg = 4, .mq_msgsize = 1000 };
		struct rlimit room = { 6000, 6000 };
		TRY(setrlimit(RLIMIT_MSGQUEUE, &room));
		int one = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &small));
		shared[0] = FAILS("mq_open", EMFILE, depth(one), open_named("msgtape-facts-two", O_RDWR | O_CREAT, 0600, &small));
		TRY(unlink_named(name));
		shared[1] = open_named("msgtape-facts-two", O_RDWR | O_CREAT, 0600, &small);
		close(one);
		shared[2] = TRY(open_named("msgtape-facts-two", O_RDWR | O_CREAT, 0600, &small)) >= 0;
		TRY(unlink_named("msgtape-facts-two"));
	});
	FACT("mq_open.charge", "second", shared[0]);
	FACT("mq_unlink.charge", "unlinked closed", shared[1], shared[2]);

	CHILD({
		TRY(unshare(CLONE_NEWIPC));
		put_number("/proc/sys/fs/mqueue/queues_max", 1);
		become(NOBODY);
		struct mq_attr small = { .mq_maxmsg = 1, .mq_msgsize = 1 };
		int one = TRY(open_named("one", O_RDWR | O_CREAT, 0600, &small));
		shared[0] = FAILS("mq_open", ENOSPC, depth(one), open_named("two", O_RDWR | O_CREAT, 0600, &small));
		TRY(unlink_named("one"));
		shared[1] = open_named("two", O_RDWR | O_CREAT, 0600, &small);
		close(one);
		shared[2] = TRY(open_named("two", O_RDWR | O_CREAT, 0600, &small)) >= 0;
	});
	FACT("mq_unlink.keeps-its-place", "before unlinked closed", shared[0], shared[1], shared[2]);
}

static void open_errors(void)
{
	char long_name[300];
	memset(long_name, 'x', 299);
	long_name[299] = 0;
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = SIZE }, none = { .mq_maxmsg = 0, .mq_msgsize = SIZE };
	int fd = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &attr));
	TRY(put(fd, 'a', 0));
	FAILS("mq_open", EACCES, NO_DEPTH, open_named("a/b", O_RDWR | O_CREAT, 0600, NULL));
	FAILS("mq_open", EACCES, NO_DEPTH, open_named("..", O_RDWR | O_CREAT, 0600, NULL));
	CHILD({
		become(NOBODY);
		FAILS("mq_open", EACCES, NO_DEPTH, open_named(name, O_RDONLY, 0, NULL));
		FAILS("mq_unlink", EPERM, NO_DEPTH, unlink_named(name));
	});
	FAILS("mq_open", EEXIST, depth(fd), open_named(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
	FAILS("mq_open", EFAULT, NO_DEPTH, open_named(BAD, O_RDWR, 0, NULL));
	FAILS("mq_open", EFAULT, NO_DEPTH, open_named(name, O_RDWR | O_CREAT, 0600, BAD));
	FAILS("mq_open", EINVAL, NO_DEPTH, open_named("never", O_RDWR | O_CREAT, 0600, &none));
	FAILS("mq_open", EINVAL, NO_DEPTH, open_named(name, 3, 0, NULL));
	FAILS("mq_open", ENAMETOOLONG, NO_DEPTH, open_named(long_name, O_RDWR | O_CREAT, 0600, NULL));
	FAILS("mq_open", ENOENT, NO_DEPTH, open_named("", O_RDWR | O_CREAT, 0600, NULL));
	CHILD({
		struct rlimit few = { 3, 3 };
		TRY(setrlimit(RLIMIT_NOFILE, &few));
		FAILS("mq_open", EMFILE, NO_DEPTH, open_named(name, O_RDWR, 0, NULL));
	});
	long slash = FAILS("mq_unlink", EACCES, depth(fd), unlink_named("a/b"));
	FAILS("mq_unlink", EACCES, depth(fd), unlink_named(".."));
	FAILS("mq_unlink", EFAULT, depth(fd), unlink_named(BAD));
	FAILS("mq_unlink", ENAMETOOLONG, depth(fd), unlink_named(long_name));
	FAILS("mq_unlink", ENOENT, depth(fd), unlink_named("msgtape-facts-absent"));
	FAILS("mq_unlink", ENOENT, depth(fd), unlink_named(""));
	char with_slash[80];
	snprintf(with_slash, sizeof(with_slash), "/%s", name);
	FACT("mq_unlink.slash", "libc raw", told("mq_unlink", mq_unlink(with_slash)), slash);
	close(fd);
}

static void unlinks(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = SIZE };
	int old = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &attr));
	TRY(put(old, 'a', 0));
	FACT("mq_unlink.zero", "ret", unlink_named(name));
	FACT("mq_unlink.name-only", "name message", open_named(name, O_RDWR, 0, NULL), get(old));

	int other = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &attr));
	TRY(put(old, 'b', 0));
	FACT("mq_unlink.another-queue", "same old other", inode(old) == inode(other), depth(old), depth(other));

	struct waiter receiver = RECEIVER(other), sender = SENDER(old, 'c', 0);
	begin(&receiver);
	begin(&sender);
	TRY(unlink_named(name));
	long waits = still_waits(&receiver) && still_waits(&sender);
	TRY(put(other, 'd', 0));
	TRY(get(old));
	FACT("mq_unlink.wakes-nobody", "waits received sent", waits, end(&receiver), end(&sender));
	close(old);
	close(other);

	/* Nobody has it open: the message goes with the name. */
	int left = TRY(open_named(name, O_RDWR | O_CREAT, 0600, &attr));
	TRY(put(left, 'e', 0));
	close(left);
	TRY(unlink_named(name));
}

static void attributes_of_queues(void)
{
	struct mq_attr old, again, want = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 99, .mq_msgsize = 99 };
	int fd = queue(2, O_RDWR);
	TRY(put(fd, 'a', 0));
	long ret = T("mq_getsetattr", SYS_mq_getsetattr, fd, &want, &old);
	attributes(fd, &again);
	FACT("mq_getsetattr.before", "ret before after", ret, old.mq_flags, again.mq_flags);
	want.mq_flags = O_NONBLOCK | 1;
	long invalid = FAILS("mq_getsetattr", EINVAL, depth(fd), T("mq_getsetattr", SYS_mq_getsetattr, fd, &want, NULL));
	FACT("mq_getsetattr.only-nonblock", "maxmsg msgsize invalid", again.mq_maxmsg, again.mq_msgsize, invalid);
	struct mq_attr by_libc, clear = { 0 };
	long got = told("mq_getsetattr", mq_getattr(fd, &by_libc));
	long set = told("mq_getsetattr", mq_setattr(fd, &clear, NULL));
	FACT("mq_getsetattr.both", "getattr curmsgs maxmsg msgsize setattr flags", got, by_libc.mq_curmsgs, by_libc.mq_maxmsg,
	     by_libc.mq_msgsize, set, flags_of(fd));

	want.mq_flags = O_NONBLOCK;
	long fault = FAILS("mq_getsetattr", EFAULT, depth(fd), T("mq_getsetattr", SYS_mq_getsetattr, fd, &want, BAD));
	FACT("mq_getsetattr.old-fault", "fault flags", fault, flags_of(fd));
	FAILS("mq_getsetattr", EFAULT, depth(fd), T("mq_getsetattr", SYS_mq_getsetattr, fd, BAD, NULL));
	FAILS("mq_getsetattr", EBADF, NO_DEPTH, T("mq_getsetattr", SYS_mq_getsetattr, -1, NULL, &old));
	FAILS("mq_getsetattr", EBADF, NO_DEPTH, T("mq_getsetattr", SYS_mq_getsetattr, 1, NULL, &old));
	close(fd);

	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = SIZE };
	int sends = TRY(open_named(name, O_WRONLY | O_CREAT, 0644, &attr));
	int receives = TRY(open_named(name, O_RDONLY, 0, NULL));
	long as_nobody;
	CHILD({
		become(NOBODY);
		int fd = TRY(open_named(name, O_RDONLY, 0, NULL));
		shared[0] = set_flags(fd, O_NONBLOCK);
	});
	as_nobody = shared[0];
	FACT("mq_getsetattr.any-descriptor", "send_only receive_only not_owner", set_flags(sends, 0), set_flags(receives, 0),
	     as_nobody);
	struct waiter receiver = RECEIVER(receives), sender = SENDER(sends, 'b', 0);
	begin(&receiver);
	long with_receiver = depth(sends);
	TRY(put(sends, 'a', 0));
	end(&receiver);
	TRY(put(sends, 'a', 0));
	begin(&sender);
	FACT("mq_getsetattr.waiters", "receivers senders", with_receiver, depth(sends));
	TRY(get(receives));
	end(&sender);
	close(sends);
	close(receives);
	TRY(unlink_named(name));
}

int main(void)
{
	facts_begin();
	name = own_name("facts-names");
	opens();
	limits();
	open_errors();
	unlinks();
	attributes_of_queues();
	return 0;
}
