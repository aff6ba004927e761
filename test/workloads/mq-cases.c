// SPDX-License-Identifier: Apache-2.0
/*
 * Every POSIX call with every kind of argument and the errors that mq_overview(7) and the kernel give: full and
 * empty queues, priorities, timeouts that are past, near and wrong, attributes, notifications.
 */
#include "truth.h"
#include <linux/netlink.h>
#include <sys/socket.h>

static int queue;
static const char *name;

static void opens(void)
{
	struct mq_attr attr = { .mq_flags = 7, .mq_maxmsg = 3, .mq_msgsize = 100, .mq_curmsgs = 9 };
	long ret = CALL(SYS_mq_open, "msgtape-absent", O_RDONLY, 0, NULL);
	truth("mq_open", ret, "\"name\":{\"text\":\"msgtape-absent\"},\"oflag\":0,\"mode\":0,\"attr\":null");
	queue = ret = CALL(SYS_mq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0640, &attr);
	truth("mq_open", ret,
	      "\"name\":{\"text\":\"%s\"},\"oflag\":%d,\"mode\":%d,\"attr\":{\"addr\":\"%p\",\"mq_flags\":\"7\","
	      "\"mq_maxmsg\":\"3\",\"mq_msgsize\":\"100\",\"mq_curmsgs\":\"9\"}",
	      name, O_RDWR | O_CREAT | O_NONBLOCK, 0640, (void *)&attr);
	ret = CALL(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	truth("mq_open", ret, "\"name\":{\"text\":\"%s\"},\"oflag\":%d,\"mode\":%d,\"attr\":null", name,
	      O_RDWR | O_CREAT | O_EXCL, 0600);
	attr.mq_maxmsg = -1;
	ret = CALL(SYS_mq_open, "msgtape-never", O_RDWR | O_CREAT, 0600, &attr);
	truth("mq_open", ret, "\"name\":{\"text\":\"msgtape-never\"},\"attr\":{\"mq_maxmsg\":\"-1\",\"mq_msgsize\":\"100\"}");
	ret = CALL(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL);
	truth("mq_open", ret, "\"name\":{\"text\":\"a/b\"}");
}

static void send_one(const char *text, size_t len, unsigned int prio)
{
	long ret = CALL(SYS_mq_timedsend, queue, text, len, prio, NULL);
	truth("mq_timedsend", ret,
	      "\"mqdes\":%d,\"msg_ptr\":{\"addr\":\"%p\",\"bytes\":\"%s\",\"status\":\"read\"},\"msg_len\":\"%zu\","
	      "\"msg_prio\":%u,\"abs_timeout\":null",
	      queue, (const void *)text, b64(text, len), len, prio);
}

static void receive_one(size_t len, int with_prio)
{
	char text[256];
	unsigned int prio = 12345;
	long ret = CALL(SYS_mq_timedreceive, queue, text, len, with_prio ? &prio : NULL, NULL);
	char prio_text[80] = "null";
	if (with_prio && ret >= 0)
		snprintf(prio_text, sizeof(prio_text), "{\"addr\":\"%p\",\"value\":%u}", (void *)&prio, prio);
	if (ret >= 0)
		truth("mq_timedreceive", ret,
		      "\"mqdes\":%d,\"msg_ptr\":{\"addr\":\"%p\",\"bytes\":\"%s\",\"status\":\"read\"},"
		      "\"msg_len\":\"%zu\",\"msg_prio\":%s,\"abs_timeout\":null",
		      queue, (void *)text, b64(text, ret), len, prio_text);
	else
		truth("mq_timedreceive", ret, "\"mqdes\":%d,\"msg_len\":\"%zu\"", queue, len);
}

static void messages(void)
{
	receive_one(100, 1); /* EAGAIN: empty */
	send_one("first", 5, 1);
	send_one("urgent", 6, 32767);
	send_one("", 0, 0);
	send_one("one too many", 12, 1); /* EAGAIN: full */
	send_one("wrong priority", 14, 32768);
	static const char big[101] = "larger than mq_msgsize";
	send_one(big, sizeof(big), 0); /* EMSGSIZE */
	receive_one(99, 1);	       /* EMSGSIZE: before it looks at the queue */
	receive_one(100, 1);	       /* urgent */
	receive_one(200, 0);	       /* first */
	receive_one(100, 1);	       /* nothing in it */
	long ret = CALL(SYS_mq_timedsend, 0x7fffffff, "x", 1, 0, NULL);
	truth("mq_timedsend", ret, "\"mqdes\":2147483647");
	ret = CALL(SYS_mq_timedreceive, -1, big, 100, NULL, NULL);
	truth("mq_timedreceive", ret, "\"mqdes\":-1");
}

static void receive_until(int mqdes, struct timespec at)
{
	char text[128];
	long ret = CALL(SYS_mq_timedreceive, mqdes, text, 100, NULL, &at);
	truth("mq_timedreceive", ret, "\"mqdes\":%d,\"abs_timeout\":{\"addr\":\"%p\",\"tv_sec\":\"%ld\",\"tv_nsec\":\"%ld\"}",
	      mqdes, (void *)&at, at.tv_sec, at.tv_nsec);
}

static void timeouts(void)
{
	int blocking = TRY(CALL(SYS_mq_open, name, O_RDWR, 0, NULL));
	truth("mq_open", blocking, "\"name\":{\"text\":\"%s\"},\"oflag\":%d", name, O_RDWR);
	struct timespec now;
	receive_until(blocking, (struct timespec){ 1, 0 }); /* ETIMEDOUT: long ago */
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += 20 * 1000 * 1000;
	if (now.tv_nsec >= 1000000000) {
		now.tv_nsec -= 1000000000;
		now.tv_sec++;
	}
	receive_until(blocking, now);				     /* ETIMEDOUT: after 20 ms */
	receive_until(blocking, (struct timespec){ 1, 1000000000 }); /* EINVAL */
	receive_until(blocking, (struct timespec){ -1, 0 });	     /* EINVAL */
	send_one("late", 4, 3);
	receive_until(blocking, (struct timespec){ 1, 0 }); /* past, but there is a message */
	close(blocking);
}

static void attributes(void)
{
	struct mq_attr set = { .mq_flags = 0, .mq_maxmsg = 77 }, old;
	long ret = CALL(SYS_mq_getsetattr, queue, NULL, &old);
	truth("mq_getsetattr", ret,
	      "\"mqdes\":%d,\"new\":null,\"old\":{\"addr\":\"%p\",\"mq_flags\":\"%d\",\"mq_maxmsg\":\"3\","
	      "\"mq_msgsize\":\"100\",\"mq_curmsgs\":\"0\"}",
	      queue, (void *)&old, O_NONBLOCK);
	ret = CALL(SYS_mq_getsetattr, queue, &set, NULL);
	truth("mq_getsetattr", ret, "\"new\":{\"addr\":\"%p\",\"mq_flags\":\"0\",\"mq_maxmsg\":\"77\"},\"old\":null",
	      (void *)&set);
	set.mq_flags = O_NONBLOCK;
	ret = CALL(SYS_mq_getsetattr, queue, &set, &old);
	truth("mq_getsetattr", ret, "\"new\":{\"mq_flags\":\"%d\"},\"old\":{\"mq_flags\":\"0\"}", O_NONBLOCK);
	set.mq_flags = 1;
	ret = CALL(SYS_mq_getsetattr, queue, &set, &old);
	truth("mq_getsetattr", ret, "\"new\":{\"mq_flags\":\"1\"}");
}

static void notifications(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
				  .sigev_value.sival_ptr = (void *)0x1122334455667788 };
	signal(SIGUSR1, SIG_IGN);
	long ret = CALL(SYS_mq_notify, queue, &event);
	truth("mq_notify", ret,
	      "\"mqdes\":%d,\"sevp\":{\"addr\":\"%p\",\"sigev_signo\":%d,\"sigev_notify\":%d}", queue, (void *)&event,
	      SIGUSR1, SIGEV_SIGNAL);
	ret = CALL(SYS_mq_notify, queue, &event); /* EBUSY, although it is our own */
	truth("mq_notify", ret, "\"mqdes\":%d,\"sevp\":{\"sigev_signo\":%d}", queue, SIGUSR1);
	ret = CALL(SYS_mq_notify, queue, NULL);
	truth("mq_notify", ret, "\"mqdes\":%d,\"sevp\":null", queue);
	event.sigev_notify = SIGEV_NONE;
	ret = CALL(SYS_mq_notify, queue, &event);
	truth("mq_notify", ret, "\"mqdes\":%d,\"sevp\":{\"sigev_notify\":%d}", queue, SIGEV_NONE);
	send_one("ends the registration", 21, 0);
	receive_one(100, 1);
	/* SIGEV_THREAD, as the C library does it: a netlink socket in sigev_signo, 32 bytes of cookie. */
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (netlink >= 0) {
		static const char cookie[32] = "cookie of thirty-two bytes: yes";
		event = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_signo = netlink,
					   .sigev_value.sival_ptr = (void *)cookie };
		ret = CALL(SYS_mq_notify, queue, &event);
		truth("mq_notify", ret, "\"mqdes\":%d,\"sevp\":{\"sigev_signo\":%d,\"sigev_notify\":%d}", queue,
		      netlink, SIGEV_THREAD);
		close(netlink);
	}
	ret = CALL(SYS_mq_notify, 0, NULL);
	truth("mq_notify", ret, "\"mqdes\":0");
}

int main(void)
{
	close(0);
	TRY(open("/dev/null", O_RDONLY)); /* descriptor 0 is no message queue, whoever starts us */
	name = own_name("cases");
	opens();
	messages();
	timeouts();
	attributes();
	notifications();
	long ret = CALL(SYS_mq_unlink, name);
	truth("mq_unlink", ret, "\"name\":{\"text\":\"%s\"}", name);
	ret = CALL(SYS_mq_unlink, name);
	truth("mq_unlink", ret, "\"name\":{\"text\":\"%s\"}", name);
	return 0;
}
