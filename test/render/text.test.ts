import { suite } from "uvu";
import * as assert from "uvu/assert";
import { escapeText, padRight, paintLine, quoteBytes } from "../../src/render/text.js";

const test = suite("render/text");

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const quote = (value: Uint8Array, shownBytes = 32, isCut = false): string =>
  quoteBytes(value, { shownBytes, isCut });

test("bytes are quoted as strace does: letters, shortest octal, three digits before a digit", () => {
  assert.is(quote(bytes(0x68, 0x69, 0, 0x1b)), '"hi\\0\\33"');
  assert.is(quote(bytes(0, 0x31, 0x1b, 0x39, 0x1b, 0x61)), '"\\0001\\0339\\33a"');
  assert.is(quote(bytes(9, 10, 11, 12, 13, 0x22, 0x5c)), '"\\t\\n\\v\\f\\r\\"\\\\"');
  assert.is(quote(bytes(0x7f, 0x80, 0x9b, 0xff)), '"\\177\\200\\233\\377"');
  assert.is(quote(bytes()), '""');
});

test("what is longer than shown, and what was not captured, has three dots", () => {
  assert.is(quote(bytes(0x61, 0x62, 0x63), 2), '"ab"...');
  assert.is(quote(bytes(0x61), 2, true), '"a"...');
  // The digit that follows is not shown but still there.
  assert.is(quote(bytes(0, 0x31), 1), '"\\0"...');
});

test("every byte gives printable ASCII only", () => {
  for (let i = 0; i < 65_536; i++) {
    const text = quote(bytes(i >> 8, i & 0xff));
    assert.ok(/^"[\x20-\x7e]*"$/.test(text), JSON.stringify(text));
  }
});

test("names keep the letters of all languages", () => {
  for (const text of ["server", "größe", "сервер", "サーバ", "a b", '/q-1.2_"x"'])
    assert.is(escapeText(text), text);
});

test("names cannot move the cursor, hide, or turn text around", () => {
  assert.is(escapeText("a\u001b[2J"), "a\\033[2J");
  assert.is(escapeText("\0\t\n\r\u007f"), "\\000\\t\\n\\r\\177");
  assert.is(escapeText("\u009b31m\u0085"), "\\u{9b}31m\\u{85}");
  assert.is(escapeText("\u202eabc\u2066\u200f\u061c"), "\\u{202e}abc\\u{2066}\\u{200f}\\u{61c}");
  assert.is(
    escapeText("\u200b\u2028\u2029\ufeff\u00a0\u3000"),
    "\\u{200b}\\u{2028}\\u{2029}\\u{feff}\\u{a0}\\u{3000}",
  );
  assert.is(escapeText("\ud800x\udc00"), "\\u{d800}x\\u{dc00}");
  assert.is(escapeText("\u{e0001}\u{f0000}"), "\\u{e0001}\\u{f0000}");
  assert.is(escapeText("a\\u{9b}"), "a\\\\u{9b}");
});

test("no code point leaves a control, format or separator character", () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const text = escapeText(String.fromCodePoint(code));
    assert.not.match(text, /[\p{C}\p{Zl}\p{Zp}]/u, `U+${code.toString(16)}`);
  }
});

test("colours only when asked, and never in the count of the width", () => {
  const pieces = [{ text: "ab", style: "bold" }, { text: "cdef" }] as const;
  assert.is(paintLine(pieces, { colour: false, width: null }), "abcdef");
  assert.is(paintLine(pieces, { colour: true, width: null }), "\u001b[1mab\u001b[0mcdef");
  assert.is(paintLine(pieces, { colour: true, width: 4 }), "\u001b[1mab\u001b[0mc…");
  assert.is(paintLine(pieces, { colour: true, width: 2 }), "\u001b[1ma\u001b[0m…");
  assert.is(paintLine(pieces, { colour: false, width: 6 }), "abcdef");
  assert.is(padRight("ä", 3), "ä  ");
});

test.run();
