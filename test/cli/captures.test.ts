/** Several captures in one file answer as the same captures in several files do. */
import { readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporary } from "../support/msgtape.js";
import { FIXTURES } from "../support/paths.js";
import { program } from "./support.js";

const test = suite("cli: several captures");

test("cat of captures: every command answers as for the captures apart", async () => {
  const files = ["posix", "sysv", "sockets"].map((name) => `${FIXTURES}${name}.mtape`);
  const joined = temporary("joined");
  writeFileSync(joined, Buffer.concat(files.map((file) => readFileSync(file))));
  for (const command of ["calls", "latency", "toctou", "flows", "queues", "notifications"]) {
    const apart = await program([command, "--json", ...files]);
    const together = await program([command, "--json", joined]);
    assert.equal([together.status, together.stdout], [apart.status, apart.stdout], command);
  }
});

test("info and verify tell of each capture by itself", async () => {
  const joined = temporary("joined-info");
  writeFileSync(
    joined,
    Buffer.concat(["posix", "sysv"].map((name) => readFileSync(`${FIXTURES}${name}.mtape`))),
  );
  const info = (await program(["info", "--json", joined])).stdout.trim().split("\n");
  assert.equal(
    info.map((line) => (JSON.parse(line) as { file: string }).file),
    [joined, `${joined}#2`],
  );
  const verdicts = (await program(["verify", "--json", joined])).stdout.trim().split("\n");
  assert.equal(
    verdicts.map((line) => (JSON.parse(line) as { ok: boolean }).ok),
    [true, true],
  );
});

test.run();
