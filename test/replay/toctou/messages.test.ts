/** The vectors of sendmmsg and recvmmsg: what is input in them, and how far the kernel read. */

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeStruct, parseBtf, structLayout } from "../../../src/btf/index.js";
import type { FindReceived } from "../../../src/replay/toctou/receivers.js";
import type { ToctouOptions } from "../../../src/replay/toctou.js";
import { PACKAGE } from "../../support/paths.js";
import { concat, item } from "../tape.js";
import { base64, bytes, found, type HandCall } from "./hand.js";

const test = suite("replay/toctou/messages");

const btf = parseBtf(readFileSync(`${PACKAGE}test/replay/data/host-structs.btf`));

function struct(name: string, values: Readonly<Record<string, number>>): Uint8Array {
  const layout = structLayout(btf, name);
  assert.ok(layout);
  return encodeStruct(
    layout,
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, BigInt(value)])),
  );
}

interface Message {
  readonly iov?: number;
  readonly namelen?: number;
  readonly flags?: number;
  readonly len?: number;
  /** Where the iovecs lead to, and what is there. */
  readonly data?: readonly { readonly base: number; readonly text: string; readonly len?: number }[];
}

/** Evidence of message `number`; `data` only of sends. */
function evidence(number: number, message: Message, isSend = true): Uint8Array[] {
  const { iov = 0x2000 + 0x100 * number, data = [{ base: 0x3000 + 0x100 * number, text: "hello" }] } =
    message;
  const header = {
    msg_iov: iov,
    msg_iovlen: data.length,
    msg_namelen: message.namelen ?? 0,
    msg_flags: message.flags ?? 0,
  };
  const whole = concat([struct("user_msghdr", header), Uint8Array.of(message.len ?? 0, 0, 0, 0, 0, 0, 0, 0)]);
  const iovecs = data.map(({ base, text, len }) =>
    struct("iovec", { iov_base: base, iov_len: len ?? text.length }),
  );
  const own = { arg: 1, message: number };
  return [
    item({ ...own, kind: 2, addr: BigInt(0x1000 + 64 * number) }, whole),
    item({ ...own, kind: 4, addr: BigInt(iov) }, concat(iovecs)),
    ...(isSend ? data : []).map(({ base, text, len }, iovec) =>
      item({ ...own, kind: 5, iovec, addr: BigInt(base), wanted: len ?? text.length }, bytes(text)),
    ),
  ];
}

function call(
  event: "sendmmsg" | "recvmmsg",
  ret: number,
  entry: readonly Message[],
  exit: readonly Message[],
): HandCall {
  const isSend = event === "sendmmsg";
  const items = (messages: readonly Message[]) => messages.flatMap((one, i) => evidence(i, one, isSend));
  const queue = { kind: 3 };
  return {
    event,
    from: 1000,
    to: 9000,
    ret,
    args: [4, 0x1000, entry.length, 0, 0],
    entry: items(entry),
    exit: items(exit),
    queue,
  };
}

/** `place first_diff`, and `calls changed unknown`. */
function told(one: HandCall, options: ToctouOptions = {}) {
  const result = found([one], options);
  const row = result.exposure[0];
  return [
    ...result.findings.map(
      ({ place, first_diff_offset, kernel_used }) => `${place} ${first_diff_offset} ${kernel_used}`,
    ),
    [row?.calls, row?.changed, row?.unknown].join(" "),
  ];
}

test("what the kernel writes is never compared", () => {
  assert.equal(told(call("sendmmsg", 2, [{}, {}], [{ len: 5 }, { len: 5 }])), ["1 0 0"]);
  assert.equal(told(call("recvmmsg", 1, [{ namelen: 128 }], [{ namelen: 16, flags: 0x20, len: 5 }])), [
    "1 0 0",
  ]);
});

test("a send's name length is an input", () => {
  assert.equal(told(call("sendmmsg", 1, [{ namelen: 16 }], [{ namelen: 8 }])), [
    "msgvec[0].msg_hdr 8 unknown",
    "1 1 0",
  ]);
});

test("payload, iovec array, header: the piece that changed, not what hangs on it", () => {
  const other = [{ base: 0x7000, text: "other" }];
  assert.equal(told(call("sendmmsg", 2, [{}, {}], [{}, { data: [{ base: 0x3100, text: "hellO" }] }])), [
    "msgvec[1].msg_hdr.msg_iov[0].iov_base 4 unknown",
    "1 1 0",
  ]);
  assert.equal(told(call("sendmmsg", 2, [{}, {}], [{ data: other }, {}])), [
    "msgvec[0].msg_hdr.msg_iov 1 unknown",
    "1 1 0",
  ]);
  assert.equal(told(call("sendmmsg", 2, [{}, {}], [{ iov: 0x8000, data: other }, {}])), [
    "msgvec[0].msg_hdr 17 unknown",
    "1 1 0",
  ]);
  assert.equal(told(call("recvmmsg", 2, [{}, {}], [{}, { iov: 0x8000 }])), [
    "msgvec[1].msg_hdr 17 unknown",
    "1 1 0",
  ]);
});

test("messages that the kernel did not come to are no input", () => {
  const changed = { data: [{ base: 0x3200, text: "hellO" }] };
  // One was sent, the second ended the call; the third was never read.
  assert.equal(told(call("sendmmsg", 1, [{}, {}, {}], [{}, {}, changed])), ["1 0 0"]);
  assert.equal(
    told(call("sendmmsg", 1, [{}, {}, {}], [{}, { data: [{ base: 0x3100, text: "hellO" }] }, {}])),
    ["msgvec[1].msg_hdr.msg_iov[0].iov_base 4 unknown", "1 1 0"],
  );
  assert.equal(told(call("recvmmsg", 1, [{}, {}, {}], [{}])), ["1 0 0"]);
});

test("a receive that got nothing read a header of which the exit tells nothing: unknown", () => {
  assert.equal(told(call("recvmmsg", -11, [{}, {}], [])), ["1 0 1"]);
});

test("messages beyond those that are kept are unknown", () => {
  const one = call("sendmmsg", 2, [{}], [{}]);
  assert.equal(told({ ...one, args: [4, 0x1000, 2, 0] }), ["1 0 1"]);
});

test("iovecs beyond those that are kept are unknown, and data behind the snap length", () => {
  const cut = (entry: readonly Uint8Array[]): HandCall => ({
    ...call("sendmmsg", 1, [{}], [{}]),
    entry,
    exit: entry,
  });
  const [header, iovecs, data] = evidence(0, {}) as [Uint8Array, Uint8Array, Uint8Array];
  const iov = struct("iovec", { iov_base: 0x3000, iov_len: 5 });
  assert.equal(told(cut([header, iovecs, data])), ["1 0 0"]);
  const longer = item({ kind: 4, arg: 1, status: 1, wanted: 32, addr: 0x2000n }, iov);
  assert.equal(told(cut([header, longer, data])), ["1 0 1"]);
  const short = item({ kind: 5, arg: 1, status: 1, wanted: 5, addr: 0x3000n }, bytes("hel"));
  assert.equal(told(cut([header, iovecs, short])), ["1 0 1"]);
});

test("the timeout that recvmmsg writes over is unknown once a message came, and compared otherwise", () => {
  const timeout = (text: string) => item({ kind: 1, arg: 4, addr: 0x900n }, bytes(text));
  const of = (ret: number, after: string) => {
    const one = call("recvmmsg", ret, [{}], ret > 0 ? [{}] : []);
    const args = [4, 0x1000, 1, 0, 0x900];
    const result = found([
      {
        ...one,
        args,
        entry: [...(one.entry ?? []), timeout("seconds.nanosecs")],
        exit: [...(one.exit ?? []), timeout(after)],
      },
    ]);
    const row = result.exposure.find(({ arg }) => arg === "timeout");
    return [row?.changed, row?.unknown, ...result.findings.map(({ arg }) => arg)];
  };
  assert.equal(of(1, "SECONDS.nanosecs"), [0, 1]);
  assert.equal(of(-11, "seconds.nanosecs"), [0, 0]);
  assert.equal(of(-11, "Seconds.nanosecs"), [1, 0, "timeout"]);
});

/** A matching that says what the receiver of message `number` got. */
function receiver(number: number, text: string): FindReceived {
  return (_capture, calls) =>
    new Map([...calls].map((id) => [id, [{ message: number, atBytes: 0, bytes: bytes(text) }]]));
}

test("what the receiver got tells which payload was used, also where a pointer to it changed", () => {
  const parts = (one: string, two: string) => [
    { base: 0x3000, text: one },
    { base: 0x3050, text: two },
  ];
  const split = call("sendmmsg", 1, [{ data: parts("hel", "lo") }], [{ data: parts("hel", "LO") }]);
  const used = (text: string) => told(split, { findReceived: receiver(0, text) })[0];
  assert.is(used("hello"), "msgvec[0].msg_hdr.msg_iov[1].iov_base 0 before");
  assert.is(used("helLO"), "msgvec[0].msg_hdr.msg_iov[1].iov_base 0 after");
  assert.is(used("helLo"), "msgvec[0].msg_hdr.msg_iov[1].iov_base 0 mixed");
  assert.is(used("hel"), "msgvec[0].msg_hdr.msg_iov[1].iov_base 0 unknown");
  const [finding] = found([split], { findReceived: receiver(0, "hello") }).findings;
  assert.equal(
    [finding?.kernel, finding?.kernel_from, finding?.kernel_offset],
    [base64("lo"), "receiver", 0],
  );

  const moved = call("sendmmsg", 1, [{}], [{ iov: 0x8000, data: [{ base: 0x7000, text: "other" }] }]);
  assert.is(told(moved, { findReceived: receiver(0, "hello") })[0], "msgvec[0].msg_hdr 17 before");
  assert.is(told(moved, { findReceived: receiver(0, "other") })[0], "msgvec[0].msg_hdr 17 after");
  assert.is(told(moved, { findReceived: receiver(1, "other") })[0], "msgvec[0].msg_hdr 17 unknown");
});

test.run();
