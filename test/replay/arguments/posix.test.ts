import { suite } from "uvu";
import * as assert from "uvu/assert";
import { base64, cat, decode, item, u32, u64, unread, zeros } from "../../support/evidence.js";

const test = suite("replay/arguments: POSIX queues");

/** flags, maxmsg, msgsize, curmsgs, 4 reserved */
const ATTR = cat(u64(0o4000), u64(10), u64(64), u64(3), zeros(32));
const ATTR32 = cat(u32(0o4000), u32(10), u32(64), u32(-1), zeros(16));
const ATTR_FIELDS = { mq_flags: "2048", mq_maxmsg: "10", mq_msgsize: "64", mq_curmsgs: "3" };

test("mq_open: the name's bytes end at the NUL, mode is 16 bits, attr by its fields", () => {
  const inputs = [item(0, "q\0"), item(3, ATTR)];
  assert.equal(
    decode("mq_open", [0x1000, 0o302, 0xffff_0180, 0x2000], { entry: inputs, exit: inputs, ret: 3 }),
    {
      name: { addr: "0x1000", len: 1, captured: 1, bytes: base64("q"), status: "read", text: "q" },
      oflag: 0o302,
      mode: 0o600,
      attr: { addr: "0x2000", ...ATTR_FIELDS },
    },
  );
});

test("mq_open by ia32: compat_mq_attr, same names and kinds; unused without O_CREAT", () => {
  const options = { abi: "ia32", ret: 3, entry: [item(0, "q\0"), item(3, ATTR32)] } as const;
  const created = decode("mq_open", [0x1000, 0o302, 0o600, 0xffff_f000n], options);
  assert.equal(created?.attr, {
    addr: "0xfffff000",
    ...ATTR_FIELDS,
    mq_curmsgs: "-1",
  });
  const opened = decode("mq_open", [0x1000, 0o2, 0o600, 0x2000], { ...options, entry: [item(0, "q\0")] });
  assert.equal(opened?.attr, { addr: "0x2000", status: "unused" });
});

test("mq_unlink: a name that is no UTF-8 has no text; one without a NUL has no length", () => {
  assert.equal(decode("mq_unlink", [0x1000], { entry: [item(0, cat("a", Uint8Array.of(0xff), "\0"))] }), {
    name: { addr: "0x1000", len: 2, captured: 2, bytes: "Yf8=", status: "read", text: null },
  });
  const long = item(0, "x".repeat(256), { status: "truncated", wanted: 257 });
  assert.equal(decode("mq_unlink", [0x1000], { entry: [long], ret: -36 })?.name, {
    addr: "0x1000",
    len: null,
    captured: 256,
    bytes: base64("x".repeat(256)),
    status: "truncated",
    text: "x".repeat(256),
  });
});

test("mq_timedsend: payload with NULs, snap length, timeout", () => {
  const entry = [
    item(1, "a\0\u001b[", { wanted: 5000, status: "truncated" }),
    item(4, cat(u64(1_700_000_000), u64(5))),
  ];
  assert.equal(decode("mq_timedsend", [3, 0x7fff_1234_5678n, 5000, 9, 0x2000], { entry, exit: entry }), {
    mqdes: 3,
    msg_ptr: {
      addr: "0x7fff12345678",
      len: 5000,
      captured: 4,
      bytes: base64("a\0\u001b["),
      status: "truncated",
    },
    msg_len: "5000",
    msg_prio: 9,
    abs_timeout: { addr: "0x2000", tv_sec: "1700000000", tv_nsec: "5" },
  });
});

test("mq_timedsend: no bytes and null pointers", () => {
  const entry = [item(1, "")];
  assert.equal(decode("mq_timedsend", [0xffff_ffff, 0x1000, 0, 0x1_0000_0002n, 0], { entry, ret: -9 }), {
    mqdes: -1,
    msg_ptr: { addr: "0x1000", len: 0, captured: 0, bytes: "", status: "read" },
    msg_len: "0",
    msg_prio: 2,
    abs_timeout: null,
  });
});

test("an input that was not resident at entry is taken from exit and says so", () => {
  const entry = [unread(1, "not_resident", 2), item(4, cat(u64(1)), { status: "partly", wanted: 16 })];
  const exit = [item(1, "hi"), item(4, cat(u64(1), u64(2)))];
  assert.equal(decode("mq_timedsend", [3, 0x1000, 2, 0, 0x2000], { entry, exit }), {
    mqdes: 3,
    msg_ptr: { addr: "0x1000", len: 2, captured: 2, bytes: base64("hi"), status: "read", evidence: "exit" },
    msg_len: "2",
    msg_prio: 0,
    abs_timeout: { addr: "0x2000", tv_sec: "1", tv_nsec: "2", evidence: "exit" },
  });
});

test("memory that nobody could read is status, never zeros", () => {
  const items = [unread(1, "not_resident", 2), unread(4, "refused", 16)];
  const args = decode("mq_timedsend", [3, 0x1000, 2, 0, 0xffff_8000_0000_0000n], {
    entry: items,
    exit: items,
  });
  assert.equal(args?.msg_ptr, { addr: "0x1000", len: 2, captured: 0, bytes: null, status: "not_resident" });
  assert.equal(args?.abs_timeout, { addr: "0xffff800000000000", status: "refused" });
});

test("a struct that was partly read has null for the rest", () => {
  const half = item(4, cat(u64(7), u32(1)), { status: "partly", wanted: 16 });
  const args = decode("mq_timedsend", [3, 0x1000, 0, 0, 0x2000], { entry: [half] });
  assert.equal(args?.abs_timeout, { addr: "0x2000", tv_sec: "7", tv_nsec: null, status: "partly" });
});

test("mq_timedreceive: outputs bounded by the result, from exit", () => {
  const exit = [item(1, "hello"), item(3, u32(7))];
  assert.equal(decode("mq_timedreceive", [3, 0x1000, 64, 0x2000, 0], { exit, ret: 5 }), {
    mqdes: 3,
    msg_ptr: { addr: "0x1000", len: 5, captured: 5, bytes: base64("hello"), status: "read" },
    msg_len: "64",
    msg_prio: { addr: "0x2000", value: 7 },
    abs_timeout: null,
  });
});

test("mq_timedreceive: failed, in flight, and with a priority that could not be read", () => {
  const failed = decode("mq_timedreceive", [3, 0x1000, 64, 0x2000, 0], { ret: -11 });
  assert.equal(failed?.msg_ptr, { addr: "0x1000", len: null, captured: 0, bytes: null, status: "no_output" });
  assert.equal(failed?.msg_prio, { addr: "0x2000", value: null, status: "no_output" });
  const open = decode("mq_timedreceive", [3, 0x1000, 64, 0x2000, 0], { exit: null, ret: null });
  assert.equal(open?.msg_ptr, { addr: "0x1000", len: null, captured: 0, bytes: null, status: "unknown" });
  const exit = [item(1, ""), unread(3, "not_resident", 4)];
  const read = decode("mq_timedreceive", [3, 0x1000, 64, 0x2000, 0], { exit, ret: 0 });
  assert.equal(read?.msg_ptr, { addr: "0x1000", len: 0, captured: 0, bytes: "", status: "read" });
  assert.equal(read?.msg_prio, { addr: "0x2000", value: null, status: "not_resident" });
  const none = decode("mq_timedreceive", [3, 0x1000, 64, 0x2000, 0], { ret: 3 });
  assert.equal(none?.msg_ptr, { addr: "0x1000", len: 3, captured: 0, bytes: null, status: "not_kept" });
});

test("the calls with 64-bit times from ia32: the kernel takes the low half of tv_nsec", () => {
  const entry = [item(1, "x"), item(4, cat(u64(-1), u32(5), u32(0xdead)))];
  assert.equal(decode("mq_timedsend", [3, 0x1000, 1, 0, 0x2000], { abi: "ia32", entry })?.abs_timeout, {
    addr: "0x2000",
    tv_sec: "-1",
    tv_nsec: "5",
  });
});

test("mq_timedsend_time32 and mq_timedreceive_time32: 32-bit times and lengths are numbers", () => {
  const timeout = item(4, cat(u32(-1), u32(999)));
  assert.equal(
    decode("mq_timedsend_time32", [3, 0x1000, 2, 1, 0x2000], {
      abi: "ia32",
      entry: [item(1, "hi"), timeout],
    }),
    {
      mqdes: 3,
      msg_ptr: { addr: "0x1000", len: 2, captured: 2, bytes: base64("hi"), status: "read" },
      msg_len: 2,
      msg_prio: 1,
      abs_timeout: { addr: "0x2000", tv_sec: -1, tv_nsec: 999 },
    },
  );
  assert.equal(
    decode("mq_timedreceive_time32", [3, 0x1000, 64, 0x2000, 0x3000], {
      abi: "ia32",
      entry: [timeout],
      exit: [item(1, "hi"), item(3, u32(1)), timeout],
      ret: 2,
    }),
    {
      mqdes: 3,
      msg_ptr: { addr: "0x1000", len: 2, captured: 2, bytes: base64("hi"), status: "read" },
      msg_len: 64,
      msg_prio: { addr: "0x2000", value: 1 },
      abs_timeout: { addr: "0x3000", tv_sec: -1, tv_nsec: 999 },
    },
  );
});

/** value, signo, notify, union */
const sigevent = (value: bigint, signo: number, notify: number, union: Uint8Array): Uint8Array =>
  cat(u64(value), u32(signo), u32(notify), union, zeros(48 - union.length));

test("mq_notify: by signal, by thread id, by thread with its cookie, null", () => {
  const bySignal = [item(1, sigevent(0x1_0000_0005n, 10, 0, zeros(0)))];
  assert.equal(decode("mq_notify", [3, 0x1000], { entry: bySignal }), {
    mqdes: 3,
    sevp: {
      addr: "0x1000",
      sigev_value: { sival_int: 5, sival_ptr: "0x100000005" },
      sigev_signo: 10,
      sigev_notify: 0,
    },
  });
  const byTid = [item(1, sigevent(0n, 10, 4, u32(4711)))];
  assert.equal(decode("mq_notify", [3, 0x1000], { entry: byTid })?.sevp, {
    addr: "0x1000",
    sigev_value: { sival_int: 0, sival_ptr: null },
    sigev_signo: 10,
    sigev_notify: 4,
    sigev_notify_thread_id: 4711,
  });
  const cookie = cat("c".repeat(31), "\0");
  const byThread = [
    item(1, sigevent(0x7000n, 5, 2, cat(u64(0x4000), u64(0)))),
    item(1, cookie, { kind: "COOKIE" }),
  ];
  assert.equal(decode("mq_notify", [3, 0x1000], { entry: byThread })?.sevp, {
    addr: "0x1000",
    sigev_value: { sival_int: 0x7000, sival_ptr: "0x7000" },
    sigev_signo: 5,
    sigev_notify: 2,
    sigev_notify_function: "0x4000",
    sigev_notify_attributes: null,
    cookie: { addr: "0x7000", len: 32, captured: 32, bytes: base64(cookie), status: "read" },
  });
  assert.equal(decode("mq_notify", [3, 0]), { mqdes: 3, sevp: null });
});

test("mq_notify by ia32: compat_sigevent, and a cookie that is not there", () => {
  const event = cat(u32(0xf000_0000), u32(5), u32(2), u32(0x4000), u32(0x5000), zeros(44));
  const entry = [item(1, event)];
  assert.equal(decode("mq_notify", [3, 0x1000], { abi: "ia32", entry })?.sevp, {
    addr: "0x1000",
    sigev_value: { sival_int: -0x1000_0000, sival_ptr: "0xf0000000" },
    sigev_signo: 5,
    sigev_notify: 2,
    sigev_notify_function: "0x4000",
    sigev_notify_attributes: "0x5000",
    cookie: { addr: "0xf0000000", len: 32, captured: 0, bytes: null, status: "not_kept" },
  });
});

test("a sigevent cut after its value: the rest is unknown", () => {
  const entry = [item(1, u64(1), { status: "partly", wanted: 64 })];
  assert.equal(decode("mq_notify", [3, 0x1000], { entry })?.sevp, {
    addr: "0x1000",
    sigev_value: { sival_int: 1, sival_ptr: "0x1" },
    sigev_signo: null,
    sigev_notify: null,
    status: "partly",
  });
});

test("mq_getsetattr: new from entry, old from exit, in both ABIs", () => {
  const entry = [item(1, ATTR)];
  const exit = [item(1, zeros(64)), item(2, cat(u64(0), u64(10), u64(64), u64(0), zeros(32)))];
  const old = { mq_flags: "0", mq_maxmsg: "10", mq_msgsize: "64", mq_curmsgs: "0" };
  assert.equal(decode("mq_getsetattr", [3, 0x1000, 0x2000], { entry, exit }), {
    mqdes: 3,
    new: { addr: "0x1000", ...ATTR_FIELDS },
    old: { addr: "0x2000", ...old },
  });
  const exit32 = [item(2, cat(u32(0), u32(10), u32(64), u32(0), zeros(16)))];
  assert.equal(decode("mq_getsetattr", [3, 0, 0x2000], { abi: "ia32", exit: exit32 }), {
    mqdes: 3,
    new: null,
    old: { addr: "0x2000", ...old },
  });
  assert.equal(decode("mq_getsetattr", [3, 0, 0x2000], { ret: -9 })?.old, {
    addr: "0x2000",
    status: "no_output",
  });
});

test("without raw arguments there are none", () => {
  assert.is(decode("mq_unlink", null), null);
});

test.run();
