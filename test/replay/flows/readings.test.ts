/** When a depth was read at the latest: what the next record of its cpu or task tells. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { moments } from "../../../src/replay/flows/moments.js";
import { readings } from "../../../src/replay/flows/readings.js";

const test = suite("flows: readings");

test("by the next record of the cpu, or of the task on another one, whichever comes first", () => {
  const records = readings();
  const first = records.next(1, 10, 100);
  records.next(2, 20, 110);
  assert.is(first.readByNs, Number.POSITIVE_INFINITY, "others tell nothing");
  records.next(3, 10, 120);
  assert.is(first.readByNs, 120);
  records.next(1, 30, 130);
  assert.is(first.readByNs, 120);
  const second = records.next(2, 40, 140);
  records.next(2, 50, 150);
  assert.is(second.readByNs, 150);
});

test("a record that is told of late is bounded by the one that came before it in the file", () => {
  const records = readings();
  const newer = records.next(1, 10, 200);
  assert.is(records.next(1, 20, 150).readByNs, 200);
  assert.is(newer.readByNs, Number.POSITIVE_INFINITY);
  records.next(1, 30, 210);
  assert.is(newer.readByNs, 210);
});

test("moments: sure only once they were read", () => {
  const empty = moments();
  empty.add({ atNs: 10, readByNs: 12 });
  empty.add({ atNs: 30, readByNs: 90 });
  empty.add({ atNs: 20, readByNs: Number.POSITIVE_INFINITY });
  assert.equal(
    [11, 12, 89, 90].map((atNs) => empty.lastBy(atNs, [])),
    [null, 10, 10, 30],
  );
  assert.is(empty.lastBy(40, [20]), 20, "a call's own entry was read before it did anything");
  assert.equal([empty.firstFrom(10), empty.firstFrom(11), empty.firstFrom(31)], [10, 20, null]);
  assert.equal(
    [
      empty.liesBetween(10, 12),
      empty.liesBetween(11, 89),
      empty.liesBetween(11, 90),
      empty.liesBetween(31, 99),
    ],
    [true, false, true, false],
  );
});

test.run();
