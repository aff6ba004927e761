import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openWithRings, ringBytesOf } from "../../src/record/rings.js";

const test = suite("record: rings");

const [K, M] = [1 << 10, 1 << 20];

test("by default 32 MiB are shared out, and no cpu gets too little or too much", () => {
  assert.equal(
    [1, 2, 3, 8, 12, 32, 64, 512].map((cpus) => ringBytesOf(null, cpus) / M),
    [16, 16, 8, 4, 2, 1, 1, 1],
  );
});

test("what is asked for is shared out, rounded down to powers of two", () => {
  const rows: readonly (readonly [total: number, cpus: number, ring: number])[] = [
    [32 * M, 2, 16 * M],
    [100_000, 2, 32 * K],
    [64 * K, 1, 64 * K],
    [64 * K - 1, 1, 32 * K],
    [16 * M, 128, 128 * K],
    [1, 4, 4096],
    [2 ** 31, 2, 2 ** 30],
    [2 ** 31, 1, 2 ** 30],
  ];
  for (const [total, cpus, ring] of rows) assert.is(ringBytesOf(total, cpus), ring, `${total} of ${cpus}`);
});

/** What was asked for until an answer came; rings above `most` are refused. */
function tries(first: number, most: number, code = "ENOSPC"): readonly [asked: number[], end: string] {
  const asked: number[] = [];
  const open = (ringBytes: number) => {
    asked.push(ringBytes);
    if (ringBytes > most) throw Object.assign(new Error(`refused ${ringBytes}`), { code });
    return `opened ${ringBytes}`;
  };
  try {
    return [asked, openWithRings(open, first)];
  } catch (error) {
    return [asked, (error as Error).message];
  }
}

test("rings that the kernel refuses are halved, down to 256 KiB", () => {
  assert.equal(tries(4 * M, 8 * M), [[4 * M], `opened ${4 * M}`]);
  assert.equal(tries(16 * M, 4 * M - 1), [[16 * M, 8 * M, 4 * M, 2 * M], `opened ${2 * M}`]);
  assert.equal(tries(M, 0), [[M, 512 * K, 256 * K], `refused ${256 * K}`]);
  assert.equal(tries(64 * K, 0), [[64 * K], `refused ${64 * K}`]);
  assert.equal(tries(M, 0, "EPERM"), [[M], `refused ${M}`]);
});

test.run();
