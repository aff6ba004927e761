import { suite } from "uvu";
import * as assert from "uvu/assert";
import { addDuration, histogramRows, meanNs, newHistogram, quantileNs } from "../../src/replay/histogram.js";

const test = suite("histogram");

function histogramOf(durations: readonly number[]) {
  const histogram = newHistogram();
  for (const duration of durations) addDuration(histogram, duration);
  return histogram;
}

test("percentiles are within 0.4 percent, from nanoseconds to months", () => {
  for (const scale of [1, 1e3, 2 ** 31 / 500, 1e9, 8e12]) {
    const durations = Array.from({ length: 1000 }, (_, index) => Math.floor((index + 1) * scale));
    const histogram = histogramOf(durations);
    for (const quantile of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
      const truth = durations[Math.ceil(quantile * 1000) - 1] ?? 0;
      const found = quantileNs(histogram, quantile) ?? Number.NaN;
      assert.ok(Math.abs(found - truth) <= truth * 0.004, `${quantile} of ${scale}: ${found}, not ${truth}`);
    }
  }
});

test("every duration falls into the row that names it", () => {
  for (let exponent = 0; exponent <= 53; exponent++) {
    for (const duration of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 2 ** (exponent - 2)].map(
      Math.floor,
    )) {
      if (duration > 2 ** 53) continue;
      const rows = histogramRows(histogramOf([duration]));
      assert.is(rows.length, 1);
      const [low, high, count] = rows[0] ?? [0, 0, 0];
      assert.ok(low <= duration && duration < high && count === 1, `${duration}: ${low}..${high}`);
    }
  }
});

test("rows are in order, do not overlap and count everything", () => {
  const durations = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 100_003);
  const rows = histogramRows(histogramOf(durations));
  assert.is(
    rows.reduce((sum, [, , count]) => sum + count, 0),
    5000,
  );
  for (const [index, [low]] of rows.entries()) assert.ok(low >= (rows[index - 1]?.[1] ?? 0));
  for (const [low, high, count] of rows) {
    assert.is(durations.filter((one) => low <= one && one < high).length, count);
  }
});

test("least, greatest and mean are exact, also where the sum passes 2^53", () => {
  const histogram = histogramOf([1, 2 ** 52 + 1, 2 ** 52 + 3, 2 ** 52 + 7]);
  assert.equal([histogram.minNs, histogram.maxNs], [1, 2 ** 52 + 7]);
  assert.is(meanNs(histogram), Number((3n * 2n ** 52n + 12n) / 4n));
  assert.is(meanNs(histogramOf([1, 2])), 1.5);
});

test("of nothing, nothing is known", () => {
  assert.equal(
    [meanNs(newHistogram()), quantileNs(newHistogram(), 0.5), histogramRows(newHistogram())],
    [null, null, []],
  );
});

test.run();
