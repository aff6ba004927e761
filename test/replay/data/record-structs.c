/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source of records.btf: one variable of each record struct, so that the compiler keeps it. Made by, in this
 * directory:
 *   clang -target bpf -g -O2 -I ../../../bpf -I /usr/include/x86_64-linux-gnu -c record-structs.c -o records.o
 *   llvm-objcopy --dump-section .BTF=records.btf records.o
 */
#include <linux/types.h>
#include "records.h"

struct mt_record record;
struct mt_entry entry;
struct mt_exit exit_;
struct mt_item item;
struct mt_queue queue;
struct mt_queue_name queue_name;
struct mt_task task;
struct mt_kernel kernel;
struct mt_libc libc;
