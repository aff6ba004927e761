/**
 * Many senders and receivers on full and empty queues, who log the truth themselves: which receive got each message.
 * Where the kernel's hooks are in place every match has to be exact and right; else calls alone have to tell.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import { flowLines, type Score, score, scoreText, shareRight } from "../support/flow-truth.js";
import { withGap } from "../support/gap.js";
import { live, scaled } from "../support/live.js";
import { isKernelPlaneThere, msgtape, record } from "../support/msgtape.js";
import { parseTruth, workload } from "../support/workload.js";

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

for (const hiddenBytes of [0, 256]) {
  const what = hiddenBytes === 0 ? "payloads that differ" : "payloads alike";
  live(test, `a gap in the middle, ${what}: nothing sure is wrong`, ["root", "bpf", "gcc"], () => {
    const recording = record([], [workload("many-flows"), `${MESSAGES}`, `${hiddenBytes}`]);
    assert.is(recording.status, 0, recording.stderr);
    const lines = [...flows(withGap(recording.file, 0.4, 0.5), EVERYTHING)];
    const found = score(recording.file, recording.stdout, lines);
    process.stdout.write(
      `\nmeasured: a gap, ${what}: ${scoreText(found)}, ${found.notOnce} without a line\n`,
    );
    assert.is(found.wrong.exact ?? 0, 0);
    if (hiddenBytes === 0) assert.is(found.wrong.modelled ?? 0, 0);
    const share = shareRight(found, "modelled");
    assert.ok(share === null || share >= 0.995, `${share} of the modelled ones right`);
  });
}

live(test, "receivers that were not recorded: no receive is made up", ["root", "bpf", "gcc"], () => {
  const recording = record(["--events", "mq_timedsend,msgsnd"], [workload("many-flows"), "500", "0"]);
  assert.is(recording.status, 0, recording.stderr);
  const lines = flowLines(recording.file);
  assert.ok(lines.length >= 500);
  const claimed = lines.filter((line) => line.receive?.enter_ns != null);
  assert.equal(claimed, []);
});

live(test, "datagrams between named sockets of one host, and no others", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("datagrams")]);
  assert.is(recording.status, 0, recording.stderr);
  const found = flowLines(recording.file).map(
    ({ queue, len, send, receive, match, basis }) =>
      `${queue.kind} ${len} ${send?.message} → ${receive?.message} ${match} by ${basis}`,
  );
  const order = [0, 1, 2, 3];
  const told = (len: number) => order.map((i) => `socket ${len} ${i} → ${i} modelled by payload`);
  assert.equal(found.slice(0, 8), [...told("udp number 0".length), ...told("unix number 0".length)]);
  assert.is(found.length, 12, "alike ones too, those without names not");
  for (const line of found.slice(8)) assert.match(line, /ambiguous by order$/);
});

live(test, "text, and one line a message", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("mq-ping"), "20"]);
  const { stdout, status } = msgtape(["flows", recording.file]);
  assert.is(status, 0);
  assert.is(stdout.trimEnd().split("\n").length, 20);
  assert.equal(parseTruth(stdout), []);
  for (const line of flowLines(recording.file)) {
    assert.is(line.outcome, "delivered");
    assert.ok(line.match === "modelled" || line.match === "exact", line.match ?? "null");
  }
});

test.run();
