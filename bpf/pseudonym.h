/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands in captures for a kernel object: never its address, but a hash of it under a secret that is thrown away. */
#ifndef MSGTAPE_PSEUDONYM_H
#define MSGTAPE_PSEUDONYM_H

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND                                                                                                   \
	do {                                                                                                       \
		v0 += v1; v1 = ROTL(v1, 13); v1 ^= v0; v0 = ROTL(v0, 32);                                          \
		v2 += v3; v3 = ROTL(v3, 16); v3 ^= v2;                                                             \
		v0 += v3; v3 = ROTL(v3, 21); v3 ^= v0;                                                             \
		v2 += v1; v1 = ROTL(v1, 17); v1 ^= v2; v2 = ROTL(v2, 32);                                          \
	} while (0)

/* SipHash-1-3 of one kernel address under the secret: what stands in captures instead of the address. */
static __always_inline __u64 pseudonym(__u64 address)
{
	__u64 k0 = config.secret[0], k1 = config.secret[1];
	__u64 v0 = 0x736f6d6570736575ULL ^ k0, v1 = 0x646f72616e646f6dULL ^ k1;
	__u64 v2 = 0x6c7967656e657261ULL ^ k0, v3 = 0x7465646279746573ULL ^ k1;
	__u64 last = 8ULL << 56;

	v3 ^= address;
	SIPROUND;
	v0 ^= address;
	v3 ^= last;
	SIPROUND;
	v0 ^= last;
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

#endif
