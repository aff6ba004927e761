/** Some recorders killed at random moments under load. `npm run stress` kills 200. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { faultsOf, killOnce, Storm } from "../stress/kills.js";
import { live, scaled } from "../support/live.js";
import { killRecorders } from "../support/recorder.js";

const test = suite("live: stress, kills");
test.after.each(killRecorders);

/** A second, and what a machine adds that runs other tests too. */
const LIMIT_MS = 1500;

live(test, "every file is whole up to its last second", ["root", "bpf", "gcc"], async () => {
  const storm = await Storm.start(1);
  const found: string[] = [];
  let worstMs = 0;
  try {
    for (let i = 0; i < scaled(8); i++) {
      const from = i % 4 === 0 ? "start" : "recording";
      const kill = await killOnce(storm, Math.random() * 1000, from);
      assert.equal(faultsOf(kill, LIMIT_MS), [], `killed ${kill.afterMs} ms after its ${from}`);
      assert.is(kill.isKeeperGone, true);
      found.push(kill.found);
      worstMs = Math.max(worstMs, kill.missingMs ?? 0);
    }
  } finally {
    storm.end();
  }
  console.log(`measured: killed: ${found.join(", ")}; at most ${worstMs.toFixed(0)} ms missing`);
  assert.ok(found.includes("chunks"));
});

test.run();
