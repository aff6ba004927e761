/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for the tables of the drain thread. Speed only: nothing here resists an attacker. */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The finalizer of splitmix64: every input bit reaches every output bit. */
static inline uint64_t hash_mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

static inline uint64_t hash_add(uint64_t hash, uint64_t value)
{
	return hash_mix(hash + 0x9e3779b97f4a7c15ULL + value);
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_add(hash, word);
	}
	word = len;
	memcpy((uint8_t *)&word + 1, at, len);
	return hash_add(hash, word);
}

#endif
