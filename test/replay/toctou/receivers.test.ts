/** What receivers got tells what the kernel used: only where one receiver fits. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findReceived } from "../../../src/replay/toctou/flow-receivers.js";
import { at, base64, bytes, found, type HandCall, send } from "./hand.js";

const test = suite("replay/toctou/receivers");

/** The queue is seen empty first, so that nothing unknown is in it. */
const empty: HandCall = {
  event: "mq_getsetattr",
  tid: 300,
  from: 1,
  to: 2,
  args: [3, 0, 0],
  queue: { depth: 0 },
};

function receive(from: number, to: number, text: string, more: Partial<HandCall> = {}): HandCall {
  const got = { ret: text.length, exit: [at(1, 0x9000, text)] };
  return {
    event: "mq_timedreceive",
    tid: 200,
    from,
    to,
    args: [3, 0x9000, 64, 0, 0],
    queue: { depth: 0 },
    ...got,
    ...more,
  };
}

const sending = (from: number, to: number, before: string, after: string, tid = 100) =>
  send(from, to, before, after, { tid, queue: { depth: 0 } });

function used(...calls: readonly HandCall[]): unknown[] {
  return found([empty, ...calls], { findReceived }).findings.map(({ kernel_used, kernel, kernel_from }) => [
    kernel_used,
    kernel,
    kernel_from,
  ]);
}

test("one send, one receive: what came out is what went in", () => {
  const sent = sending(100, 200, "hello", "heLLo");
  assert.equal(used(sent, receive(300, 400, "hello")), [["before", base64("hello"), "receiver"]]);
  assert.equal(used(sent, receive(300, 400, "heLLo")), [["after", base64("heLLo"), "receiver"]]);
  assert.equal(used(sent, receive(300, 400, "heLlo")), [["mixed", base64("heLlo"), "receiver"]]);
});

test("nobody received it, or somebody who was not recorded: unknown", () => {
  const sent = sending(100, 200, "hello", "heLLo");
  assert.equal(used(sent), [["unknown", null, null]]);
  assert.equal(used(sent, receive(300, 400, "hello", { queue: { id: 10n, depth: 0 } })), [
    ["unknown", null, null],
  ]);
});

test("two messages that changed alike, two receivers at once: nobody knows which is whose", () => {
  const sends = [sending(100, 200, "hello", "heLLo"), sending(110, 210, "hello", "heLLo", 101)];
  const receives = [receive(300, 400, "hello"), receive(310, 410, "heLLo", { tid: 201 })];
  for (const [value] of used(...sends, ...receives) as [string][]) assert.is(value, "unknown");
});

test("bytes that are neither the entry's nor the exit's come of another message", () => {
  const wrong = found([sending(100, 200, "hello", "heLLo")], {
    findReceived: (_capture, calls) =>
      new Map([...calls].map((id) => [id, [{ message: 0, atBytes: 0, bytes: bytes("other") }]])),
  });
  assert.is(wrong.findings[0]?.kernel_used, "unknown");
});

test("System V: the type comes with the text", () => {
  const queue = { kind: 2, id: 7n, depth: 0, generation: 5n };
  const text = (type: number) => `${String.fromCharCode(type)}\0\0\0\0\0\0\0text`;
  const sent: HandCall = {
    event: "msgsnd",
    from: 100,
    to: 200,
    args: [7, 0x1000, 4, 0],
    entry: [at(1, 0x1000, text(1))],
    exit: [at(1, 0x1000, text(2))],
    queue,
  };
  const stat: HandCall = { event: "msgctl", tid: 300, from: 1, to: 2, args: [7, 2, 0x100], queue };
  const got: HandCall = {
    event: "msgrcv",
    tid: 200,
    from: 300,
    to: 400,
    args: [7, 0x9000, 64, 0, 0],
    ret: 4,
    exit: [at(1, 0x9000, text(1))],
    queue,
  };
  const [finding] = found([stat, sent, got], { findReceived }).findings;
  assert.equal([finding?.kernel_used, finding?.kernel_offset], ["before", 0]);
});

test.run();
