// SPDX-License-Identifier: Apache-2.0
/*
 * Calls with x32's bit in their number: three that msgtape knows, one of them by x32's own number, and one of another
 * kind. Whether the kernel carries them out does not matter; most are built without x32 and answer ENOSYS.
 */
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000
#define X32_MQ_NOTIFY 527

int main(void)
{
	syscall(X32_BIT | SYS_mq_timedsend, -1, "x", 1, 0, 0);
	syscall(X32_BIT | SYS_msgget, 0, 0);
	syscall(X32_BIT | X32_MQ_NOTIFY, -1, 0);
	syscall(X32_BIT | SYS_getpid);
	return 0;
}
