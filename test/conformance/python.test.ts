/**
 * The reader in conformance/, written from format-spec/ by someone who did not read src/, says of every file of the
 * corpus what the corpus expects. It is the specification's own test: what it does not say, that reader cannot know.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporary } from "../support/msgtape.js";
import { FIXTURES, PACKAGE } from "../support/paths.js";
import { findPython, PYTHON_NEEDS } from "../support/python.js";
import { digestOf } from "./digest.js";

const test = suite("second reader");
const python = findPython();

function second(program: string, args: readonly string[]) {
  return spawnSync(python ?? "", [`${PACKAGE}conformance/${program}.py`, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
}

/** Registers a test; skipped, visibly, where there is no such Python. */
function tested(name: string, run: () => void): void {
  if (python !== null) {
    test(name, run);
    return;
  }
  console.log(`skipped: ${name} (missing: ${PYTHON_NEEDS})`);
  test.skip(name, run);
}

tested("says of the corpus what the corpus expects", () => {
  const ran = second("check", []);
  assert.is(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  assert.match(ran.stdout, /^\d+ files agree, 0 differ\n$/);
});

/** What the second reader says of these files, one line each. */
function said(files: readonly string[]): readonly string[] {
  const ran = second("read", files);
  assert.is(ran.status, 0, ran.stderr);
  return ran.stdout.trimEnd().split("\n");
}

/** Both readers say the same of these bytes. */
function assertSame(name: string, bytes: Uint8Array, line: string | undefined): void {
  assert.equal(JSON.parse(line ?? "null"), digestOf(bytes), name);
}

tested("says of real recordings what the program says", () => {
  const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".mtape"));
  const lines = said(names.map((name) => `${FIXTURES}${name}`));
  assert.ok(names.length > 10);
  for (const [index, name] of names.entries())
    assertSame(name, readFileSync(`${FIXTURES}${name}`), lines[index]);
});

/** Lengths to cut a capture to: each one of its first frame, then one of `step`, and all about its end. */
function lengths(bytes: number, step: number): readonly number[] {
  const isTried = (length: number) => length < 128 || length % step === 0 || length > bytes - 64;
  return Array.from({ length: bytes }, (_, length) => length).filter(isTried);
}

tested("says of a capture cut anywhere what the program says", () => {
  const directory = temporary("cut");
  mkdirSync(directory);
  const bytes = readFileSync(`${FIXTURES}valid/everything.mtape`);
  const cut = lengths(bytes.length, 7).map((length) => ({
    file: `${directory}/${length}.mtape`,
    bytes: bytes.subarray(0, length),
  }));
  for (const { file, bytes } of cut) writeFileSync(file, bytes);
  const lines = said(cut.map(({ file }) => file));
  for (const [index, { file, bytes }] of cut.entries()) assertSame(file, bytes, lines[index]);
});

tested("a difference from the corpus is shown, and a failure", () => {
  const directory = temporary("corpus");
  mkdirSync(directory);
  const file = `${FIXTURES}posix.mtape`;
  copyFileSync(file, `${directory}/posix.mtape`);
  const expected = JSON.parse(said([file])[0] ?? "null");
  writeFileSync(`${directory}/posix.json`, JSON.stringify(expected));
  assert.is(second("check", [directory]).status, 0);
  expected.captures[0].complete = 1;
  writeFileSync(`${directory}/posix.json`, JSON.stringify(expected));
  const ran = second("check", [directory]);
  assert.is(ran.status, 1);
  assert.is(
    ran.stdout,
    `${directory}/posix.json: .captures[0].complete: expected 1, found true\n0 files agree, 1 differ\n`,
  );
});

test.run();
