/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMAND_H
#define COMMAND_H

struct mt_command;

/* A descriptor by which it can be signalled, and nobody else under its number. Negative errno. */
int command_pidfd(const struct mt_command *command);

#endif
