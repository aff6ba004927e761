/** What can be seen of replaced contents: whether they are equal, and nothing more but where it is asked for. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newKey } from "../../../src/rewrite/redact/key.js";
import { payloadCipher } from "../../../src/rewrite/redact/payload.js";

const test = suite("replaced payloads");

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const hex = (content: Uint8Array) => Buffer.from(content).toString("hex");
/** Places in which both are equal. */
function equalPlaces(one: Uint8Array, other: Uint8Array): number[] {
  const length = Math.min(one.length, other.length);
  return Array.from({ length }, (_, at) => at).filter((at) => one[at] === other[at]);
}

test("equal contents become equal bytes, as many, under one key alone", () => {
  const one = payloadCipher(newKey(), [], []);
  const other = payloadCipher(newKey(), [], []);
  for (const text of ["", "a", "seven b", "eight by", "a longer content than that".repeat(40)]) {
    const made = one.replace(bytes(text));
    assert.is(made.length, text.length);
    assert.equal(one.replace(bytes(text)), made);
    if (text.length >= 7) {
      assert.is.not(hex(made), hex(bytes(text)));
      assert.is.not(hex(made), hex(other.replace(bytes(text))));
    }
  }
});

test("different contents of any length stay different: every content of one byte, many of two and three", () => {
  const cipher = payloadCipher(newKey(), [], []);
  for (const [length, count] of [
    [1, 256],
    [2, 4096],
    [3, 4096],
    [8, 4096],
  ] as const) {
    const made = new Set<string>();
    for (let number = 0; number < count; number++) {
      const content = Uint8Array.from({ length }, (_, i) => (number >> (8 * i)) & 255);
      made.add(hex(cipher.replace(content)));
    }
    assert.is(made.size, count, `${length} bytes`);
  }
});

test("contents that begin alike do not show it", () => {
  const cipher = payloadCipher(newKey(), [], []);
  const texts = Array.from({ length: 200 }, (_, i) =>
    bytes(`GET /the/same/for/all/but/the/number/${1000 + i}`),
  );
  const made = texts.map((text) => cipher.replace(text));
  const [first = new Uint8Array(0)] = made;
  const alike = made.slice(1).reduce((sum, other) => sum + equalPlaces(first, other).length, 0);
  // One of 256 by chance: 199 contents of 41 bytes.
  assert.ok(alike < 100, `${alike} equal bytes`);
});

test("at a checkpoint, and only there, it shows whether contents begin alike", () => {
  const cipher = payloadCipher(newKey(), [10], []);
  const [one, other, cut, third] = [
    "0123456789 and on",
    "0123456789 or off",
    "0123456789",
    "012345678X and on",
  ].map((text) => cipher.replace(bytes(text)));
  if (!one || !other || !cut || !third) throw new Error("four of them");
  assert.equal(one.subarray(0, 10), other.subarray(0, 10));
  assert.equal(one.subarray(0, 10), cut);
  assert.is.not(hex(one.subarray(10)), hex(other.subarray(10)));
  assert.ok(equalPlaces(one.subarray(0, 10), third.subarray(0, 10)).length < 9);
});

test("copies that are joined are equal in each place where they were, and in no other", () => {
  const copies = ["one of the copies", "one OF the copiez", "onE of tHe c"].map(bytes);
  const cipher = payloadCipher(
    newKey(),
    copies.map((copy) => copy.length),
    [copies],
  );
  const made = copies.map((copy) => cipher.replace(copy));
  for (const [i, one] of copies.entries()) {
    for (const [j, other] of copies.entries()) {
      assert.equal(equalPlaces(made[i] ?? one, made[j] ?? other), equalPlaces(one, other));
    }
  }
});

test("a content that is not joined shows nothing of those that are", () => {
  const copies = ["one of the copies", "one OF the copies"].map(bytes);
  const cipher = payloadCipher(newKey(), [], [copies]);
  const stranger = cipher.replace(bytes("one of the copier"));
  assert.ok(equalPlaces(cipher.replace(copies[0] ?? bytes("")), stranger).length < 9);
});

test("bytes of two contents that lay in the same memory come out alike", () => {
  const [before, after, received] = ["................", "....received....", "received"].map(bytes);
  if (!before || !after || !received) throw new Error("three of them");
  const alias = { one: after, at: 4, other: received, otherAt: 0, lengthBytes: 8 };
  const cipher = payloadCipher(newKey(), [], [[before, after], [received]], [alias]);
  assert.equal(cipher.replace(after).subarray(4, 12), cipher.replace(received));
  assert.equal(equalPlaces(cipher.replace(before), cipher.replace(after)), equalPlaces(before, after));
});

test.run();
