/** Every analysis of every fixture gives the same figures before and after. */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import { program } from "../../cli/support.js";
import { temporary } from "../../support/msgtape.js";
import { FIXTURES } from "../../support/paths.js";
import { compareLines, FigureComparer } from "./same-figures.js";

const test = suite("redacted figures");

const ANALYSES = ["latency", "flows", "toctou", "queues", "notifications"] as const;

for (const name of readdirSync(FIXTURES).filter((file) => file.endsWith(".mtape"))) {
  test(`${name}: latency, flows, toctou, queues and notifications are the same`, async () => {
    const file = `${FIXTURES}${name}`;
    const redacted = temporary(name);
    const made = await program(["redact", file, "-o", redacted]);
    const comparer = new FigureComparer();
    for (const analysis of ANALYSES) {
      const [before, after] = [
        await program([analysis, "--json", file]),
        await program([analysis, "--json", redacted]),
      ];
      assert.is(after.status, before.status, `${analysis}: ${after.stderr}`);
      compareLines(before.stdout, after.stdout, analysis, comparer);
    }
    assert.is(made.status, (await program(["latency", file])).status, made.stderr);
    assert.equal(comparer.differences, []);
    const [before, after] = [file, redacted].map((path) =>
      openCapture(memorySource(new Uint8Array(readFileSync(path)), path)),
    );
    assert.equal(after?.summary, before?.summary);
    assert.equal(
      after?.index.map(({ context }) => context),
      before?.index.map(({ context }) => context),
    );
    const verified = await program(["verify", "--json", redacted]);
    assert.is(verified.status, 0, verified.stdout);
  });
}

test.run();
