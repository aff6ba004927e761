import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ABIS, abiById, abiRow, MUXES, muxById, muxRow, VARIANTS, variantOf } from "../../src/catalog/abi.js";
import { PACKAGE } from "../support/paths.js";

function enumOf(header: string, prefix: string): Record<string, number> {
  const text = readFileSync(join(PACKAGE, "bpf", header), "utf8");
  const found = text.matchAll(new RegExp(`\\b${prefix}(\\w+) = (\\d+),`, "g"));
  return Object.fromEntries([...found].map(([, name, value]) => [name?.toLowerCase(), Number(value)]));
}

const test = suite("catalogue: conventions");

test("numbers are those that the kernel programs write", () => {
  assert.equal(Object.fromEntries(ABIS.map((row) => [row.abi, row.id])), enumOf("records.h", "MT_ABI_"));
  assert.equal(
    { none: 0, ...Object.fromEntries(MUXES.map((row) => [row.mux, row.id])) },
    enumOf("records.h", "MT_MUX_"),
  );
  assert.equal(
    Object.fromEntries(VARIANTS.map((variant, index) => [variant, index])),
    enumOf("config.h", "MT_VARIANT_"),
  );
});

test("rows are found by number and by name", () => {
  assert.is(abiById(2)?.abi, "ia32");
  assert.is(abiById(0), undefined);
  assert.is(abiById(4), undefined);
  assert.is(abiRow("ia32").pointerBytes, 4);
  assert.is(abiRow("arm64").pointerBytes, 8);
  assert.is(muxById(0), undefined);
  assert.is(muxById(2)?.mux, "socketcall");
  assert.is(muxRow("ipc").number, 117);
});

test("the layout follows from the convention and the way in", () => {
  assert.is(variantOf("x86_64", null), "native");
  assert.is(variantOf("arm64", null), "native");
  assert.is(variantOf("ia32", null), "compat");
  assert.is(variantOf("ia32", "socketcall"), "compat");
  assert.is(variantOf("ia32", "ipc"), "compat_ipc");
});

test.run();
