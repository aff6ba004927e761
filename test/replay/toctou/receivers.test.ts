/** What receivers got tells what the kernel used: only where one receiver fits. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findReceived } from "../../../src/replay/toctou/flow-receivers.js";
import { ownMarks } from "../../../src/replay/toctou/own-mark.js";
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
    queue: { depth: 1 },
    queueAfter: { depth: 0 },
    ...got,
    ...more,
  };
}

const sending = (from: number, to: number, before: string, after: string, tid = 100) =>
  send(from, to, before, after, { tid, queue: { depth: 0 }, queueAfter: { depth: 1 } });

function used(...calls: readonly HandCall[]): unknown[] {
  return found([empty, ...calls], { findReceived }).findings.map(({ kernel_used, kernel, kernel_from }) => [
    kernel_used,
    kernel,
    kernel_from,
  ]);
}

test("one send, one receive: what came out is what went in", () => {
  const sent = sending(100, 200, "no 1 hello", "no 1 heLLo");
  assert.equal(used(sent, receive(300, 400, "no 1 hello")), [["before", base64("no 1 hello"), "receiver"]]);
  assert.equal(used(sent, receive(300, 400, "no 1 heLLo")), [["after", base64("no 1 heLLo"), "receiver"]]);
  assert.equal(used(sent, receive(300, 400, "no 1 heLlo")), [["mixed", base64("no 1 heLlo"), "receiver"]]);
});

test("nobody received it, or somebody who was not recorded: unknown", () => {
  const sent = sending(100, 200, "no 1 hello", "no 1 heLLo");
  assert.equal(used(sent), [["unknown", null, null]]);
  assert.equal(used(sent, receive(300, 400, "no 1 hello", { queue: { id: 10n, depth: 0 } })), [
    ["unknown", null, null],
  ]);
});

test("two messages that changed alike, two receivers at once: nobody knows which is whose", () => {
  const sends = [
    sending(100, 200, "no 1 hello", "no 1 heLLo"),
    sending(110, 210, "no 1 hello", "no 1 heLLo", 101),
  ];
  const receives = [receive(300, 400, "no 1 hello"), receive(310, 410, "no 1 heLLo", { tid: 201 })];
  for (const [value] of used(...sends, ...receives) as [string][]) assert.is(value, "unknown");
});

test("the unchanged bytes must be those of no other message", () => {
  const value = (...calls: readonly HandCall[]) => (used(...calls) as [string][]).map(([one]) => one)[0];
  // One slot, and somebody who is not recorded filled it with what this send was changed into.
  assert.is(value(sending(100, 200, "AAAAA", "BBBBB"), receive(300, 400, "BBBBB")), "unknown");
  assert.is(value(sending(100, 200, "abcXX", "abcYY"), receive(300, 400, "abcXX")), "unknown", "three bytes");
  const mine = [sending(100, 200, "abcdXX", "abcdYY"), receive(300, 400, "abcdXX")];
  assert.is(value(...mine), "before");
  const more = (text: string, got: string | null = null) => [
    sending(500, 600, text, text, 101),
    ...(got === null ? [] : [receive(700, 800, got)]),
  ];
  assert.is(value(...mine, ...more("abceXX", "abceXX")), "before", "another text");
  assert.is(value(...mine, ...more("abcdXXX", "abcdXXX")), "before", "another length");
  assert.is(value(...mine, ...more("abcdZZ", "abcdZZ")), "unknown", "the same but for what changed");
  assert.is(value(...mine, ...more("", null)), "before");
  const unread = send(500, 600, "......", "", {
    tid: 101,
    exit: [],
    queue: { depth: 0 },
    queueAfter: { depth: 1 },
  });
  assert.is(value(...mine, { ...unread, entry: [at(1, 0x1000, "", { status: 3, wanted: 6 })] }), "unknown");
  assert.is(value(...mine, { ...unread, ret: -11 }), "before", "it sent nothing");
  assert.is(value(...mine, { ...unread, queue: { id: 10n, depth: 0 } }), "before", "on another queue");
});

test("messages beyond what is kept or compared are not called unmistakable", () => {
  const of = (id: string, text: string, receiver = "") => ({
    id,
    receiver,
    queue: "q",
    lengthBytes: text.length,
    isCut: false,
    copies: [bytes(text), bytes(text)],
  });
  const told = (marks: number, comparisons: number) => {
    const own = ownMarks({ marks, comparisons });
    own.add(of("1", "first"));
    own.add(of("2", "other"));
    for (const id of ["3", "4", "5"]) own.see(of(id, "third"));
    return [...own.unmistakable()];
  };
  assert.equal(told(10, 100), ["1", "2"]);
  assert.equal(told(1, 100), ["1"]);
  assert.equal(told(10, 4), []);
});

test("bytes that are neither the entry's nor the exit's come of another message", () => {
  const wrong = found([sending(100, 200, "no 1 hello", "no 1 heLLo")], {
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
    queueAfter: { depth: 1 },
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
    queue: { ...queue, depth: 1 },
    queueAfter: { depth: 0 },
  };
  const [finding] = found([stat, sent, got], { findReceived }).findings;
  assert.equal([finding?.kernel_used, finding?.kernel_offset], ["before", 0]);
});

test.run();
