import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Item } from "../../../src/replay/records.js";
import { base64, cat, decode, item, u32, u64, unread } from "../../support/evidence.js";
import {
  type Header,
  header,
  header32,
  iovecs,
  iovecs32,
  UNUSED_CONTROL,
} from "../../support/message-bytes.js";

const test = suite("replay/arguments: vectors of messages");

/** mmsghdr: a msghdr, msg_len, pad */
function message(number: number, h: Header, len: number, data: readonly Item[] = []): Item[] {
  return [
    item(1, cat(header(h), u32(len), u32(0)), {
      kind: "MMSGHDR",
      message: number,
      addr: BigInt(0x1000 + 64 * number),
    }),
    item(1, iovecs([0x4000 + number * 16, 4]), { kind: "IOV", message: number }),
    ...data,
  ];
}
const VECTOR = { iov: 0x3000, iovlen: 1 };

test("sendmmsg: msg_len from exit, for the messages that were sent; entries that were not kept are counted", () => {
  const data = (number: number): Item[] => [item(1, "data", { kind: "DATA", message: number })];
  const entry = [...message(0, VECTOR, 0xdead, data(0)), ...message(1, VECTOR, 0xdead, data(1))];
  const exit = [...message(0, VECTOR, 4, data(0)), ...message(1, VECTOR, 0xdead, data(1))];
  const header_ = (base: string) => ({
    msg_name: null,
    msg_namelen: 0,
    msg_iov: [
      { iov_base: { addr: base, len: 4, captured: 4, bytes: base64("data"), status: "read" }, iov_len: "4" },
    ],
    msg_iovlen: "1",
    ...UNUSED_CONTROL,
    msg_flags: 0,
  });
  assert.equal(decode("sendmmsg", [5, 0x1000, 70, 0], { entry, exit, ret: 1 }), {
    fd: 5,
    msgvec: [
      { addr: "0x1000", msg_hdr: header_("0x4000"), msg_len: 4 },
      { addr: "0x1040", msg_hdr: header_("0x4010"), msg_len: null },
    ],
    msgvec_not_kept: 68,
    vlen: 70,
    flags: 0,
  });
});

test("recvmmsg: a message a datagram, those that did not come without output, and the time that was left", () => {
  const entry = [...message(0, VECTOR, 9), ...message(1, VECTOR, 9), item(4, cat(u64(1), u64(500)))];
  const exit = [
    ...message(0, { ...VECTOR, flags: 0x20 }, 3, [item(1, "abc", { kind: "DATA" })]),
    item(4, cat(u64(0), u64(7))),
  ];
  assert.equal(decode("recvmmsg", [5, 0x1000, 2, 0x10000, 0x2000], { entry, exit, ret: 1 }), {
    fd: 5,
    msgvec: [
      {
        addr: "0x1000",
        msg_hdr: {
          msg_name: null,
          msg_namelen: 0,
          msg_iov: [
            {
              iov_base: { addr: "0x4000", len: 3, captured: 3, bytes: base64("abc"), status: "read" },
              iov_len: "4",
            },
          ],
          msg_iovlen: "1",
          ...UNUSED_CONTROL,
          msg_flags: 0x20,
          at_entry: { msg_namelen: 0, msg_controllen: "0" },
        },
        msg_len: 3,
      },
      {
        addr: "0x1040",
        msg_hdr: {
          msg_name: null,
          msg_namelen: 0,
          msg_iov: [
            {
              iov_base: { addr: "0x4010", len: null, captured: 0, bytes: null, status: "no_output" },
              iov_len: "4",
            },
          ],
          msg_iovlen: "1",
          ...UNUSED_CONTROL,
          msg_flags: null,
        },
        msg_len: null,
      },
    ],
    vlen: 2,
    flags: 0x10000,
    timeout: { addr: "0x2000", tv_sec: "1", tv_nsec: "500", remaining: { tv_sec: "0", tv_nsec: "7" } },
  });
});

test("recvmmsg_time32 by ia32: compat_mmsghdr, 32-bit times; the timeout of a call that got nothing stays", () => {
  const entry = [
    item(1, cat(header32(VECTOR), u32(0)), { kind: "MMSGHDR", addr: 0x1000n }),
    item(1, iovecs32([0x4000, 4]), { kind: "IOV" }),
    unread(4, "not_resident", 8),
  ];
  const exit = [item(4, cat(u32(1), u32(2)))];
  const args = decode("recvmmsg_time32", [5, 0x1000, 1, 0, 0x2000], { abi: "ia32", entry, exit, ret: -11 });
  assert.equal(args?.timeout, { addr: "0x2000", tv_sec: 1, tv_nsec: 2, evidence: "exit" });
  assert.equal(args?.msgvec, [
    {
      addr: "0x1000",
      msg_hdr: {
        msg_name: null,
        msg_namelen: 0,
        msg_iov: [
          {
            iov_base: { addr: "0x4000", len: null, captured: 0, bytes: null, status: "no_output" },
            iov_len: "4",
          },
        ],
        msg_iovlen: "1",
        ...UNUSED_CONTROL,
        msg_flags: null,
      },
      msg_len: null,
    },
  ]);
  const received = [...entry.slice(0, 2), item(4, cat(u32(9), u32(9)))];
  const got = decode("recvmmsg_time32", [5, 0x1000, 1, 0, 0x2000], {
    abi: "ia32",
    entry,
    exit: received,
    ret: 1,
  });
  assert.equal(got?.timeout, {
    addr: "0x2000",
    status: "not_resident",
    remaining: { tv_sec: 9, tv_nsec: 9 },
  });
});

test("msgvec: null, empty, and without any evidence", () => {
  assert.is(decode("sendmmsg", [5, 0, 0, 0])?.msgvec, null);
  assert.equal(decode("sendmmsg", [5, 0x1000, 0, 0])?.msgvec, []);
  assert.equal(decode("recvmmsg", [5, 0x1000, 2, 0, 0], { entry: null, ret: 0 })?.msgvec, {
    addr: "0x1000",
    status: "unknown",
  });
});

test.run();
