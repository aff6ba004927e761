/** Inventories of a file that is written for weeks are as many as its readers keep. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeMsgpack } from "../../src/codec/msgpack.js";
import { checkStructure } from "../../src/codec/structure.js";
import { LIMITS } from "../../src/format/limits.js";
import { inventoryIntervalMs, inventoryValues } from "../../src/record/inventory-pace.js";

const test = suite("record: pace of inventories");

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** msgpack values of one, as recordings have them: five fields and two holders a queue. */
function valuesOf(queues: number): number {
  const holder = { tid: 1, tgid: 1, start_ns: 1, comm: "x", fd: 3, access: "read" };
  const queue = {
    kind: "posix",
    namespace_inum: 1,
    id: 1,
    name: "/q",
    fields: { QSIZE: "0", NOTIFY: "0", SIGNO: "0", NOTIFY_PID: "0" },
    holders: [holder],
  };
  const body = {
    at_ns: 1,
    reason: "interval",
    queues: Array.from({ length: queues }, () => queue),
    limits: {},
    missing: [],
    in_flight: [],
  };
  return checkStructure(encodeMsgpack(body), LIMITS);
}

/** When they are taken before the end, from the start on. */
function* times(queues: number, endMs: number): Generator<number> {
  let used = 0;
  for (let atMs = 0; atMs < endMs; ) {
    yield atMs;
    used += inventoryValues(queues);
    const intervalMs = inventoryIntervalMs(atMs, queues, used);
    if (intervalMs === null) return;
    atMs += intervalMs;
  }
}

test("each minute at first, for as long as the queues are few", () => {
  assert.is(inventoryIntervalMs(0, 1000, 0), 60_000);
  assert.is([...times(5, 4 * HOUR_MS)].length, 240);
  assert.is([...times(50, 30 * 60_000)].length, 30);
});

test("readers keep all of them, also of months: those at the end and at six changes too", () => {
  for (const queues of [0, 1, 10, 50, 200, 1000, 3000, 5000]) {
    const all = [...times(queues, 90 * DAY_MS)];
    const values = valuesOf(queues);
    assert.ok(Math.abs(inventoryValues(queues) - values) <= 60 + 0.2 * values, `${queues} queues: ${values}`);
    assert.ok((all.length + 7) * values < LIMITS.heldItems, `${queues} queues: ${all.length}`);
    const ofADay = all.filter((atMs) => atMs < DAY_MS).length;
    assert.ok(ofADay >= (queues > 1000 ? 1 : 9), `${queues} queues: ${ofADay} in a day`);
  }
});

test.run();
