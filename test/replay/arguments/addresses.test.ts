import { suite } from "uvu";
import * as assert from "uvu/assert";
import { base64, cat, decode, item, u16, u32, u64, zeros } from "../../support/evidence.js";
import { header, header32 } from "../../support/message-bytes.js";

const test = suite("replay/arguments: addresses and control messages");

/** sockaddr_in 127.0.0.1:1234: family, port and address in network order, zeros */
const INET = cat(u16(2), Uint8Array.of(0x04, 0xd2, 127, 0, 0, 1), zeros(8));

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

test.run();
