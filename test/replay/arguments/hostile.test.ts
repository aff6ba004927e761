import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Item } from "../../../src/replay/records.js";
import { base64, cat, decode, item, u64, unread } from "../../support/evidence.js";
import { header, iovecs } from "../../support/message-bytes.js";

const test = suite("replay/arguments: hostile messages");

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
