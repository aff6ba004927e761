import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BtfError, fieldAt, parseBtf, type StructLayout, structLayout } from "../../src/btf/index.js";
import {
  ARRAY,
  btfBytes,
  CONST,
  ENUM,
  FLOAT,
  type HandType,
  INT,
  int,
  PTR,
  STRUCT,
  TYPE_TAG,
  TYPEDEF,
  UNION,
} from "../support/btf-bytes.js";

const test = suite("btf/layout");

function layoutOf(name: string, types: readonly HandType[]): StructLayout {
  const layout = structLayout(parseBtf(btfBytes(types)), name);
  if (layout === null) throw new Error(`no struct ${name}`);
  return layout;
}

/** Name, offset and size of each field. */
const places = (layout: StructLayout) =>
  layout.fields.map((field) => [field.name, field.offsetBytes, field.sizeBytes]);

/** What a BtfError says; its code first. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BtfError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}

test("each kind of field tells its size, sign and type", () => {
  const layout = layoutOf("all", [
    int("int", 4, 1),
    int("_Bool", 1, 4),
    int("unsigned char", 1),
    ["__u8", TYPEDEF, 0, 0, 3],
    ["color", ENUM, 1, 0, 4, "RED", 1],
    ["", PTR, 0, 0, 7],
    ["user", TYPE_TAG, 0, 0, 8],
    ["", CONST, 0, 0, 3],
    ["", ARRAY, 0, 0, 0, 4, 1, 3],
    ["double", FLOAT, 0, 0, 8],
    ["inner", STRUCT, 1, 0, 4, "x", 1, 0],
    [
      "all",
      STRUCT,
      8,
      0,
      48,
      "i",
      1,
      0,
      "b",
      2,
      32,
      "u",
      4,
      40,
      "e",
      5,
      64,
      "p",
      6,
      128,
      "a",
      9,
      192,
      "f",
      10,
      256,
      "s",
      11,
      320,
    ],
  ]);
  assert.equal(
    layout.fields.map((f) => [f.name, f.offsetBytes, f.sizeBytes, f.kind, f.signed, f.typeName, f.length]),
    [
      ["i", 0, 4, "int", true, "int", null],
      ["b", 4, 1, "bool", false, "_Bool", null],
      ["u", 5, 1, "int", false, "__u8", null],
      ["e", 8, 4, "enum", false, "color", null],
      ["p", 16, 8, "pointer", false, null, null],
      ["a", 24, 3, "array", false, null, 3],
      ["f", 32, 8, "float", true, "double", null],
      ["s", 40, 4, "struct", false, "inner", null],
    ],
  );
  assert.is(fieldAt(layout, "a").element?.typeName, "__u8");
  assert.is(fieldAt(layout, "s.x").offsetBytes, 40);
});

test("members of anonymous structs and unions are the parent's, at every depth", () => {
  const layout = layoutOf("outer", [
    int("int", 4, 1),
    ["", STRUCT, 2, 0, 8, "x", 1, 0, "y", 1, 32],
    ["", UNION, 2, 0, 8, "", 2, 0, "whole", 1, 0],
    ["outer", STRUCT, 2, 0, 12, "first", 1, 0, "", 3, 32],
  ]);
  assert.equal(places(layout), [
    ["first", 0, 4],
    ["x", 4, 4],
    ["y", 8, 4],
    ["whole", 4, 4],
  ]);
});

test("an array of arrays keeps every dimension", () => {
  const layout = layoutOf("grid", [
    int("unsigned char", 1),
    ["", ARRAY, 0, 0, 0, 1, 1, 16],
    ["", ARRAY, 0, 0, 0, 2, 1, 4],
    ["grid", STRUCT, 1, 0, 64, "rows", 3, 0],
  ]);
  const rows = fieldAt(layout, "rows");
  assert.equal(
    [rows.sizeBytes, rows.length, rows.element?.kind, rows.element?.length, rows.element?.element?.kind],
    [64, 4, "array", 16, "int"],
  );
});

test("bit fields of both encodings are found, others are not moved by the kind flag", () => {
  const unsigned = int("unsigned int", 4);
  const flagged = layoutOf("flags", [
    unsigned,
    ["flags", STRUCT, 3, 1, 8, "low", 1, (3 << 24) | 0, "mid", 1, (7 << 24) | 6, "next", 1, 32],
  ]);
  assert.equal(
    flagged.fields.map((f) => [f.name, f.offsetBytes, f.sizeBytes, f.bitfield]),
    [
      ["low", 0, 1, { offsetBits: 0, sizeBits: 3 }],
      ["mid", 0, 2, { offsetBits: 6, sizeBits: 7 }],
      ["next", 4, 4, null],
    ],
  );
  const old = layoutOf("flags", [
    ["unsigned int", INT, 0, 0, 4, (2 << 16) | 5],
    ["flags", STRUCT, 1, 0, 4, "five", 1, 9],
  ]);
  assert.equal(fieldAt(old, "five").bitfield, { offsetBits: 3, sizeBits: 5 });
  assert.is(fieldAt(old, "five").offsetBytes, 1);
});

test("a typedef of an anonymous struct has the typedef's name", () => {
  const layout = layoutOf("pair_t", [
    int("int", 4, 1),
    ["", STRUCT, 1, 0, 4, "a", 1, 0],
    ["pair_t", TYPEDEF, 0, 0, 2],
  ]);
  assert.is(layout.name, "pair_t");
  assert.equal(places(layout), [["a", 0, 4]]);
});

test("a field that is not there is an error that names struct and field", () => {
  const layout = layoutOf("pair", [int("int", 4, 1), ["pair", STRUCT, 1, 0, 4, "a", 1, 0]]);
  assert.is(
    refusal(() => fieldAt(layout, "b")),
    "no_field: BTF: struct pair has no field b (b)",
  );
  assert.is(
    refusal(() => fieldAt(layout, "a.b")),
    "no_field: BTF: struct int has no field b (a.b)",
  );
});

test("hostile types end in a BtfError: cycles, endless arrays, members outside", () => {
  const four = int("int", 4, 1);
  const cases: readonly [string, readonly HandType[]][] = [
    ["cycle", [["bad", STRUCT, 1, 0, 8, "self", 1, 0]]],
    [
      "cycle",
      [
        ["bad", STRUCT, 1, 0, 8, "other", 2, 0],
        ["", STRUCT, 1, 0, 8, "back", 1, 0],
      ],
    ],
    [
      "cycle",
      [
        ["loop", TYPEDEF, 0, 0, 1],
        ["bad", STRUCT, 1, 0, 8, "x", 1, 0],
      ],
    ],
    [
      "cycle",
      [
        ["", ARRAY, 0, 0, 0, 1, 1, 1],
        ["bad", STRUCT, 1, 0, 8, "x", 1, 0],
      ],
    ],
    ["bad_member", [four, ["bad", STRUCT, 1, 0, 4, "x", 1, 8]]],
    ["bad_member", [four, ["bad", STRUCT, 1, 0, 8, "x", 1, 3]]],
    ["bad_member", [four, ["bad", STRUCT, 1, 0, 8, "x", 0, 0]]],
    ["bad_member", [four, ["", ARRAY, 0, 0, 0, 1, 1, 0xffffffff], ["bad", STRUCT, 1, 0, 8, "x", 2, 0]]],
    [
      "limit",
      [
        ["none", STRUCT, 0, 0, 0],
        ["", ARRAY, 0, 0, 0, 1, 1, -1],
        ["bad", STRUCT, 1, 0, 8, "x", 2, 0],
      ],
    ],
    // A number that wide would be read in steps that grow with it.
    ["limit", [int("wide", 1 << 20), ["bad", STRUCT, 1, 0, 1 << 20, "x", 1, 0]]],
    ["bad_reference", [["bad", STRUCT, 1, 0, 8, "x", 77, 0]]],
    ["bad_reference", [four, ["bad", STRUCT, 1, 0, 8, 0x7fffffff, 1, 0]]],
  ];
  for (const [code, types] of cases) {
    assert.is(refusal(() => layoutOf("bad", types)).split(":")[0], code, JSON.stringify(types));
  }
});

test("anonymous members that multiply at each level are stopped", () => {
  const types: HandType[] = [int("int", 4, 1), ["", UNION, 2, 0, 4, "a", 1, 0, "b", 1, 0]];
  for (let id = 2; id < 22; id++) types.push(["", UNION, 2, 0, 4, "", id, 0, "", id, 0]);
  types.push(["bad", UNION, 1, 0, 4, "", 22, 0]);
  assert.match(
    refusal(() => layoutOf("bad", types)),
    "more than 4096 fields",
  );
});

test.run();
