/** Calls that began in an earlier part of the recording than the first one given. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Inventory } from "../../src/format/types.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { latency } from "../../src/replay/latency.js";
import { ENTRY_LOST, LAST, makeCapture, START, Tape } from "./tape.js";

const test = suite("replay: calls begun before a part");

const inFlight = (calls: Partial<Inventory["inFlight"][number]>[]): Inventory => ({
  atNs: START,
  reason: "rotation",
  queues: [],
  limits: {},
  missing: [],
  inFlight: calls.map((call) => ({ tid: 100, startNs: 77n, event: 4, enterNs: START - 5n, ...call })),
});

function part(inventories: readonly Inventory[], firstRecord = 9n, flags = 0) {
  const tape = new Tape();
  const records = [
    tape.exit({ at: 1000, call: 7, ret: 5, flags: LAST | flags }),
    tape.exit({ at: 2000, call: 9, ret: 6 }),
    tape.exit({ at: 3000, call: 3, ret: 0, tid: 200, tgid: 200 }),
  ];
  const capture = makeCapture({ chunks: [{ records }], inventories, plan: [] });
  if (capture.host === null) throw new Error("no host");
  return { ...capture, host: { ...capture.host, recording: { id: "r", part: 2, firstRecord } } };
}

const states = (capture: ReturnType<typeof part>) =>
  [...calls(capture, EVERYTHING, { decode: () => null })].map(({ tid, state }) => `${tid} ${state}`);

test("an exit of a call that was under way has no entry; others lost theirs", () => {
  assert.equal(states(part([inFlight([{}])])), ["100 no_entry", "100 uncertain", "200 uncertain"]);
  assert.equal(states(part([])), ["100 uncertain", "100 uncertain", "200 uncertain"]);
});

test("another task or another event is another call, and an entry that was lost was none of these", () => {
  const others = [{ startNs: 78n }, { event: 3 }];
  for (const other of others) {
    assert.equal(states(part([inFlight([other])]))[0], "100 uncertain", JSON.stringify(Object.keys(other)));
  }
  assert.equal(states(part([inFlight([{}])], 9n, ENTRY_LOST))[0], "100 uncertain");
});

test("in the first part of a recording the programs mark such exits themselves", () => {
  assert.equal(states(part([inFlight([{}])], 0n))[0], "100 uncertain");
});

test("latency says the same", () => {
  const { groups } = latency([part([inFlight([{}])])], EVERYTHING, ["pid"]);
  assert.equal(
    groups.map(({ key, no_entry, uncertain }) => [key.pid, no_entry, uncertain]),
    [
      [100, 1, 1],
      [200, 0, 1],
    ],
  );
});

test.run();
