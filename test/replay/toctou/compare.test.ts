import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Copies, judge } from "../../../src/replay/toctou/compare.js";

const test = suite("replay/toctou/compare");

const copy = (text: string | null, atBytes = 0) =>
  text === null ? null : { bytes: new TextEncoder().encode(text), atBytes };

/** Eight bytes at the place, unless told otherwise. */
function copies(
  entry: string | null,
  kernel: string | null,
  exit: string | null,
  more: Partial<Copies> = {},
): Copies {
  return {
    wantedBytes: 8,
    ranges: null,
    entry: copy(entry),
    kernel: copy(kernel),
    exit: copy(exit),
    ...more,
  };
}

const changed = (firstDiffBytes: number, kernelUsed: string) => ({
  verdict: "changed",
  firstDiffBytes,
  kernelUsed,
});

test("both ends alike and whole: the same, with and without the kernel's copy", () => {
  assert.equal(judge(copies("abcdefgh", null, "abcdefgh")), { verdict: "same" });
  assert.equal(judge(copies("abcdefgh", "abcdefgh", "abcdefgh")), { verdict: "same" });
});

test("what was not read is unknown, never the same", () => {
  for (const [entry, kernel, exit] of [
    [null, null, "abcdefgh"],
    ["abcdefgh", null, null],
    [null, "abcdefgh", "abcdefgh"],
    ["abcd", null, "abcdefgh"],
    ["abcdefgh", "abcdefgh", "abcdefg"],
    ["abcd", "abcd", "abcd"],
    [null, null, null],
  ] as const) {
    assert.equal(judge(copies(entry, kernel, exit)), { verdict: "unknown" }, `${entry} ${kernel} ${exit}`);
  }
});

test("a difference is told wherever it was seen, and the kernel's copy tells which value was used", () => {
  assert.equal(judge(copies("abcdefgh", null, "abcXefgh")), changed(3, "unknown"));
  assert.equal(judge(copies("abcdefgh", "abcdefgh", "abcXefgh")), changed(3, "before"));
  assert.equal(judge(copies("abcdefgh", "abcXefgh", "abcXefgh")), changed(3, "after"));
  assert.equal(judge(copies("abcdefgh", "XbcdefgY", "XbcdefYY")), changed(0, "mixed"));
  assert.equal(judge(copies("abcdefgh", "aXcdefgh", "aXcdefgY")), changed(1, "mixed"));
});

test("changed and changed back: only the kernel's copy shows it", () => {
  assert.equal(judge(copies("abcdefgh", "abcdXfgh", "abcdefgh")), changed(4, "mixed"));
});

test("with one end not known, the kernel's copy still tells on which side of it the change was", () => {
  assert.equal(judge(copies(null, "abcdefgh", "abcdefgX")), changed(7, "before"));
  assert.equal(judge(copies("abcdefgh", "abcdefgX", null)), changed(7, "after"));
});

test("a kernel's copy that does not reach the change says nothing of it", () => {
  const short = { kernel: copy("efgh", 4) };
  assert.equal(judge(copies("abcdefgh", null, "Xbcdefgh", short)), changed(0, "unknown"));
  assert.equal(judge(copies("abcdefgh", null, "abcdXfgh", short)), changed(4, "before"));
  assert.equal(judge(copies("abcdefgh", null, "XbcdXfgh", short)), changed(0, "unknown"));
  assert.equal(judge(copies("abcdefgh", null, "abcdXfgX", { kernel: copy("abcdX") })), changed(4, "unknown"));
});

test("bytes that are no input are not looked at", () => {
  const ranges = [[0, 2] as const, [4, 6] as const];
  assert.equal(judge(copies("abcdefgh", null, "abXXefXX", { ranges })), { verdict: "same" });
  assert.equal(judge(copies("abcdefgh", "abcdeXgh", "abXXeXXX", { ranges })), changed(5, "after"));
  assert.equal(judge(copies("abcde", null, "abcde", { ranges })), { verdict: "unknown" });
});

test("nothing wanted is nothing changed", () => {
  assert.equal(judge(copies("", null, "", { wantedBytes: 0 })), { verdict: "same" });
});

test.run();
