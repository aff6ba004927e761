/**
 * The kernel plane on kernels that have it: what load_msg, store_msg, free_msg, msg_insert and __do_notify did with
 * each message of a workload that knows, record by record, by fentry and by kprobes.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HOLD_BACK } from "../../src/record/hold-back.js";
import { readKernelCapture } from "../support/kernel-records.js";
import { linesOf, linesTold, parseTold } from "../support/kernel-truth.js";
import { live, type Need } from "../support/live.js";
import { record } from "../support/msgtape.js";
import { workload } from "../support/workload.js";

const test = suite("live: kernel plane");

const WAYS: readonly { needs: readonly Need[]; held: string; entry: string; return: string }[] = [
  { needs: ["fentry"], held: "", entry: "fentry", return: "fexit" },
  { needs: ["kprobe"], held: "fentry", entry: "kprobe", return: "kretprobe" },
];

/** Runs with MSGTAPE_HOLD_BACK, for the recorder that is started in there. */
function holding<T>(held: string, run: () => T): T {
  const before = process.env[HOLD_BACK];
  process.env[HOLD_BACK] = [before ?? "", held].filter((word) => word !== "").join(",");
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env[HOLD_BACK];
    else process.env[HOLD_BACK] = before;
  }
}

for (const { needs, held, entry, return: atReturn } of WAYS) {
  for (const snap of [256, 65536]) {
    live(test, `every record as it was, by ${entry}, ${snap} bytes`, ["root", "bpf", "gcc", ...needs], () => {
      const options = ["--comm", "kernel-plane", "--snap", String(snap)];
      const ran = holding(held, () => record(options, [workload("kernel-plane")]));
      assert.is(ran.status, 0, ran.stderr);
      const told = parseTold(ran.stdout);
      const capture = readKernelCapture(ran.file);
      assert.equal(
        capture.plan.filter((hook) => hook.attached).map(({ hook, mechanism }) => [hook, mechanism]),
        [
          ["load_msg", atReturn],
          ["store_msg", entry],
          ["free_msg", entry],
          ["msg_insert", entry],
          ["__do_notify", entry],
        ],
      );
      assert.equal(capture.gaps, []);
      assert.equal(linesOf(capture, told), linesTold(told, snap));
      // Each call's records have its number, and records outside calls have none.
      for (const one of capture.records) assert.is(one.call === null, one.event === 0);
      const identities = capture.records
        .filter(({ hook }) => hook === "load_msg")
        .map(({ message }) => message);
      const known = identities.filter((identity) => identity !== null);
      assert.equal(new Set(known).size, known.length);
    });
  }

  live(test, `recorded and lost are what happened, by ${entry}`, ["root", "bpf", "gcc", ...needs], () => {
    const pings = 3000;
    const command = [workload("mq-ping"), String(pings), "64"];
    const ran = holding(held, () => record(["--buffer", "64K"], command));
    const { records, gaps, summary } = readKernelCapture(ran.file);
    const lost = gaps.filter((gap) => gap.plane === "planes").reduce((sum, gap) => sum + gap.lost, 0n);
    assert.is(summary?.planesLost ?? 0n, lost);
    assert.ok(lost > 0n, "the ring was large enough");
    assert.is(ran.status, 3, ran.stderr);
    // load_msg, msg_insert and store_msg of each
    assert.is(BigInt(records.length) + lost, BigInt(3 * pings));
  });
}

live(test, "--no-kernel loads nothing", ["root", "bpf", "gcc"], () => {
  const ran = record(["--no-kernel"], [workload("mq-ping"), "10", "64"]);
  assert.is(ran.status, 0, ran.stderr);
  const { records, plan } = readKernelCapture(ran.file);
  assert.equal([records, plan], [[], []]);
});

test.run();
