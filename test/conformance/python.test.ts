/**
 * The reader in conformance/, written from format-spec/ by someone who did not read src/, says of every file of the
 * corpus what the corpus expects. It is the specification's own test: what it does not say, that reader cannot know.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporary } from "../support/msgtape.js";
import { FIXTURES, PACKAGE } from "../support/paths.js";
import { findPython, PYTHON_NEEDS } from "../support/python.js";

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

tested("a difference from the corpus is shown, and a failure", () => {
  const directory = temporary("corpus");
  mkdirSync(directory);
  const file = `${FIXTURES}posix.mtape`;
  copyFileSync(file, `${directory}/posix.mtape`);
  const said = JSON.parse(second("read", [file]).stdout);
  writeFileSync(`${directory}/posix.json`, JSON.stringify(said));
  assert.is(second("check", [directory]).status, 0);
  said.captures[0].complete = 1;
  writeFileSync(`${directory}/posix.json`, JSON.stringify(said));
  const ran = second("check", [directory]);
  assert.is(ran.status, 1);
  assert.is(
    ran.stdout,
    `${directory}/posix.json: .captures[0].complete: expected 1, found true\n0 files agree, 1 differ\n`,
  );
});

test.run();
