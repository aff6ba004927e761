/** Open calls are bounded: a capture in which every tid enters and none leaves ends in memory that is stated. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { latency } from "../../src/replay/latency.js";
import { newTask } from "../../src/replay/paired-call.js";
import { giveUpCalls, Phase, type TaskPhase } from "../../src/replay/pairing.js";
import { emptyHead } from "../../src/replay/records.js";
import { makeCapture, Tape } from "./tape.js";

const test = suite("open calls");

function openTasks(enterNs: readonly number[]): Map<number, TaskPhase> {
  return new Map(
    enterNs.map((at, tid) => [tid, { ...newTask(emptyHead()), phase: Phase.INSIDE, enterNs: at }] as const),
  );
}

test("up to the limit none is given up, beyond it the oldest half", () => {
  const tasks = openTasks([50, 10, 40, 20]);
  assert.equal(
    giveUpCalls(tasks, () => 8, 4),
    [],
  );
  tasks.set(9, { ...newTask(emptyHead()), phase: Phase.INSIDE, enterNs: 30 });
  assert.equal(
    giveUpCalls(tasks, () => 8, 4).map((task) => task.enterNs),
    [10, 20, 30],
  );
  assert.equal(
    [...tasks.values()].map((task) => task.phase === Phase.INSIDE),
    [true, false, true, false, false],
  );
});

test("of too much evidence the largest go", () => {
  const tasks = openTasks([1, 2, 3]);
  const bytesOf = (task: TaskPhase) => (task.enterNs === 2 ? 1 << 28 : 1 << 20);
  assert.equal(
    giveUpCalls(tasks, bytesOf).map((task) => task.enterNs),
    [2],
  );
});

test("140 000 open calls: each is told of once, the given up ones as uncertain, also when they end later", () => {
  const tape = new Tape();
  const spelled = {
    entry: tape.entry({ at: 0, call: 1 }),
    exit: tape.exit({ at: 200_000, call: 1, ret: 0 }),
  };
  const made = (kind: "entry" | "exit", tid: number) => {
    const record = spelled[kind].slice();
    const view = new DataView(record.buffer);
    view.setBigUint64(8, view.getBigUint64(8, true) + BigInt(tid), true);
    view.setUint32(24, tid, true);
    view.setBigUint64(32, BigInt(kind === "entry" ? tid : 140_000 + tid), true);
    return record;
  };
  const chunk = (kind: "entry" | "exit", from: number) => ({
    records: Array.from({ length: 70_000 }, (_, i) => made(kind, from + i)),
    tasks: [],
    queues: [],
  });
  const capture = makeCapture({ chunks: [chunk("entry", 1), chunk("entry", 70_001), chunk("exit", 1)] });
  const states = new Map<string, number>();
  for (const { state } of calls(capture, EVERYTHING)) states.set(state, (states.get(state) ?? 0) + 1);
  assert.equal(
    [...states],
    [
      ["uncertain", 123_616],
      ["in_flight", 16_384],
    ],
  );
  const groups = latency([capture], EVERYTHING);
  assert.equal(
    groups.groups.map(({ uncertain, in_flight }) => [uncertain, in_flight]),
    [[123_616, 16_384]],
  );
});

test.run();
