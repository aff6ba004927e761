/** A field that is added to a record, or to a struct of the catalogue, needs a decision of what becomes of it. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Btf, parseBtf, type StructLayout, structLayout } from "../../../src/btf/index.js";
import { STRUCTS } from "../../../src/catalog/structs.js";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import { redactBtf } from "../../../src/rewrite/redact/btf.js";
import { KINDS } from "../../../src/rewrite/redact/kinds.js";
import {
  FIELD_NAMES,
  LEFT_OUT,
  RECORD_TABLES,
  UNUSED_RECORD_STRUCTS,
  USER_TABLES,
} from "../../../src/rewrite/redact/tables.js";
import { RECORDER_BTF } from "../../replay/tape.js";
import { FIXTURES, PACKAGE } from "../../support/paths.js";

const test = suite("redaction tables");

const recorderBtf = parseBtf(RECORDER_BTF);
/** Both ABIs, IPv6: a host that has every struct. */
const hostBtf = parseBtf(
  openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf ??
    new Uint8Array(0),
);

function requireLayout(btf: Btf, name: string): StructLayout {
  const layout = structLayout(btf, name);
  if (layout === null) throw new Error(`no struct ${name}`);
  return layout;
}

test("each struct of the records has a table with its fields, or is never in a chunk", () => {
  const page = readFileSync(`${PACKAGE}format-spec/records.md`, "utf8");
  const named = [...page.matchAll(/^## struct (\w+)$/gm)].map(([, name = ""]) => name);
  assert.ok(named.length >= 9);
  assert.equal([...named].sort(), [...Object.keys(RECORD_TABLES), ...UNUSED_RECORD_STRUCTS].sort());
  for (const [name, table] of Object.entries(RECORD_TABLES)) {
    const fields = requireLayout(recorderBtf, name).fields.map((field) => field.name);
    assert.equal(Object.keys(table), fields, name);
  }
});

test("each struct of the catalogue has a table, or is left out of redacted captures", () => {
  const without = STRUCTS.filter((name) => USER_TABLES[name] === undefined && !LEFT_OUT.includes(name));
  assert.equal(without, []);
});

test("each field of these structs is in its table", () => {
  const unknown = Object.entries(USER_TABLES).flatMap(([name, table]) =>
    requireLayout(hostBtf, name)
      .fields.filter((field) => field.sizeBytes > 0 && table[field.name] === undefined)
      .map((field) => `${name}.${field.name}`),
  );
  assert.equal(unknown, []);
});

/** Every field that a layout has, those within it too. */
function spelled(layout: StructLayout, front = ""): string[] {
  return layout.fields.flatMap((field) => [
    `${front}${field.name} ${field.offsetBytes} ${field.sizeBytes} ${field.signed} ${field.kind === "pointer"} ${field.length}`,
    ...(field.struct === null ? [] : spelled(field.struct, `${front}${field.name}.`)),
  ]);
}

test("the layouts that are written anew say the same of the fields that are known, and nothing of others", () => {
  for (const [btf, origin, names] of [
    [recorderBtf, "recorder", Object.keys(RECORD_TABLES)],
    [hostBtf, "host", Object.keys(USER_TABLES)],
  ] as const) {
    const made = parseBtf(redactBtf(btf, origin).data);
    for (const name of names) {
      const [before, after] = [requireLayout(btf, name), requireLayout(made, name)];
      const isKnown = (line: string) =>
        line
          .split(" ")[0]
          ?.split(".")
          .every((part) => FIELD_NAMES.has(part)) === true;
      assert.equal(spelled(after), spelled(before).filter(isKnown), name);
      assert.is(after.sizeBytes, before.sizeBytes);
    }
  }
});

test("the registry has the kinds of data", () => {
  const page = readFileSync(`${PACKAGE}format-spec/registry.md`, "utf8");
  const [, names = ""] = /^## Kinds of data\n[^:]*: ([^.]*)\./m.exec(page.replaceAll(",\n", ", ")) ?? [];
  assert.equal(
    names.split(", "),
    KINDS.map(({ name }) => name),
  );
});

test.run();
