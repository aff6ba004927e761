// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that seccomp refuses: the kernel never enters them, so sys_exit fires alone (and sys_enter not).
 * refused: mq_timedsend with ERRNO(EACCES), msgget with ERRNO(ENOSYS); mq_timedreceive is allowed.
 */
#include "truth.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mq_timedsend, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msgget, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	const char *name = own_name("refused");
	char text[64];
	int queue = open_queue(name, O_NONBLOCK, 4, 64);
	truth_of(getpid(), ",\"state\":\"complete\"", "mq_open", queue, "\"name\":{\"text\":\"%s\"}", name);
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	TRY(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	for (int i = 0; i < 3; i++) {
		truth_of(getpid(), ",\"state\":\"no_entry\"", "mq_timedsend",
			 CALL(SYS_mq_timedsend, queue, "refused", 7, 0, NULL), "\"mqdes\":%d,\"msg_len\":\"7\"", queue);
		truth_of(getpid(), ",\"state\":\"complete\"", "mq_timedreceive",
			 CALL(SYS_mq_timedreceive, queue, text, 64, NULL, NULL), "\"mqdes\":%d", queue);
	}
	truth_of(getpid(), ",\"state\":\"no_entry\"", "msgget", CALL(SYS_msgget, 0, 0600), "\"key\":0");
	truth_of(getpid(), ",\"state\":\"complete\"", "mq_unlink", CALL(SYS_mq_unlink, name), "\"name\":{\"text\":\"%s\"}", name);
	return 0;
}
