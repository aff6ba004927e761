/** Times of day that redact moves, and those that would tell by how much. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type MovedClock, movedClock } from "../../../src/rewrite/redact/clock.js";
import { newCensus } from "../../../src/rewrite/redact/kinds.js";

const test = suite("redacted times of day");

const SECOND = 1_000_000_000n;
const NOW = 1_795_255_200n;
const YEAR = 365n * 86_400n;
const START = 946_684_800n;

function clockOf(...seconds: readonly bigint[]): { clock: MovedClock; counted(): number } {
  const census = newCensus();
  const clock = movedClock(
    seconds.map((one) => one * SECOND + 7n),
    new Set(),
    census,
  );
  return { clock, counted: () => census.counts.get("wall-clock") ?? 0 };
}

test("what is near to the recording is moved by one distance, to a random second in January 2000", () => {
  const { clock, counted } = clockOf(NOW + 3600n, NOW);
  const begin = clock.nanoseconds(NOW * SECOND + 7n);
  assert.is(begin % SECOND, 7n);
  const distance = NOW - begin / SECOND;
  assert.ok(begin / SECOND > START && begin / SECOND < START + 28n * 86_400n);
  for (const value of [NOW - YEAR, NOW - 1n, NOW + 5n, NOW + YEAR]) {
    assert.is(clock.seconds(value), value - distance);
  }
  assert.is(counted(), 5);
  assert.is.not(clockOf(NOW).clock.seconds(NOW), clock.seconds(NOW));
});

test("a capture that begins in 2000 already is moved", () => {
  for (let i = 0; i < 50; i++) assert.is.not(clockOf(START + 1n).clock.seconds(START + 1n), START + 1n);
});

const CONSTANTS = [0n, -1n, 0x7fffffffn, -0x80000000n, 0xffffffffn, 2n ** 63n - 1n, -(2n ** 63n)];

test("what programs write for never is not moved: it would tell the distance", () => {
  const { clock, counted } = clockOf(NOW);
  assert.equal(CONSTANTS.map(clock.seconds), CONSTANTS);
  assert.is(counted(), 0);
  assert.equal(CONSTANTS.map(clockOf(0x7fffffffn - YEAR / 2n).clock.seconds), CONSTANTS, "nor is it near");
});

test("times far from the recording say no more than on which side they are, and are counted", () => {
  const { clock, counted } = clockOf(NOW);
  const far = [NOW - 2n * YEAR, NOW + 2n * YEAR, NOW + 30n * YEAR, 2n ** 60n, -5n, 1n];
  assert.equal(far.map(clock.seconds), [0n, 0x7fffffffn, 0x7fffffffn, 0x7fffffffn, -1n, 0n]);
  assert.is(counted(), far.length);
});

test("without a readable clock no time is let through", () => {
  const { clock, counted } = clockOf();
  assert.equal([NOW, START, 1n, -5n].map(clock.seconds), [0n, 0n, 0n, -1n]);
  assert.is(counted(), 4);
});

test.run();
