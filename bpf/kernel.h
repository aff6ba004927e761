/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types that the programs read, each with just the fields used. libbpf finds the real offsets in the
 * running kernel's BTF (CO-RE), so the order and size here mean nothing; no vmlinux.h of the build host is needed.
 */
#ifndef MSGTAPE_KERNEL_H
#define MSGTAPE_KERNEL_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { int counter; } mt_atomic_t;
typedef struct { __s64 counter; } mt_atomic64_t;

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct timespec64 {
	__s64 tv_sec;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct ns_common {
	unsigned int inum;
};

struct super_block {
	unsigned long s_magic;
	void *s_fs_info;
};

typedef struct { unsigned int val; } mt_kid_t;

struct inode {
	unsigned short i_mode;
	mt_kid_t i_uid, i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct idr {
	struct xarray idr_rt;
};

struct ipc_ids {
	struct idr ipcs_idr;
};

struct ipc_namespace {
	struct ipc_ids ids[3];
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct ipc_namespace *ipc_ns;
};

struct kern_ipc_perm {
	int id;
	int key;
	mt_kid_t uid, gid, cuid, cgid;
	unsigned short mode;
};

struct msg_queue {
	struct kern_ipc_perm q_perm;
	unsigned long q_cbytes;
	unsigned long q_qnum;
	unsigned long q_qbytes;
	struct pid *q_lspid;
	struct pid *q_lrpid;
};

struct msg_msgseg {
	struct msg_msgseg *next; /* its data follows it */
};

struct msg_msg {
	long m_type;
	unsigned long m_ts;
	struct msg_msgseg *next; /* its own data follows it, up to the end of the page */
};

struct mq_attr {
	long mq_flags;
	long mq_maxmsg;
	long mq_msgsize;
	long mq_curmsgs;
};

struct sigevent {
	int sigev_signo;
	int sigev_notify;
};

struct list_head {
	struct list_head *next;
};

struct ext_wait_queue {
	struct list_head list;
};

struct mqueue_inode_info {
	struct inode vfs_inode;
	struct mq_attr attr;
	struct sigevent notify;
	struct pid *notify_owner;
	struct ext_wait_queue e_wait_q[2];
	unsigned long qsize;
};

typedef struct { struct net *net; } possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	mt_atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr_un {
	unsigned short sun_family;
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct cred {
	mt_kid_t uid;
	mt_kid_t gid;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start;
	unsigned long arg_end;
};

struct signal_struct {
	mt_atomic_t live;
};

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

struct thread_info {
	unsigned long flags;
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	__u64 start_boottime;
	__u64 self_exec_id;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct mm_struct *mm;
	const struct cred *cred;
	struct pid *thread_pid;
	char comm[16];
};

#pragma clang attribute pop

/*
 * The registers at a system call. Not CO-RE: pt_regs is user-space ABI (ptrace) on both architectures.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31], sp, pc, pstate, orig_x0;
	__s32 syscallno;
};
#endif

/* The layouts of user memory that the programs must understand to follow pointers; fixed by the syscall ABI. */
struct mt_msghdr64 {
	__u64 name;
	__s32 namelen;
	__u32 pad;
	__u64 iov;
	__u64 iovlen;
	__u64 control;
	__u64 controllen;
	__u32 flags;
	__u32 pad2;
};
struct mt_msghdr32 {
	__u32 name;
	__s32 namelen;
	__u32 iov;
	__u32 iovlen;
	__u32 control;
	__u32 controllen;
	__u32 flags;
};
struct mt_iovec64 {
	__u64 base, len;
};
struct mt_iovec32 {
	__u32 base, len;
};

#endif
