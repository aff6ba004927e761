/**
 * The workloads with known truth again, one after the other in one recording: little work for a recorder that must be
 * tried in many ways (test/vm), and every task of every program in one capture.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differencesFromTruth } from "../support/compare.js";
import { live, missing } from "../support/live.js";
import { answer, callLines, record } from "../support/msgtape.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: known truth, all in one recording");

/** With their arguments. */
const PROGRAMS = [
  ["mq-cases"],
  ["sysv-cases"],
  ["signals"],
  ["signals", "sockets"],
  ["deaths"],
  ["refused"],
  ["sockets"],
  ["payload", "256"],
  ["ia32", "sockets"],
] as const;

function commands(): readonly string[] {
  const native = PROGRAMS.map(([name, ...args]) => [workload(name), ...args].join(" "));
  return missing(["gcc32"]).length > 0 ? native : [...native, `${workload("ia32", 32)} sockets`];
}

interface Info {
  readonly hooks: readonly {
    readonly hook: string;
    readonly mechanism: string;
    readonly attached: boolean;
  }[];
}

live(test, "every task's every call, with what the task knows of it", ["root", "bpf", "gcc"], () => {
  const recording = record(["--events", "all"], ["sh", "-e", "-c", commands().join("\n")]);
  assert.is(recording.status, 0, recording.stderr);
  const truth = parseTruth(recording.stdout);
  assert.ok(truth.length > 200, "the workloads told their truth");
  assert.equal(differencesFromTruth(truth, callLines(recording.file)), []);
  const { hooks } = answer<Info>(["info", recording.file]);
  for (const [name, hook] of Object.entries(EXPECTED)) {
    if (process.env[name] !== undefined) assert.is(mechanismOf(hook, hooks), process.env[name], hook);
  }
});

/** Where a run is told what it must have (test/vm), and by what hook one sees it. */
const EXPECTED = { MSGTAPE_EXPECT_PROGRAMS: "sys_enter", MSGTAPE_EXPECT_KERNEL_PLANE: "load_msg" };

function mechanismOf(name: string, hooks: Info["hooks"]): string {
  const found = hooks.filter(({ hook, attached }) => attached && hook === name);
  return found.map(({ mechanism }) => mechanism).join();
}

test.run();
