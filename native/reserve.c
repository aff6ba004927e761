/* SPDX-License-Identifier: Apache-2.0 */
/* Space for a file's end, kept from its beginning: Node has no such call. */
#include "msgtape.h"

#include <errno.h>
#include <fcntl.h>

int mt_reserve(int fd, uint64_t offset, uint64_t length)
{
	int result;

	do
		result = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
	while (result && errno == EINTR);
	return result ? -errno : 0;
}
