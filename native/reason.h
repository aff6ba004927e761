/* SPDX-License-Identifier: Apache-2.0 */
/* Why a kernel function cannot be hooked, in words for users: errno alone says "No such file or directory". */
#ifndef REASON_H
#define REASON_H

#include <bpf/libbpf.h>

/* `what` failed with err for this program, which is for a kernel function. */
void hook_explain(const struct bpf_program *program, const char *what, int err, char *message, size_t len);

#endif
