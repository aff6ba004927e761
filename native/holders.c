/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The iterator over all descriptors of all processes (bpf/inventory.bpf.c): loaded once, read for each inventory. The
 * kernel runs it inside read(), on the caller's time; nothing stays attached to anything in between.
 */
#include "found.h"
#include "message.h"
#include "msgtape.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mt_holders {
	struct bpf_object *object;
	struct bpf_link *link;
};

static int is_config(const struct bpf_map *map)
{
	static const char section[] = ".rodata.config";
	const char *name = bpf_map__name(map);
	size_t len = strlen(name);

	return len >= sizeof(section) - 1 && !strcmp(name + len - (sizeof(section) - 1), section);
}

static int set_config(struct bpf_object *object, const void *config, size_t config_len)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (is_config(map))
			return bpf_map__value_size(map) == config_len ?
				       bpf_map__set_initial_value(map, config, config_len) :
				       -EINVAL;
	return -EINVAL;
}

static int load(struct mt_holders *holders, const char *object_path, const void *config, size_t config_len,
		const char **what)
{
	struct bpf_program *program;
	int err;

	*what = "cannot read the kernel programs";
	if (access(object_path, R_OK))
		return -errno;
	*what = "cannot open the kernel programs";
	log_listen();
	holders->object = bpf_object__open_file(object_path, NULL);
	if (!holders->object)
		return -errno;
	*what = "the iterator is of another build than msgtape: build again";
	err = set_config(holders->object, config, config_len);
	if (err)
		return err;
	*what = "the kernel refused the iterator";
	err = bpf_object__load(holders->object);
	if (err)
		return err;
	*what = "the iterator cannot be attached";
	program = bpf_object__next_program(holders->object, NULL);
	holders->link = program ? bpf_program__attach_iter(program, NULL) : NULL;
	return holders->link ? 0 : program ? -errno : -EINVAL;
}

int mt_holders_open(const char *object_path, const void *config, size_t config_len, struct mt_holders **result,
		    char *message, size_t message_len)
{
	struct mt_holders *holders = calloc(1, sizeof(*holders));
	const char *what = "no memory";
	int err = holders ? load(holders, object_path, config, config_len, &what) : -ENOMEM;

	*result = NULL;
	if (err) {
		message_explain(message, message_len, what, err);
		mt_holders_close(holders);
		return errno_of(err);
	}
	*result = holders;
	return 0;
}

/*
 * read() gives what fits of whole pieces. Where it has looked at a million descriptors and found nothing it comes back
 * with EAGAIN, to go on from there (kernel/bpf/bpf_iter.c).
 */
int mt_holders_read(struct mt_holders *holders, uint32_t limit_ms, void *queues, size_t queues_size,
		    struct mt_found *found)
{
	uint64_t until_ms = found_now_ms() + limit_ms;
	ssize_t got;
	int fd, err = 0;

	memset(found, 0, sizeof(*found));
	fd = bpf_iter_create(bpf_link__fd(holders->link));
	if (fd < 0)
		return -errno;
	for (;;) {
		if (found_now_ms() > until_ms) {
			found->cut = ETIME;
			break;
		}
		if (queues_size - found->queues_len < sizeof(struct mt_found_queue)) {
			found->cut = ENOSPC;
			break;
		}
		got = read(fd, (char *)queues + found->queues_len, queues_size - found->queues_len);
		if (!got)
			break;
		if (got > 0) {
			found->queues_len += (uint64_t)got;
		} else if (errno != EAGAIN && errno != EINTR) {
			err = -errno;
			break;
		}
	}
	close(fd);
	return err;
}

void mt_holders_close(struct mt_holders *holders)
{
	if (!holders)
		return;
	bpf_link__destroy(holders->link);
	bpf_object__close(holders->object);
	free(holders);
}
