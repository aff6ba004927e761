/** This reader says of every file of the conformance corpus what format-spec/conformance.md has it say. */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../src/format/limits.js";
import { CaptureError } from "../src/format/problem.js";
import { openCaptures } from "../src/format/sections.js";
import { memorySource } from "../src/format/source.js";
import { digestOf, type Json } from "./conformance/digest.js";
import { CORPUS, RECORDINGS } from "./conformance/list.js";
import { Tape } from "./conformance/spell.js";
import { FIXTURES } from "./support/paths.js";

const test = suite("conformance");
const expected = (path: string): Json => JSON.parse(readFileSync(`${FIXTURES}${path}.json`, "utf8"));
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(`${FIXTURES}${path}.mtape`));

test("the corpus is what its generator makes, and nothing else", () => {
  for (const folder of ["valid", "damaged", "future"] as const) {
    const made = CORPUS.filter((file) => file.folder === folder).map(({ name }) => name);
    assert.is(new Set(made).size, made.length, `${folder}: a name comes twice`);
    const extra = folder === "valid" ? RECORDINGS.map((name) => `${name}.json`) : [];
    const files = made.flatMap((name) => [`${name}.mtape`, `${name}.json`]);
    assert.equal(readdirSync(`${FIXTURES}${folder}`).sort(), [...files, ...extra].sort());
  }
  const other = CORPUS.filter(
    ({ folder, name, make }) => Buffer.compare(make(), bytesOf(`${folder}/${name}`)) !== 0,
  );
  assert.equal(
    other.map(({ folder, name }) => `${folder}/${name}`),
    [],
  );
});

for (const folder of ["valid", "damaged", "future"] as const) {
  test(`${folder}/: each file is read as its JSON says`, () => {
    for (const { name } of CORPUS.filter((file) => file.folder === folder)) {
      assert.equal(
        digestOf(bytesOf(`${folder}/${name}`)),
        expected(`${folder}/${name}`),
        `${folder}/${name}`,
      );
    }
  });
}

test("recordings are read as their JSON says", () => {
  for (const name of RECORDINGS) assert.equal(digestOf(bytesOf(name)), expected(`valid/${name}`), name);
});

test("one capture more than a file may hold is refused, and those before it are read", () => {
  const bytes = Buffer.concat(Array.from({ length: LIMITS.captures + 1 }, () => new Tape().bytes));
  const { captures } = digestOf(bytes) as unknown as Answer;
  assert.is(captures.length, LIMITS.captures + 1);
  assert.equal(captures.at(-1), {
    at: 64 * LIMITS.captures,
    refusal: { code: "too_many_captures", offset: 0 },
  });
  assert.equal(captures[0]?.problems, [{ code: "no_trailer", offset: 64, frame: null }]);
});

interface Answer {
  readonly captures: readonly { readonly refusal?: unknown; readonly problems?: readonly unknown[] }[];
}

/** Of each capture whether commands, which use the index, find anything wrong; null: they refuse. */
function faultsByIndex(bytes: Uint8Array): boolean[] | null {
  try {
    return openCaptures(memorySource(bytes)).map((capture) => {
      for (const _ of capture.chunks());
      capture.inventories();
      void capture.recorderBtf;
      return capture.problems.length > 0;
    });
  } catch (error) {
    if (error instanceof CaptureError) return null;
    throw error;
  }
}

/** What src/format leaves to those who read records. */
const OF_RECORDS = /^valid\/example$|^damaged\/(btf-|record-|planes-record|item-|two-records)/;

test("a reader that uses the index calls the same captures damaged and refuses the same files", () => {
  const other = CORPUS.map(({ folder, name }) => `${folder}/${name}`).filter((path) => {
    if (OF_RECORDS.test(path)) return false;
    const { captures } = expected(path) as unknown as Answer;
    const read = captures.filter((capture) => capture.refusal === undefined);
    // One that is refused is a problem of the one before.
    const isRefused = (at: number) => captures[at]?.refusal !== undefined;
    const wrong = read.map((capture, i) => (capture.problems?.length ?? 0) > 0 || isRefused(i + 1));
    return JSON.stringify(faultsByIndex(bytesOf(path))) !== JSON.stringify(read.length === 0 ? null : wrong);
  });
  assert.equal(other, []);
});

test.run();
