/** Matching on POSIX queues by what calls tell: priority, order, hand-off, blocked senders, and what is not known. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EFAULT, FlowTape } from "../flow-tape.js";

const test = suite("flows: POSIX");

const EAGAIN = -11;
/** The queue was empty when the first call began: what is in it later is known. */
const EMPTY = [0, null] as const;

test("everything of a flow", () => {
  const tape = new FlowTape()
    .send("hello", 7, { tid: 1, span: [10, 12], depth: [0, 1] })
    .receive("hello", 7, { tid: 2, span: [50, 53], depth: [1, 0] });
  assert.equal(tape.lines(), [
    {
      capture: "c1",
      queue: { kind: "posix", key: "posix:4026531839:9:abc", name: "/q" },
      len: 5,
      prio: 7,
      type: null,
      send: {
        task: "1:77",
        tid: 1,
        tgid: 1,
        comm: null,
        enter_ns: 10_000,
        exit_ns: 12_000,
        event: "mq_timedsend",
        call: 1,
        message: null,
      },
      receive: {
        task: "2:77",
        tid: 2,
        tgid: 2,
        comm: null,
        enter_ns: 50_000,
        exit_ns: 53_000,
        event: "mq_timedreceive",
        call: 1,
        message: null,
      },
      queued_ns: 38_000,
      match: "modelled",
      outcome: "delivered",
      sender_blocked_ns: null,
      receiver_waiting_ns: 0,
      basis: "payload",
      candidates: 1,
      drop: null,
    },
  ]);
});

test("the highest priority first, then the oldest, though all look alike and the receiver asks for no priority", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 12], depth: EMPTY })
    .send("same", 9, { tid: 1, span: [20, 22] })
    .send("same", 1, { tid: 1, span: [30, 32] })
    .send("same", 9, { tid: 1, span: [40, 42] });
  for (const at of [100, 110, 120, 130]) tape.receive("same", null, { tid: 2, span: [at, at + 2] });
  assert.equal(tape.words(), [
    "10 → 120 modelled",
    "20 → 100 modelled",
    "30 → 130 modelled",
    "40 → 110 modelled",
  ]);
});

test("a message of higher priority that may have come too late leaves two answers", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 12], depth: EMPTY })
    .send("same", 9, { tid: 1, span: [20, 24] })
    .receive("same", null, { tid: 2, span: [22, 23] })
    .receive("same", null, { tid: 2, span: [30, 31] });
  assert.equal(tape.words(), ["10 → 30 ambiguous(2)", "20 → 22 ambiguous(2)"]);
});

test("two sends at once: two answers fit, unless the payloads tell", () => {
  const overlapping = (one: string, other: string) =>
    new FlowTape()
      .send(one, 1, { tid: 1, span: [10, 20], depth: EMPTY })
      .send(other, 1, { tid: 2, span: [12, 18] })
      .receive(other, 1, { tid: 3, span: [30, 32] })
      .receive(one, 1, { tid: 3, span: [40, 42] })
      .words();
  assert.equal(overlapping("same", "same"), ["10 → 30 ambiguous(2)", "12 → 40 ambiguous(2)"]);
  assert.equal(overlapping("one.", "two."), ["10 → 40 modelled", "12 → 30 modelled"]);
});

test("two receives at once likewise", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("same", 1, { tid: 1, span: [12, 13] })
    .send("same", 1, { tid: 1, span: [14, 15] })
    .receive("same", 1, { tid: 3, span: [30, 36] })
    .receive("same", 1, { tid: 4, span: [31, 35] })
    .receive("same", 1, { tid: 3, span: [40, 42] });
  assert.equal(tape.words(), ["10 → 31 ambiguous(2)", "12 → 30 ambiguous(2)", "14 → 40 modelled"]);
});

test("three in a ring: each may have got what the next one got, though no two can have swapped", () => {
  // The long send may have come first, in the middle or last.
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 20], depth: EMPTY })
    .send("same", 1, { tid: 2, span: [11, 13] })
    .send("same", 1, { tid: 2, span: [15, 17] })
    .receive("same", 1, { tid: 3, span: [30, 31] })
    .receive("same", 1, { tid: 3, span: [40, 41] })
    .receive("same", 1, { tid: 3, span: [50, 51] });
  assert.equal(tape.words(), ["10 → 30 ambiguous(2)", "11 → 40 ambiguous(3)", "15 → 50 ambiguous(2)"]);
});

test("a receive beside one without evidence is still held against those before it", () => {
  const tape = new FlowTape()
    .receive("same", 1, { tid: 3, span: [10, 40], depth: EMPTY })
    .receive("same", 1, { tid: 4, span: [5, 60] })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .send("same", 1, { tid: 1, span: [30, 31] })
    .send("same", 1, { tid: 1, span: [45, 46] })
    .receive("????", 1, { tid: 5, span: [50, 70], isUnread: true });
  assert.match(tape.words()[0] ?? "", /^20 → 10 ambiguous/);
});

test("messages that came one after the other are no ring, however receives overlap with others' sends", () => {
  const tape = new FlowTape()
    .receive("same", 1, { tid: 3, span: [5, 22], depth: EMPTY })
    .receive("same", 1, { tid: 4, span: [6, 60] })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .send("same", 1, { tid: 1, span: [40, 41] })
    .send("same", 1, { tid: 2, span: [70, 71] })
    .receive("same", 1, { tid: 3, span: [55, 72] });
  assert.equal(tape.words(), ["20 → 5 modelled", "40 → 6 modelled", "70 → 55 modelled"]);
});

test("a receiver that waits is handed the message", () => {
  const tape = new FlowTape()
    .receive("same", 1, { tid: 2, span: [5, 22], depth: EMPTY })
    .receive("same", 1, { tid: 3, span: [6, 42] })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .send("same", 1, { tid: 1, span: [40, 41] });
  assert.equal(tape.words(), ["20 → 5 modelled", "40 → 6 modelled"], "the other waited on");
  const [first] = tape.lines();
  assert.equal([first?.sender_blocked_ns, first?.queued_ns, first?.receiver_waiting_ns], [0, 0, 15_000]);
});

test("a blocked sender's message is put in by a receiver, and taken before its call returns", () => {
  const room = { max_messages: 1 };
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: [0, 1], room })
    .send("same", 1, { tid: 1, span: [20, 60], depth: [1, 0], room })
    .receive("same", 1, { tid: 2, span: [40, 42], room })
    .receive("same", 1, { tid: 2, span: [44, 46], room });
  assert.equal(tape.words(), ["10 → 40 modelled", "20 → 44 modelled"]);
  const [first, blocked] = tape.lines();
  assert.equal([first?.sender_blocked_ns, first?.queued_ns], [0, 29_000]);
  assert.equal(
    [blocked?.sender_blocked_ns, blocked?.queued_ns],
    [40_000, null],
    "when it went in is not known",
  );
});

test("a send that failed is no message, a receive that failed takes none", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY, ret: EAGAIN })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .receive("", 1, { tid: 2, span: [30, 31], ret: EAGAIN })
    .receive("same", 1, { tid: 2, span: [40, 41] });
  assert.equal(tape.words(), ["20 → 40 modelled"]);
});

test("EFAULT takes a message out and loses it: by order, since there is nothing else to go by", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("two.", 5, { tid: 1, span: [20, 21] })
    .receive("", 1, { tid: 2, span: [30, 31], ret: EFAULT })
    .receive("one.", 1, { tid: 2, span: [40, 41] });
  assert.equal(tape.words(), ["10 → 40 modelled", "20 → 30 dropped:fault modelled"]);
  const [, dropped] = tape.lines();
  assert.equal([dropped?.drop?.by?.tid, dropped?.drop?.at_ns], [2, 31_000]);
});

test("a receive without evidence does not take what another one's payload asks for", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("two.", 1, { tid: 1, span: [12, 13] })
    .receive("????", 1, { tid: 2, span: [30, 35], isUnread: true })
    .receive("one.", 1, { tid: 3, span: [31, 36] });
  assert.equal(tape.words(), ["10 → 31 modelled", "12 → 30 modelled"]);
});

test("what is left is pending", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("two.", 1, { tid: 2, span: [20, null] });
  assert.equal(tape.words(), ["10 → - pending modelled", "20 → - pending modelled"]);
});

test("pending beside a receive in flight: it may have been taken", () => {
  const tape = new FlowTape()
    .receive("", 1, { tid: 2, span: [5, null], depth: EMPTY })
    .send("one.", 1, { tid: 1, span: [10, 11] });
  assert.equal(tape.words(), ["10 → - pending ambiguous(2)"]);
});

test("payload that changed during the send: either copy may have been sent, or a mix", () => {
  const changing = (received: string) =>
    new FlowTape()
      .send("before", 1, { tid: 1, span: [10, 20], depth: EMPTY, changed: "after!" })
      .receive(received, 1, { tid: 2, span: [30, 31] })
      .words();
  assert.equal(changing("before"), ["10 → 30 modelled"]);
  assert.equal(changing("after!"), ["10 → 30 modelled"]);
  assert.equal(changing("aftore"), ["10 → 30 modelled"]);
});

test("other bytes, another length or another priority are another message", () => {
  const other = (text: string, prio: number) =>
    new FlowTape()
      .send("this", 1, { tid: 1, span: [10, 11], depth: EMPTY })
      .receive(text, prio, { tid: 2, span: [30, 31] })
      .words();
  assert.equal(other("this", 1), ["10 → 30 modelled"]);
  assert.equal(other("that", 1), ["10 → - pending ambiguous(2)"]);
  assert.equal(other("this one", 1), ["10 → - pending ambiguous(2)"]);
  assert.equal(other("this", 2), ["10 → - pending ambiguous(2)"]);
});

test("bytes beyond the snap length are neither equal nor different", () => {
  const tape = new FlowTape()
    .send("head one", 1, { tid: 1, span: [10, 20], depth: EMPTY, snap: 4 })
    .send("head two", 1, { tid: 2, span: [12, 18], snap: 4 })
    .receive("head two", 1, { tid: 3, span: [30, 32], snap: 4 })
    .receive("head one", 1, { tid: 3, span: [40, 42], snap: 4 });
  assert.equal(tape.words(), ["10 → 30 ambiguous(2)", "12 → 40 ambiguous(2)"]);
});

test("what could not be read fits everything of its length and priority", () => {
  const tape = new FlowTape()
    .send("one.", 1, { tid: 1, span: [10, 20], depth: EMPTY, isUnread: true })
    .send("two.", 1, { tid: 2, span: [12, 18] })
    .receive("two.", 1, { tid: 3, span: [30, 32] })
    .receive("one.", 1, { tid: 3, span: [40, 42] });
  assert.equal(tape.words(), ["10 → 40 modelled", "12 → 30 modelled"], "the other's bytes tell");
});

test("a send that stands still for long may be what any receive up to its end got, and none after it", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 9000], depth: [0, null] })
    .receive("same", 1, { tid: 3, span: [50, 110] })
    .send("same", 1, { tid: 2, span: [100, 101] })
    .receive("same", 1, { tid: 3, span: [150, 210] })
    .send("same", 1, { tid: 2, span: [200, 201] })
    .receive("same", 1, { tid: 3, span: [300, 9100] })
    .send("same", 1, { tid: 2, span: [9400, 9401], depth: [0, 1] })
    .receive("same", 1, { tid: 3, span: [9500, 9501], depth: [1, 0] });
  assert.equal(tape.words(), [
    "10 → 50 ambiguous(2)",
    "100 → 150 ambiguous(3)",
    "200 → 300 ambiguous(2)",
    "9400 → 9500 modelled",
  ]);
});

test.run();
