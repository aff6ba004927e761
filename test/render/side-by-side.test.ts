import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sideBySide } from "../../src/render/side-by-side.js";

const test = suite("render/side-by-side");

const column = (title: string, text: string | null, atBytes = 0) => ({
  title,
  bytes: text === null ? null : new TextEncoder().encode(text),
  atBytes,
});

test("two versions, the bytes that differ marked under both, in hex and as text", () => {
  const columns = [column("at entry", "order 01"), column("at exit", "ordeR 02")];
  assert.equal(sideBySide({ columns, compared: null, maxRows: 4 }), [
    "          at entry                            at exit",
    "00000000  6f 72 64 65 72 20 30 31  order 01   6f 72 64 65 52 20 30 32  ordeR 02",
    "                      ^^       ^^      ^  ^               ^^       ^^      ^  ^",
  ]);
});

test("nothing of the bytes reaches the terminal but ASCII", () => {
  const columns = [
    { title: "t", bytes: Uint8Array.of(0x1b, 0x5b, 0x6d, 0x9b, 0x00, 0x7f, 0x0a, 0x41), atBytes: 0 },
  ];
  assert.equal(sideBySide({ columns, compared: null, maxRows: 4 }), [
    "          t",
    "00000000  1b 5b 6d 9b 00 7f 0a 41  .[m....A",
  ]);
});

test("bytes that do not count are not marked, and copies that begin later stand in their place", () => {
  const columns = [
    column("at entry", "aaaabbbb"),
    column("kernel", "bXbb", 4),
    column("at exit", "XaaabYbb"),
  ];
  assert.equal(sideBySide({ columns, compared: [[4, 8]], maxRows: 4 }), [
    "          at entry                            kernel                              at exit",
    "00000000  61 61 61 61 62 62 62 62  aaaabbbb               62 58 62 62      bXbb   58 61 61 61 62 59 62 62  XaaabYbb",
    "                         ^^             ^                    ^^             ^                    ^^             ^",
  ]);
});

test("long memory: the rows around the first difference, and how much is not shown", () => {
  const text = "x".repeat(80);
  const columns = [column("a", text), column("b", `${text.slice(0, 41)}Y${text.slice(42)}`)];
  const lines = sideBySide({ columns, compared: null, maxRows: 3 });
  assert.equal(lines.length, 7);
  assert.is(lines[1], "32 bytes before these");
  assert.match(lines[3] ?? "", /^00000028/);
  assert.is(lines[4]?.indexOf("^^"), 13);
  assert.is(lines[6], "24 bytes behind these; 1 differ in all");
});

test("a copy that is not known leaves its column empty, and marks nothing", () => {
  const columns = [column("at entry", "ab"), column("at exit (not known)", null)];
  assert.equal(sideBySide({ columns, compared: null, maxRows: 3 }), [
    "          at entry                            at exit (not known)",
    "00000000  61 62                    ab",
  ]);
});

test.run();
