/**
 * The process that meets the inputs. Writes a line to descriptor 3 before each command and after each input, so that
 * whoever watches knows what it died or hung on. Arguments: seed, first number, end, directory.
 */
import { writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { formsFor } from "./commands.js";
import { madeByHand } from "./hand-made.js";
import { makeInput, seedsOf } from "./inputs.js";
import { judgeInput } from "./oracle.js";
import { randomOf } from "./random.js";

const [seed = 0, first = 0, end = 0] = process.argv.slice(2, 5).map(Number);
const directory = process.argv[5] ?? ".";
process.env.TMPDIR = directory;

const tell = (what: object) => writeSync(3, `${JSON.stringify(what)}\n`);
const seeds = seedsOf(madeByHand());
const file = join(directory, "input.mtape");

for (let number = first; number < end; number += 1) {
  const input = makeInput(seeds, seed, number);
  writeFileSync(file, input.bytes);
  const { bytes: _, ...about } = input;
  tell({ input: number, ...about });
  const forms = await formsFor(randomOf(seed + 1, number));
  const judged = await judgeInput(file, directory, forms, input, undefined, (command) => tell({ command }));
  tell({ judged });
}
