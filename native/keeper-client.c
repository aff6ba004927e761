/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's side of its keeper (keeper.c). Believes no number in an answer beyond the room there is, waits for none
 * longer than its time, and passes by answers that come too late.
 */
#include "keeper-client.h"

#include "found.h"
#include "tape.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Beyond what a look may take by itself. */
#define SLACK_MS 2000
#define FACTS_MS 200
/* The number of none: every answer is passed by. */
#define NO_REQUEST UINT32_MAX

/* One packet of the answer to `seq`. 1: there is more; 0: that was its end, `result` is there; negative: none came. */
static int take_packet(struct mt_keeper *keeper, uint32_t seq, uint64_t until_ms, struct answer *answer, int *result)
{
	char packet[sizeof(struct keeper_answer) + KEEPER_PACKET];
	struct keeper_answer head;
	struct pollfd ready = { .fd = keeper->socket, .events = POLLIN };
	uint64_t now_ms = found_now_ms();
	ssize_t got;

	if (poll(&ready, 1, until_ms > now_ms ? (int)(until_ms - now_ms) : 0) < 0)
		return errno == EINTR ? 1 : -errno;
	if (!ready.revents)
		return -ETIME;
	got = recv(keeper->socket, packet, sizeof(packet), MSG_DONTWAIT);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (!got)
		return -EPIPE;
	if ((size_t)got < sizeof(head))
		return -EPROTO;
	memcpy(&head, packet, sizeof(head));
	if (head.len != (size_t)got - sizeof(head))
		return -EPROTO;
	if (!head.more)
		keeper->answered = head.seq;
	if (head.seq != seq)
		return 1; /* of a request for which nobody waits any more */
	if (head.len > answer->size - answer->len)
		return -EPROTO;
	memcpy(answer->data + answer->len, packet + sizeof(head), head.len);
	answer->len += head.len;
	*result = head.result;
	return head.more != 0;
}

int keeper_answer(struct mt_keeper *keeper, uint32_t seq, uint32_t limit_ms, struct answer *answer)
{
	uint64_t until_ms = found_now_ms() + limit_ms;
	int result = 0, err;

	do
		err = take_packet(keeper, seq, until_ms, answer, &result);
	while (err == 1);
	return err ? err : result;
}

/* Its result, and its bytes in `answer`. -ETIME: not in time; what comes later is passed by. */
static int ask(struct mt_keeper *keeper, struct keeper_request *request, uint32_t limit_ms, struct answer *answer)
{
	if (keeper->socket < 0)
		return -EPIPE;
	request->seq = ++keeper->seq;
	if (send(keeper->socket, request, sizeof(*request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? -ETIME : -errno;
	return keeper_answer(keeper, request->seq, limit_ms, answer);
}

/* Records wait meanwhile: so not behind a request whose answer is late already. -EBUSY: it still is. */
static int ask_when_free(struct mt_keeper *keeper, struct keeper_request *request, uint32_t limit_ms,
			 struct answer *answer)
{
	int err;

	if (keeper->answered != keeper->seq) {
		err = keeper_answer(keeper, NO_REQUEST, 0, NULL);
		if (keeper->answered != keeper->seq)
			return err == -EPIPE ? err : -EBUSY;
	}
	return ask(keeper, request, limit_ms, answer);
}

/* A request without an answer's bytes. */
static int tell(struct mt_keeper *keeper, uint32_t op, uint32_t count)
{
	struct keeper_request request = { .op = op, .count = count };
	struct answer nothing = { 0 };

	return ask(keeper, &request, SLACK_MS, &nothing);
}

/* Asks for a look, whose answer begins with `founds` structs; then come queues and text, as long as these say. */
static int ask_look(struct mt_keeper *keeper, struct keeper_request *request, struct mt_found *found, uint32_t founds,
		    void *queues, size_t queues_size, void *text, size_t text_size)
{
	struct answer answer = { .size = founds * sizeof(*found) + queues_size + text_size };
	uint64_t queues_len = 0, text_len = 0;
	uint32_t i;
	int err;

	answer.data = malloc(answer.size);
	if (!answer.data)
		return -ENOMEM;
	err = ask_when_free(keeper, request, request->limit_ms + SLACK_MS, &answer);
	if (err < 0)
		goto cleanup;
	if (answer.len < founds * sizeof(*found)) {
		err = -EPROTO;
		goto cleanup;
	}
	memcpy(found, answer.data, founds * sizeof(*found));
	for (i = 0; i < founds && queues_len <= queues_size && text_len <= text_size; i++) {
		if (found[i].queues_len > queues_size || found[i].sysv_len > text_size || found[i].limits_len > text_size)
			queues_len = queues_size + 1;
		queues_len += found[i].queues_len;
		text_len += found[i].sysv_len + found[i].limits_len;
	}
	if (queues_len > queues_size || text_len > text_size ||
	    answer.len != founds * sizeof(*found) + queues_len + text_len) {
		err = -EPROTO;
		goto cleanup;
	}
	memcpy(queues, answer.data + founds * sizeof(*found), queues_len);
	if (text)
		memcpy(text, answer.data + founds * sizeof(*found) + queues_len, text_len);
cleanup:
	free(answer.data);
	return err;
}

int mt_keeper_held(struct mt_keeper *keeper, uint32_t limit_ms, void *queues, size_t queues_size, struct mt_found *found)
{
	struct keeper_request request = { .op = KEEPER_HELD, .limit_ms = limit_ms, .room = queues_size };

	return ask_look(keeper, &request, found, 1, queues, queues_size, NULL, 0);
}

int mt_keeper_look(struct mt_keeper *keeper, const struct mt_namespace *namespaces, uint32_t count, uint32_t limit_ms,
		   void *queues, size_t queues_size, void *text, size_t text_size, struct mt_found *found)
{
	struct keeper_request request = { .op = KEEPER_LOOK, .limit_ms = limit_ms, .count = count };
	uint32_t i;

	if (count > KEEPER_NAMESPACES_MAX)
		return -EINVAL;
	request.room = queues_size < text_size ? queues_size : text_size;
	for (i = 0; i < count; i++)
		request.namespaces[i] = namespaces[i].namespace_inum;
	return ask_look(keeper, &request, found, count, queues, queues_size, text, text_size);
}

int mt_keeper_namespaces(struct mt_keeper *keeper, uint32_t limit_ms, struct mt_namespace *namespaces, size_t max,
			 struct mt_found *found)
{
	struct keeper_request request = { .op = KEEPER_NAMESPACES, .limit_ms = limit_ms };
	char data[sizeof(*found) + KEEPER_NAMESPACES_MAX * sizeof(*namespaces)];
	struct answer answer = { .data = data, .size = sizeof(data) };
	int count;

	request.count = max < KEEPER_NAMESPACES_MAX ? (uint32_t)max : KEEPER_NAMESPACES_MAX;
	count = ask_when_free(keeper, &request, limit_ms + SLACK_MS, &answer);
	if (count < 0)
		return count;
	if ((uint32_t)count > request.count || answer.len != sizeof(*found) + (size_t)count * sizeof(*namespaces))
		return -EPROTO;
	memcpy(found, data, sizeof(*found));
	memcpy(namespaces, data + sizeof(*found), (size_t)count * sizeof(*namespaces));
	return count;
}

int mt_keeper_facts(struct mt_keeper *keeper, uint32_t tgid, uint64_t start_ticks, void *text, size_t text_size,
		    uint32_t lengths[3])
{
	struct keeper_request request = { .op = KEEPER_FACTS, .tgid = tgid, .start_ticks = start_ticks };
	char data[sizeof(struct keeper_facts) + 3 * KEEPER_TEXT_MAX];
	struct answer answer = { .data = data, .size = sizeof(data) };
	struct keeper_facts facts;
	int err;

	err = ask_when_free(keeper, &request, FACTS_MS, &answer);
	if (err)
		return err;
	if (answer.len < sizeof(facts))
		return -EPROTO;
	memcpy(&facts, data, sizeof(facts));
	if (facts.exe_len > KEEPER_TEXT_MAX || facts.cmdline_len > KEEPER_TEXT_MAX || facts.cgroup_len > KEEPER_TEXT_MAX ||
	    answer.len != sizeof(facts) + facts.exe_len + facts.cmdline_len + facts.cgroup_len ||
	    answer.len - sizeof(facts) > text_size)
		return -EPROTO;
	memcpy(text, data + sizeof(facts), answer.len - sizeof(facts));
	lengths[0] = facts.exe_len;
	lengths[1] = facts.cmdline_len;
	lengths[2] = facts.cgroup_len;
	return 0;
}

/* One message, sent whole: it does not disturb a request that another thread is at. */
void keeper_hurry(const struct mt_keeper *keeper, uint32_t tid, int first)
{
	struct keeper_request request = { .op = KEEPER_HURRY, .tgid = tid, .count = first != 0 };

	send(keeper->socket, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void mt_keep_pace(struct mt_tape *tape, const struct mt_keeper *keeper)
{
	tape->keeper = keeper;
}

int mt_keeper_signal(struct mt_keeper *keeper, int signal)
{
	return tell(keeper, KEEPER_SIGNAL, (uint32_t)signal);
}

int mt_keeper_keep(struct mt_keeper *keeper)
{
	return tell(keeper, KEEPER_KEEP, 0);
}

int mt_keeper_discard(struct mt_keeper *keeper)
{
	return tell(keeper, KEEPER_DISCARD, 0);
}
