// SPDX-License-Identifier: Apache-2.0
/*
 * What a hostile program can put before an operator's eyes: escape sequences, control characters, C1 bytes, bidi
 * overrides and broken UTF-8 in the task's name, the queue's name, the payload and a socket's address.
 */
#include "truth.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	static const char evil[] = "\033]0;owned\007\033[2J\033[31m\r\n\b\x9b" "31m\xc2\x9b" "2J\xe2\x80\xae" "gpj.exe\xff\xfe\x7f";
	char name[64];
	snprintf(name, sizeof(name), "msgtape-\033[2J\n\xe2\x80\xae-%d", getpid());
	TRY(prctl(PR_SET_NAME, "\033[31mevil\n\xc2\x9b"));
	int queue = open_queue(name, O_NONBLOCK, 4, 256);
	truth("mq_open", queue, "\"oflag\":%d", O_CREAT | O_RDWR | O_NONBLOCK);
	truth("mq_timedsend", CALL(SYS_mq_timedsend, queue, evil, sizeof(evil), 0, NULL),
	      "\"msg_ptr\":{\"bytes\":\"%s\",\"status\":\"read\"}", b64(evil, sizeof(evil)));
	int pair = TRY(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	memcpy(to.sun_path, "\0\033[41mabstract\n", 15);
	struct iovec iov = { (void *)evil, sizeof(evil) };
	struct msghdr header = { .msg_name = &to, .msg_namelen = offsetof(struct sockaddr_un, sun_path) + 15,
				 .msg_iov = &iov, .msg_iovlen = 1 };
	truth("sendmsg", CALL(SYS_sendmsg, pair, &header, 0), "\"fd\":%d,\"flags\":0", pair);
	truth("mq_unlink", CALL(SYS_mq_unlink, name), " ");
	return 0;
}
