import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BtfError, enumValues, parseBtf, structLayout } from "../../src/btf/index.js";
import {
  btfBytes,
  CONST,
  DATASEC,
  DECL_TAG,
  ENUM,
  ENUM64,
  FLOAT,
  FUNC,
  FUNC_PROTO,
  FWD,
  type HandType,
  int,
  PTR,
  RESTRICT,
  STRUCT,
  TYPE_TAG,
  TYPEDEF,
  VAR,
  VOLATILE,
} from "../support/btf-bytes.js";

const test = suite("btf/parse");

/** The code of the BtfError that `act` throws. */
function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BtfError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

const INT_AND_PAIR: readonly HandType[] = [
  int("int", 4, 1),
  ["pair", STRUCT, 2, 0, 8, "a", 1, 0, "b", 1, 32],
];

test("every kind is stepped over by its own length", () => {
  const types: readonly HandType[] = [
    int("int", 4, 1),
    ["f", FLOAT, 0, 0, 8],
    ["", PTR, 0, 0, 1],
    ["", CONST, 0, 0, 1],
    ["", VOLATILE, 0, 0, 1],
    ["", RESTRICT, 0, 0, 3],
    ["far", FWD, 0, 1, 0],
    ["", FUNC_PROTO, 2, 0, 1, "x", 1, "y", 3],
    ["fn", FUNC, 1, 0, 8],
    ["var", VAR, 0, 0, 1, 1],
    [".data", DATASEC, 1, 0, 4, 10, 0, 4],
    ["tag", DECL_TAG, 0, 0, 13, 0xffffffff],
    ["after", STRUCT, 1, 0, 4, "x", 14, 0],
    ["user", TYPE_TAG, 0, 0, 1],
    ["e", ENUM, 1, 1, 4, "MINUS", -1],
    ["e64", ENUM64, 2, 0, 8, "BIG", 0, 1, "SMALL", 7, 0],
    ["named", TYPEDEF, 0, 0, 13],
  ];
  const btf = parseBtf(btfBytes(types));
  assert.is(btf.typeOffsets.length, types.length + 1);
  assert.equal(structLayout(btf, "named"), {
    name: "after",
    sizeBytes: 4,
    fields: [
      {
        name: "x",
        offsetBytes: 0,
        kind: "int",
        sizeBytes: 4,
        signed: true,
        typeName: "int",
        element: null,
        length: null,
        struct: null,
        bitfield: null,
      },
    ],
  });
  assert.equal(enumValues(btf, "e"), new Map([["MINUS", -1]]));
  assert.equal(
    enumValues(btf, "e64"),
    new Map([
      ["BIG", 2 ** 32],
      ["SMALL", 7],
    ]),
  );
  assert.is(enumValues(btf, "after"), null);
  assert.is(structLayout(btf, "e"), null);
});

test("bytes that are no BTF are refused by name", () => {
  const broken = (patch: (bytes: Buffer) => void) => codeOf(() => parseBtf(btfBytes(INT_AND_PAIR, patch)));
  assert.is(
    codeOf(() => parseBtf(new Uint8Array(0))),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt16LE(0x1234, 0)),
    "not_btf",
  );
  assert.is(
    broken((b) => b.writeUInt16BE(0xeb9f, 0)),
    "byte_order",
  );
  assert.is(
    broken((b) => b.writeUInt8(2, 2)),
    "version",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(8, 4)),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(0xffffffff, 12)),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(0xfffffff0, 16)),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(0, 20)),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt8(0x41, b.length - 1)),
    "truncated",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(31 * 2 ** 24, 28)),
    "bad_type",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(0, 28)),
    "bad_type",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(9999, 24)),
    "bad_reference",
  );
  assert.is(
    broken((b) => b.writeUInt32LE(4 * 2 ** 24 + 0xffff, 44)),
    "truncated",
  );
});

test("bytes cut short anywhere are refused", () => {
  const whole = btfBytes(INT_AND_PAIR);
  for (let length = 0; length < whole.length; length++) {
    assert.is(
      codeOf(() => parseBtf(whole.subarray(0, length))),
      "truncated",
      `cut at ${length}`,
    );
  }
});

test("no byte, whatever its value, brings anything but a layout or a BtfError", () => {
  const whole = btfBytes(INT_AND_PAIR);
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = value;
      codeOf(() => structLayout(parseBtf(bytes), "pair"));
    }
  }
});

test("BTF inside a larger buffer is read from its own start", () => {
  const whole = btfBytes(INT_AND_PAIR);
  const larger = new Uint8Array(whole.length + 7);
  larger.set(whole, 3);
  const layout = structLayout(parseBtf(larger.subarray(3, 3 + whole.length)), "pair");
  assert.equal(
    layout?.fields.map((field) => [field.name, field.offsetBytes]),
    [
      ["a", 0],
      ["b", 4],
    ],
  );
});

test.run();
