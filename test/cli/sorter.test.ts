import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LineSorter } from "../../src/cli/sorter.js";

const test = suite("cli: sorter");

/** Keys in disorder, many of them equal; texts tell the order in which they came. */
function lines(count: number): [number, string][] {
  return Array.from({ length: count }, (_, i) => [
    ((i * 7919) % 97) - 40.5,
    `${i} ${"ü€𝄞".repeat(i % 50)} ${"x".repeat(i % 211)}`,
  ]);
}

function expected(input: readonly [number, string][]): string[] {
  return input
    .map(([key, text], i) => ({ key, text, i }))
    .sort((one, other) => one.key - other.key || one.i - other.i)
    .map(({ text }) => text);
}

function inPlace<T>(use: (directory: string) => T): T {
  const before = process.env.TMPDIR;
  const directory = mkdtempSync(join(tmpdir(), "sorter-test-"));
  process.env.TMPDIR = directory;
  try {
    return use(directory);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(directory, { recursive: true });
  }
}

test("sorts in memory, equal keys as they came", () => {
  inPlace((directory) => {
    const input = lines(2000);
    const sorter = new LineSorter();
    for (const [key, text] of input) sorter.add(key, text);
    assert.equal([...sorter.sorted()], expected(input));
    assert.equal([sorter.runs, readdirSync(directory)], [0, []]);
    sorter.close();
  });
});

test("sorts with little memory over many runs, and leaves no file behind", () => {
  inPlace((directory) => {
    const input = lines(5000);
    const sorter = new LineSorter(20_000);
    for (const [key, text] of input) sorter.add(key, text);
    assert.ok(sorter.runs > 10);
    assert.equal(readdirSync(directory), [], "nothing is left behind when it is killed now");
    assert.equal([...sorter.sorted()], expected(input));
    sorter.close();
    sorter.close();
    assert.equal(readdirSync(directory), []);
  });
});

test("a line may be longer than what is read at once", () => {
  inPlace(() => {
    const input: [number, string][] = [
      [3, "é".repeat(200_000)],
      [2, ""],
      [1, "b".repeat(300_001)],
      [2, "c"],
    ];
    const sorter = new LineSorter(1000);
    for (const [key, text] of input) sorter.add(key, text);
    assert.equal([...sorter.sorted()], expected(input));
    sorter.close();
  });
});

test("says what to do where it cannot write", () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = "/no/such/place";
  try {
    const sorter = new LineSorter(10);
    assert.throws(() => sorter.add(1, "some text"), /\/no\/such\/place: ENOENT; set TMPDIR/);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test.run();
