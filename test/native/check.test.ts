/** The C unit tests of the drain thread's accounting and of the keeper, under the address and undefined-behaviour sanitizers. */
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("native: accounting");

live(test, "make check", ["gcc"], () => {
  const ran = spawnSync("make", ["-C", "native", "-s", "check"], { cwd: PACKAGE, encoding: "utf8" });
  assert.is(ran.status, 0, ran.stdout + ran.stderr);
  const lines = ran.stdout.trim().split("\n");
  assert.equal(
    lines.map((line) => line.replace(/\d+ checks passed/, "N checks passed")),
    ["account", "planes", "keys", "source", "source, planes", "keeper"].map(
      (name) => `${name}: N checks passed, 0 failed`,
    ),
  );
});

test.run();
