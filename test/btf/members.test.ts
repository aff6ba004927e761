/** Plain members of a struct are found whatever else is in the BTF; what is no plain member is none. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, plainStruct } from "../../src/btf/index.js";
import { ARRAY, btfBytes, CONST, ENUM64, FLOAT, int, STRUCT, TYPEDEF, UNION } from "../support/btf-bytes.js";

const test = suite("btf: plain members");

const btf = parseBtf(
  btfBytes([
    int("u32", 4),
    ["alias", TYPEDEF, 0, 0, 3],
    ["", CONST, 0, 0, 1],
    ["", ARRAY, 0, 0, 0, 2, 1, 3],
    ["loop", TYPEDEF, 0, 0, 5],
    ["e", ENUM64, 0, 0, 8],
    ["f", FLOAT, 0, 0, 4],
    ["bits", 1, 0, 0, 4, 3],
    ["s", UNION, 0, 0, 99],
    [
      ...(["s", STRUCT, 10, 0, 40] as const),
      ...["a", 2, 0, "b", 4, 32, "loop", 5, 0, "e", 6, 128, "f", 7, 0, "bits", 8, 0],
      ...["far", 1, 312, "odd", 1, 3, "nowhere", 999, 0, "a", 6, 64],
    ],
    ["s", STRUCT, 0, 0, 1],
  ]),
);

test("the first struct of a name, and its first member of a name, behind typedefs and qualifiers", () => {
  const struct = plainStruct(btf, "s");
  assert.is(struct?.sizeBytes, 40);
  assert.equal(
    ["a", "b", "e"].map((name) => struct?.member(name)),
    [
      { offsetBytes: 0, sizeBytes: 4, length: null },
      { offsetBytes: 4, sizeBytes: 4, length: 3 },
      { offsetBytes: 16, sizeBytes: 8, length: null },
    ],
  );
  assert.is(plainStruct(btf, "t"), null);
});

test("what is no number, lies outside or begins at a bit is no member, and disturbs no other", () => {
  const struct = plainStruct(btf, "s");
  for (const name of ["loop", "f", "bits", "far", "odd", "nowhere", "none", ""]) {
    assert.is(struct?.member(name), null, name);
  }
});

test.run();
