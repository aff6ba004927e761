/* mq_open of a queue of this process alone, then mq_send as often as argv[1] says, each at once refused: it is full. */
#include "truth.h"

int main(int argc, char **argv)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	long i, count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	char name[80];
	mqd_t queue;

	snprintf(name, sizeof(name), "/%s", own_name("storm"));
	queue = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
	TRY(queue);
	mq_unlink(name);
	for (i = 0; i < count; i++)
		mq_send(queue, "storm", 5, 0);
	return 0;
}
