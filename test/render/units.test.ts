import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatBytes, formatDuration } from "../../src/render/units.js";

const test = suite("render: units");

test("bytes", () => {
  const found = [0, 1023, 1024, 1536, 102_400, 2 ** 20, 5.5 * 2 ** 30, 2 ** 52].map(formatBytes);
  assert.equal(found, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "100 KiB", "1.0 MiB", "5.5 GiB", "4096 TiB"]);
});

test("durations, never rounded up to the next unit", () => {
  const found = [
    0, 999, 1_000, 1_250, 999_999, 1_000_000, 32_190_000, 999_999_999, 1_000_000_000, 59_999_999_999,
    60_000_000_000, 125_000_000_000, 93_780_000_000_000,
  ].map(formatDuration);
  assert.equal(found, [
    "0 ns",
    "999 ns",
    "1 µs",
    "1.25 µs",
    "999 µs",
    "1 ms",
    "32.1 ms",
    "999 ms",
    "1 s",
    "59.9 s",
    "1 min 0 s",
    "2 min 5 s",
    "26 h 3 min",
  ]);
});

test.run();
