import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Item } from "../../../src/replay/records.js";
import { base64, cat, decode, item, u16, u32, u64, unread, zeros } from "../../support/evidence.js";

const test = suite("replay/arguments: sockets");

interface Header {
  readonly name?: number;
  readonly namelen?: number;
  readonly iov?: number;
  readonly iovlen?: number | bigint;
  readonly control?: number;
  readonly controllen?: number | bigint;
  readonly flags?: number;
}

/** user_msghdr: name, namelen, pad, iov, iovlen, control, controllen, flags, pad */
function header(h: Header): Uint8Array {
  const words = [h.iov, h.iovlen, h.control, h.controllen].map((value) => u64(value ?? 0));
  return cat(u64(h.name ?? 0), u32(h.namelen ?? 0), u32(0), ...words, u32(h.flags ?? 0), u32(0));
}

/** compat_msghdr: the same in 32-bit words */
function header32(h: Header): Uint8Array {
  const words = [h.name, h.namelen, h.iov, h.iovlen, h.control, h.controllen, h.flags];
  return cat(...words.map((value) => u32(Number(value ?? 0))));
}

const iovecs = (...pairs: readonly (readonly [number, number])[]): Uint8Array =>
  cat(...pairs.map(([base, len]) => cat(u64(base), u64(len))));
const iovecs32 = (...pairs: readonly (readonly [number, number])[]): Uint8Array =>
  cat(...pairs.map(([base, len]) => cat(u32(base), u32(len))));

/** sockaddr_in 127.0.0.1:1234: family, port and address in network order, zeros */
const INET = cat(u16(2), Uint8Array.of(0x04, 0xd2, 127, 0, 0, 1), zeros(8));
const INET_FIELDS = { sin_family: 2, sin_port: 1234, sin_addr: "127.0.0.1" };
const UNUSED_CONTROL = { msg_control: null, msg_controllen: "0" };

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

const whole = (text: string) => ({
  len: text.length,
  captured: text.length,
  bytes: base64(text),
  status: "read",
});

/** One sendmsg with this name and this control buffer. */
function sent(name: Uint8Array, control: Uint8Array, options: { abi?: "ia32"; controlWanted?: number } = {}) {
  const head = {
    name: name.length > 0 ? 0x2000 : 0,
    namelen: name.length,
    control: 0x5000,
    controllen: control.length,
  };
  const entry = [
    item(1, options.abi === undefined ? header(head) : header32(head)),
    item(1, name, { kind: "NAME" }),
    item(1, control, { kind: "CONTROL", wanted: options.controlWanted ?? control.length }),
  ];
  const value = decode("sendmsg", [5, 0x1000, 0], { ...options, entry })?.msg;
  return value as { readonly [field: string]: { readonly [field: string]: unknown } };
}

test("addresses: AF_UNIX by path and abstract, AF_INET6, AF_NETLINK, others as bytes", () => {
  const name = (bytes: Uint8Array): unknown => sent(bytes, zeros(0)).msg_name;
  assert.equal(name(cat(u16(1), "/run/x\0", "junk")), { addr: "0x2000", sun_family: 1, sun_path: "/run/x" });
  assert.equal(name(cat(u16(1), "\0name")), { addr: "0x2000", sun_family: 1, sun_path: "@name" });
  assert.equal(name(cat(u16(1), "\0a\0b")), {
    addr: "0x2000",
    sun_family: 1,
    sun_path: "@a\0b",
    sun_path_bytes: base64("\0a\0b"),
  });
  assert.equal(name(cat(u16(1), "@path\0")), {
    addr: "0x2000",
    sun_family: 1,
    sun_path: "@path",
    sun_path_bytes: base64("@path"),
  });
  assert.equal(name(u16(1)), { addr: "0x2000", sun_family: 1, sun_path: "" });
  const inet6 = cat(
    u16(10),
    Uint8Array.of(0, 80),
    u32(0),
    Uint8Array.of(0x20, 1, 0xd, 0xb8),
    zeros(11),
    "\u0001",
    u32(3),
  );
  assert.equal(name(inet6), {
    addr: "0x2000",
    sin6_family: 10,
    sin6_port: 80,
    sin6_flowinfo: 0,
    sin6_addr: "2001:db8::1",
    sin6_scope_id: 3,
  });
  assert.equal(name(cat(u16(16), u16(0), u32(42), u32(1))), {
    addr: "0x2000",
    nl_family: 16,
    nl_pid: 42,
    nl_groups: 1,
  });
  assert.equal(name(cat(u16(40), "abc")), { addr: "0x2000", sa_family: 40, sa_data: whole("abc") });
});

test("addresses that are too short: what is not there is null", () => {
  const name = (bytes: Uint8Array): unknown => sent(bytes, zeros(0)).msg_name;
  assert.equal(name(Uint8Array.of(2)), { addr: "0x2000", sa_family: null, sa_data: whole("") });
  assert.equal(name(INET.subarray(0, 5)), { addr: "0x2000", sin_family: 2, sin_port: 1234, sin_addr: null });
});

/** cmsghdr: len (8 bytes, 4 in ia32), level, type; then data, padded */
function cmsg(level: number, type: number, data: Uint8Array, len = 16 + data.length): Uint8Array {
  return cat(u64(len), u32(level), u32(type), data, zeros(-data.length & 7));
}
function cmsg32(level: number, type: number, data: Uint8Array): Uint8Array {
  return cat(u32(12 + data.length), u32(level), u32(type), data, zeros(-data.length & 3));
}

test("control messages: descriptors, credentials, times, packet info, bytes", () => {
  const control = cat(
    cmsg(1, 1, cat(u32(3), u32(4))),
    cmsg(1, 2, cat(u32(100), u32(0), u32(5))),
    cmsg(1, 35, cat(u64(1), u64(2))),
    cmsg(1, 29, cat(u64(3), u64(4))),
    cmsg(1, 65, cat(u64(1), u64(2), zeros(16), u64(5), u64(6))),
    cmsg(0, 8, cat(u32(2), Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 2))),
    cmsg(41, 50, cat(zeros(15), "\u0001", u32(1))),
    cmsg(1, 40, u32(9)),
  );
  const head = (cmsg_len: number, cmsg_level: number, cmsg_type: number) => ({
    cmsg_len: String(cmsg_len),
    cmsg_level,
    cmsg_type,
  });
  assert.equal(sent(zeros(0), control).msg_control, {
    addr: "0x5000",
    len: control.length,
    captured: control.length,
    status: "read",
    cmsgs: [
      { ...head(24, 1, 1), cmsg_data: { fds: [3, 4] } },
      { ...head(28, 1, 2), cmsg_data: { pid: 100, uid: 0, gid: 5 } },
      { ...head(32, 1, 35), cmsg_data: { tv_sec: "1", tv_nsec: "2" } },
      { ...head(32, 1, 29), cmsg_data: { tv_sec: "3", tv_usec: "4" } },
      {
        ...head(64, 1, 65),
        cmsg_data: {
          ts: [
            { tv_sec: "1", tv_nsec: "2" },
            { tv_sec: "0", tv_nsec: "0" },
            { tv_sec: "5", tv_nsec: "6" },
          ],
        },
      },
      { ...head(28, 0, 8), cmsg_data: { ipi_ifindex: 2, ipi_spec_dst: "10.0.0.1", ipi_addr: "10.0.0.2" } },
      { ...head(36, 41, 50), cmsg_data: { ipi6_addr: "::1", ipi6_ifindex: 1 } },
      { ...head(20, 1, 40), cmsg_data: { len: 4, captured: 4, bytes: base64(u32(9)), status: "read" } },
    ],
  });
});

test("control messages of ia32: 12 bytes of header, aligned to 4, 32-bit times as decimal strings", () => {
  const control = cat(cmsg32(1, 1, u32(3)), cmsg32(1, 35, cat(u32(-1), u32(2))));
  const value = sent(zeros(0), control, { abi: "ia32" }).msg_control;
  assert.equal(value?.cmsgs, [
    { cmsg_len: "16", cmsg_level: 1, cmsg_type: 1, cmsg_data: { fds: [3] } },
    { cmsg_len: "20", cmsg_level: 1, cmsg_type: 35, cmsg_data: { tv_sec: "-1", tv_nsec: "2" } },
  ]);
});

test("hostile control messages: the walk ends at a length that cannot be", () => {
  const good = cmsg(1, 1, u32(3));
  const cmsgs = (control: Uint8Array, controlWanted = control.length): unknown =>
    sent(zeros(0), control, { controlWanted }).msg_control?.cmsgs;
  const goodValue = { cmsg_len: "20", cmsg_level: 1, cmsg_type: 1, cmsg_data: { fds: [3] } };
  const malformed = (cmsg_len: string) => ({
    cmsg_len,
    cmsg_level: 1,
    cmsg_type: 1,
    cmsg_data: null,
    status: "malformed",
  });
  const lying = (len: bigint): Uint8Array => cat(u64(len), u32(1), u32(1), u32(3), u32(0));
  assert.equal(cmsgs(cat(good, lying(0n), good)), [goodValue, malformed("0")]);
  assert.equal(cmsgs(lying(15n)), [malformed("15")]);
  assert.equal(cmsgs(lying(25n)), [malformed("25")]);
  assert.equal(cmsgs(lying(-1n)), [malformed("18446744073709551615")]);
  assert.equal(cmsgs(good.subarray(0, 15)), []);
  // Descriptors by the byte: no whole number of them.
  assert.equal(cmsgs(cmsg(1, 1, Uint8Array.of(1, 2, 3))), [
    {
      cmsg_len: "19",
      cmsg_level: 1,
      cmsg_type: 1,
      cmsg_data: { len: 3, captured: 3, bytes: "AQID", status: "read" },
    },
  ]);
  // Cut by the limit on what is kept: nothing is decoded of half a message.
  assert.equal(cmsgs(cmsg(1, 1, cat(u32(3), u32(4))).subarray(0, 20), 24), [
    {
      cmsg_len: "24",
      cmsg_level: 1,
      cmsg_type: 1,
      cmsg_data: { len: 8, captured: 4, bytes: base64(u32(3)), status: "truncated" },
    },
  ]);
});

test("hostile iovecs: counts beyond the items, half an iovec, lengths beyond the payload", () => {
  const iov = (iovlen: number | bigint, vector: Item): unknown => {
    const entry = [item(1, header({ iov: 0x3000, iovlen })), vector];
    return (decode("sendmsg", [5, 0x1000, 0], { entry })?.msg as { [field: string]: unknown } | undefined)
      ?.msg_iov;
  };
  const all = 2n ** 64n - 1n;
  const huge = item(1, cat(u64(0x4000), u64(all), u64(1)), {
    kind: "IOV",
    wanted: 0xffff_ffff,
    status: "truncated",
  });
  const kept = [
    {
      iov_base: { addr: "0x4000", len: Number(all), captured: 0, bytes: null, status: "not_kept" },
      iov_len: String(all),
    },
  ];
  assert.equal(iov(all, huge), kept);
  assert.equal(iov(1, item(1, iovecs([0x4000, 0], [0x5000, 1]), { kind: "IOV" })), [
    { iov_base: { addr: "0x4000", len: 0, captured: 0, bytes: "", status: "read" }, iov_len: "0" },
  ]);
  assert.equal(iov(1, unread(1, "not_resident", 16, { kind: "IOV" })), {
    addr: "0x3000",
    status: "not_resident",
  });
  const entry = [
    item(1, header({ iov: 0x3000, iovlen: 20 })),
    item(1, iovecs([1, 0]), { kind: "IOV", wanted: 320 }),
  ];
  const msg = decode("sendmsg", [5, 0x1000, 0], { entry })?.msg as { [field: string]: unknown };
  assert.is(msg.msg_iov_not_kept, 19);
});

test("items that claim to be read but are short are truncated", () => {
  const entry = [item(1, "hi", { wanted: 3 })];
  assert.equal(decode("mq_timedsend", [3, 0x1000, 3, 0, 0], { entry })?.msg_ptr, {
    addr: "0x1000",
    len: 3,
    captured: 2,
    bytes: base64("hi"),
    status: "truncated",
  });
});

test("items whose bytes are more than they wanted are not believed", () => {
  const entry = [item(1, header({ iov: 0x3000, iovlen: 1 })), item(1, iovecs([0x4000, 2]), { kind: "IOV" })];
  const data = item(1, "hi and more", { kind: "DATA", wanted: 2 });
  const msg = decode("sendmsg", [5, 0x1000, 0], { entry: [...entry, data] })?.msg;
  assert.equal((msg as { msg_iov: unknown }).msg_iov, [
    { iov_base: { addr: "0x4000", len: 2, captured: 2, bytes: base64("hi"), status: "read" }, iov_len: "2" },
  ]);
});

test.run();
