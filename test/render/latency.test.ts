import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatLatency } from "../../src/render/latency.js";
import type { LatencyGroup } from "../../src/replay/latency-groups.js";
import type { LibcLayer } from "../../src/replay/latency-libc.js";

const test = suite("latency as text");

const group: LatencyGroup = {
  key: { event: "mq_timedreceive", comm: "a\u001b[2J" },
  count: 1200,
  errors: { EAGAIN: 3, ETIMEDOUT: 1 },
  min_ns: 850,
  mean_ns: 1234.5,
  p50_ns: 1200,
  p90_ns: 15_000,
  p99_ns: 2_000_000,
  p999_ns: 3_000_000_000,
  max_ns: 3_000_000_000,
  histogram: [
    [768, 896, 2],
    [1024, 1280, 80],
  ],
  uncertain: 2,
  in_flight: 1,
  no_entry: 0,
};
const empty: LatencyGroup = {
  ...group,
  key: { event: "mq_open", comm: null },
  count: 0,
  errors: {},
  min_ns: null,
  mean_ns: null,
  p50_ns: null,
  p90_ns: null,
  p99_ns: null,
  p999_ns: null,
  max_ns: null,
  histogram: [],
  uncertain: 0,
};

test("a table, and beside it what is not timed", () => {
  const result = {
    groups: [group, empty],
    lost: 7,
    lost_at_least: 7,
    lost_by_event: { mq_open: { entries: 3, exits: 4 }, msgget: { entries: 0, exits: 0 } },
  };
  assert.equal(formatLatency(result, { colour: false, histogram: true }).split("\n"), [
    "event            comm      calls  errors     min     mean     p50    p90   p99  p99.9  max",
    "mq_timedreceive  a\\033[2J   1200       4  850 ns  1.23 µs  1.2 µs  15 µs  2 ms    3 s  3 s",
    "mq_open          -             0       0       -        -       -      -     -      -    -",
    "  mq_timedreceive a\\033[2J: EAGAIN 3; ETIMEDOUT 1; 2 uncertain, not timed; 1 still in flight, not timed",
    "  mq_open -: 1 still in flight, not timed",
    "",
    "mq_timedreceive a\\033[2J",
    "   768 ns .. 896 ns    |#                                       | 2",
    "  1.02 µs .. 1.28 µs   |########################################| 80",
    "",
    "7 records were lost while recording (mq_open 7): calls are missing above",
  ]);
});

test("of nothing it says so", () => {
  const result = { groups: [], lost: 0, lost_at_least: 0, lost_by_event: null };
  assert.is(formatLatency(result, { colour: true, histogram: true }), "no calls");
});

test("losses that are not known are not left out", () => {
  const text = (lost_at_least: number) =>
    formatLatency(
      { groups: [], lost: null, lost_at_least, lost_by_event: null },
      { colour: false, histogram: false },
    ).split("\n");
  const why = "a capture was cut short or is damaged, calls may be missing above";
  assert.equal(text(0), ["no calls", "", `losses are not known: ${why}`]);
  assert.equal(text(7), ["no calls", "", `losses are not known, at least 7: ${why}`]);
});

test("what the rows of libc do not have in them", () => {
  const layer = { capture: "c\u001b1", recorded: true, functions: ["mq_open"], missing: [], lost: 0 };
  const lines = (...libc: LibcLayer[]) =>
    formatLatency(
      { groups: [], lost: 0, lost_at_least: 0, lost_by_event: null, libc },
      { colour: false, histogram: false },
    ).split("\n");
  assert.equal(lines(layer), ["no calls"]);
  const missing = [{ function: "msgsnd", why: "no such function" }];
  assert.equal(lines({ ...layer, missing, lost: 3 }, { ...layer, recorded: false, lost: null }), [
    "no calls",
    "",
    "libc: msgsnd was not hooked in c\\0331: no such function",
    "libc: 3 records were lost in c\\0331: calls near them are uncertain or missing",
    "libc: not recorded in c\\0331, so what callers waited is not known: record with --libc",
  ]);
  assert.equal(lines({ ...layer, lost: null }), [
    "no calls",
    "",
    "libc: an unknown number of records were lost: calls near them are uncertain or missing",
  ]);
});

test.run();
