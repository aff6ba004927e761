import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDuration, parseTime, resolveTime, timeline, utcSecond } from "../../src/replay/time.js";
import { makeCapture, REAL_START, START, triple } from "./tape.js";

const test = suite("time");

function clockOf(...clocks: ReturnType<typeof triple>[]) {
  const [clock] = timeline([makeCapture({ chunks: [], clocks })]);
  if (clock === undefined) throw new Error("no clock");
  return clock;
}

test("wall has nine digits and follows the nearest earlier reading", () => {
  // The clock was set back by half a second, two seconds after the start.
  const clock = clockOf(
    triple(START, REAL_START),
    triple(START + 2_000_000_000n, REAL_START + 1_500_000_000n),
  );
  assert.is(clock.wall(0), "2026-11-21T10:00:00.000000001Z");
  assert.is(clock.wall(999_999_998), "2026-11-21T10:00:00.999999999Z");
  assert.is(clock.wall(999_999_999), "2026-11-21T10:00:01.000000000Z");
  assert.is(clock.wall(1_999_999_999), "2026-11-21T10:00:02.000000000Z");
  assert.is(clock.wall(2_000_000_000), "2026-11-21T10:00:01.500000001Z");
  assert.is(clock.wall(5), "2026-11-21T10:00:00.000000006Z", "back in time again");
  assert.is(clock.wall(-2), "2026-11-21T09:59:59.999999999Z", "before the start");
});

test("without clock readings wall is not known, and times count from the first record", () => {
  const chunks = [{ records: [], context: { firstTimeNs: START + 5n } }];
  const [clock] = timeline([makeCapture({ chunks, clocks: [], complete: false })]);
  assert.is(clock?.wall(0), null);
  assert.is(clock?.baseNs, START + 5n);
  assert.is(clock?.fromRealtime(REAL_START), null);
});

test("captures of other boots are laid by real time, of one boot by the time since it", () => {
  const make = (boottimeNs: bigint, realtimeNs: bigint, bootId: string | null) => ({
    ...makeCapture({ chunks: [], clocks: [triple(boottimeNs, realtimeNs)] }),
    host: bootId === null ? null : { ...HOST, bootId },
  });
  const bases = (...captures: ReturnType<typeof make>[]) => timeline(captures).map((clock) => clock.baseNs);
  assert.equal(bases(make(1000n, 5_000n, "a"), make(700n, 5_100n, "b")), [1000n, 600n]);
  assert.equal(bases(make(1000n, 5_000n, "a"), make(700n, 4_900n, "b")), [900n, 700n]);
  assert.equal(bases(make(1000n, 5_000n, "a"), make(1300n, 9_999n, "a")), [1000n, 1000n]);
  // Also beside another boot, by the clock of the earliest of the boot.
  const [early, late, other] = [make(1000n, 5_000n, "a"), make(1300n, 9_999n, "a"), make(700n, 5_100n, "b")];
  assert.equal(bases(late, early, other), [1000n, 1000n, 600n]);
  assert.equal(bases(make(700n, 4_900n, "b"), late, early), [700n, 900n, 900n]);
  // Without a boot's id nothing else is of that boot.
  assert.equal(bases(make(1000n, 5_000n, null), make(1300n, 9_999n, null)), [1000n, -3699n]);
});

const HOST = {
  hostname: "h",
  sysname: "Linux",
  release: "6.18",
  version: "#1",
  machine: "x86_64",
  arch: "x86_64" as const,
  littleEndian: true,
  pageSize: 4096,
  cpus: 2,
  recorder: { name: "msgtape" as const, version: "0" },
  synthetic: true,
  config: { events: [], snapBytes: 256, bufferBytes: 0, filters: {}, command: null },
  attachPlan: [],
};

test("durations", () => {
  const cases: [string, number | null][] = [
    ["10ms", 10_000_000],
    ["1.5s", 1_500_000_000],
    ["2m", 120_000_000_000],
    ["1h30m", 5_400_000_000_000],
    ["250us", 250_000],
    ["250µs", 250_000],
    ["7ns", 7],
    ["3", 3_000_000_000],
    ["0.1s", 100_000_000],
    ["", null],
    ["ms", null],
    ["-1s", null],
    ["1 s", null],
    ["1x", null],
    ["1e9", null],
  ];
  for (const [text, ns] of cases) assert.is(parseDuration(text), ns, text);
});

test("times", () => {
  const clock = clockOf(triple(START, REAL_START));
  const resolve = (text: string) => {
    const spec = parseTime(text);
    return spec === null ? null : resolveTime(spec, [clock]);
  };
  assert.is(resolve("1.5s"), 1_500_000_000);
  assert.is(resolve("+10ms"), 10_000_000);
  assert.is(resolve("2026-11-21T10:00:01Z"), 999_999_999);
  assert.is(resolve("2026-11-21 10:00:00.000000004"), 3);
  assert.is(resolve("2026-11-21T11:00:01+01:00"), 999_999_999);
  assert.is(resolve("10:00:02.5"), 2_499_999_999);
  assert.is(resolve("09:00"), 23 * 3600 * 1_000_000_000 - 1, "the next day");
  for (const text of ["25:00", "10:61", "2026-13-01", "2026-11-21T", "noon", "--1"])
    assert.is(resolve(text), null, text);
});

test("a date that a wall gave finds the same moment", () => {
  const clock = clockOf(
    triple(START, REAL_START),
    triple(START + 2_000_000_000n, REAL_START + 2_000_700_000n),
  );
  for (const ns of [0, 1, 1_999_999_999, 2_000_000_000, 3_456_789_012]) {
    const spec = parseTime(clock.wall(ns) ?? "");
    assert.is(spec === null ? null : resolveTime(spec, [clock]), ns);
  }
});

test("refuses dates that no calendar has", () => {
  for (const text of ["2026-02-31", "2026-02-29T10:00:00Z", "2026-04-31T00:00:00+02:00", "2026-13-01"]) {
    assert.is(parseTime(text), null, text);
  }
  assert.equal(parseTime("2028-02-29"), { kind: "utc", ns: 1_835_395_200_000_000_000n });
});

test("finds the clock reading for times that go to and fro, without walking there", () => {
  const clocks = Array.from({ length: 50_000 }, (_, i) =>
    triple(START + BigInt(i) * 1000n, REAL_START + BigInt(i) * 1001n),
  );
  const clock = timeline([makeCapture({ chunks: [], clocks })])[0];
  const startMs = performance.now();
  for (let i = 0; i < 20_000; i++) {
    clock?.wall(49_999_000);
    clock?.wall(0);
  }
  assert.ok(performance.now() - startMs < 1000, "not 2 billion steps");
  assert.is(clock?.wall(0), "2026-11-21T10:00:00.000000001Z");
  assert.is(clock?.wall(-5), "2026-11-21T09:59:59.999999996Z");
  assert.is(clock?.wall(999), "2026-11-21T10:00:00.000001000Z");
  assert.is(clock?.wall(1000), "2026-11-21T10:00:00.000001002Z");
  assert.is(clock?.wall(49_999_000), "2026-11-21T10:00:00.050049000Z");
});

test("seconds that no date has are not known, and do no harm", () => {
  assert.is(utcSecond(0), "1970-01-01T00:00:00");
  assert.is(utcSecond(253_402_300_799), "9999-12-31T23:59:59");
  assert.is(utcSecond(-62_167_219_200), "0000-01-01T00:00:00");
  for (const second of [253_402_300_800, -62_167_219_201, 1e300, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.is(utcSecond(second), null, String(second));
  }
});

test.run();
