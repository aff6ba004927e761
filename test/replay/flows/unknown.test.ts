/** What is not in the capture: earlier messages, others' calls, losses. None of it may become a match that looks sure. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Gap } from "../../../src/format/types.js";
import { FlowTape } from "../flow-tape.js";
import { START } from "../tape.js";

const test = suite("flows: unknown");

const EMPTY = [0, null] as const;

function gap(from: number, to: number): Gap {
  return {
    cpu: 0,
    fromNs: START + BigInt(1000 * from),
    toNs: START + BigInt(1000 * to),
    lost: 3n,
    cause: "ring_full",
  };
}

test("messages from before the recording: order proves nothing, a payload of its own does", () => {
  const tape = (text: string) =>
    new FlowTape()
      .send(text, 1, { tid: 1, span: [10, 11], depth: [2, 3] })
      .receive("same", 1, { tid: 2, span: [30, 31], depth: [3, 2] })
      .receive("same", 1, { tid: 2, span: [40, 41], depth: [2, 1] })
      .receive(text, 1, { tid: 2, span: [50, 51], depth: [1, 0] });
  assert.equal(tape("own.").words(), ["10 → 50 modelled"]);
  assert.equal(tape("same").words(), ["10 → 30 ambiguous(?)"]);
  assert.equal(tape("own.").words({ withReceived: true }), [
    "10 → 50 modelled",
    "- → 30 null",
    "- → 40 null",
  ]);
});

test("a payload tells where all payloads differ, and not where they do not", () => {
  const tape = (text: (i: number) => string) => {
    const made = new FlowTape();
    for (let i = 0; i < 20; i++) {
      made.send(text(i), 1, { tid: 1, span: [10 + 20 * i, 11 + 20 * i], depth: [2, 3] });
      made.receive(text(i), 1, { tid: 2, span: [20 + 20 * i, 21 + 20 * i], depth: [3, 2] });
    }
    return made.words().map((line) => line.replace(/^.* /, ""));
  };
  const unsure = "ambiguous(?)";
  assert.equal(
    tape((i) => `number ${i}`),
    Array.from({ length: 20 }, (_, i) => (i < 7 ? unsure : "modelled")),
  );
  assert.equal(
    tape((i) => `number ${i % 3}`),
    Array.from({ length: 20 }, () => unsure),
  );
});

test("a queue that was seen empty holds nothing from before", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: [1, 2] })
    .receive("same", 1, { tid: 2, span: [30, 31], depth: [2, 1] })
    .receive("same", 1, { tid: 2, span: [40, 41], depth: [1, 0] })
    .send("same", 1, { tid: 1, span: [60, 61], depth: [0, 1] })
    .receive("same", 1, { tid: 2, span: [80, 81], depth: [1, 0] });
  assert.equal(tape.words(), ["10 → 30 ambiguous(?)", "60 → 80 modelled"]);
});

test("taken by somebody who was not recorded: the queue was empty before anybody else looked", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: [0, 1] })
    .look({ tid: 3, span: [30, 31], depth: [0, 0] })
    .send("one.", 1, { tid: 1, span: [50, 51], depth: [0, 1] })
    .receive("one.", 1, { tid: 2, span: [80, 81], depth: [1, 0] });
  assert.equal(tape.words(), ["10 → - modelled", "50 → 80 ambiguous(?)"]);
  assert.is(tape.lines()[0]?.outcome, "delivered");
});

test("a depth that changes while nobody is in a call: others use the queue, and order proves nothing", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: [0, 1] })
    .send("same", 1, { tid: 1, span: [20, 21], depth: [2, 3] })
    .receive("same", 1, { tid: 2, span: [80, 81], depth: [3, 2] })
    .receive("same", 1, { tid: 2, span: [90, 91], depth: [2, 1] });
  assert.equal(tape.words(), ["10 → 80 ambiguous(?)", "20 → 90 ambiguous(?)"]);
});

test("a gap: matches across it are not sure, whatever the payload; those beside it are", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .receive("one.", 1, { tid: 2, span: [20, 21], depth: [1, 0] })
    .send("two.", 1, { tid: 1, span: [40, 41], depth: [0, 1] })
    .receive("two.", 1, { tid: 2, span: [60, 61], depth: [1, 0] })
    .send("six.", 1, { tid: 1, span: [70, 71], depth: [0, 1] })
    .receive("six.", 1, { tid: 2, span: [80, 81], depth: [1, 0] });
  assert.equal(tape.words({ gaps: [gap(45, 55)] }), [
    "10 → 20 modelled",
    "40 → 60 ambiguous(?)",
    "70 → 80 modelled",
  ]);
});

test("after a gap order proves nothing: who has waited since then may get any later message", () => {
  const alike = (text: (i: number) => string) =>
    new FlowTape()
      .send(text(0), 1, { tid: 1, span: [10, 11], depth: EMPTY })
      .send(text(1), 1, { tid: 1, span: [70, 71], depth: [1, 2] })
      .receive(text(0), 1, { tid: 2, span: [80, 81], depth: [2, 1] })
      .receive(text(1), 1, { tid: 2, span: [90, 91], depth: [1, 0] })
      .send(text(2), 1, { tid: 1, span: [110, 111], depth: [0, 1] })
      .receive(text(2), 1, { tid: 2, span: [130, 131], depth: [1, 0] })
      .words({ gaps: [gap(45, 55)] });
  assert.equal(
    alike(() => "same"),
    ["10 → 80 ambiguous(?)", "70 → 90 ambiguous(?)", "110 → 130 ambiguous(?)"],
  );
  assert.equal(
    alike((i) => `own ${i}`),
    ["10 → 80 ambiguous(?)", "70 → 90 ambiguous(?)", "110 → 130 modelled"],
  );
});

test("handed to a receiver whose entry was lost: the queue was empty as the send ended", () => {
  const tape = (receiveNs: number) =>
    new FlowTape()
      .look({ tid: 4, span: [1, 2], depth: [0, 0] })
      .send("same", 1, { tid: 1, cpu: 1, span: [60, 61], depth: [0, 0] })
      .look({ tid: 4, cpu: 1, span: [80, 81], depth: [0, 0] })
      .receive("same", 1, { tid: 2, cpu: 2, span: [receiveNs, 100], depth: [0, 0] })
      .words();
  assert.equal(
    tape(65),
    ["60 → 65 ambiguous(?)"],
    "the depth may have been read by the cpu's next record only",
  );
  assert.equal(tape(90), ["60 → - ambiguous(2)"]);
});

test("a depth that was read late, by a cpu that stood still, bars nothing and contradicts nothing", () => {
  const tape = (text: (i: number) => string) =>
    new FlowTape()
      .send(text(0), 1, { tid: 1, cpu: 1, span: [10, 11], depth: [0, 1] })
      .send(text(1), 1, { tid: 1, cpu: 1, span: [12, 13], depth: [1, 2] })
      // It began when there were two, and looked when there was none.
      .receive(text(2), 1, { tid: 3, cpu: 2, span: [20, 9500], depth: [0, 0] })
      .receive(text(0), 1, { tid: 2, cpu: 3, span: [5000, 5001], depth: [2, 1] })
      .receive(text(1), 1, { tid: 2, cpu: 3, span: [5010, 5011], depth: [1, 0] })
      .send(text(2), 1, { tid: 1, cpu: 1, span: [9000, 9001], depth: [0, 0] })
      .words();
  assert.equal(
    tape((i) => `own ${i}`),
    ["10 → 5000 modelled", "12 → 5010 modelled", "9000 → 20 modelled"],
  );
  assert.equal(
    tape(() => "same"),
    ["10 → 5000 ambiguous(?)", "12 → 5010 ambiguous(?)", "9000 → 20 modelled"],
  );
});

test("a receive whose end was lost may have got what order gives to another one, before the gap too", () => {
  const words = (isAsking: boolean) => {
    const tape = new FlowTape()
      .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
      .send("same", 1, { tid: 1, span: [12, 13] });
    if (isAsking) tape.receive("same", 1, { tid: 2, span: [30, null] });
    return tape
      .receive("same", 1, { tid: 3, span: [31, 33] })
      .receive("same", 1, { tid: 2, span: [60, 61] })
      .words({ gaps: [gap(45, 55)] });
  };
  assert.equal(words(false), ["10 → 31 modelled", "12 → 60 ambiguous(?)"]);
  assert.equal(words(true), ["10 → 31 ambiguous(?)", "12 → 60 ambiguous(?)"]);
});

test("pending before a gap: it may have been received in it", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("two.", 1, { tid: 1, span: [60, 61], depth: [1, 2] });
  assert.equal(tape.words({ gaps: [gap(45, 55)] }), [
    "10 → - pending ambiguous(?)",
    "60 → - pending modelled",
  ]);
});

test("a send whose end was lost is proved by its receiver alone", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, null], depth: EMPTY })
    .send("two.", 1, { tid: 1, span: [30, 31], depth: [1, 2] })
    .receive("one.", 1, { tid: 2, span: [60, 61], depth: [2, 1] });
  assert.equal(tape.words({ gaps: [gap(11, 12)] }), ["10 → 60 ambiguous(?)", "30 → - pending modelled"]);
});

test("a send whose end was lost is not forgotten when its task goes on", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, null], depth: EMPTY })
    .send("same", 1, { tid: 2, span: [12, 13] })
    .receive("same", 1, { tid: 3, span: [30, 31] })
    .send("next", 1, { tid: 1, span: [60, 61] })
    .receive("next", 1, { tid: 3, span: [70, 71] });
  assert.equal(tape.words({ gaps: [gap(45, 55)] }), [
    "10 → 30 ambiguous(?)",
    "12 → - pending ambiguous(?)",
    "60 → 70 ambiguous(?)",
  ]);
});

test("two queues have nothing to do with each other, and filters choose among answers alone", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY, queue: 9 })
    .send("same", 1, { tid: 1, span: [20, 21], depth: EMPTY, queue: 8 })
    .receive("same", 1, { tid: 2, span: [30, 31], queue: 8 })
    .receive("same", 1, { tid: 3, span: [40, 41], queue: 9 });
  assert.equal(tape.words(), ["10 → 40 modelled", "20 → 30 modelled"]);
  assert.equal(tape.words({ filter: { tids: new Set([3]) } }), ["10 → 40 modelled"]);
  assert.equal(tape.words({ filter: { tids: new Set([1]), fromNs: 15_000 } }), ["20 → 30 modelled"]);
  assert.equal(tape.words({ filter: { queues: new Set(["/q"]) } }), ["10 → 40 modelled"]);
});

test("a call that outlasts hundreds of others may be the one that they are taken for", () => {
  const words = (receive: (tape: FlowTape) => FlowTape) => {
    const tape = receive(new FlowTape().send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY }));
    for (let i = 0; i < 600; i++) {
      const at = 100 + 20 * i;
      tape.send("same", 1, { tid: 1, span: [at, at + 1] });
      tape.receive("same", 1, { tid: 2, span: [at + 10, at + 11] });
    }
    return tape.words();
  };
  // It was given the first message and slept; or another one. Nobody knows before it ends.
  const beside = words((tape) => tape.receive("same", 1, { tid: 3, span: [12, 50_000] }));
  assert.is(beside.length, 601);
  assert.equal(
    beside.filter((line) => /modelled/.test(line)),
    [],
  );
  const sending = words((tape) => tape.send("same", 1, { tid: 3, span: [12, 50_000] }));
  assert.equal(
    sending.filter((line) => !/pending/.test(line) && /modelled/.test(line)),
    [],
  );
  // Who asks for another message cannot have got it.
  const other = words((tape) => tape.send("else", 1, { tid: 3, span: [12, 50_000] }));
  assert.equal(
    other.filter((line) => /ambiguous/.test(line)),
    [],
  );
});

test("thousands of equal messages in a queue: in order, and in time", () => {
  const tape = new FlowTape();
  for (let i = 0; i < 3000; i++)
    tape.send("same", 1, { tid: 1, span: [10 * i + 10, 10 * i + 11], depth: [i, i + 1] });
  for (let i = 0; i < 3000; i++) {
    const at = 100_000 + 10 * i;
    tape.receive("same", 1, { tid: 2, span: [at, at + 1], depth: [3000 - i, 2999 - i] });
  }
  const expected = Array.from({ length: 3000 }, (_, i) => `${10 * i + 10} → ${100_000 + 10 * i} modelled`);
  assert.equal(tape.words(), expected);
});

test.run();
