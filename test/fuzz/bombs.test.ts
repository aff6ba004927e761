/** Captures that are made to use up time and memory get little of either; `npm run fuzz -- --bombs` lights all of them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BOUNDS } from "./oracle.js";
import { runBombs } from "./run-bombs.js";

const test = suite("fuzz: bombs");

/** Those that are quickly made; nearly all of what they take is the program's own beginning. */
const QUICK = [
  "headers that all claim the same bytes",
  "file headers",
  "captures",
  "zeros",
  "a long host name",
  "one task with many names",
  "a record as large as a chunk",
  "items without bytes",
];

test("in seconds and within the memory that the spec says", () => {
  const beyond = [...runBombs(QUICK, ["info", "calls", "verify"])].filter(
    ({ status, peakMiB, cpuMs, told }) =>
      peakMiB > BOUNDS.peakMiB ||
      cpuMs > 10_000 ||
      status === 0 ||
      told.includes("a fault of msgtape itself"),
  );
  assert.equal(beyond, []);
});

test("a frame costs tens of bytes and microseconds", () => {
  const blasts = [...runBombs(["frames without content, in the index"], ["info", "verify"])];
  assert.is(blasts.length, 2);
  // As objects, 190 000 of them took 430 MiB.
  assert.equal(
    blasts.filter(({ peakMiB, cpuMs }) => peakMiB > 220 || cpuMs > 6000),
    [],
  );
});

test.run();
