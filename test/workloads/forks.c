// SPDX-License-Identifier: Apache-2.0
/*
 * forks CHILDREN CALLS: a storm of short-lived processes, some by fork, some by vfork and exec, some threads, each
 * of which makes CALLS getsetattr calls with its own pid in mqdes (EBADF: the argument is the identity) and goes.
 * Prints one line a task: {"tid":…,"calls":…}. The last children outlive the first process.
 */
#include "truth.h"

static int calls;

static void *body(void *unused)
{
	int tid = syscall(SYS_gettid);
	for (int i = 0; i < calls; i++)
		CALL(SYS_mq_getsetattr, -tid, NULL, NULL);
	char line[64];
	int n = snprintf(line, sizeof(line), "{\"tid\":%d,\"calls\":%d}\n", tid, calls);
	if (write(1, line, n) != n)
		_exit(71);
	return unused;
}

int main(int argc, char **argv)
{
	int children = argc > 1 ? atoi(argv[1]) : 10;
	calls = argc > 2 ? atoi(argv[2]) : 3;
	if (argc > 3) {
		body(NULL);
		return 0;
	}
	for (int i = 0; i < children; i++) {
		int kind = i % 3;
		pthread_t thread;
		pid_t child = 0;
		if (kind == 0) {
			pthread_create(&thread, NULL, body, NULL);
			pthread_join(thread, NULL);
			continue;
		}
		child = kind == 1 ? TRY(fork()) : TRY(vfork());
		if (child == 0) {
			if (kind == 2) {
				execl(argv[0], argv[0], "0", argv[2], "child", NULL);
				_exit(1);
			}
			body(NULL);
			/* A grandchild whose parent has gone before it calls. */
			if (i == children - 2 && fork() == 0) {
				while (getppid() != 1 && kill(getppid(), 0) == 0 && usleep(1000) == 0 && i++ < 20 + children)
					;
				body(NULL);
			}
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	body(NULL);
	return 0;
}
