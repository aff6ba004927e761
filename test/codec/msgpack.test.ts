/** msgpack that claims too much, repeats itself or ends early is refused before anything is built of it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CodecError } from "../../src/codec/error.js";
import { decodeMsgpack, encodeMsgpack } from "../../src/codec/msgpack.js";

const test = suite("codec: msgpack");
const LIMITS = { depth: 4, items: 100, stringBytes: 100_000 };

function decode(...bytes: number[]): unknown {
  return decodeMsgpack(Uint8Array.from(bytes), LIMITS);
}

function refused(bytes: readonly number[], message: RegExp): void {
  const what = Buffer.from(bytes).toString("hex").slice(0, 40);
  assert.throws(
    () => decode(...bytes),
    (error: unknown) =>
      error instanceof CodecError && error.code === "msgpack" && message.test(error.message),
    what,
  );
}

test("values come back, 64-bit integers as bigint and exact", () => {
  const value = { a: 1, b: 0xffffffffffffffffn, c: -5, d: [true, null, "ü"], e: Uint8Array.of(0, 255) };
  assert.equal(decodeMsgpack(encodeMsgpack(value), LIMITS), value);
  assert.is(decode(0xcf, 0x20, 0, 0, 0, 0, 0, 0, 1), 0x2000000000000001n);
});

test("every marker of the format is walked as the decoder reads it", () => {
  const samples: readonly (readonly [number[], unknown])[] = [
    [[0x7f], 127],
    [[0xff], -1],
    [[0x80], {}],
    [[0x90], []],
    [[0xa1, 0x61], "a"],
    [[0xc0], null],
    [[0xc2], false],
    [[0xc3], true],
    [[0xc4, 1, 9], Uint8Array.of(9)],
    [[0xc5, 0, 1, 9], Uint8Array.of(9)],
    [[0xc6, 0, 0, 0, 1, 9], Uint8Array.of(9)],
    [[0xcc, 200], 200],
    [[0xcd, 1, 0], 256],
    [[0xce, 0, 1, 0, 0], 65536],
    [[0xcf, 0, 0, 0, 0, 0, 0, 0, 7], 7n],
    [[0xd0, 0x80], -128],
    [[0xd1, 0xff, 0], -256],
    [[0xd2, 0xff, 0xff, 0, 0], -65536],
    [[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1n],
    [[0xd9, 1, 0x61], "a"],
    [[0xda, 0, 1, 0x61], "a"],
    [[0xdb, 0, 0, 0, 1, 0x61], "a"],
    [[0xdc, 0, 1, 5], [5]],
    [[0xdd, 0, 0, 0, 1, 5], [5]],
    [[0xde, 0, 1, 0xa1, 0x61, 5], { a: 5 }],
    [[0xdf, 0, 0, 0, 1, 0xa1, 0x61, 5], { a: 5 }],
  ];
  for (const [bytes, value] of samples) {
    assert.equal(decode(...bytes), value, Buffer.from(bytes).toString("hex"));
    refused([...bytes, 0xc0], /1 bytes follow/);
    for (let length = 0; length < bytes.length; length++)
      refused(bytes.slice(0, length), /ends? inside|past the end|cannot be in/);
  }
});

test("a bin is a view of the bytes, not a copy", () => {
  const bytes = Uint8Array.of(0xc4, 2, 7, 8);
  const bin = decodeMsgpack(bytes, LIMITS);
  assert.ok(bin instanceof Uint8Array && bin.buffer === bytes.buffer);
});

test("five bytes that claim 33 million values are refused", () => {
  refused([0xdd, 2, 0, 0, 0], /33554432 values cannot be in what follows/);
  refused([0xdf, 1, 0, 0, 0], /33554432 values cannot be in what follows/);
  refused([0xc6, 0xff, 0xff, 0xff, 0xff], /past the end/);
  refused([0xdb, 0xff, 0xff, 0xff, 0xff], /past the end/);
});

test("a string is bounded exactly, bytes are not", () => {
  const limits = { ...LIMITS, stringBytes: 3 };
  assert.is(decodeMsgpack(encodeMsgpack("abc"), limits), "abc");
  assert.throws(() => decodeMsgpack(encodeMsgpack("abcd"), limits), /a string of 4 bytes, at most 3 allowed/);
  assert.throws(() => decodeMsgpack(encodeMsgpack({ abcd: 1 }), limits), /a string of 4 bytes/);
  assert.equal(decodeMsgpack(encodeMsgpack(new Uint8Array(9)), limits), new Uint8Array(9));
});

test("it is told how many values there are, keys included", () => {
  let told = 0;
  decodeMsgpack(encodeMsgpack({ a: [1, 2], b: null }), LIMITS, (items) => {
    told = items;
  });
  assert.is(told, 7);
});

test("depth and items are bounded exactly", () => {
  assert.equal(decode(0x91, 0x91, 0x91, 0x91, 1), [[[[1]]]]);
  refused([0x91, 0x91, 0x91, 0x91, 0x91, 1], /deeper than 4/);
  refused(new Array(3000).fill(0x91), /deeper than 4/);
  const list = (count: number): number[] => [0xdc, 0, count, ...new Array<number>(count).fill(0)];
  assert.is((decode(...list(99)) as unknown[]).length, 99);
  refused(list(100), /more than 100 values/);
});

test("a key twice is refused, also spelled in another width, also further in", () => {
  refused([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2], /"a" comes twice/);
  refused([0x82, 0xa1, 0x61, 1, 0xd9, 1, 0x61, 2], /"a" comes twice/);
  refused([0x91, 0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2], /"a" comes twice/);
  assert.equal(decode(0x82, 0xa1, 0x61, 0xa1, 0x61, 0xa1, 0x62, 0x81, 0xa1, 0x61, 1), {
    a: "a",
    b: { a: 1 },
  });
});

test("a key twice is refused however many there are, and wherever the two stand", () => {
  for (const count of [2, 15, 16, 17, 18, 40]) {
    for (const [first, second] of [
      [0, 1],
      [0, count - 1],
      [count - 2, count - 1],
    ] as const) {
      const keys = Array.from({ length: count }, (_, i) => [
        0xa2,
        0x61 + Math.floor(i / 26),
        0x61 + (i % 26),
      ]);
      const map = () => [0xde, 0, count, ...keys.flatMap((key) => [...key, 0])];
      assert.is(Object.keys(decode(...map()) as object).length, count);
      keys[second] = keys[first] ?? [];
      refused(map(), /"\w\w" comes twice/);
    }
  }
});

test("a string is UTF-8 throughout or refused, short or long", () => {
  for (const length of [1, 31, 64, 65, 200]) {
    for (const at of [0, length - 1]) {
      const text = new Array<number>(length).fill(0x61);
      assert.is(decode(0xd9, length, ...text), "a".repeat(length));
      text[at] = 0x80;
      refused([0xd9, length, ...text], /not UTF-8/);
    }
  }
  assert.is(decode(0xa3, 0xe2, 0x82, 0xac), "€");
});

test("keys that are no strings, strings that are no UTF-8, __proto__, floats and extension types are refused", () => {
  refused([0x81, 1, 1], /key is not a string/);
  refused([0x81, 0x90, 1], /key is not a string/);
  refused([0xa1, 0xff], /not UTF-8/);
  refused([0x81, 0xa9, ...Buffer.from("__proto__"), 1], /__proto__/);
  for (const marker of [0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
    refused([marker, ...new Array<number>(20).fill(0)], /extension type or no msgpack/);
  }
});

test.run();
