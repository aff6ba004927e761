/** Workloads with known truth: every call that they made is in the capture, with the arguments that they know. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differencesFromTruth } from "../support/compare.js";
import { live, type Need } from "../support/live.js";
import { callLines, record } from "../support/msgtape.js";
import { type Bits, parseTruth, workload } from "../support/workload.js";

const test = suite("live: known truth");

interface Case {
  readonly name: string;
  readonly program: string;
  readonly bits?: Bits;
  readonly args?: readonly string[];
  readonly options?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "every POSIX call and its errors", program: "mq-cases" },
  { name: "every System V call and its errors, a queue removed under waiters", program: "sysv-cases" },
  { name: "interrupted calls and their restarts", program: "signals" },
  {
    name: "interrupted calls on sockets",
    program: "signals",
    args: ["sockets"],
    options: ["--events", "all"],
  },
  { name: "tasks that die inside a call: SIGKILL, exit_group, exec", program: "deaths" },
  { name: "calls that seccomp refuses: exits without an entry", program: "refused" },
  {
    name: "socket messages: iovecs, addresses, control, partial receives",
    program: "sockets",
    options: ["--events", "all"],
  },
  { name: "payloads at every edge of 256 bytes", program: "payload", args: ["256"] },
  {
    name: "payloads at every edge of 100 bytes",
    program: "payload",
    args: ["100"],
    options: ["--snap", "100"],
  },
  {
    name: "payloads longer than a page and unaligned",
    program: "payload",
    args: ["1500"],
    options: ["--snap", "1500"],
  },
  {
    name: "32-bit calls by int 0x80 from a 64-bit program",
    program: "ia32",
    args: ["sockets"],
    options: ["--events", "all"],
  },
  {
    name: "32-bit calls of a 32-bit program",
    program: "ia32",
    bits: 32,
    args: ["sockets"],
    options: ["--events", "all"],
  },
];

for (const { name, program, bits = 64, args = [], options = [] } of CASES) {
  const needs: Need[] = ["root", "bpf", "gcc", ...(bits === 32 ? (["gcc32"] as const) : [])];
  live(test, name, needs, () => {
    const recording = record(options, [workload(program, bits), ...args]);
    assert.is(recording.status, 0, recording.stderr);
    const truth = parseTruth(recording.stdout);
    assert.ok(truth.length > 5, "the workload told its truth");
    assert.equal(differencesFromTruth(truth, callLines(recording.file)), []);
  });
}

live(test, "sendmsg and recvmsg only on request", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("sockets")]);
  assert.is(recording.status, 0, recording.stderr);
  const events = new Set(callLines(recording.file).map((call) => call.event));
  assert.equal([...events].sort(), ["recvmmsg", "sendmmsg"]);
});

interface Counted {
  readonly tid: number;
  readonly calls: number;
}

live(test, "a storm of forks, threads and execs: every task's every call", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("forks"), "150", "4"]);
  assert.is(recording.status, 0, recording.stderr);
  const made = new Map<number, number>();
  for (const line of parseTruth(recording.stdout) as unknown as readonly Counted[]) {
    made.set(line.tid, (made.get(line.tid) ?? 0) + line.calls);
  }
  const found = new Map<number, number>();
  for (const call of callLines(recording.file)) {
    found.set(call.tid, (found.get(call.tid) ?? 0) + 1);
    assert.equal([call.state, call.errno, call.args?.mqdes], ["complete", "EBADF", -call.tid]);
  }
  assert.ok(made.size > 100);
  assert.equal([...found].sort(byTid), [...made].sort(byTid));
});

function byTid(one: readonly [number, number], other: readonly [number, number]): number {
  return one[0] - other[0];
}

test.run();
