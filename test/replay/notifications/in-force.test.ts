import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lastRegistration, registrationAt } from "../../../src/replay/notifications/in-force.js";
import { inventory, NotifyTape } from "./hand.js";

const test = suite("replay: the registration in force");

const KEY = "posix:4026531839:9:abc";

test("registered, not, or not known, moment by moment", () => {
  const lines = new NotifyTape()
    .register(0, 10, { tid: 1, span: [10, 11], owner: [0, 1] })
    .send({ tid: 2, span: [20, 21], owner: [1, 0], depth: [0, 1] })
    .register(0, 12, { tid: 1, span: [30, 31], owner: [0, 1], depth: [1, 1] })
    .look({ tid: 2, span: [40, 41], owner: [0, 0], depth: [1, 1] })
    .lines();
  const at = (ms: number) => {
    const found = registrationAt(lines, KEY, ms * 1_000_000);
    return found.state === "registered" ? found.line.signo : found.state;
  };
  assert.equal([5, 10.5, 15, 20.5, 25, 30.5, 31, 35, 45].map(at), [
    "none",
    "unknown",
    10,
    "unknown",
    "none",
    "unknown",
    12,
    "unknown",
    "none",
  ]);
  assert.equal(registrationAt(lines, "posix:1:1:1", 15_000_000).state, "none");
});

test("what became of the last one, moment by moment", () => {
  const lines = new NotifyTape()
    .register(0, 10, { tid: 1, span: [10, 11], owner: [0, 1] })
    .send({ tid: 2, span: [20, 21], owner: [1, 0], depth: [0, 1] })
    .register(0, 12, { tid: 1, span: [30, 31], owner: [0, 1], depth: [1, 1] })
    .look({ tid: 2, span: [40, 41], owner: [0, 0], depth: [1, 1] })
    .lines();
  const at = (ms: number) => {
    const last = lastRegistration(lines, KEY, ms * 1_000_000);
    return last === null ? null : [last.signo, last.state];
  };
  assert.equal([5, 15, 20.5, 25, 31, 35, 45].map(at), [
    null,
    [10, "in_force"],
    [10, "unknown"],
    [10, "fired"],
    [12, "in_force"],
    [12, "unknown"],
    [12, "lost"],
  ]);
  assert.equal(lastRegistration(lines, KEY, 25_000_000), {
    pid: 1,
    method: "signal",
    signo: 10,
    registered_ns: 11_000_000,
    state: "fired",
    ended_ns: lines[0]?.ended_ns ?? null,
    match: "modelled",
  });
});

test("still there at the end; an end that is not known leaves it open", () => {
  const tape = new NotifyTape().register(0, 10, { tid: 1, span: [10, 11], owner: [0, 1] });
  const state = (inventories: Parameters<NotifyTape["lines"]>[0]) =>
    registrationAt(tape.lines(inventories), KEY, 50_000_000).state;
  assert.is(state({ inventories: [inventory("end", 90, { signo: 10, pid: 1 })] }), "registered");
  assert.is(state({}), "unknown");
});

test.run();
