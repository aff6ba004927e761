/** Numbers that are too large for what they are, in addresses, control messages and registers; padding of kept addresses. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../../src/btf/index.js";
import { eventByName } from "../../../src/catalog/events.js";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import { redactArgs } from "../../../src/rewrite/redact/args.js";
import { redactControl } from "../../../src/rewrite/redact/control.js";
import type { Kind } from "../../../src/rewrite/redact/kinds.js";
import { NO_PLAN } from "../../../src/rewrite/redact/plan.js";
import { newShared, type Redaction, redactionOf } from "../../../src/rewrite/redact/redaction.js";
import { bounded } from "../../../src/rewrite/redact/structs.js";
import { FIXTURES } from "../../support/paths.js";

const test = suite("redacted numbers");

const hostBtf = parseBtf(
  openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf ??
    new Uint8Array(0),
);

function redaction(...kinds: readonly Kind[]): Redaction {
  return redactionOf(newShared(new Set(kinds), NO_PLAN, []), hostBtf, null);
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const text = (made: Uint8Array) => Buffer.from(made).toString("latin1");

function control(level: string, type: string): Uint8Array {
  return bytes(`\x10\0\0\0\0\0\0\0${level}${type}`);
}

test("levels and types of control messages that are none become -1", () => {
  const to = redaction();
  const made = (level: string, type: string) => text(redactControl(to, control(level, type), "native", 1));
  assert.is(made("\x01\0\0\0", "\x02\0\0\0"), text(control("\x01\0\0\0", "\x02\0\0\0")));
  assert.is(made("Hush", "Shh!"), text(control("\xff\xff\xff\xff", "\xff\xff\xff\xff")));
});

test("indices of interfaces and netlink groups stay only if they are small", () => {
  const { sockets } = redaction();
  const in6 = (scope: string) => bytes(`\x0a\0\0\0\0\0\0\0${"\0".repeat(16)}${scope}`);
  const netlink = (groups: string) => bytes(`\x10\0\0\0\0\0\0\0${groups}`);
  for (const address of [in6, netlink]) {
    assert.is(text(sockets.address(address("\x03\x01\0\0"))), text(address("\x03\x01\0\0")));
    assert.not.match(text(sockets.address(address("Hush"))), /Hu|us|sh/);
  }
});

test("sizes beyond 2 GiB say no more than that they are", () => {
  const event = eventByName("mq_timedsend");
  if (event === undefined) throw new Error("no mq_timedsend");
  const size = (value: bigint) =>
    redactArgs(redaction(), 1, { event, variant: "native", args: [3n, 0n, value, 0n, 0n] })[2];
  const none = 2n ** 64n - 1n;
  assert.equal([0n, 8192n, none, 0x21212121_21212121n].map(size), [0n, 8192n, none, 2n ** 31n]);
  assert.equal(
    [0n, -1n, 2n ** 63n - 1n, 2n ** 40n, -(2n ** 40n)].map((value) => bounded(value)),
    [0n, -1n, 2n ** 63n - 1n, 2n ** 31n, -(2n ** 31n)],
  );
});

test("of kept addresses only the fields are kept, and netlink's port ids are process ids", () => {
  const { sockets } = redaction("socket-addresses");
  const both = redaction("socket-addresses", "process-ids").sockets;
  const kept = (address: string) => text(sockets.address(bytes(address)));
  const zero = "\0".repeat(8);
  assert.is(kept("\x02\0\x1f\x90\xc0\0\x02\x07HushHush"), `\x02\0\x1f\x90\xc0\0\x02\x07${zero}`);
  assert.is(kept("\x01\0/run/path\0HushHush"), `\x01\0/run/path\0${zero}`);
  assert.is(kept("\x01\0\0abstract\0name"), "\x01\0\0abstract\0name");
  assert.is(kept("\x28\0whatever it is"), "\x28\0whatever it is");
  const netlink = "\x10\0Hu\x39\x30\0\0\x01\0\0\0";
  assert.is(kept(netlink), "\x10\0\0\0\xe9\x03\0\0\x01\0\0\0");
  assert.is(text(both.address(bytes(netlink))), "\x10\0\0\0\x39\x30\0\0\x01\0\0\0");
});

test.run();
