/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOLDERS_H
#define HOLDERS_H

struct mt_holders;

/* The iterator's link; it stays the holders'. */
int holders_link(const struct mt_holders *holders);

#endif
