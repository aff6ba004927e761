/**
 * Programs that change their inputs under the kernel's hands at known moments (test/workloads/toctou*.c): every change
 * is found, none is invented, and of the value that the kernel used nothing wrong is said.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ToctouResult } from "../../src/replay/toctou/types.js";
import type { CallLine } from "../../src/replay/types.js";
import { live, type Need, scaled } from "../support/live.js";
import { answer, callLines, isKernelPlaneThere, msgtape, record } from "../support/msgtape.js";
import { type Demand, type ToctouTruth, toldOf, wrongFindings } from "../support/toctou.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: toctou");
const NEEDS: readonly Need[] = ["root", "bpf", "gcc", "userfaultfd"];

function check(name: string, args: readonly string[], demand: (truth: ToctouTruth) => Demand): void {
  const recording = record([], [workload(name), ...args]);
  assert.is(recording.status, 0, recording.stderr);
  const truth = parseTruth(recording.stdout) as readonly ToctouTruth[];
  assert.ok(truth.length >= 100 && truth.some(({ toctou }) => toctou.used === null));
  const lines = toldOf(truth, callLines(recording.file));
  assert.equal(wrongFindings(truth, lines, answer<ToctouResult>(["toctou", recording.file]), demand), []);
}

live(test, "mq_timedsend: before the copy, behind it, both, not at all", NEEDS, () => {
  check("toctou", ["mq", "20"], () => "exact");
});

live(test, "msgsnd: text and type behind their copies, while it waits, not at all", NEEDS, () => {
  check("toctou", ["msg", "20"], () => "exact");
});

live(
  test,
  "sendmmsg and recvmmsg: headers, iovecs, payload, of the message at work and of the next",
  NEEDS,
  () => {
    check("toctou-mmsg", ["10"], () => "or unknown");
  },
);

live(test, "a receive over a waiting send's payload; a queue filled between look and send", NEEDS, () => {
  const recording = record([], [workload("toctou-queues")]);
  assert.is(recording.status, 0, recording.stderr);
  const [told] = parseTruth(recording.stdout) as unknown as readonly { tid: number; other: number }[];
  const { findings, undecided } = answer<ToctouResult>(["toctou", recording.file]);
  // Where the kernel tells when it read the payload, a receive that writes there later is no overlap: it only changed it.
  const overlaps = isKernelPlaneThere(recording.file)
    ? []
    : [["overlap", "mq_timedsend", told?.tid, "before", "mq_timedreceive", 0]];
  assert.equal(
    findings.map(({ kind, event, tid, kernel_used, by, check, ret }) => [
      kind,
      event,
      tid,
      kernel_used,
      by?.event,
      check?.event ?? ret,
    ]),
    [
      ["mutated", "mq_timedsend", told?.tid, "before", "mq_timedreceive", 0],
      ...overlaps,
      ["check_then_act", "mq_timedsend", told?.tid, "after", "mq_timedsend", "mq_getsetattr"],
    ],
  );
  const others = findings.slice(0, 1 + overlaps.length);
  assert.equal(
    others.map(({ by }) => by?.tid),
    others.map(() => told?.other),
  );
  assert.is(findings.at(-1)?.ret, -11);
  if (overlaps.length > 0) assert.equal(findings[1]?.compared, [[0, 9]]);
  assert.equal(undecided, { mutated: 0, overlap: 0, check_then_act: 0 });
});

live(test, "told of a message by mq_notify: taken by another process meanwhile, and not", NEEDS, () => {
  const recording = record([], [workload("toctou-notify")]);
  assert.is(recording.status, 0, recording.stderr);
  const [told] = parseTruth(recording.stdout) as unknown as readonly Record<
    "tid" | "thread" | "other",
    number
  >[];
  const { findings, undecided } = answer<ToctouResult>(["toctou", recording.file]);
  // The other thread of the process was told by the notification alone, which only the kernel's hook shows.
  const byDelivery = isKernelPlaneThere(recording.file)
    ? [["check_then_act", told?.thread, "notification", "mq_timedsend", told?.other, told?.other]]
    : [];
  assert.equal(
    findings.map(({ kind, tid, check, by }) => [kind, tid, check?.of, check?.event, check?.tid, by?.tid]),
    [["check_then_act", told?.tid, "messages", "mq_notify", told?.tid, told?.other], ...byDelivery],
  );
  for (const { event, ret, by, verdict, kernel_used } of findings) {
    assert.equal(
      [event, ret, by?.event, verdict, kernel_used],
      ["mq_timedreceive", -11, "mq_timedreceive", "changed", "after"],
    );
  }
  assert.equal(undecided, { mutated: 0, overlap: 0, check_then_act: 0 });
});

live(test, "records lost in the middle: fewer findings, none of them false", NEEDS, () => {
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
});

/** The number that each payload begins with. */
function numberOf({ event, toctou }: ToctouTruth): string {
  const bytes = Buffer.from(toctou.before ?? "", "base64");
  return bytes.subarray(event === "msgsnd" ? 8 : 0).toString("latin1", 0, 5);
}

test.run();
