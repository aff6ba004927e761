/** A short run of the fuzzer with a fixed seed, and what earlier runs found: fixtures/fuzz/. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporary } from "../support/msgtape.js";
import { PACKAGE } from "../support/paths.js";
import { formsFor } from "./commands.js";
import { madeByHand } from "./hand-made.js";
import { makeInput, seedsOf } from "./inputs.js";
import { type Expected, type Find, judgeInput } from "./oracle.js";
import { randomOf } from "./random.js";

const test = suite("fuzz");

const directory = temporary("fuzz");
mkdirSync(directory);
process.env.TMPDIR = directory;
/** All tests of this process count, and a busy machine's time: hangs and growth are for the long run to find. */
const BOUNDS = { cpuMs: 10_000, peakMiB: 1024 };

async function judge(
  bytes: Uint8Array,
  expected: Expected,
  number: number,
  others?: number,
): Promise<Find[]> {
  const file = join(directory, "input.mtape");
  writeFileSync(file, bytes);
  const forms = await formsFor(randomOf(2, number), others);
  return [...(await judgeInput(file, directory, forms, expected, BOUNDS)).finds];
}

const INPUTS = 150;

test(`${INPUTS} damaged and hostile captures do no harm, and none that is damaged is called good`, async () => {
  const seeds = seedsOf(madeByHand());
  const finds: unknown[] = [];
  for (let number = 0; number < INPUTS; number++) {
    const input = makeInput(seeds, 1, number);
    for (const find of await judge(input.bytes, input, number)) finds.push({ number, ...find });
  }
  assert.equal(finds, []);
});

test("the captures that it starts from are sound, and so they are called", async () => {
  for (const { name, bytes } of seedsOf()) {
    const finds = await judge(bytes, { mustBeFound: false, mustBeNoticed: false }, 1, 20);
    assert.equal(finds, [], name);
  }
});

test("what it found is mended", async () => {
  const kept = `${PACKAGE}fixtures/fuzz/`;
  const files = readdirSync(kept).filter((name) => name.endsWith(".mtape"));
  assert.ok(files.length > 0);
  for (const name of files) {
    const bytes = new Uint8Array(readFileSync(`${kept}${name}`));
    // All of them are damaged, each in its own way.
    for (const number of [1, 2, 3]) {
      const finds = await judge(bytes, { mustBeFound: true, mustBeNoticed: false }, number, 20);
      assert.equal(finds, [], name);
    }
  }
});

test.run();
