/** Every capture of the corpus is redacted, or refused in words: no damage and no number is a fault of ours. */
import { readdirSync, rmSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { program } from "../../cli/support.js";
import { temporary } from "../../support/msgtape.js";
import { FIXTURES } from "../../support/paths.js";

const test = suite("redacted corpus");

for (const folder of ["valid", "future", "damaged"]) {
  test(`${folder}: each is redacted or refused`, async () => {
    const files = readdirSync(`${FIXTURES}${folder}`).filter((name) => name.endsWith(".mtape"));
    assert.ok(files.length > 20);
    const out = temporary("redacted.mtape");
    const faults: string[] = [];
    for (const name of files) {
      const made = await program(["redact", `${FIXTURES}${folder}/${name}`, "-o", out]);
      if (/fault of msgtape/.test(made.stderr) || ![0, 1, 3].includes(made.status)) {
        faults.push(`${name}: ${made.status} ${made.stderr}`);
      }
      rmSync(out, { force: true });
    }
    assert.equal(faults, []);
  });
}

test.run();
