/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The socket behind a descriptor: a queue whose name is its addresses. */
#ifndef MSGTAPE_SOCKET_H
#define MSGTAPE_SOCKET_H

#define SOCK_STREAM 1
#define MSG_TRUNC 0x20

static __always_inline void inet_address(__u8 *to, __u16 *len, __be16 port, __be32 address)
{
	*(__u16 *)to = AF_INET;
	*(__be16 *)(to + 2) = port;
	*(__be32 *)(to + 4) = address;
	*len = 16; /* sizeof(struct sockaddr_in) */
}

static __always_inline void inet6_address(__u8 *to, __u16 *len, __be16 port, const void *address)
{
	*(__u16 *)to = AF_INET6;
	*(__be16 *)(to + 2) = port;
	bpf_probe_read_kernel(to + 8, 16, address);
	*len = 28; /* sizeof(struct sockaddr_in6) */
}

static __always_inline void unix_address(struct mt_scratch *s, __u8 *to, __u16 *len, struct unix_sock *u)
{
	struct unix_address *a = CAST(struct unix_address, LOAD(u, addr));
	__u32 n;

	if (!a)
		return; /* not bound */
	n = LOAD(a, len);
	n = AT_MOST(n, 110); /* sizeof(struct sockaddr_un) */
	if (bpf_probe_read_kernel(to, n, (void *)(as_number(s, a) + bpf_core_field_offset(struct unix_address, name))))
		return;
	*len = n;
}

static __always_inline void socket_addresses(struct mt_scratch *s, struct mt_queue_name *n, struct sock *sk, __u64 address)
{
	if (n->family == AF_INET) {
		inet_address(n->local, &n->local_len, bpf_htons(LOAD(sk, __sk_common.skc_num)),
			     LOAD(sk, __sk_common.skc_rcv_saddr));
		if (LOAD(sk, __sk_common.skc_dport))
			inet_address(n->peer, &n->peer_len, LOAD(sk, __sk_common.skc_dport),
				     LOAD(sk, __sk_common.skc_daddr));
	} else if (n->family == AF_INET6) {
		__u64 base = address + bpf_core_field_offset(struct sock, __sk_common);

		inet6_address(n->local, &n->local_len, bpf_htons(LOAD(sk, __sk_common.skc_num)),
			      (void *)(base + bpf_core_field_offset(struct sock_common, skc_v6_rcv_saddr)));
		if (LOAD(sk, __sk_common.skc_dport))
			inet6_address(n->peer, &n->peer_len, LOAD(sk, __sk_common.skc_dport),
				      (void *)(base + bpf_core_field_offset(struct sock_common, skc_v6_daddr)));
	} else if (n->family == AF_UNIX && bpf_core_type_exists(struct unix_sock)) {
		struct unix_sock *u = CAST(struct unix_sock, sk);
		struct sock *peer = LOAD(u, peer);

		unix_address(s, n->local, &n->local_len, u);
		if (peer)
			unix_address(s, n->peer, &n->peer_len, CAST(struct unix_sock, peer));
	}
}

/* Three words of a bound name: the address of a struct unix_address alone may be that of a later one. */
static __always_inline __u64 unix_name(struct mt_scratch *s, struct unix_sock *u)
{
	__u64 at = as_number(s, LOAD(u, addr));

	if (!at)
		return 0;
	at += bpf_core_field_offset(struct unix_address, name);
	return load_pointer(at) ^ ROTL(load_pointer(at + 8), 21) ^ ROTL(load_pointer(at + 16), 42);
}

static __always_inline __u64 in6_words(__u64 at)
{
	return load_pointer(at) ^ ROTL(load_pointer(at + 8), 29);
}

/* Changes when either end of the socket gets another address: then its name is sent again. */
static __always_inline __u64 socket_ends(struct mt_scratch *s, struct sock *sk, __u64 address, __u16 family)
{
	__u64 ends, base;

	if (family == AF_UNIX && bpf_core_type_exists(struct unix_sock)) {
		struct unix_sock *u = CAST(struct unix_sock, sk);
		struct unix_sock *peer = CAST(struct unix_sock, LOAD(u, peer));

		ends = unix_name(s, u);
		return peer ? ROTL(ends, 11) ^ unix_name(s, peer) ^ as_number(s, peer) : ends;
	}
	ends = ((__u64)LOAD(sk, __sk_common.skc_dport) << 16) ^ LOAD(sk, __sk_common.skc_num);
	if (family == AF_INET6) {
		base = address + bpf_core_field_offset(struct sock, __sk_common);
		ends ^= in6_words(base + bpf_core_field_offset(struct sock_common, skc_v6_daddr));
		ends ^= ROTL(in6_words(base + bpf_core_field_offset(struct sock_common, skc_v6_rcv_saddr)), 7);
	} else {
		ends ^= ((__u64)LOAD(sk, __sk_common.skc_daddr) << 32) ^
			ROTL((__u64)LOAD(sk, __sk_common.skc_rcv_saddr), 16);
	}
	return ends;
}

static __always_inline int take_socket(struct mt_scratch *s, struct mt_task_state *t, __u32 arg, __s32 fd)
{
	struct mt_queue *q = &s->queue;
	struct mt_queue_seen *seen = NULL;
	struct inode *inode;
	struct socket *socket;
	struct net *net;
	struct sock *sk;
	struct file *file;
	struct mt_names *n;
	__u64 object, ends;
	__u16 family;

	file = file_of(bpf_get_current_task_btf(), fd);
	if (!file)
		return 0;
	file = CAST(struct file, file);
	inode = CAST(struct inode, LOAD(file, f_inode));
	if (!inode || (LOAD(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = CAST(struct socket, LOAD(file, private_data));
	if (!socket)
		return 0;
	sk = CAST(struct sock, LOAD(socket, sk));
	if (!sk)
		return 0;
	__builtin_memset(q, 0, sizeof(*q));
	object = as_number(s, sk);
	family = LOAD(sk, __sk_common.skc_family);
	ends = socket_ends(s, sk, object, family);
	/* With MSG_TRUNC a TCP socket throws the data away: nothing reaches the buffers (tcp_recvmsg_locked()). */
	s->discards = (family == AF_INET || family == AF_INET6) && LOAD(socket, type) == SOCK_STREAM;
	q->kind = MT_QUEUE_SOCKET;
	net = CAST(struct net, LOAD(sk, __sk_common.skc_net.net));
	q->namespace_inum = LOAD(net, ns.inum);
	q->id = LOAD(inode, i_ino);
	if (t)
		seen = find_seen(t, object, q->id, ends);
	q->generation = seen ? seen->generation : pseudonym(object);
	if ((config.filters & MT_FILTER_QUEUE) && !s->decided)
		s->drop = 1; /* sockets have no name that the filter could mean */
	if (!seen && !s->drop) {
		n = queue_names(s, q);
		if (n) {
			n->name.cookie = LOAD(sk, __sk_common.skc_cookie.counter);
			n->name.family = family;
			n->name.type = LOAD(socket, type);
			n->name.protocol = LOAD(sk, sk_protocol);
			socket_addresses(s, &n->name, sk, object);
			send_queue_names(n, t, object, q->id, ends);
		}
	}
	put_queue(s, arg, q);
	return 1;
}

#endif
