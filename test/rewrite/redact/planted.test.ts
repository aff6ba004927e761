/** Secrets in every place of a capture that can hold something: none is in the bytes of what redact makes of it. */
import { writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { program } from "../../cli/support.js";
import { temporary } from "../../support/msgtape.js";
import { found } from "./all-bytes.js";
import { plantedCapture } from "./planted.js";

const test = suite("planted secrets");

test("none of them is left, in no spelling, raw or decompressed", async () => {
  const { bytes, secrets } = plantedCapture();
  const file = temporary("planted.mtape");
  writeFileSync(file, bytes);
  const there = secrets.all.filter((secret) => found(file, [secret]).length === 0);
  assert.equal(there, [], "all are in the capture itself");
  const redacted = temporary("redacted.mtape");
  const made = await program(["redact", file, "-o", redacted]);
  // The capture tells of a loss, and of nothing that could not be read.
  assert.is(made.status, 3);
  assert.match(made.stderr, /^msgtape: \S+planted\.mtape: 1 record lost: [^\n]*\n$/);
  assert.equal(found(redacted, secrets.all), []);
  assert.ok(secrets.all.length > 150, `${secrets.all.length} secrets`);
});

test.run();
