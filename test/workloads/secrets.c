// SPDX-License-Identifier: Apache-2.0
/*
 * Hands secrets to the kernel in every way that a message-passing program can: names, payloads, addresses, control
 * messages, cookies, ids. argv: a folder for a socket, a word that all secrets begin with. Prints nothing: whoever runs
 * it knows the words.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static const char *word;
static char text[256];

static char *secret(const char *of)
{
	snprintf(text, sizeof(text), "%s-%s", word, of);
	return text;
}

static void posix(void)
{
	char name[128], payload[64];
	struct mq_attr attr = { .mq_flags = 0x216873754877l, .mq_maxmsg = 4, .mq_msgsize = 64 };
	int queue;

	snprintf(name, sizeof(name), "/%s", secret("queue"));
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	/* "!HushVal" */
	event.sigev_value.sival_ptr = (void *)0x6c61566873754821ul;
	signal(SIGUSR1, SIG_IGN);
	mq_notify(queue, &event);
	mq_send(queue, secret("posix payload"), strlen(text), 1);
	mq_receive(queue, payload, sizeof(payload), NULL);
	mq_unlink(name);
	close(queue);
}

static void sysv(void)
{
	struct {
		long type;
		char text[64];
	} message = { .type = 1 };
	int id = msgget(0x5ec2e7ab, IPC_CREAT | 0600);

	strcpy(message.text, secret("sysv payload"));
	msgsnd(id, &message, strlen(message.text), 0);
	msgrcv(id, &message, sizeof(message.text), 0, 0);
	msgctl(id, IPC_RMID, NULL);
}

/* In three buffers, with an address, and with a control message of a kind that says who sends. */
static void send_to(int from, const void *address, socklen_t length, const char *of)
{
	struct iovec iov[3];
	struct ucred own = { getpid(), getuid(), getgid() };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(own))];
	} control = { 0 };
	char bytes[64];

	strcpy(bytes, secret(of));
	for (int i = 0; i < 3; i++)
		iov[i] = (struct iovec){ bytes + 8 * i, i < 2 ? 8 : strlen(bytes) - 16 };
	control.header = (struct cmsghdr){ CMSG_LEN(sizeof(own)), SOL_SOCKET, SCM_CREDENTIALS };
	memcpy(CMSG_DATA(&control.header), &own, sizeof(own));
	struct msghdr message = {
		.msg_name = (void *)address,
		.msg_namelen = length,
		.msg_iov = iov,
		.msg_iovlen = 3,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	if (sendmsg(from, &message, 0) < 0)
		perror(of);
}

static void receive(int at)
{
	char bytes[128], name[128], control[128];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr message = {
		.msg_name = name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	recvmsg(at, &message, 0);
}

static void exchange(const void *address, socklen_t length, const char *of)
{
	int family = ((const struct sockaddr *)address)->sa_family, on = 1;
	int to = socket(family, SOCK_DGRAM, 0), from = socket(family, SOCK_DGRAM, 0);

	if (bind(to, address, length) < 0)
		perror(of);
	if (family == AF_UNIX)
		setsockopt(to, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	setsockopt(to, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
	setsockopt(to, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	send_to(from, address, length, of);
	receive(to);
	close(from);
	close(to);
}

int main(int argc, char **argv)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX }, hidden = { .sun_family = AF_UNIX };
	/* 127.201.202.203:51966 */
	struct sockaddr_in host = { AF_INET, htons(0xcafe), { htonl(0x7fc9cacb) }, { 0 } };

	if (argc < 3)
		return 64;
	word = argv[2];
	posix();
	prctl(PR_SET_NAME, secret("cm"));
	posix();
	sysv();
	snprintf(path.sun_path, sizeof(path.sun_path), "%s/%s", argv[1], secret("socket"));
	exchange(&path, sizeof(path), "unix payload");
	strcpy(hidden.sun_path + 1, secret("abstract"));
	exchange(&hidden, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text), "abstract payload");
	exchange(&host, sizeof(host), "inet payload");
	if (setresgid(0x7b6b5c4d, 0x7b6b5c4d, 0x7b6b5c4d) || setresuid(0x7a6b5c4d, 0x7a6b5c4d, 0x7a6b5c4d))
		return 71;
	posix();
	exchange(&hidden, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text), "other user's payload");
	return 0;
}
