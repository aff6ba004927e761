/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for users, and libbpf's log, from which such a line takes its reason. Nothing is printed. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

/* Bounded; a NULL message is fine. */
void message_set(char *message, size_t len, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Forgets what libbpf said until now, and listens. With MSGTAPE_DEBUG in the environment stderr gets it too. */
void log_listen(void);

/* The last line that libbpf gave as a reason, "" when it gave none. */
void log_reason(char *reason, size_t len);

/* Whether this process may load tracing programs: 1, or 0. */
int may_load(void);

/* libbpf has error numbers of its own beyond errno's; -EINVAL stands for all of them. */
int errno_of(int err);

/* Says why loading or attaching `what` failed with err. */
void message_explain(char *message, size_t len, const char *what, int err);

#endif
