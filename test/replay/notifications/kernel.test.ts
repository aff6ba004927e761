/** The hook on __do_notify() tells which send fired a registration, and that none did. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NotifyTape } from "./hand.js";

const test = suite("replay: notifications, by the kernel's hook");

const HOOKED = { hooks: ["__do_notify"] } as const;
const ENDS = [1, 0] as const;

function registered(): NotifyTape {
  return new NotifyTape().register(0, 10, { tid: 1, span: [10, 11], owner: [0, 1] });
}

/** Two sends overlap; that of task 3 fired it. */
function overlap(): NotifyTape {
  return registered()
    .send({ tid: 2, span: [20, 24], owner: ENDS, depth: [0, 2] })
    .send({ tid: 3, span: [21, 25], owner: ENDS, depth: [0, 2] })
    .fires(22, 3, 1, 1);
}

test("exact, and of two that overlap it says which; its time is the firing's", () => {
  assert.equal(overlap().words(HOOKED), ["11 signal 10 of 1: fired exact by 21, then -"]);
  assert.is(overlap().lines(HOOKED)[0]?.ended_ns, 22_000_000);
});

test("the receive that followed: by when the kernel gave out a message", () => {
  const tape = overlap()
    .receive({ tid: 4, span: [18, 40], owner: ENDS })
    .receive({ tid: 5, span: [19, 41], owner: ENDS })
    .stores(21.5, 4, 1)
    .stores(23, 5, 1);
  assert.equal(tape.words(HOOKED), ["11 signal 10 of 1: fired exact by 21, then 19 exact"]);
});

test("a receive that began before, of which no hook told: it may have taken what was there before", () => {
  const tape = overlap().receive({ tid: 4, span: [18, 40], owner: ENDS });
  assert.equal(tape.words(HOOKED), ["11 signal 10 of 1: fired exact by 21, then 18 ambiguous"]);
});

test("no send fired it: closed, whatever the sends look like", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .look({ tid: 1, span: [30, 31], owner: [0, 0] });
  assert.equal(tape.words(HOOKED), ["11 signal 10 of 1: closed (close) modelled"]);
  const elsewhere = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .fires(20.5, 2, 1, 77);
  assert.equal(elsewhere.words(HOOKED), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
});

test("where its records were lost, the calls tell", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .fires(50, 2, 9, 77, 1);
  assert.equal(tape.words(HOOKED), ["11 signal 10 of 1: fired modelled by 20, then -"]);
});

test("a firing whose call was lost names the task", () => {
  const tape = registered()
    .look({ tid: 4, span: [30, 31], owner: [0, 0] })
    .fires(22, 3, 1, 1);
  assert.equal(tape.words(HOOKED), ["11 signal 10 of 1: fired exact by tid 3, then -"]);
});

test("each firing is one registration's", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: [1, 1], depth: [0, 1] })
    .register(0, 12, { tid: 1, span: [20.6, 20.8], owner: [0, 1], depth: [1, 1] })
    .receive({ tid: 1, span: [30, 31], owner: [1, 1], depth: [1, 0] })
    .send({ tid: 2, span: [40, 41], owner: ENDS, depth: [0, 1] })
    .fires(20.5, 2, 1, 1)
    .fires(40.5, 2, 2, 1);
  assert.equal(tape.words(HOOKED), [
    "11 signal 10 of 1: fired exact by 20, then 30 modelled",
    "20.8 signal 12 of 1: fired exact by 40, then -",
  ]);
});

test("a firing does not count twice", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 30], owner: [1, 0], depth: [0, 1] })
    .register(0, 12, { tid: 1, span: [22, 28], owner: [1, 0], depth: [0, 1] })
    .fires(23, 2, 1, 1);
  assert.equal(tape.words(HOOKED), [
    "11 signal 10 of 1: fired exact by 20, then -",
    "28 signal 12 of 1: lost (close exec exit) modelled",
  ]);
});

test.run();
