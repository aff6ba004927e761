/**
 * Many senders and receivers on full and empty queues, who log the truth themselves: which receive got each message.
 * Where the kernel's hooks are in place every match has to be exact and right; else calls alone have to tell.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Score, score, scoreText, shareRight } from "../support/flow-truth.js";
import { live, scaled } from "../support/live.js";
import { record } from "../support/msgtape.js";
import { isKernelPlaneThere } from "../support/read.js";
import { workload } from "../support/workload.js";

const test = suite("live: flows");

const MESSAGES = scaled(8000);

function scored(
  what: string,
  hiddenBytes: number,
  options: readonly string[],
): Score & { isHooked: boolean } {
  const recording = record(options, [workload("many-flows"), `${MESSAGES}`, `${hiddenBytes}`]);
  assert.is(recording.status, 0, recording.stderr);
  const found = score(recording.file, recording.stdout);
  process.stdout.write(`\nmeasured: ${what}: ${scoreText(found)}\n`);
  assert.is(found.messages, MESSAGES);
  assert.is(found.notOnce, 0, "each message has one line");
  assert.is(found.wrong.exact ?? 0, 0, "no wrong match is called exact");
  return { ...found, isHooked: isKernelPlaneThere(recording.file) };
}

live(test, "payloads that differ: all right", ["root", "bpf", "gcc"], () => {
  const found = scored("numbers in sight", 0, []);
  if (found.isHooked) assert.is(found.right.exact, MESSAGES);
  const right = Object.values(found.right).reduce((sum, one) => sum + one, 0);
  assert.ok(right >= 0.995 * MESSAGES, `${right} of ${MESSAGES} right`);
});

const HIDDEN = [
  { what: "numbers beyond the snap length", bytes: 256, options: [] },
  { what: "no payload at all", bytes: 0, options: ["--snap", "0"] },
];

for (const { what, bytes, options } of HIDDEN) {
  live(test, `${what}: by order alone, and what is not sure says so`, ["root", "bpf", "gcc"], () => {
    const found = scored(what, bytes, options);
    if (found.isHooked) assert.is(found.right.exact, MESSAGES);
    const share = shareRight(found, "modelled");
    assert.ok(share === null || share >= 0.995, `${share} of the modelled ones right`);
  });
}

test.run();
