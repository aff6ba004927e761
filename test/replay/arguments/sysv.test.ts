import { suite } from "uvu";
import * as assert from "uvu/assert";
import { base64, cat, decode, item, u16, u32, u64, unread, zeros } from "../../support/evidence.js";

const test = suite("replay/arguments: System V queues");

test("msgget: no pointers; key and flags keep their sign", () => {
  assert.equal(decode("msgget", [0xffff_ffff, 0o1600], { ret: 7 }), { key: -1, msgflg: 0o1600 });
});

test("msgsnd: mtype apart from mtext, whose length does not count it", () => {
  const entry = [item(1, cat(u64(-5), "hi\0"), { wanted: 108, status: "truncated" })];
  assert.equal(decode("msgsnd", [7, 0x1000, 100, 0o4000], { entry }), {
    msqid: 7,
    msgp: {
      addr: "0x1000",
      mtype: "-5",
      mtext: { len: 100, captured: 3, bytes: base64("hi\0"), status: "truncated" },
    },
    msgsz: "100",
    msgflg: 0o4000,
  });
});

test("msgsnd by ia32, its own number and ipc: mtype is 32 bits wide", () => {
  const entry = [item(1, cat(u32(-1), "hi"))];
  const expected = {
    msqid: 7,
    msgp: {
      addr: "0xfffff000",
      mtype: "-1",
      mtext: { len: 2, captured: 2, bytes: base64("hi"), status: "read" },
    },
    msgsz: "2",
    msgflg: 0,
  };
  const args = [7, 0xffff_f000n, 2, 0];
  assert.equal(decode("msgsnd", args, { abi: "ia32", entry }), expected);
  assert.equal(decode("msgsnd", args, { abi: "ia32", via: "ipc", entry }), expected);
});

test("msgsnd: an msgbuf that ends inside mtype has none", () => {
  const cut = item(1, zeros(5), { wanted: 10, status: "partly" });
  assert.equal(decode("msgsnd", [7, 0x1000, 2, 0], { entry: [cut], ret: -14 })?.msgp, {
    addr: "0x1000",
    mtype: null,
    mtext: { len: 2, captured: 0, bytes: "", status: "partly" },
    status: "partly",
  });
  const none = unread(1, "not_resident", 10);
  assert.equal(decode("msgsnd", [7, 0x1000, 2, 0], { entry: [none], ret: -14 })?.msgp, {
    addr: "0x1000",
    status: "not_resident",
  });
});

test("msgrcv: msgp from exit; msgtyp is signed", () => {
  const exit = [item(1, cat(u64(3), "hello"))];
  assert.equal(decode("msgrcv", [7, 0x1000, 64, -2n & 0xffff_ffff_ffff_ffffn, 0o10000], { exit, ret: 5 }), {
    msqid: 7,
    msgp: {
      addr: "0x1000",
      mtype: "3",
      mtext: { len: 5, captured: 5, bytes: base64("hello"), status: "read" },
    },
    msgsz: "64",
    msgtyp: "-2",
    msgflg: 0o10000,
  });
  const exit32 = [item(1, cat(u32(3), ""))];
  const args = decode("msgrcv", [7, 0x1000, 64, 0xffff_fffe, 0], {
    abi: "ia32",
    via: "ipc",
    exit: exit32,
    ret: 0,
  });
  assert.equal(args?.msgtyp, "-2");
  assert.equal(args?.msgp, {
    addr: "0x1000",
    mtype: "3",
    mtext: { len: 0, captured: 0, bytes: "", status: "read" },
  });
  assert.equal(decode("msgrcv", [7, 0x1000, 64, 0, 0], { ret: -42 })?.msgp, {
    addr: "0x1000",
    status: "no_output",
  });
});

const PERM = { key: 1234, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600, seq: 9 };
const MSQID = {
  msg_perm: PERM,
  msg_stime: "4294967297",
  msg_rtime: "2",
  msg_ctime: "3",
  msg_cbytes: "40",
  msg_qnum: "4",
  msg_qbytes: "16384",
  msg_lspid: 100,
  msg_lrpid: 101,
};
/** ipc64_perm: key, uid, gid, cuid, cgid, mode, seq, pads */
const PERM_BYTES = cat(
  u32(1234),
  u32(1),
  u32(2),
  u32(3),
  u32(4),
  u32(0o600),
  u16(9),
  u16(0),
  u32(0),
  u64(0),
  u64(0),
);
const MSQID64 = cat(
  PERM_BYTES,
  u64(0x1_0000_0001),
  u64(2),
  u64(3),
  u64(40),
  u64(4),
  u64(16384),
  u32(100),
  u32(101),
  zeros(16),
);
/** compat_msqid64_ds: times in two halves */
const MSQID64_32 = cat(
  u32(1234),
  u32(1),
  u32(2),
  u32(3),
  u32(4),
  u16(0o600),
  u16(0),
  u16(9),
  u16(0),
  u64(0),
  ...[1, 1, 2, 0, 3, 0, 40, 4, 16384, 100, 101, 0, 0].map(u32),
);
/** compat_msqid_ds, as before IPC_64 */
const MSQID_OLD = cat(
  u32(1234),
  ...[1, 2, 3, 4, 0o600, 9].map(u16),
  u32(0xaaaa),
  u32(0xbbbb),
  ...[1, 2, 3, 0, 0].map(u32),
  ...[40, 4, 16384, 100, 101].map(u16),
  zeros(2),
);

test("msgctl IPC_STAT: every layout gives the same fields", () => {
  const expected = { msqid: 7, cmd: 2, buf: { addr: "0x1000", ...MSQID } };
  assert.equal(decode("msgctl", [7, 2, 0x1000], { exit: [item(2, MSQID64)] }), expected);
  assert.equal(decode("msgctl", [7, 2, 0x1000], { abi: "ia32", exit: [item(2, MSQID64_32)] }), expected);
  assert.equal(
    decode("msgctl", [7, 0x102, 0x1000], { abi: "ia32", via: "ipc", exit: [item(2, MSQID64_32)] }),
    { ...expected, cmd: 0x102 },
  );
  assert.equal(decode("msgctl", [7, 2, 0x1000], { abi: "ia32", via: "ipc", exit: [item(2, MSQID_OLD)] }), {
    ...expected,
    buf: { ...expected.buf, msg_stime: "1" },
  });
});

test("msgctl IPC_SET reads buf, IPC_RMID and unknown commands leave it alone", () => {
  const entry = [item(2, MSQID64)];
  assert.equal(decode("msgctl", [7, 1, 0x1000], { entry, exit: [], ret: -1 })?.buf, {
    addr: "0x1000",
    ...MSQID,
  });
  assert.equal(decode("msgctl", [7, 0, 0x1000])?.buf, { addr: "0x1000", status: "unused" });
  assert.equal(decode("msgctl", [7, 99, 0x1000], { ret: -22 })?.buf, { addr: "0x1000", status: "unused" });
  assert.equal(decode("msgctl", [7, 0x102, 0x1000], { ret: -22 })?.buf, { addr: "0x1000", status: "unused" });
  assert.equal(decode("msgctl", [7, 0, 0])?.buf, null);
});

test("msgctl IPC_INFO and MSG_INFO: msginfo, of which every field is a number", () => {
  const exit = [item(2, cat(...[1, 2, 8192, 16384, 32000, 16, -1].map(u32), u16(0xffff), u16(0)))];
  const buf = {
    addr: "0x1000",
    msgpool: 1,
    msgmap: 2,
    msgmax: 8192,
    msgmnb: 16384,
    msgmni: 32000,
    msgssz: 16,
    msgtql: -1,
    msgseg: 65535,
  };
  assert.equal(decode("msgctl", [0, 3, 0x1000], { exit, ret: 4 })?.buf, buf);
  assert.equal(decode("msgctl", [0, 12, 0x1000], { abi: "ia32", exit, ret: 4 })?.buf, buf);
});

test("msgctl: the struct of a failed call was not filled", () => {
  assert.equal(decode("msgctl", [7, 2, 0x1000], { ret: -22 })?.buf, { addr: "0x1000", status: "no_output" });
});

test.run();
