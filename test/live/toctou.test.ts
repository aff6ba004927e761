/**
 * Programs that change their inputs under the kernel's hands at known moments (test/workloads/toctou*.c): every change
 * is found, none is invented, and of the value that the kernel used nothing wrong is said.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live, type Need, scaled } from "../support/live.js";
import { record } from "../support/msgtape.js";
import { callsIn, isKernelPlaneThere, toctouIn } from "../support/read.js";
import { type Demand, type ToctouTruth, toldOf, wrongFindings } from "../support/toctou.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: toctou");
const NEEDS: readonly Need[] = ["root", "bpf", "gcc", "userfaultfd"];

function check(name: string, args: readonly string[], demand: (truth: ToctouTruth) => Demand): void {
  const recording = record([], [workload(name), ...args]);
  assert.is(recording.status, 0, recording.stderr);
  const truth = parseTruth(recording.stdout) as readonly ToctouTruth[];
  assert.ok(truth.length >= 100 && truth.some(({ toctou }) => toctou.used === null));
  const lines = toldOf(truth, callsIn(recording.file));
  assert.equal(wrongFindings(truth, lines, toctouIn(recording.file), demand), []);
}

live(
  test,
  "mq_timedsend: before the copy, behind it, both, not at all; msgsnd: text and type behind their copies, while it waits",
  NEEDS,
  () => {
    // Eleven calls a round.
    check("toctou", ["both", `${Math.max(10, scaled(20))}`], () => "exact");
  },
);

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
  const { findings, undecided } = toctouIn(recording.file);
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
  const { findings, undecided } = toctouIn(recording.file);
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

test.run();
