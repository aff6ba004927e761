import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, sliceBtf, structLayout } from "../../src/btf/index.js";
import {
  ARRAY,
  btfBytes,
  CONST,
  ENUM,
  ENUM64,
  FUNC_PROTO,
  FWD,
  int,
  PTR,
  STRUCT,
  TYPE_TAG,
  TYPEDEF,
  UNION,
} from "../support/btf-bytes.js";

const test = suite("btf/slice");

test("a slice holds what was asked for and what its bytes need, pointers cut", () => {
  const whole = btfBytes([
    int("int", 4, 1), // 1
    int("unused", 8), // 2
    ["far", STRUCT, 1, 0, 8, "x", 2, 0], // 3
    ["", PTR, 0, 0, 3], // 4
    ["user", TYPE_TAG, 0, 0, 1], // 5
    ["", PTR, 0, 0, 5], // 6
    ["", FUNC_PROTO, 0, 0, 0], // 7
    ["", PTR, 0, 0, 7], // 8
    ["inner", STRUCT, 1, 0, 4, "n", 1, 0], // 9
    ["", PTR, 0, 0, 9], // 10
    ["mode", ENUM, 1, 1, 4, "BAD", -1], // 11
    ["wide", ENUM64, 1, 0, 8, "W", 1, 2], // 12
    ["", ARRAY, 0, 0, 0, 9, 1, 2], // 13
    ["", CONST, 0, 0, 13], // 14
    [
      "wanted",
      STRUCT,
      8,
      0,
      64,
      "a",
      4,
      0,
      "b",
      6,
      64,
      "c",
      8,
      128,
      "d",
      10,
      192,
      "e",
      11,
      256,
      "f",
      12,
      320,
      "g",
      14,
      384,
      "h",
      18,
      448,
    ], // 15
    ["wanted_t", TYPEDEF, 0, 0, 15], // 16
    ["opaque", FWD, 0, 1, 0], // 17
    ["", PTR, 0, 0, 17], // 18
  ]);
  const { data, missing } = sliceBtf(parseBtf(whole), ["wanted_t", "nowhere"]);
  assert.equal(missing, ["nowhere"]);
  const expected = btfBytes([
    ["wanted_t", TYPEDEF, 0, 0, 2], // 1
    [
      "wanted",
      STRUCT,
      8,
      0,
      64,
      "a",
      3,
      0,
      "b",
      4,
      64,
      "c",
      6,
      128,
      "d",
      7,
      192,
      "e",
      8,
      256,
      "f",
      9,
      320,
      "g",
      10,
      384,
      "h",
      13,
      448,
    ], // 2
    ["", PTR, 0, 0, 14], // 3: far
    ["", PTR, 0, 0, 5], // 4: the tag is gone
    int("int", 4, 1), // 5
    ["", PTR, 0, 0, 0], // 6: a function
    ["", PTR, 0, 0, 12], // 7: inner is in the slice
    ["mode", ENUM, 1, 1, 4, "BAD", -1], // 8
    ["wide", ENUM64, 1, 0, 8, "W", 1, 2], // 9
    ["", CONST, 0, 0, 11], // 10
    ["", ARRAY, 0, 0, 0, 12, 5, 2], // 11
    ["inner", STRUCT, 1, 0, 4, "n", 5, 0], // 12
    ["", PTR, 0, 0, 15], // 13: opaque
    ["far", FWD, 0, 0, 0], // 14
    ["opaque", FWD, 0, 1, 0], // 15
  ]);
  assert.equal(Buffer.from(data).toString("hex"), Buffer.from(expected).toString("hex"));
});

test("a slice's layouts are those of the whole", () => {
  const whole = parseBtf(
    btfBytes([
      int("int", 4, 1),
      ["", UNION, 2, 0, 4, "x", 1, 0, "y", 1, 0],
      ["s", STRUCT, 3, 1, 12, "bits", 1, (3 << 24) | 5, "", 2, 32, "z", 1, 64],
    ]),
  );
  const slice = parseBtf(sliceBtf(whole, ["s"]).data);
  assert.equal(structLayout(slice, "s"), structLayout(whole, "s"));
});

test("a slice of nothing is valid and empty", () => {
  const { data, missing } = sliceBtf(parseBtf(btfBytes([int("int", 4, 1)])), ["gone"]);
  assert.equal(missing, ["gone"]);
  assert.is(parseBtf(data).typeOffsets.length, 1);
});

test.run();
