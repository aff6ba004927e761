import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallQueue } from "../../src/replay/types.js";
import { call, format, OPEN } from "../support/call-lines.js";
import { cat, decode, item, u16, u32, u64, zeros } from "../support/evidence.js";

const test = suite("render/values");

test("System V: keys, flags, commands, structs; the queue with its depth", () => {
  const queue: CallQueue = { kind: "sysv", key: "k", name: "0x000004d2", depth_before: 0, depth_after: 1 };
  assert.is(
    format(
      call(
        "msgget",
        { key: 1234, msgflg: 0o1600 },
        { ret: 7, queue: { ...queue, depth_before: null, depth_after: null } },
      ),
    ),
    "msgget(0x4d2, IPC_CREAT|0600) = 7 <0.000012300> [0x000004d2]",
  );
  const exit = [item(1, cat(u64(3), "hello"))];
  const received = decode("msgrcv", [7, 0x1000, 64, -2, 0o4000], { exit, ret: 5 });
  assert.is(
    format(call("msgrcv", received, { ret: 5, queue: { ...queue, depth_before: 1, depth_after: 0 } })),
    'msgrcv(7, {mtype=3, mtext="hello"}, 64, -2, IPC_NOWAIT) = 5 <0.000012300> [0x000004d2 1→0]',
  );
  const failed = decode("msgrcv", [7, 0x1000, 64, 0, 0o4000], { ret: -42 });
  assert.is(
    format(call("msgrcv", failed, { ret: -42, errno: "ENOMSG" })),
    "msgrcv(7, 0x1000, 64, 0, IPC_NOWAIT) = -1 ENOMSG (No message of desired type) <0.000012300>",
  );
  const stat = cat(
    u32(1234),
    ...[1, 2, 3, 4, 0o600].map(u32),
    zeros(24),
    ...[1, 2, 3, 40, 4, 16384].map(u64),
    zeros(24),
  );
  const args = decode("msgctl", [7, 2, 0x1000], { exit: [item(2, stat)] });
  assert.is(
    format(call("msgctl", args)),
    "msgctl(7, IPC_STAT, {msg_perm={key=0x4d2, uid=1, gid=2, cuid=3, cgid=4, mode=0600, seq=0}, msg_stime=1, msg_rtime=2, msg_ctime=3, msg_cbytes=40, msg_qnum=4, msg_qbytes=16384, msg_lspid=0, msg_lrpid=0}) = 0 <0.000012300>",
  );
  assert.is(
    format(call("msgctl", decode("msgctl", [7, 0, 0x1000]))),
    "msgctl(7, IPC_RMID, 0x1000) = 0 <0.000012300>",
  );
});

const header = (words: readonly number[], namelen = 0, flags = 0): Uint8Array =>
  cat(u64(words[0] ?? 0), u32(namelen), u32(0), ...words.slice(1).map(u64), u32(flags), u32(0));
const SOCKET: CallQueue = {
  kind: "socket",
  key: "k",
  name: "UDP:[127.0.0.1:1]",
  depth_before: null,
  depth_after: null,
};

test("sendmsg: address, iovecs, control messages", () => {
  const inet = cat(u16(2), Uint8Array.of(0x04, 0xd2, 127, 0, 0, 1), zeros(8));
  const rights = cat(u64(20), u32(1), u32(1), u32(3), u32(0));
  const entry = [
    item(1, header([0x2000, 0x3000, 1, 0x5000, 24], 16)),
    item(1, inet, { kind: "NAME" }),
    item(1, cat(u64(0x4000), u64(2)), { kind: "IOV" }),
    item(1, "hi", { kind: "DATA" }),
    item(1, rights, { kind: "CONTROL" }),
  ];
  const args = decode("sendmsg", [5, 0x1000, 0x40], { entry, ret: 2 });
  assert.is(
    format(call("sendmsg", args, { ret: 2, queue: SOCKET })),
    'sendmsg(5<UDP:[127.0.0.1:1]>, {msg_name={sa_family=AF_INET, sin_port=htons(1234), sin_addr=inet_addr("127.0.0.1")}, msg_namelen=16, msg_iov=[{iov_base="hi", iov_len=2}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}], msg_controllen=24, msg_flags=0}, MSG_DONTWAIT) = 2 <0.000012300>',
  );
});

test("a receive that got nothing shows what it was given", () => {
  const entry = [
    item(1, header([0x2000, 0x3000, 1, 0, 0], 128, 7)),
    item(1, cat(u64(0x4000), u64(2)), { kind: "IOV" }),
  ];
  const text =
    "recvmsg(5, {msg_name=0x2000, msg_namelen=128, msg_iov=[{iov_base=0x4000, iov_len=2}], msg_iovlen=1, msg_controllen=0}, 0";
  assert.is(
    format(
      call("recvmsg", decode("recvmsg", [5, 0x1000, 0], { entry, ret: -11 }), { ret: -11, errno: "EAGAIN" }),
    ),
    `${text}) = -1 EAGAIN (Resource temporarily unavailable) <0.000012300>`,
  );
  const open = decode("recvmsg", [5, 0x1000, 0], { entry, exit: null, ret: null });
  assert.is(format(call("recvmsg", open, OPEN)), `${text} <unfinished ...>`);
});

test("addresses of the other families", () => {
  const name = (bytes: Uint8Array): string => {
    const entry = [item(1, header([0x2000, 0, 0, 0, 0], bytes.length)), item(1, bytes, { kind: "NAME" })];
    const text = format(call("sendmsg", decode("sendmsg", [5, 0x1000, 0], { entry })));
    return /msg_name=(\{.*?\}),/.exec(text)?.[1] ?? text;
  };
  assert.is(name(cat(u16(1), "/run/\u001bx\0")), '{sa_family=AF_UNIX, sun_path="/run/\\33x"}');
  assert.is(name(cat(u16(1), "\0ab\0\n")), '{sa_family=AF_UNIX, sun_path=@"ab\\0\\n"}');
  assert.is(name(cat(u16(1), "@ab\0")), '{sa_family=AF_UNIX, sun_path="@ab"}');
  assert.is(name(cat(u16(16), u16(0), u32(4), u32(1))), "{sa_family=AF_NETLINK, nl_pid=4, nl_groups=1}");
  assert.is(
    name(cat(u16(10), Uint8Array.of(0, 80), u32(0), zeros(15), "\u0001", u32(3))),
    '{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=3}',
  );
  assert.is(name(cat(u16(99), "a\u001b")), '{sa_family=99, sa_data="a\\33"}');
});

test("recvmmsg: the messages that came, lengths before and after, the time that was left", () => {
  const message = (number: number, namelen: number, len: number) => [
    item(1, cat(header([0x2000, 0x3000, 1, 0, 0], namelen), u32(len), u32(0)), {
      kind: "MMSGHDR",
      message: number,
      addr: BigInt(0x1000 + 64 * number),
    }),
    item(1, cat(u64(0x4000), u64(4)), { kind: "IOV", message: number }),
  ];
  const entry = [...message(0, 128, 0), ...message(1, 128, 0), item(4, cat(u64(1), u64(0)))];
  const exit = [
    ...message(0, 2, 3),
    item(1, u16(1), { kind: "NAME" }),
    item(1, "abc", { kind: "DATA" }),
    item(4, cat(u64(0), u64(7))),
  ];
  const args = decode("recvmmsg", [5, 0x1000, 2, 0x10000, 0x2000], { entry, exit, ret: 1 });
  const none = decode("recvmmsg", [5, 0x1000, 2, 0x10000, 0x2000], { entry, ret: -11 });
  assert.is(
    format(call("recvmmsg", none, { ret: -11, errno: "EAGAIN" })),
    "recvmmsg(5, 0x1000, 2, MSG_WAITFORONE, {tv_sec=1, tv_nsec=0}) = -1 EAGAIN (Resource temporarily unavailable) <0.000012300>",
  );
  assert.is(
    format(call("recvmmsg", args, { ret: 1 })),
    'recvmmsg(5, [{msg_hdr={msg_name={sa_family=AF_UNIX, sun_path=""}, msg_namelen=128 => 2, msg_iov=[{iov_base="abc", iov_len=4}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=3}, ...], 2, MSG_WAITFORONE, {tv_sec=1, tv_nsec=0}) = 1 (left {tv_sec=0, tv_nsec=7}) <0.000012300>',
  );
});

test.run();
