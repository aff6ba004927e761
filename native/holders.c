/* SPDX-License-Identifier: Apache-2.0 */
/* The iterator over all descriptors of all processes (bpf/inventory.bpf.c): loaded once, read for each inventory. */
#include "holders.h"

#include "iterator.h"
#include "message.h"
#include "msgtape.h"

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

int mt_holders_read(struct mt_holders *holders, uint32_t limit_ms, void *queues, size_t queues_size,
		    struct mt_found *found)
{
	return iterator_read(holders_link(holders), limit_ms, queues, queues_size, found);
}

int holders_link(const struct mt_holders *holders)
{
	return bpf_link__fd(holders->link);
}

void mt_holders_close(struct mt_holders *holders)
{
	if (!holders)
		return;
	bpf_link__destroy(holders->link);
	bpf_object__close(holders->object);
	free(holders);
}
