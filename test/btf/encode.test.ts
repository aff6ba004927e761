import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BtfError, encodeStruct, parseBtf, type StructValues, structLayout } from "../../src/btf/index.js";
import { ARRAY, btfBytes, int, STRUCT } from "../support/btf-bytes.js";

const test = suite("btf/encode");

const layout = structLayout(
  parseBtf(
    btfBytes([
      int("int", 4, 1),
      int("unsigned long", 8),
      int("unsigned char", 1),
      ["", ARRAY, 0, 0, 0, 3, 1, 4],
      ["", ARRAY, 0, 0, 0, 4, 1, 2],
      ["inner", STRUCT, 1, 0, 4, "x", 1, 0],
      ["", ARRAY, 0, 0, 0, 6, 1, 2],
      ["outer", STRUCT, 4, 0, 32, "n", 1, 0, "wide", 2, 64, "names", 5, 128, "list", 7, 192],
    ]),
  ),
  "outer",
);

function encode(values: StructValues): string {
  if (layout === null) throw new Error("no layout");
  return Buffer.from(encodeStruct(layout, values)).toString("hex");
}

function refusal(values: StructValues): string {
  try {
    encode(values);
  } catch (error) {
    if (error instanceof BtfError) return error.message;
    throw error;
  }
  return "nothing was thrown";
}

test("numbers, bytes, arrays and structs land at their offsets, the rest is zero", () => {
  const hex = encode({
    n: -2,
    wide: 0xfedcba9876543210n,
    names: [new Uint8Array([1, 2]), [3]],
    list: [{}, { x: 7 }],
  });
  assert.is(hex, "feffffff00000000 1032547698badcfe 01020000 03000000 00000000 07000000".replaceAll(" ", ""));
  assert.is(encode({}), "00".repeat(32));
});

test("what does not fit is refused with its place", () => {
  assert.is(refusal({ m: 1 }), "BTF: struct outer has no field m (outer)");
  assert.is(refusal({ list: [{ y: 1 }] }), "BTF: struct inner has no field y (outer.list[0])");
  assert.is(refusal({ n: 2 ** 31 }), "BTF: outer.n: 2147483648 does not fit 32 signed bits");
  assert.is(refusal({ wide: -1 }), "BTF: outer.wide: -1 does not fit 64 bits");
  assert.is(refusal({ wide: 2 ** 53 }), "BTF: outer.wide: 9007199254740992 is no exact integer");
  assert.is(refusal({ names: [[], [], []] }), "BTF: outer.names: 3 values into 2 elements");
  assert.is(refusal({ names: [new Uint8Array(5)] }), "BTF: outer.names[0]: 5 bytes into 4");
  assert.is(refusal({ list: 5 }), "BTF: outer.list: a number into a array");
  assert.is(refusal({ n: { x: 1 } }), "BTF: outer.n: an object into a int");
});

test.run();
