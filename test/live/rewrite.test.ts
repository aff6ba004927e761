/** What this kernel gave, with every kind of loss, verifies; a slice of it answers as the whole does; a cut one recovers. */
import { copyFileSync, statSync, truncateSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { callLines, msgtape, record, temporary } from "../support/msgtape.js";
import { workload } from "../support/workload.js";

const test = suite("live: rewrite");

interface Verdict {
  readonly ok: boolean;
  readonly problems: readonly unknown[];
}

function verdict(file: string): Verdict {
  return JSON.parse(msgtape(["verify", file, "--json"]).stdout) as Verdict;
}

for (const [what, options, name, args] of [
  ["no loss", [], "many-flows", ["1000", "0"]],
  ["rings that overflow", ["--buffer", "4K"], "many-flows", ["4000", "0"]],
  ["the planes overflow", ["--buffer", "64K", "--libc"], "libc-storm", ["20000"]],
  ["tasks that end in calls", ["--events", "all"], "deaths", []],
] as const) {
  live(test, `${what}: it verifies, slices by queue, and recovers when cut`, ["root", "bpf", "gcc"], () => {
    const { file, status, stderr } = record(options, [workload(name), ...args]);
    assert.ok(status === 0 || status === 3, stderr);
    assert.equal(verdict(file).problems, []);
    const keys = new Set(callLines(file).flatMap(({ queue }) => queue?.key ?? []));
    for (const key of [...keys].slice(0, 2)) {
      const slice = temporary("slice.mtape");
      const made = msgtape(["slice", file, "--queue", key, "-o", slice]);
      assert.is(made.status, 0, made.stderr);
      const of = (command: string, from: string) =>
        withoutId(msgtape([command, from, "--queue", key, "--json"]).stdout);
      // What proves that a call had ended whose exit was lost may be left out: then it comes later, by what is kept.
      assert.equal(of("calls", slice), of("calls", file), `calls of ${key}`);
      const flows = new Set(of("flows", file));
      const sure = of("flows", slice).filter((line) => !line.includes('"match":"ambiguous"'));
      assert.equal(
        sure.filter((line) => !flows.has(line)),
        [],
        `flows of ${key}`,
      );
      if (status === 0) assert.equal(of("flows", slice), [...flows].sort());
    }
    const cut = temporary("cut.mtape");
    const out = temporary("recovered.mtape");
    copyFileSync(file, cut);
    truncateSync(cut, Math.floor(statSync(file).size * 0.8));
    assert.is(verdict(cut).ok, false);
    assert.is(msgtape(["recover", cut, "-o", out]).status, 3);
    assert.equal(verdict(out).problems, []);
    assert.is(msgtape(["calls", out]).status, 3);
  });
}

function withoutId(lines: string): string[] {
  return lines
    .split("\n")
    .map((line) => line.replace(/"capture":"[^"]*"/, ""))
    .sort();
}

test.run();
