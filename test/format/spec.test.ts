/** The pages of format-spec/ say what the program does. MSGTAPE_UPDATE=1 writes the example anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BTF_LIMITS } from "../../src/btf/limits.js";
import { EVENTS } from "../../src/catalog/events.js";
import { LIBC_FUNCTIONS } from "../../src/catalog/libc.js";
import { HELD_LIMITS, LIMITS } from "../../src/format/limits.js";
import { PROBLEM_CODES, REFUSAL_CODES } from "../../src/format/problem.js";
import { wireKey } from "../../src/format/schema.js";
import { FrameType } from "../../src/format/types.js";
import { PACKAGE } from "../support/paths.js";
import { exampleParts, exampleText } from "./example.js";
import { digest, join, open } from "./support.js";

const test = suite("format: spec");
const page = (name: string): string => readFileSync(`${PACKAGE}format-spec/${name}.md`, "utf8");
const header = readFileSync(`${PACKAGE}bpf/records.h`, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");

/** The cells of each row of the tables under a heading, up to the next heading of its level or above. */
function tableUnder(text: string, heading: string): string[][] {
  const lines = text.split("\n");
  const start = lines.indexOf(heading);
  assert.is.not(start, -1, `no heading ${heading}`);
  const level = heading.indexOf(" ");
  const rest = lines.slice(start + 1);
  const stop = rest.findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= level);
  return rest
    .slice(0, stop === -1 ? undefined : stop)
    .filter((line) => line.startsWith("|") && !line.startsWith("|---"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

test("the example is what the encoder writes, and is read without a problem", () => {
  const spec = page("spec");
  const [before = "", rest = ""] = spec.split("<!-- example -->\n");
  const [example = "", after = ""] = rest.split("<!-- /example -->");
  if (process.env.MSGTAPE_UPDATE === "1") {
    writeFileSync(
      `${PACKAGE}format-spec/spec.md`,
      `${before}<!-- example -->\n${exampleText()}\n<!-- /example -->${after}`,
    );
    return;
  }
  assert.is(example.trim(), exampleText());
  const bytes = join(...exampleParts().map(([, part]) => part));
  const dumped = example
    .split("\n")
    .flatMap((line) => /^ {4}[0-9a-f]{4} {2}((?:[0-9a-f]{2} )+)/.exec(`${line} `)?.[1] ?? []);
  assert.is(dumped.join("").replaceAll(" ", ""), Buffer.from(bytes).toString("hex"));
  const capture = open(bytes);
  assert.equal([digest(capture).steps, capture.problems, capture.complete], [["chunk"], [], true]);
});

test("every key that a payload may have is in the spec", () => {
  const source = readFileSync(`${PACKAGE}src/format/bodies.ts`, "utf8");
  const described = source.slice(source.indexOf("const config ="));
  const keys = new Set(
    [...described.matchAll(/\b([a-zA-Z0-9]+): (?!readonly|Field)[a-zA-Z]/g)].map(([, name = ""]) =>
      wireKey(name),
    ),
  );
  assert.ok(keys.size > 80, `${keys.size} keys`);
  const words = new Set(page("spec").match(/\b[a-z0-9_]+\b/g));
  assert.equal(
    [...keys].filter((key) => !words.has(key)),
    [],
  );
});

test("the limits are those of the program", () => {
  const [, ...rows] = tableUnder(page("spec"), "### Limits");
  const KiB = 1024;
  const count = (number: number) => number.toLocaleString("en").replaceAll(",", " ");
  const mebibytes = (bytes: number) => `${bytes / KiB / KiB} MiB`;
  const own = new Map([
    ["file header", `${LIMITS.fileHeaderBytes} bytes`],
    ["context", `${LIMITS.contextBytes / KiB} KiB`],
    ["CHUNK payload, stored and raw", mebibytes(LIMITS.chunkBytes)],
    ["INVENTORY payload, stored and raw", mebibytes(LIMITS.inventoryBytes)],
    ["BTF payload, stored and raw", mebibytes(LIMITS.btfBytes)],
    ["HOST, CLOCKS, GAP, SUMMARY and ORIGIN payload, stored and raw", mebibytes(LIMITS.metadataBytes)],
    ["any other payload, stored and raw", mebibytes(LIMITS.otherBytes)],
    ["msgpack nesting", String(LIMITS.depth)],
    [
      "msgpack values in one payload, arrays, maps and keys included",
      `${count(LIMITS.items)}; INDEX ${count(LIMITS.indexItems)}`,
    ],
    ["bytes of a msgpack string", count(LIMITS.stringBytes)],
    [
      "frames in one capture",
      `${count(LIMITS.frames)}; ${count(LIMITS.fileFrames)} in all captures of a file`,
    ],
    ["captures in one file", String(LIMITS.captures)],
  ]);
  assert.equal(new Map(rows.map(([what = "", , most = ""]) => [what, most])), own);
  const text = page("spec").replace(/\s+/g, " ");
  const said = [
    `${mebibytes(LIMITS.heldBytes)} or ${count(LIMITS.heldItems)} values`,
    `keeps ${mebibytes(LIMITS.contextsBytes)} of the contexts of a capture's frames, and ${mebibytes(LIMITS.fileContextsBytes)} of those of a file`,
    `tells ${LIMITS.problems} problems`,
    `searches ${LIMITS.searchBytes / KiB / KiB / KiB} GiB inside wrong bodies`,
    `${count(HELD_LIMITS.openCalls)} open calls and ${mebibytes(HELD_LIMITS.openBytes)} of their evidence`,
    `remembers ${count(HELD_LIMITS.idleTasks)} tasks`,
    `shows ${LIMITS.nameBytes} bytes of a name`,
    `${count(BTF_LIMITS.types)} types, names of ${BTF_LIMITS.nameBytes} bytes, ${BTF_LIMITS.fields} fields in a struct, structs and arrays ${BTF_LIMITS.depth} deep, chains of ${BTF_LIMITS.chain}`,
    `numbers of ${BTF_LIMITS.scalarBytes} bytes`,
  ];
  assert.equal(
    said.filter((one) => !text.includes(one)),
    [],
  );
});

test("the registry names the frame types, event ids and codes of the program", () => {
  const registry = page("registry");
  const types = tableUnder(registry, "## Frame types").filter(([, name = ""]) => /^[A-Z]+$/.test(name));
  assert.equal(Object.fromEntries(types.map(([type, name = ""]) => [name, Number(type)])), { ...FrameType });
  const events = tableUnder(registry, "## Event ids").slice(1);
  assert.equal(
    events.map(([id, name]) => [Number(id), name]),
    EVENTS.map((event) => [event.id, event.name]),
  );
  assert.equal(
    tableUnder(registry, "## libc function ids")
      .slice(1)
      .map(([id, name, events]) => [Number(id), name, events]),
    LIBC_FUNCTIONS.map(({ id, name, events }) => [id, name, events.join(", ")]),
  );
  assert.equal(
    tableUnder(registry, "## Refusals")
      .slice(1)
      .map(([code]) => code),
    [...REFUSAL_CODES],
  );
  assert.equal(
    tableUnder(registry, "## Problems")
      .slice(1)
      .map(([code]) => code),
    [...PROBLEM_CODES],
  );
});

const SIZES: Readonly<Record<string, number>> = { __u8: 1, __u16: 2, __u32: 4, __s32: 4, __u64: 8, __s64: 8 };

/** Fields of a struct in bpf/records.h with offset and size; its layout has no hidden padding. */
function fieldsInHeader(struct: string): [number, number, string][] {
  const body = new RegExp(`struct ${struct} \\{([^}]*)\\}`).exec(header)?.[1] ?? "";
  const fields: [number, number, string][] = [];
  let offset = 0;
  for (const [, type = "", names = ""] of body
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .matchAll(/(__[us]\d+) ([^;]+);/g)) {
    for (const declarator of names.split(",")) {
      const [, name = "", length = "1"] = /^\s*(\w+)(?:\[(\d+)\])?\s*$/.exec(declarator) ?? [];
      const bytes = (SIZES[type] ?? 0) * Number(length);
      fields.push([offset, bytes, name]);
      offset += bytes;
    }
  }
  return fields;
}

test("records.md has every struct of bpf/records.h, field for field", () => {
  const records = page("records");
  const structs = [...header.matchAll(/^struct (\w+) \{/gm)].map(([, name = ""]) => name);
  assert.equal(
    [...records.matchAll(/^## struct (\w+)$/gm)].map(([, name = ""]) => name).sort(),
    structs.toSorted(),
  );
  for (const struct of structs) {
    const section = records.slice(records.indexOf(`## struct ${struct}\n`)).split(/\n### /)[0] ?? "";
    const [, ...rows] = tableUnder(section, `## struct ${struct}`);
    assert.equal(
      rows.map(([offset, bytes, field = ""]) => [Number(offset), Number(bytes), field]),
      fieldsInHeader(struct),
      struct,
    );
    const size = new RegExp(`sizeof\\(struct ${struct}\\) == (\\d+)`).exec(header)?.[1];
    const [offset = 0, bytes = 0] = fieldsInHeader(struct).at(-1) ?? [];
    assert.is(offset + bytes, Number(size), `${struct}: size`);
  }
});

test("records.md has every flag, kind, status and record type", () => {
  const records = page("records");
  const told = new Map(
    [...records.matchAll(/^\| (\d+) \| (MT_\w+) \|/gm)].map(([, value, name = ""]) => [name, Number(value)]),
  );
  const names = ["mt_record_type", "mt_record_flags", "mt_item_kind", "mt_item_status", "mt_hook"];
  const enums = names.flatMap((name) => {
    const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? "";
    return [...body.matchAll(/(MT_\w+) = (\d+)/g)].map(
      ([, key = "", value]) => [key, Number(value)] as const,
    );
  });
  assert.ok(enums.length > 20);
  assert.equal([...told].sort(), enums.toSorted());
});

test.run();
