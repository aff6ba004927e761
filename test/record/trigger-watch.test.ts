import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FiredTrigger } from "../../src/record/tape.js";
import { watchTriggers } from "../../src/record/trigger-watch.js";

const test = suite("record/trigger-watch");

function firing(index: number, timeNs: bigint): FiredTrigger {
  const call = { tid: 1, tgid: 1, startNs: 0n, call: 1n, event: 4 };
  return { ...call, index, timeNs, phase: "exit", value: 0n, met: 1n };
}

test("each trigger is made ready again when it was held off long enough, and once", () => {
  const waiting: FiredTrigger[][] = [];
  const rearmed: number[] = [];
  const tape = {
    firedTriggers: () => waiting.shift() ?? [],
    rearmTrigger: (index: number) => void rearmed.push(index),
  };
  const watch = watchTriggers(tape, 100n);
  const look = (nowNs: bigint, ...fired: FiredTrigger[]) => {
    waiting.push(fired);
    rearmed.length = 0;
    return [watch.look(nowNs), [...rearmed]];
  };
  const [zero, two, again] = [firing(0, 1000n), firing(2, 1050n), firing(0, 1101n)];
  assert.equal(look(990n), [[], []]);
  assert.equal(look(1010n, zero), [[zero], []]);
  assert.equal(look(1060n, two), [[two], []]);
  assert.equal(look(1099n), [[], []]);
  assert.equal(look(1100n), [[], [0]]);
  assert.equal(look(1149n, again), [[again], []]);
  assert.equal(look(1500n), [[], [2, 0]]);
  assert.equal(look(1600n), [[], []]);
});

test.run();
