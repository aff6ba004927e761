import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../../src/btf/index.js";
import { EVENTS } from "../../../src/catalog/events.js";
import { argumentDecoder } from "../../../src/replay/arguments.js";
import { ItemKind } from "../../../src/replay/records.js";
import { btfBytes, type HandType, int, PTR, STRUCT } from "../../support/btf-bytes.js";
import { cat, decode, evidence, item, recorderBtf, u32, u64, zeros } from "../../support/evidence.js";

const test = suite("replay/arguments: layouts");

test("structs that the capture's BTF lacks are no_layout, never a guess", () => {
  const decoder = argumentDecoder(null, recorderBtf);
  const entry = [item(1, "hi"), item(4, cat(u64(1), u64(2)))];
  assert.equal(decoder(evidence("mq_timedsend", [3, 0x1000, 2, 0, 0x2000], { entry }))?.abs_timeout, {
    addr: "0x2000",
    status: "no_layout",
  });
  const others = [
    ["msgsnd", [7, 0x1000, 2, 0], "msgp", item(1, zeros(10))],
    ["mq_notify", [3, 0x1000], "sevp", item(1, zeros(64))],
    ["sendmsg", [3, 0x1000, 0], "msg", item(1, zeros(56))],
    ["msgctl", [3, 1, 0x1000], "buf", item(2, zeros(120))],
  ] as const;
  for (const [event, args, name, one] of others) {
    assert.equal(decoder(evidence(event, args, { entry: [one] }))?.[name], {
      addr: "0x1000",
      status: "no_layout",
    });
  }
  const vector = [item(1, zeros(64), { kind: "MMSGHDR", addr: 0x1000n })];
  assert.equal(decoder(evidence("sendmmsg", [3, 0x1000, 1, 0], { entry: vector }))?.msgvec, [
    { addr: "0x1000", status: "no_layout" },
  ]);
});

test("offsets are the capture's: fields that have moved are found, those that are gone are left out", () => {
  const host = parseBtf(
    btfBytes([
      int("s64", 8, 1), // 1
      int("s32", 4, 1), // 2
      ["__kernel_timespec", STRUCT, 2, 0, 24, "tv_nsec", 1, 0, "tv_sec", 2, 128],
      ["sigevent", STRUCT, 1, 0, 64, "sigev_signo", 2, 0],
    ]),
  );
  const decoder = argumentDecoder(host, recorderBtf);
  const entry = [item(4, cat(u64(5), u64(0), u32(6), u32(0)))];
  assert.equal(decoder(evidence("mq_timedsend", [3, 0, 0, 0, 0x2000], { entry }))?.abs_timeout, {
    addr: "0x2000",
    tv_nsec: "5",
    tv_sec: 6,
  });
  const sevp = decoder(evidence("mq_notify", [3, 0x1000], { entry: [item(1, zeros(64))] }))?.sevp;
  assert.equal(sevp, { addr: "0x1000", status: "no_layout" });
});

test("structs that make no sense are no_layout too", () => {
  const host = parseBtf(
    btfBytes([
      int("u64", 8), // 1
      ["user_msghdr", STRUCT, 1, 0, 8, "msg_iov", 1, 0],
      ["mmsghdr", STRUCT, 0, 0, 0],
      ["iovec", STRUCT, 0, 0, 0],
      ["cmsghdr", STRUCT, 0, 0, 0],
    ]),
  );
  const decoder = argumentDecoder(host, recorderBtf);
  const expected = { addr: "0x1000", status: "no_layout" };
  const entry = [item(1, zeros(56))];
  assert.equal(decoder(evidence("sendmsg", [3, 0x1000, 0], { entry }))?.msg, expected);
  const vector = [item(1, zeros(64), { kind: "MMSGHDR", addr: 0x1000n })];
  assert.equal(decoder(evidence("sendmmsg", [3, 0x1000, 1, 0], { entry: vector }))?.msgvec, [expected]);
});

test("iovecs and control messages of no size are not stepped through", () => {
  const names = ["msg_name", "msg_namelen", "msg_iov", "msg_iovlen", "msg_control", "msg_controllen"];
  const host = parseBtf(
    btfBytes([
      int("u64", 8), // 1
      ["", PTR, 0, 0, 0], // 2
      ["user_msghdr", STRUCT, 6, 0, 48, ...names.flatMap((name, i) => [name, i % 2 === 0 ? 2 : 1, i * 64])],
      ["iovec", STRUCT, 0, 0, 0],
      ["cmsghdr", STRUCT, 0, 0, 0],
    ]),
  );
  const decoder = argumentDecoder(host, recorderBtf);
  const entry = [
    item(1, cat(...[0, 0, 0x2000, 3, 0x3000, 8].map(u64))),
    item(1, zeros(48), { kind: "IOV" }),
    item(1, zeros(8), { kind: "CONTROL" }),
  ];
  assert.equal(decoder(evidence("sendmsg", [3, 0x1000, 0], { entry }))?.msg, {
    addr: "0x1000",
    msg_name: null,
    msg_namelen: "0",
    msg_iov: { addr: "0x2000", status: "no_layout" },
    msg_iovlen: "3",
    msg_control: { addr: "0x3000", len: 8, captured: 8, status: "no_layout", cmsgs: null },
    msg_controllen: "8",
    msg_flags: null,
  });
});

test("no event, convention or evidence makes the decoder fail", () => {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const bytes = (): Uint8Array =>
    Uint8Array.from({ length: random(130) }, () => (random(3) === 0 ? random(256) : 0));
  const kinds = Object.keys(ItemKind) as (keyof typeof ItemKind)[];
  const statuses = ["read", "truncated", "partly", "not_resident", "refused"] as const;
  const items = () =>
    random(8) === 0
      ? null
      : Array.from({ length: random(12) }, () =>
          item(random(6), bytes(), {
            kind: kinds[random(kinds.length)] ?? "ARGUMENT",
            status: statuses[random(5)] ?? "read",
            wanted: random(3) === 0 ? 0xffff_ffff : random(200),
            message: random(3),
            iovec: random(3),
          }),
        );
  for (let i = 0; i < 5000; i++) {
    const event = EVENTS[random(EVENTS.length)];
    const args = Array.from({ length: 6 }, () => BigInt(random(2)) * BigInt(random(300)));
    const decoded = decode(event?.name ?? "", args, {
      abi: (["x86_64", "ia32", "arm64"] as const)[random(3)] ?? "arm64",
      entry: items(),
      exit: items(),
      ret: [null, -11, 0, 1, 3, 2 ** 40][random(6)] ?? null,
    });
    assert.ok(JSON.stringify(decoded).length > 0);
  }
});

test("structs that hold each other twice, many deep, are no_layout at once", () => {
  const depth = 30;
  const levels = Array.from({ length: depth }, (_, i): HandType => {
    const inner = i === 0 ? 1 : i + 1;
    const name = i === depth - 1 ? "__kernel_timespec" : `level${i}`;
    return [name, STRUCT, 2, 0, 8, "a", inner, 0, "b", inner, 0];
  });
  const decoder = argumentDecoder(parseBtf(btfBytes([int("u64", 8), ...levels])), recorderBtf);
  const entry = [item(4, cat(u64(1), u64(2)))];
  const startMs = performance.now();
  assert.equal(decoder(evidence("mq_timedsend", [3, 0, 0, 0, 0x2000], { entry }))?.abs_timeout, {
    addr: "0x2000",
    status: "no_layout",
  });
  assert.ok(performance.now() - startMs < 2000, "not 2^30 steps");
});

test.run();
