/**
 * What `flows` and `toctou` say where records are missing, or tasks were not recorded, and of datagrams: what does not
 * hang on the kernel, so that the other kernels are asked for it with --all alone.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import type { ToctouResult } from "../../src/replay/toctou/types.js";
import type { CallLine } from "../../src/replay/types.js";
import { flowLines, score, scoreText, shareRight } from "../support/flow-truth.js";
import { withGap } from "../support/gap.js";
import { live, scaled } from "../support/live.js";
import { msgtape, record } from "../support/msgtape.js";
import { type ToctouTruth, wrongFindings } from "../support/toctou.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: gaps");

const MESSAGES = scaled(8000);

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

live(
  test,
  "records lost in the middle: fewer findings, none of them false",
  ["root", "bpf", "gcc", "userfaultfd"],
  () => {
    const command = `${workload("mq-ping")} ${scaled(20_000)} >/dev/null & ${workload("toctou")} both ${scaled(30)}; wait`;
    const recording = record(["--buffer", "64K"], ["sh", "-c", command]);
    assert.is(recording.status, 3, `lossy, but status ${recording.status}: ${recording.stderr}`);
    const truth = new Map(
      (parseTruth(recording.stdout) as readonly ToctouTruth[]).map((one) => [numberOf(one), one] as const),
    );
    const ran = msgtape(["toctou", recording.file, "--json"]);
    assert.is(ran.status, 3, "toctou says by its status that it is not all");
    const result = JSON.parse(ran.stdout) as ToctouResult;
    assert.ok((result.lost ?? 0) > 0);
    assert.ok(result.findings.length > 0, "calls whose two records are there are still judged");
    for (const finding of result.findings) {
      const bytes = Buffer.from(finding.entry ?? "", "base64").subarray(finding.event === "msgsnd" ? 8 : 0);
      const one = truth.get(bytes.toString("latin1", 0, 5));
      assert.ok(one !== undefined, `${finding.event}, call ${finding.call}: nobody sent that`);
      const line = { event: one.event, task: finding.task, call: finding.call, ret: one.ret } as CallLine;
      assert.equal(
        wrongFindings([one], [line], { ...result, findings: [finding] }, () => "or unknown"),
        [],
      );
    }
    // What a lost record may hide is counted, and told of in the text.
    const unknown = result.exposure.filter(({ arg }) => arg === "msg_ptr" || arg === "msgp");
    assert.ok(unknown.some((row) => row.unknown > 0));
    assert.match(
      msgtape(["toctou", recording.file]).stdout,
      /records were lost while recording: findings may be missing/,
    );
  },
);

/** The number that each payload begins with. */
function numberOf({ event, toctou }: ToctouTruth): string {
  const bytes = Buffer.from(toctou.before ?? "", "base64");
  return bytes.subarray(event === "msgsnd" ? 8 : 0).toString("latin1", 0, 5);
}

test.run();
