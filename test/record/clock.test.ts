import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ClockId, createClock } from "../../src/record/clock.js";

const test = suite("record/clock");

/** Clocks that move `costs` at each reading, over and over; the wall clock can be set. */
function fakeClocks(costs: readonly bigint[]) {
  let boottime = 1_000_000n;
  let readings = 0;
  const state = { wallOffset: 5_000_000_000n, slept: 300n };
  const readClock = (id: number): bigint => {
    boottime += costs[readings++ % costs.length] ?? 0n;
    if (id === ClockId.BOOTTIME) return boottime;
    return id === ClockId.REALTIME ? boottime + state.wallOffset : boottime - state.slept;
  };
  return { state, readClock, readings: () => readings };
}

test("a triple lies in the middle of its bracket and says how wide that is", () => {
  const { readClock } = fakeClocks([100n]);
  const clock = createClock(readClock);
  // Four readings made the clock; the next four are at 1000500, 600, 700 and 800.
  assert.equal(clock.read("interval"), {
    boottimeNs: 1_000_650n,
    monotonicNs: 1_000_300n,
    realtimeNs: 5_001_000_700n,
    uncertaintyNs: 300n,
    reason: "interval",
  });
});

test("of several tries the narrowest is kept, and a good one ends them", () => {
  const slow = [0n, 50_000n, 50_000n, 50_000n];
  const { readClock, readings } = fakeClocks([...slow, ...slow, 0n, 10n, 10n, 10n]);
  const clock = createClock(readClock);
  assert.is(readings(), 12);
  assert.is(clock.read("end").uncertaintyNs, 30n);
  assert.is(readings(), 24);
});

test("a machine that is never fast gives up and says how uncertain it was", () => {
  const { readClock, readings } = fakeClocks([0n, 10_000n, 10_000n, 10_000n]);
  const clock = createClock(readClock);
  assert.is(readings(), 32);
  assert.is(clock.read("start").uncertaintyNs, 30_000n);
});

test("setting the wall clock is a step, once, in both directions; nothing else is", () => {
  const { readClock, state } = fakeClocks([100n]);
  const clock = createClock(readClock);
  assert.is(clock.stepped(), false);
  state.slept += 10n ** 12n; // a suspend moves BOOTTIME and REALTIME alike
  assert.is(clock.stepped(), false);
  state.wallOffset += 500n; // less than the readings can tell
  assert.is(clock.stepped(), false);
  state.wallOffset += 1_000_000n;
  clock.read("interval"); // looking at the time does not hide the step
  assert.is(clock.stepped(), true);
  assert.is(clock.stepped(), false);
  state.wallOffset -= 1_000_000n;
  assert.is(clock.stepped(), true);
  assert.is(clock.stepped(), false);
});

test.run();
