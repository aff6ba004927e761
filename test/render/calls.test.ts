import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatCall } from "../../src/render/calls.js";
import type { ArgValue, CallQueue } from "../../src/replay/types.js";
import { call, format, OPEN, PREFIX, QUEUE } from "../support/call-lines.js";
import { base64, cat, decode, item, u32, u64, unread, zeros } from "../support/evidence.js";

const test = suite("render/calls");

test("columns: time since the start, tid, comm; the time of the exit where there was no entry", () => {
  const line = call("mq_unlink", null, {
    enter_ns: null,
    duration_ns: null,
    comm: null,
    tid: 7,
    state: "no_entry",
  });
  assert.is(
    formatCall({ ...line, exit_ns: 5 }, { colour: false, width: null }),
    "   0.000000005       7 ?               <... mq_unlink resumed>) = 0",
  );
  assert.is(
    formatCall(call("mq_unlink", null, { comm: "a\u001b]0;x\u0007" }), { colour: false, width: null }),
    "   1.000000042    4711 a\\033]0;x\\007   mq_unlink(?) = 0 <0.000012300>",
  );
});

test("mq_open and mq_unlink", () => {
  const attr = cat(u64(0o4000), u64(10), u64(64), u64(0), zeros(32));
  const args = decode("mq_open", [0x1000, 0o302, 0o600, 0x2000], {
    entry: [item(0, "q\0"), item(3, attr)],
    ret: 3,
  });
  assert.is(
    format(call("mq_open", args, { ret: 3, queue: { ...QUEUE, depth_before: null, depth_after: 0 } })),
    'mq_open("q", O_RDWR|O_CREAT|O_EXCL, 0600, {mq_flags=O_NONBLOCK, mq_maxmsg=10, mq_msgsize=64, mq_curmsgs=0}) = 3</q> <0.000012300> [/q ?→0]',
  );
  const opened = decode("mq_open", [0x1000, 0o2, 0o600, 0], { entry: [item(0, "q\0")], ret: 3 });
  assert.is(format(call("mq_open", opened, { ret: 3 })), 'mq_open("q", O_RDWR) = 3 <0.000012300>');
  const odd = decode("mq_open", [0x1000, 0, 0, 0x2000], {
    entry: [item(0, "q\0"), item(3, cat(u64(7), zeros(56)))],
    ret: 3,
  });
  assert.is(
    format(call("mq_open", odd, { ret: 3 })),
    'mq_open("q", O_RDONLY, 000, {mq_flags=0x7, mq_maxmsg=0, mq_msgsize=0, mq_curmsgs=0}) = 3 <0.000012300>',
  );
  const unlink = decode("mq_unlink", [0x1000], { entry: [item(0, "\u001b[2J\n\0")], ret: -2 });
  assert.is(
    format(call("mq_unlink", unlink, { ret: -2, errno: "ENOENT" })),
    'mq_unlink("\\33[2J\\n") = -1 ENOENT (No such file or directory) <0.000012300>',
  );
});

test("mq_timedsend: descriptor with its queue, payload, depth", () => {
  const args = decode("mq_timedsend", [3, 0x1000, 64, 5, 0], {
    entry: [item(1, "hi\0\u001b", { wanted: 64, status: "truncated" })],
  });
  assert.is(
    format(call("mq_timedsend", args, { queue: QUEUE })),
    'mq_timedsend(3</q>, "hi\\0\\33"..., 64, 5, NULL) = 0 <0.000012300> [/q 3→4]',
  );
  assert.is(
    format(call("mq_timedsend", args, { queue: { ...QUEUE, name: "/\u202eq" } })),
    'mq_timedsend(3</\\u{202e}q>, "hi\\0\\33"..., 64, 5, NULL) = 0 <0.000012300> [/\\u{202e}q 3→4]',
  );
});

test("mq_timedreceive: received, empty, unread, interrupted, in flight, resumed", () => {
  const exit = [item(1, "hello"), item(3, u32(7))];
  const entry = [item(4, cat(u64(1), u64(5)))];
  const args = [3, 0x7fff_0000_1000n, 64, 0x2000, 0x3000];
  const received = decode("mq_timedreceive", args, { entry, exit, ret: 5 });
  const text = 'mq_timedreceive(3</q>, "hello", 64, [7], {tv_sec=1, tv_nsec=5}) = 5 <0.000012300> [/q 3→4]';
  assert.is(format(call("mq_timedreceive", received, { ret: 5, queue: QUEUE })), text);
  const failed = decode("mq_timedreceive", args, { entry, ret: -11 });
  const bare = "3, 0x7fff00001000, 64, 0x2000, {tv_sec=1, tv_nsec=5}";
  assert.is(
    format(call("mq_timedreceive", failed, { ret: -11, errno: "EAGAIN" })),
    `mq_timedreceive(${bare}) = -1 EAGAIN (Resource temporarily unavailable) <0.000012300>`,
  );
  const interrupted = decode("mq_timedreceive", args, { entry, ret: -512 });
  assert.is(
    format(call("mq_timedreceive", interrupted, { ret: -512, errno: "ERESTARTSYS", restart_of: 17 })),
    `mq_timedreceive(${bare}) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.000012300> /* restart of call 17 */`,
  );
  const open = decode("mq_timedreceive", args, { entry, exit: null, ret: null });
  assert.is(
    format(call("mq_timedreceive", open, { ...OPEN, queue: { ...QUEUE, depth_after: null } })),
    `mq_timedreceive(${bare.replace("3,", "3</q>,")} <unfinished ...> [/q 3→]`,
  );
  assert.is(
    format(call("mq_timedreceive", open, { ...OPEN, state: "uncertain" })),
    `mq_timedreceive(${bare} <unfinished ...> /* uncertain: records were lost */`,
  );
  const resumed = {
    enter_ns: null,
    exit_ns: 1_000_000_042,
    duration_ns: null,
    ret: 5,
    state: "no_entry",
  } as const;
  assert.is(
    format(call("mq_timedreceive", received, resumed)),
    '<... mq_timedreceive resumed>3, "hello", 64, [7], {tv_sec=1, tv_nsec=5}) = 5',
  );
  assert.is(format(call("mq_timedreceive", null, resumed)), "<... mq_timedreceive resumed>) = 5");
  const lost = decode("mq_timedreceive", args, { entry, exit: [unread(1, "not_resident", 5)], ret: 5 });
  assert.is(
    format(call("mq_timedreceive", lost, { ret: 5 })),
    "mq_timedreceive(3, 0x7fff00001000 /* not resident */, 64, 0x2000 /* not kept */, {tv_sec=1, tv_nsec=5}) = 5 <0.000012300>",
  );
});

test("the calls of ia32 say so", () => {
  const timeout = item(4, cat(u32(1), u32(2)));
  const args = decode("mq_timedsend_time32", [3, 0x1000, 2, 1, 0x2000], {
    abi: "ia32",
    entry: [item(1, "hi"), timeout],
  });
  assert.is(
    format(call("mq_timedsend_time32", args, { abi: "ia32" })),
    'mq_timedsend_time32(3, "hi", 2, 1, {tv_sec=1, tv_nsec=2}) = 0 <0.000012300> /* ia32 */',
  );
  const send = decode("msgsnd", [7, 0x1000, 2, 0], {
    abi: "ia32",
    via: "ipc",
    entry: [item(1, cat(u32(1), "hi"))],
  });
  assert.is(
    format(call("msgsnd", send, { abi: "ia32", via: "ipc" })),
    'msgsnd(7, {mtype=1, mtext="hi"}, 2, 0) = 0 <0.000012300> /* ia32, through ipc */',
  );
});

test("mq_notify and mq_getsetattr", () => {
  const bySignal = [item(1, cat(u64(5), u32(10), u32(0), zeros(48)))];
  assert.is(
    format(call("mq_notify", decode("mq_notify", [3, 0x1000], { entry: bySignal }))),
    "mq_notify(3, {sigev_value={sival_int=5, sival_ptr=0x5}, sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}) = 0 <0.000012300>",
  );
  const byThread = [
    item(1, cat(u64(0x7000), u32(5), u32(2), u64(0x4000), u64(0), zeros(32))),
    item(1, "cookie", { kind: "COOKIE" }),
  ];
  assert.is(
    format(call("mq_notify", decode("mq_notify", [3, 0x1000], { entry: byThread }))),
    'mq_notify(3, {sigev_value={sival_int=28672, sival_ptr=0x7000}, sigev_signo=SIGTRAP, sigev_notify=SIGEV_THREAD, sigev_notify_function=0x4000, sigev_notify_attributes=NULL, cookie="cookie"}) = 0 <0.000012300>',
  );
  const partly = [item(1, u64(5), { status: "partly", wanted: 64 })];
  assert.is(
    format(call("mq_notify", decode("mq_notify", [3, 0x1000], { entry: partly }))),
    "mq_notify(3, {sigev_value={sival_int=5, sival_ptr=0x5}, sigev_signo=?, sigev_notify=?} /* partly resident */) = 0 <0.000012300>",
  );
  const exit = [item(2, cat(u64(0), u64(10), u64(64), u64(2), zeros(32)))];
  assert.is(
    format(call("mq_getsetattr", decode("mq_getsetattr", [3, 0, 0x2000], { exit }))),
    "mq_getsetattr(3, NULL, {mq_flags=0, mq_maxmsg=10, mq_msgsize=64, mq_curmsgs=2}) = 0 <0.000012300>",
  );
});

test("what the catalogue does not know is shown as it is", () => {
  const line = call(
    "mq_\u001bnew",
    {
      "a\u009b": null,
      b: "\u001b[0m",
      c: { addr: "0x1", "x\u001b": ["\u0007"], toString: 2, d: { addr: "\u001b", status: "constructor" } },
    },
    {
      ret: -600,
      errno: "E\u001b",
    },
  );
  assert.is(
    format(line),
    "mq_\\033new(a\\u{9b}=NULL, b=\\033[0m, c={x\\033=[\\007], toString=2, d=\\033}) = -1 E\\033 <0.000012300>",
  );
});

test("whatever a line holds, nothing but text gets out", () => {
  const evil = "\u001b[31m\u009b\u202e\u0007\n";
  const names = [
    "addr",
    "status",
    "bytes",
    "len",
    "value",
    "cmsgs",
    "fds",
    "sun_path",
    "sun_path_bytes",
    "sin_addr",
  ];
  const more = ["mq_flags", "key", "msg_namelen", "at_entry", "sin6_addr", "cmsg_type", "remaining", evil];
  const shapes = (depth: number): ArgValue[] => {
    const leaves: ArgValue[] = [evil, null, -1, 1e300];
    if (depth === 0) return leaves;
    const inner = shapes(depth - 1);
    const structs = [...names, ...more].flatMap((name) =>
      inner.map((value) => ({ addr: evil, [name]: value })),
    );
    return [...leaves, inner, ...structs];
  };
  for (const value of shapes(2)) {
    for (const event of ["mq_open", "mq_notify", "recvmmsg", "msgsnd", evil]) {
      const args = {
        fd: value,
        name: value,
        sevp: value,
        msgvec: value,
        timeout: value,
        msgp: value,
        flags: value,
      };
      const queue: CallQueue = { kind: "posix", key: evil, name: evil, depth_before: 1, depth_after: null };
      const line = call(event, args, { comm: evil, errno: evil, queue, ret: 1 });
      assert.not.match(formatCall(line, { colour: false, width: null }), /[\p{C}\p{Zl}\p{Zp}]/u);
    }
  }
});

test("strings as long as wanted, lines as wide as wanted, colours when wanted", () => {
  const args = {
    name: { addr: "0x1", len: 40, captured: 40, bytes: base64("x".repeat(40)), status: "read", text: null },
  };
  assert.is(format(call("mq_unlink", args)), `mq_unlink("${"x".repeat(32)}"...) = 0 <0.000012300>`);
  assert.is(format(call("mq_unlink", args), { stringBytes: 2 }), 'mq_unlink("xx"...) = 0 <0.000012300>');
  assert.is(format(call("mq_unlink", args), { width: PREFIX.length + 12 }), 'mq_unlink("…');
  const coloured = formatCall(call("mq_unlink", null), { colour: true, width: null });
  assert.is(
    coloured,
    "\u001b[2m   1.000000042    4711 \u001b[0mserver          \u001b[1mmq_unlink\u001b[0m(?) = 0\u001b[2m <0.000012300>\u001b[0m",
  );
});

test.run();
