// SPDX-License-Identifier: Apache-2.0
/*
 * The 32-bit calls of an x86_64 kernel, by int 0x80: their own numbers with 32-bit and with 64-bit times, the
 * multiplexers ipc and socketcall, compat structs. The same source makes a 64-bit program (int 0x80 from 64-bit
 * code: the ABI belongs to the call, not to the process) and, by gcc -m32, a 32-bit one, which also calls through
 * the C library.
 *
 * ia32 [sockets]: with sendmsg, recvmsg, sendmmsg and recvmmsg too.
 */
#include "truth.h"
#include <linux/ipc.h>
#include <sys/socket.h>

#define NR_socketcall 102
#define NR_ipc 117
#define NR_mq_open 277
#define NR_mq_unlink 278
#define NR_mq_timedsend_time32 279
#define NR_mq_timedreceive_time32 280
#define NR_mq_notify 281
#define NR_mq_getsetattr 282
#define NR_recvmmsg_time32 337
#define NR_sendmmsg 345
#define NR_sendmsg 370
#define NR_recvmsg 372
#define NR_msgget 399
#define NR_msgsnd 400
#define NR_msgrcv 401
#define NR_msgctl 402
#define NR_recvmmsg_time64 417
#define NR_mq_timedsend_time64 418
#define NR_mq_timedreceive_time64 419
#define MSG_STAT 11
#define MSG_INFO 12
#define IPC_64_BIT 0x100

/* int80(nr, a, b, c, d, e, f). In assembler, since the sixth argument goes where compilers keep their frame. */
long int80(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f);
#ifdef __x86_64__
asm(".text\nint80: push %rbx; push %rbp\n"
    "mov %edi, %eax; mov %esi, %ebx; xchg %ecx, %edx; mov %r8d, %esi; mov %r9d, %edi; mov 24(%rsp), %ebp\n"
    "int $0x80; cltq\n"
    "pop %rbp; pop %rbx; ret\n");
#else
asm(".text\nint80: push %ebx; push %esi; push %edi; push %ebp\n"
    "mov 20(%esp), %eax; mov 24(%esp), %ebx; mov 28(%esp), %ecx; mov 32(%esp), %edx\n"
    "mov 36(%esp), %esi; mov 40(%esp), %edi; mov 44(%esp), %ebp\n"
    "int $0x80\n"
    "pop %ebp; pop %edi; pop %esi; pop %ebx; ret\n");
#endif

#define LOW(pointer) ((uint32_t)(uintptr_t)(pointer))
#define IA32 ",\"abi\":\"ia32\",\"via\":null"
#define VIA_IPC ",\"abi\":\"ia32\",\"via\":\"ipc\""
#define VIA_SOCKETCALL ",\"abi\":\"ia32\",\"via\":\"socketcall\""

/* The structs as a 32-bit program lays them out, whatever this program is. */
struct time32 {
	int32_t sec, nsec;
};
struct time64 {
	int64_t sec, nsec;
};
struct attr32 {
	int32_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};
struct event32 {
	uint32_t value;
	int32_t signo, notify;
	uint32_t rest[13];
};
struct message32 {
	int32_t mtype;
	char mtext[64];
};
struct perm32 { /* compat_ipc64_perm */
	int32_t key;
	uint32_t uid, gid, cuid, cgid;
	uint16_t mode, pad1, seq, pad2;
	uint32_t unused[2];
};
struct ds64 { /* compat_msqid64_ds */
	struct perm32 perm;
	uint32_t stime, stime_high, rtime, rtime_high, ctime, ctime_high;
	uint32_t cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	uint32_t unused[2];
};
struct ds_old { /* compat_msqid_ds */
	int32_t key;
	uint16_t uid, gid, cuid, cgid, mode, seq;
	uint32_t first, last;
	int32_t stime, rtime, ctime;
	uint32_t lcbytes, lqbytes;
	uint16_t cbytes, qnum, qbytes, lspid, lrpid;
};
struct iov32 {
	uint32_t base, len;
};
struct msghdr32 {
	uint32_t name, namelen, iov, iovlen, control, controllen, flags;
};
struct mmsghdr32 {
	struct msghdr32 hdr;
	uint32_t len;
};

/* Everything that a call points to, below 4 GiB. */
static struct low {
	char name[64], text[64];
	struct time32 time32;
	struct time64 time64;
	struct attr32 attr;
	struct event32 event;
	char cookie[32];
	struct message32 message;
	struct {
		uint32_t msgp;
		int32_t msgtyp;
	} kludge;
	union {
		struct ds64 ds64;
		struct ds_old ds_old;
	} ds;
	int32_t info[8];
	uint32_t prio, operands[6];
	struct iov32 iov[4];
	struct mmsghdr32 mmsg[3];
} *low;

static int queue, msqid;

static void told(const char *extra, const char *event, long ret, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	truth_line(syscall(SYS_gettid), extra, event, ret, format, list);
	va_end(list);
}

static void send_and_receive(int wide)
{
	const char *send = wide ? "mq_timedsend" : "mq_timedsend_time32";
	const char *receive = wide ? "mq_timedreceive" : "mq_timedreceive_time32";
	const char *quote = wide ? "\"" : ""; /* msg_len: size_t there, unsigned int here */
	uint32_t at = wide ? LOW(&low->time64) : LOW(&low->time32);
	low->time32 = (struct time32){ 2000000001, 123456789 };
	low->time64 = (struct time64){ 5000000001, 987654321 };
	char time[96];
	snprintf(time, sizeof(time), "{\"addr\":\"0x%x\",\"tv_sec\":%s,\"tv_nsec\":%s}", at,
		 wide ? "\"5000000001\"" : "2000000001", wide ? "\"987654321\"" : "123456789");
	strcpy(low->text, "thirty-two");
	long ret = int80(wide ? NR_mq_timedsend_time64 : NR_mq_timedsend_time32, queue, LOW(low->text), 10, 7, at, 0);
	told(IA32, send, ret,
	     "\"mqdes\":%d,\"msg_ptr\":{\"addr\":\"0x%x\",\"bytes\":\"%s\",\"status\":\"read\"},\"msg_len\":%s10%s,"
	     "\"msg_prio\":7,\"abs_timeout\":%s",
	     queue, LOW(low->text), b64("thirty-two", 10), quote, quote, time);
	ret = int80(wide ? NR_mq_timedreceive_time64 : NR_mq_timedreceive_time32, queue, LOW(low->text), 64,
		    LOW(&low->prio), at, 0);
	told(IA32, receive, ret,
	     "\"mqdes\":%d,\"msg_ptr\":{\"addr\":\"0x%x\",\"bytes\":\"%s\",\"status\":\"read\"},\"msg_len\":%s64%s,"
	     "\"msg_prio\":{\"addr\":\"0x%x\",\"value\":%u},\"abs_timeout\":%s",
	     queue, LOW(low->text), b64("thirty-two", 10), quote, quote, LOW(&low->prio), low->prio, time);
	/* Nothing there and the time past: ETIMEDOUT; and arguments whose sign matters. */
	low->time32 = (struct time32){ 1, 0 };
	low->time64 = (struct time64){ 1, 0 };
	ret = int80(wide ? NR_mq_timedreceive_time64 : NR_mq_timedreceive_time32, queue, LOW(low->text), 64, 0, at, 0);
	told(IA32, receive, ret, "\"mqdes\":%d,\"msg_prio\":null,\"abs_timeout\":{\"tv_sec\":%s1%s,\"tv_nsec\":%s0%s}", queue,
	     quote, quote, quote, quote);
	low->time32 = (struct time32){ -1, -2 };
	low->time64 = (struct time64){ -1, -2 }; /* in compat calls the kernel drops the upper half of tv_nsec */
	ret = int80(wide ? NR_mq_timedsend_time64 : NR_mq_timedsend_time32, -1, LOW(low->text), 0xffffffff, 0xfffffffe, at, 0);
	told(IA32, send, ret,
	     "\"mqdes\":-1,\"msg_len\":%s4294967295%s,\"msg_prio\":4294967294,\"abs_timeout\":{\"tv_sec\":%s-1%s,\"tv_nsec\":%s%s%s}",
	     quote, quote, quote, quote, quote, wide ? "4294967294" : "-2", quote);
}

static void posix(void)
{
	low->attr = (struct attr32){ 3, 4, 64, 5, { 0 } };
	strcpy(low->name, own_name("ia32"));
	queue = int80(NR_mq_open, LOW(low->name), O_RDWR | O_CREAT, 0600, LOW(&low->attr), 0, 0);
	told(IA32, "mq_open", queue,
	     "\"name\":{\"text\":\"%s\"},\"oflag\":%d,\"mode\":%d,\"attr\":{\"addr\":\"0x%x\",\"mq_flags\":\"3\",\"mq_maxmsg\":\"4\","
	     "\"mq_msgsize\":\"64\",\"mq_curmsgs\":\"5\"}",
	     low->name, O_RDWR | O_CREAT, 0600, LOW(&low->attr));
	send_and_receive(0);
	send_and_receive(1);
	low->event = (struct event32){ 0x12345678, SIGUSR1, SIGEV_SIGNAL, { 0 } };
	long ret = int80(NR_mq_notify, queue, LOW(&low->event), 0, 0, 0, 0);
	told(IA32, "mq_notify", ret, "\"mqdes\":%d,\"sevp\":{\"addr\":\"0x%x\",\"sigev_signo\":%d,\"sigev_notify\":%d}", queue,
	     LOW(&low->event), SIGUSR1, SIGEV_SIGNAL);
	ret = int80(NR_mq_notify, queue, 0, 0, 0, 0, 0);
	told(IA32, "mq_notify", ret, "\"mqdes\":%d,\"sevp\":null", queue);
	low->attr = (struct attr32){ O_NONBLOCK, 9, 9, 9, { 0 } };
	ret = int80(NR_mq_getsetattr, queue, LOW(&low->attr), LOW(&low->ds), 0, 0, 0);
	told(IA32, "mq_getsetattr", ret,
	     "\"new\":{\"addr\":\"0x%x\",\"mq_flags\":\"%d\"},\"old\":{\"addr\":\"0x%x\",\"mq_flags\":\"0\",\"mq_maxmsg\":\"4\","
	     "\"mq_msgsize\":\"64\",\"mq_curmsgs\":\"0\"}",
	     LOW(&low->attr), O_NONBLOCK, LOW(&low->ds));
	ret = int80(NR_mq_unlink, LOW(low->name), 0, 0, 0, 0, 0);
	told(IA32, "mq_unlink", ret, "\"name\":{\"text\":\"%s\"}", low->name);
}

/* Both ways to the same four calls: their own numbers and ipc, whose MSGRCV comes in two versions. */
static long get(int ipc, int key, int flags)
{
	long ret = ipc ? int80(NR_ipc, MSGGET, key, flags, 0, 0, 0) : int80(NR_msgget, key, flags, 0, 0, 0, 0);
	told(ipc ? VIA_IPC : IA32, "msgget", ret, "\"key\":%d,\"msgflg\":%d", key, flags);
	return ret;
}

static void put(int ipc, int type, const char *text, uint32_t len, int flags)
{
	low->message.mtype = type;
	memcpy(low->message.mtext, text, len);
	uint32_t message = LOW(&low->message);
	long ret = ipc ? int80(NR_ipc, MSGSND, msqid, len, flags, message, 0) :
			 int80(NR_msgsnd, msqid, message, len, flags, 0, 0);
	told(ipc ? VIA_IPC : IA32, "msgsnd", ret,
	     "\"msqid\":%d,\"msgp\":{\"addr\":\"0x%x\",\"mtype\":\"%d\",\"mtext\":{\"bytes\":\"%s\",\"status\":\"read\"}},"
	     "\"msgsz\":\"%u\",\"msgflg\":%d",
	     msqid, message, type, b64(text, len), len, flags);
}

static void take(int ipc, uint32_t size, int type, int flags)
{
	uint32_t message = LOW(&low->message);
	low->kludge.msgp = message;
	low->kludge.msgtyp = type;
	long ret = ipc == 2 ? int80(NR_ipc, 1 << 16 | MSGRCV, msqid, size, flags, message, type) :
		   ipc	    ? int80(NR_ipc, MSGRCV, msqid, size, flags, LOW(&low->kludge), 0) :
			      int80(NR_msgrcv, msqid, message, size, type, flags, 0);
	char got[128] = "";
	if (ret >= 0)
		snprintf(got, sizeof(got), ",\"msgp\":{\"addr\":\"0x%x\",\"mtype\":\"%d\",\"mtext\":{\"bytes\":\"%s\"}}", message,
			 low->message.mtype, b64(low->message.mtext, ret));
	told(ipc ? VIA_IPC : IA32, "msgrcv", ret, "\"msqid\":%d,\"msgsz\":\"%u\",\"msgtyp\":\"%d\",\"msgflg\":%d%s", msqid, size,
	     type, flags, got);
}

static long control(int ipc, int id, int cmd, void *buf)
{
	return ipc ? int80(NR_ipc, MSGCTL, id, cmd, 0, LOW(buf), 0) : int80(NR_msgctl, id, cmd, LOW(buf), 0, 0, 0);
}

static void control_64(int ipc)
{
	struct ds64 *ds = &low->ds.ds64;
	const char *extra = ipc ? VIA_IPC : IA32;
	int more = ipc ? IPC_64_BIT : 0;
	long ret = control(ipc, msqid, IPC_STAT | more, ds);
	told(extra, "msgctl", ret,
	     "\"msqid\":%d,\"cmd\":%d,\"buf\":{\"addr\":\"0x%x\",\"msg_perm\":{\"key\":%d,\"mode\":%d},\"msg_cbytes\":\"%u\","
	     "\"msg_qnum\":\"%u\",\"msg_qbytes\":\"%u\",\"msg_lspid\":%d}",
	     msqid, IPC_STAT | more, LOW(ds), ds->perm.key, ds->perm.mode, ds->cbytes, ds->qnum, ds->qbytes, ds->lspid);
	ds->qbytes = 3000;
	ret = control(ipc, msqid, IPC_SET | more, ds);
	told(extra, "msgctl", ret, "\"cmd\":%d,\"buf\":{\"msg_qbytes\":\"3000\"}", IPC_SET | more);
	ret = control(ipc, 0, MSG_INFO | more, low->info);
	told(extra, "msgctl", ret, "\"cmd\":%d,\"buf\":{\"msgpool\":%d,\"msgmap\":%d,\"msgmax\":%d}", MSG_INFO | more, low->info[0],
	     low->info[1], low->info[2]);
	ret = control(ipc, msqid & 0x7fff, MSG_STAT | more, ds);
	told(extra, "msgctl", ret, "\"cmd\":%d,\"buf\":{\"msg_qbytes\":\"3000\"}", MSG_STAT | more);
}

static void control_old(void)
{
	struct ds_old *ds = &low->ds.ds_old;
	long ret = control(1, msqid, IPC_STAT, ds);
	told(VIA_IPC, "msgctl", ret,
	     "\"cmd\":%d,\"buf\":{\"addr\":\"0x%x\",\"msg_perm\":{\"key\":%d,\"mode\":%d},\"msg_qnum\":\"%d\"}", IPC_STAT, LOW(ds),
	     ds->key, ds->mode, ds->qnum);
	ds->qbytes = 2000;
	ret = control(1, msqid, IPC_SET, ds);
	told(VIA_IPC, "msgctl", ret, "\"cmd\":%d,\"buf\":{\"addr\":\"0x%x\"}", IPC_SET, LOW(ds));
}

static void sysv(int ipc)
{
	get(ipc, 0x6d550000 + getpid() % 0xffff, 0600); /* ENOENT */
	msqid = get(ipc, IPC_PRIVATE, 0600);
	put(ipc, 5, "five", 4, 0);
	put(ipc, 2, "t\0o", 3, IPC_NOWAIT);
	put(ipc, -7, "", 0, 0); /* EINVAL */
	take(ipc, 64, -3, 0);
	take(ipc ? 2 : 0, 64, 5, 0);
	take(ipc ? 2 : 0, 64, -2147483647, IPC_NOWAIT);
	put(ipc, 1, "x", 1, 0);
	control_64(ipc);
	if (ipc)
		control_old();
	long ret = control(ipc, msqid, IPC_RMID, NULL);
	told(ipc ? VIA_IPC : IA32, "msgctl", ret, "\"msqid\":%d,\"cmd\":%d", msqid, IPC_RMID);
}

static long socket_call(int mux, int sub, uint32_t nr, int count, const uint32_t *operands)
{
	memset(low->operands, 0, sizeof(low->operands));
	memcpy(low->operands, operands, count * sizeof(uint32_t));
	const uint32_t *o = low->operands;
	return mux ? int80(NR_socketcall, sub, LOW(low->operands), 0, 0, 0, 0) : int80(nr, o[0], o[1], o[2], o[3], o[4], 0);
}

static void sockets(int mux)
{
	int pair[2];
	const char *extra = mux ? VIA_SOCKETCALL : IA32;
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	strcpy(low->text, "datagram");
	low->iov[0] = (struct iov32){ LOW(low->text), 4 };
	low->iov[1] = (struct iov32){ LOW(low->text + 4), 4 };
	for (int i = 0; i < 3; i++)
		low->mmsg[i] = (struct mmsghdr32){ .hdr = { .iov = LOW(low->iov), .iovlen = 2 } };
	uint32_t header = LOW(&low->mmsg[0].hdr), vector = LOW(low->mmsg);
	const char *iovs = "\"msg_iov\":[{\"iov_base\":{\"bytes\":\"ZGF0YQ==\"},\"iov_len\":\"4\"},"
			   "{\"iov_base\":{\"bytes\":\"Z3JhbQ==\"},\"iov_len\":\"4\"}],\"msg_iovlen\":\"2\"";
	long ret = socket_call(mux, 16, NR_sendmsg, 3, (uint32_t[]){ pair[0], header, MSG_DONTWAIT });
	told(extra, "sendmsg", ret, "\"fd\":%d,\"msg\":{\"addr\":\"0x%x\",%s},\"flags\":%d", pair[0], header, iovs, MSG_DONTWAIT);
	ret = socket_call(mux, 17, NR_recvmsg, 3, (uint32_t[]){ pair[1], header, MSG_DONTWAIT });
	told(extra, "recvmsg", ret, "\"fd\":%d,\"msg\":{%s},\"flags\":%d", pair[1], iovs, MSG_DONTWAIT);
	ret = socket_call(mux, 20, NR_sendmmsg, 4, (uint32_t[]){ pair[0], vector, 3, MSG_DONTWAIT });
	told(extra, "sendmmsg", ret,
	     "\"fd\":%d,\"msgvec\":[{\"msg_hdr\":{%s},\"msg_len\":8},{\"msg_len\":8},{\"msg_len\":8}],\"vlen\":3,\"flags\":%d", pair[0],
	     iovs, MSG_DONTWAIT);
	low->time32 = (struct time32){ 4, 500000000 };
	ret = socket_call(mux, 19, NR_recvmmsg_time32, 5,
			  (uint32_t[]){ pair[1], vector, 2, MSG_DONTWAIT, LOW(&low->time32) });
	told(extra, "recvmmsg_time32", ret,
	     "\"fd\":%d,\"msgvec\":[{\"msg_hdr\":{%s},\"msg_len\":8},{\"msg_len\":8}],\"vlen\":2,\"flags\":%d,"
	     "\"timeout\":{\"addr\":\"0x%x\",\"tv_sec\":4,\"tv_nsec\":500000000}",
	     pair[1], iovs, MSG_DONTWAIT, LOW(&low->time32));
	if (!mux) {
		low->time64 = (struct time64){ 6, 700000000 };
		ret = int80(NR_recvmmsg_time64, pair[1], vector, 3, MSG_DONTWAIT, LOW(&low->time64), 0); /* one of three */
		told(extra, "recvmmsg", ret,
		     "\"fd\":%d,\"msgvec\":[{\"msg_hdr\":{%s},\"msg_len\":8}],\"vlen\":3,\"timeout\":{\"tv_sec\":\"6\",\"tv_nsec\":\"700000000\"}",
		     pair[1], iovs);
		ret = int80(NR_recvmmsg_time64, pair[1], vector, 3, MSG_DONTWAIT, 0, 0);
		told(extra, "recvmmsg", ret, "\"fd\":%d,\"vlen\":3,\"timeout\":null", pair[1]);
	}
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 77;
	posix();
	sysv(0);
	sysv(1);
	if (argc > 1 && strcmp(argv[1], "sockets") == 0) {
		sockets(0);
		sockets(1);
	}
	return 0;
}
