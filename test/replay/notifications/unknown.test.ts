/** What a capture does not tell is unknown: gaps, events that were not recorded, senders that were not, ends unseen. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gap, inventory, NotifyTape, type Options } from "./hand.js";

const test = suite("replay: notifications, what is not known");

const ENDS = [1, 0] as const;
const OFF = [0, 0] as const;

function registered(): NotifyTape {
  return new NotifyTape().register(0, 10, { tid: 1, span: [10, 11], owner: [0, 1] });
}

test("a loss while it ended: not known how, unless the hook told", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 1, span: [30, 31], owner: OFF });
  assert.equal(tape.words({ gaps: [gap(14, 15)] }), ["11 signal 10 of 1: unknown"]);
  assert.is(tape.lines({ gaps: [gap(14, 15)] })[0]?.ended_ns, 20_000_000);
  // A loss elsewhere changes nothing.
  assert.equal(tape.words({ gaps: [gap(40, 41)] }), ["11 signal 10 of 1: closed (close) modelled"]);
  tape.fires(13, 2, 9, 1);
  assert.equal(tape.words({ gaps: [gap(14, 15)] }), ["11 signal 10 of 1: fired exact by tid 2, then -"]);
});

test("seen again after a loss: it may be another one of the same process", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: [1, 1] })
    .send({ tid: 2, span: [30, 31], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words({ gaps: [gap(14, 15)] }), ["11 signal 10 of 1: fired ambiguous(1) by 30, then -"]);
});

test("a loss between the firing and a receive: another may have been before it", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .look({ tid: 2, span: [30, 31], owner: OFF })
    .receive({ tid: 1, span: [60, 61], owner: OFF, depth: [1, 0] });
  assert.equal(tape.words({ gaps: [gap(50, 51)] }), [
    "11 signal 10 of 1: fired modelled by 20, then 60 ambiguous",
  ]);
});

test("sends or registrations were not recorded: nothing tells what ended it", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 1, span: [30, 31], owner: OFF });
  const all = ["mq_timedsend", "mq_timedsend_time32", "mq_notify", "mq_getsetattr"];
  assert.equal(tape.words({ events: all }), ["11 signal 10 of 1: closed (close) modelled"]);
  for (const name of all.slice(0, 3)) {
    const events = all.filter((one) => one !== name);
    assert.equal(tape.words({ events }), ["11 signal 10 of 1: unknown"], name);
  }
  assert.equal(tape.words({ summary: { x32Calls: 1n } }), ["11 signal 10 of 1: unknown"]);
});

test("the queue is deeper than recorded sends made it: somebody else sent", () => {
  const tape = registered().look({ tid: 1, span: [20, 21], owner: OFF, depth: [1, 1] });
  assert.equal(tape.words(), ["11 signal 10 of 1: unknown"]);
});

test("a send whose end is not in the capture may have fired it, or not", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, null], owner: [1, 0] })
    .look({ tid: 3, span: [30, 31], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired ambiguous(1) by 20, then -"]);
});

test("never seen to end, and no inventory", () => {
  assert.equal(registered().words(), ["11 signal 10 of 1: unknown"]);
  assert.is(registered().lines()[0]?.last_seen_ns, 11_000_000);
});

test("the inventory at the end: still there, gone, or gone with its queue", () => {
  const words = (end: Options["inventories"], ended = "signal") =>
    registered().words({ inventories: end ?? [], summary: { ended } });
  const there = { notify: 0, signo: 10, pid: 1 };
  assert.equal(words([inventory("end", 90, there)]), ["11 signal 10 of 1: still exact"]);
  assert.equal(words([inventory("end", 90, {})], "command"), [
    "11 signal 10 of 1: lost (close exec exit) modelled",
  ]);
  assert.equal(words([inventory("end", 90, null)]), ["11 signal 10 of 1: queue_gone modelled"]);
});

test("the recording was of a command, and ended with it: so did its processes", () => {
  const words = (parts: Options) => registered().words({ summary: { ended: "command" }, ...parts });
  assert.equal(words({}), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
  assert.equal(words({ gaps: [gap(14, 15)] }), ["11 signal 10 of 1: unknown"]);
  const missing = [{ what: "open descriptors of 3 processes", why: "too slow" }];
  assert.equal(words({ inventories: [inventory("end", 90, null, { missing })] }), [
    "11 signal 10 of 1: lost (close exec exit) modelled",
  ]);
});

test("the inventory at the end does not tell", () => {
  const words = (end: Options["inventories"]) => registered().words({ inventories: end ?? [] });
  const unknown = ["11 signal 10 of 1: unknown"];
  // Between the last record and the inventory others went on.
  assert.equal(words([inventory("end", 90, {})]), unknown);
  const missing = [{ what: "open descriptors of 3 processes", why: "too slow" }];
  assert.equal(words([inventory("end", 90, null, { missing })]), unknown);
  // 0 may stand for a process of another pid namespace.
  const zeros = [inventory("end", 90, {}, { holders: [] })];
  assert.equal(words(zeros), unknown);
  assert.is(registered().lines({ inventories: zeros })[0]?.ended_ns, null);
  const there = { notify: 0, signo: 10, pid: 77 };
  assert.equal(words([inventory("end", 90, there, { holders: [] })]), ["11 signal 10 of 1: still modelled"]);
});

test("from before the recording: method and signal by the inventory", () => {
  const inventories = [inventory("start", 1, { notify: 0, signo: 12, pid: 7 })];
  const tape = new NotifyTape()
    .look({ tid: 2, span: [10, 11], owner: [7, 7] })
    .send({ tid: 2, span: [20, 21], owner: [7, 0], depth: [0, 1] });
  assert.equal(tape.words({ inventories }), ["- signal 12 of 7: fired modelled by 20, then -"]);
});

test("from before the recording: the process as calls know it, where the inventory cannot", () => {
  const inventories = [inventory("start", 1, { notify: 2, signo: 0, pid: 0 }, { holders: [] })];
  const tape = new NotifyTape().look({ tid: 2, span: [10, 11], owner: [7, 7] });
  assert.equal(tape.words({ inventories }), ["- thread of 7: unknown"]);
  assert.equal(new NotifyTape().look({ tid: 2, span: [10, 11] }).words({ inventories }), [
    "- thread of -: unknown",
  ]);
});

test("gone between the inventory and the first call: nobody knows how", () => {
  const inventories = [inventory("start", 1, { notify: 0, signo: 12, pid: 7 })];
  const tape = new NotifyTape()
    .look({ tid: 2, span: [10, 11], owner: OFF })
    .look({ tid: 7, span: [2000, 2001], owner: OFF });
  assert.equal(tape.words({ inventories }), ["- signal 12 of 7: unknown"]);
});

test("made while the inventory was taken: one registration, not two", () => {
  const inventories = [inventory("start", 1, { notify: 0, signo: 10, pid: 1 })];
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .look({ tid: 2, span: [2000, 2001], owner: OFF });
  assert.equal(tape.words({ inventories }), ["11 signal 10 of 1: fired modelled by 20, then -"]);
});

test("calls from before the inventory say more than it does", () => {
  const tape = registered()
    .cancel({ tid: 1, span: [20, 21], owner: ENDS })
    .register(0, 12, { tid: 7, span: [30, 31], owner: [0, 7] })
    .cancel({ tid: 7, span: [60, 61], owner: [7, 0] });
  assert.equal(tape.words({ inventories: [inventory("start", 50, { signo: 12, pid: 7 })] }), [
    "11 signal 10 of 1: cancelled exact by 20",
    "31 signal 12 of 7: cancelled exact by 60",
  ]);
});

test("a queue that no call used: what the inventories show", () => {
  const there = { notify: 1, signo: 0, pid: 7 };
  const words = (...inventories: NonNullable<Options["inventories"]>) =>
    new NotifyTape().words({ inventories, hooks: [] });
  assert.equal(words(inventory("start", 1, there), inventory("end", 90, there)), [
    "- none of 7: still exact",
  ]);
  assert.equal(words(inventory("start", 1, there), inventory("end", 90, {})), ["- none of 7: unknown"]);
  assert.equal(words(inventory("start", 1, there), inventory("end", 90, null)), [
    "- none of 7: queue_gone modelled",
  ]);
});

test.run();
