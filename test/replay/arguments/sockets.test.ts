import { suite } from "uvu";
import * as assert from "uvu/assert";
import { base64, cat, decode, item, u16, unread, zeros } from "../../support/evidence.js";
import { header, header32, iovecs, iovecs32, UNUSED_CONTROL } from "../../support/message-bytes.js";

const test = suite("replay/arguments: sockets");

/** sockaddr_in 127.0.0.1:1234: family, port and address in network order, zeros */
const INET = cat(u16(2), Uint8Array.of(0x04, 0xd2, 127, 0, 0, 1), zeros(8));
const INET_FIELDS = { sin_family: 2, sin_port: 1234, sin_addr: "127.0.0.1" };

test("sendmsg: header, address and iovecs from entry", () => {
  const entry = [
    item(1, header({ name: 0x2000, namelen: 16, iov: 0x3000, iovlen: 2, flags: 0x80 })),
    item(1, INET, { kind: "NAME" }),
    item(1, iovecs([0x4000, 2], [0, 0]), { kind: "IOV" }),
    item(1, "hi", { kind: "DATA" }),
  ];
  assert.equal(decode("sendmsg", [5, 0x1000, 0x40], { entry, ret: 2 }), {
    fd: 5,
    msg: {
      addr: "0x1000",
      msg_name: { addr: "0x2000", ...INET_FIELDS },
      msg_namelen: 16,
      msg_iov: [
        {
          iov_base: { addr: "0x4000", len: 2, captured: 2, bytes: base64("hi"), status: "read" },
          iov_len: "2",
        },
        { iov_base: null, iov_len: "0" },
      ],
      msg_iovlen: "2",
      ...UNUSED_CONTROL,
      msg_flags: 0x80,
    },
    flags: 0x40,
  });
});

test("sendmsg by ia32, through socketcall: compat structs, the same fields", () => {
  const entry = [
    item(1, header32({ iov: 0x3000, iovlen: 1 })),
    item(1, iovecs32([0xffff_e000, 2]), { kind: "IOV" }),
    item(1, "hi", { kind: "DATA" }),
  ];
  assert.equal(decode("sendmsg", [5, 0x1000, 0], { abi: "ia32", via: "socketcall", entry, ret: 2 })?.msg, {
    addr: "0x1000",
    msg_name: null,
    msg_namelen: 0,
    msg_iov: [
      {
        iov_base: { addr: "0xffffe000", len: 2, captured: 2, bytes: base64("hi"), status: "read" },
        iov_len: "2",
      },
    ],
    msg_iovlen: "1",
    ...UNUSED_CONTROL,
    msg_flags: 0,
  });
});

test("recvmsg: pointers from entry, what the kernel wrote from exit, data bounded by the result", () => {
  const before = header({
    name: 0x2000,
    namelen: 128,
    iov: 0x3000,
    iovlen: 3,
    control: 0x5000,
    controllen: 64,
    flags: 7,
  });
  const after = header({
    name: 0x9999,
    namelen: 16,
    iov: 0x3000,
    iovlen: 3,
    control: 0x5000,
    controllen: 0,
    flags: 0x20,
  });
  const vector = item(1, iovecs([0x4000, 4], [0x4100, 4], [0x4200, 4]), { kind: "IOV" });
  const exit = [
    item(1, after),
    item(1, INET, { kind: "NAME" }),
    vector,
    item(1, "abcd", { kind: "DATA" }),
    item(1, "ef", { kind: "DATA", iovec: 1 }),
  ];
  assert.equal(decode("recvmsg", [5, 0x1000, 0], { entry: [item(1, before), vector], exit, ret: 6 })?.msg, {
    addr: "0x1000",
    msg_name: { addr: "0x2000", ...INET_FIELDS },
    msg_namelen: 16,
    msg_iov: [
      {
        iov_base: { addr: "0x4000", len: 4, captured: 4, bytes: base64("abcd"), status: "read" },
        iov_len: "4",
      },
      {
        iov_base: { addr: "0x4100", len: 2, captured: 2, bytes: base64("ef"), status: "read" },
        iov_len: "4",
      },
      { iov_base: { addr: "0x4200", len: 0, captured: 0, bytes: "", status: "read" }, iov_len: "4" },
    ],
    msg_iovlen: "3",
    msg_control: { addr: "0x5000", len: 0, captured: 0, status: "read", cmsgs: [] },
    msg_controllen: "0",
    msg_flags: 0x20,
    at_entry: { msg_namelen: 128, msg_controllen: "64" },
  });
});

test("recvmsg: failed and in flight; the header still holds what the caller put there", () => {
  const entry = [
    item(
      1,
      header({
        name: 0x2000,
        namelen: 128,
        iov: 0x3000,
        iovlen: 1,
        control: 0x5000,
        controllen: 64,
        flags: 7,
      }),
    ),
    item(1, iovecs([0x4000, 4]), { kind: "IOV" }),
  ];
  const expected = (status: string) => ({
    addr: "0x1000",
    msg_name: { addr: "0x2000", status },
    msg_namelen: 128,
    msg_iov: [{ iov_base: { addr: "0x4000", len: null, captured: 0, bytes: null, status }, iov_len: "4" }],
    msg_iovlen: "1",
    msg_control: { addr: "0x5000", len: null, captured: 0, status, cmsgs: null },
    msg_controllen: "64",
    msg_flags: null,
  });
  assert.equal(
    decode("recvmsg", [5, 0x1000, 0], { entry, exit: entry, ret: -11 })?.msg,
    expected("no_output"),
  );
  assert.equal(decode("recvmsg", [5, 0x1000, 0], { entry, exit: null, ret: null })?.msg, expected("unknown"));
});

test("recvmsg: a header that could not be read again leaves what the kernel wrote unknown", () => {
  const entry = [
    item(1, header({ name: 0x2000, namelen: 128, iov: 0x3000, iovlen: 1 })),
    item(1, iovecs([0x4000, 4]), { kind: "IOV" }),
  ];
  const exit = [unread(1, "not_resident", 56)];
  assert.equal(decode("recvmsg", [5, 0x1000, 0], { entry, exit, ret: 4 })?.msg, {
    addr: "0x1000",
    msg_name: { addr: "0x2000", status: "not_resident" },
    msg_namelen: null,
    msg_iov: [
      {
        iov_base: { addr: "0x4000", len: null, captured: 0, bytes: null, status: "not_resident" },
        iov_len: "4",
      },
    ],
    msg_iovlen: "1",
    msg_control: null,
    msg_controllen: null,
    msg_flags: null,
  });
});

test("a msghdr that nobody could read is status", () => {
  const items = [unread(1, "not_resident", 56)];
  assert.equal(decode("sendmsg", [5, 0x1000, 0], { entry: items, exit: items, ret: -14 })?.msg, {
    addr: "0x1000",
    status: "not_resident",
  });
  assert.equal(decode("sendmsg", [5, 0x1000, 0], { entry: null, exit: null, ret: null })?.msg, {
    addr: "0x1000",
    status: "unknown",
  });
});

test("what was taken at another address than the pointer shown is not its data", () => {
  const name = { kind: "NAME", addr: 0x2008n } as const;
  const h = { name: 0x2000, namelen: 16, iov: 0x3000, iovlen: 1 };
  const vector = item(1, iovecs([0x4000, 2]), { kind: "IOV", addr: 0x3000n });
  const msg = (at: bigint) =>
    decode("recvmsg", [5, 0x1000, 0], {
      entry: [item(1, header(h)), vector],
      exit: [item(1, header(h)), item(1, INET, name), item(1, "hi", { kind: "DATA", addr: at })],
      ret: 2,
    })?.msg as { msg_name: unknown; msg_iov: { iov_base: unknown }[] };
  const base = { addr: "0x4000", len: 2 };
  assert.equal(msg(0x4000n).msg_iov[0]?.iov_base, {
    ...base,
    captured: 2,
    bytes: base64("hi"),
    status: "read",
  });
  assert.equal(msg(0x4800n).msg_iov[0]?.iov_base, { ...base, captured: 0, bytes: null, status: "unknown" });
  assert.equal(msg(0x4000n).msg_name, { addr: "0x2000", status: "unknown" });
});

test("recvmsg: of a name only what the caller had room for was written", () => {
  const h = { name: 0x2000, iov: 0, iovlen: 0 };
  const args = decode("recvmsg", [5, 0x1000, 0], {
    entry: [item(1, header({ ...h, namelen: 4 }))],
    exit: [item(1, header({ ...h, namelen: 16 })), item(1, INET, { kind: "NAME", addr: 0x2000n })],
  });
  const msg = args?.msg as { msg_name: unknown } | undefined;
  assert.equal(msg?.msg_name, {
    addr: "0x2000",
    sin_family: 2,
    sin_port: 1234,
    sin_addr: null,
    status: "truncated",
  });
});

test.run();
