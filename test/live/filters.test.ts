/** What `record` is told to leave out stays out, in the kernel; what it is told to take is all there. */
import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { basename } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallLine } from "../../src/replay/types.js";
import { live } from "../support/live.js";
import { callLines, isRecording, record, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: filters");

function counts(calls: readonly CallLine[], of: (call: CallLine) => string | null): Record<string, number> {
  const found: Record<string, number> = {};
  for (const call of calls) {
    const key = of(call) ?? "none";
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}

live(test, "--events: these and no others", ["root", "bpf", "gcc"], () => {
  const events = (list: string) =>
    counts(callLines(record(["--events", list], [workload("mq-ping"), "20"]).file), (call) => call.event);
  assert.equal(events("mq_timedsend,mq_unlink"), { mq_timedsend: 20, mq_unlink: 1 });
  assert.equal(events("sysv-msg"), {});
  assert.equal(events("posix-mq"), { mq_open: 1, mq_timedsend: 20, mq_timedreceive: 20, mq_unlink: 1 });
});

live(test, "--comm: tasks of this name, exec and rename followed", ["root", "bpf", "gcc"], () => {
  const ping = workload("mq-ping");
  const other = temporary("other-name");
  copyFileSync(ping, other);
  const script = ["sh", "-c", `${ping} 3; ${other} 5`];
  const by = (options: readonly string[]) =>
    counts(callLines(record(options, script).file), (call) => call.comm);
  assert.equal(by(["--comm", "mq-ping"]), { "mq-ping": 8 });
  assert.equal(by(["--comm", basename(other).slice(0, 15)]), { [basename(other).slice(0, 15)]: 12 });
  assert.equal(by(["--comm", "sh"]), {});
});

live(test, "--uid: this user's calls", ["root", "bpf", "gcc"], () => {
  const script = ["sh", "-c", `${workload("mq-ping")} 3`];
  assert.is(callLines(record(["--uid", "0"], script).file).length, 8);
  assert.is(callLines(record(["--uid", "65534"], script).file).length, 0);
});

live(test, "--queue: this queue's calls, by name and by key", ["root", "bpf", "gcc"], () => {
  const queues = (options: readonly string[]) => {
    const calls = callLines(record(options, [workload("two-queues")]).file);
    return counts(calls, (call) => `${call.event} ${call.queue?.name ?? null}`);
  };
  assert.equal(queues(["--queue", "/msgtape-two-a"]), {
    "mq_open /msgtape-two-a": 1,
    "mq_timedsend /msgtape-two-a": 3,
    "mq_timedreceive /msgtape-two-a": 3,
    "mq_unlink /msgtape-two-a": 1,
  });
  assert.equal(queues(["--queue", "0x6d547761"]), {
    "msgget 0x6d547761": 1,
    "msgsnd 0x6d547761": 2,
    "msgrcv 0x6d547761": 2,
    "msgctl 0x6d547761": 1,
  });
});

live(
  test,
  "--pid: the process, its living descendants, and those to come",
  ["root", "bpf", "gcc"],
  async () => {
    const ping = workload("mq-ping");
    const file = temporary("pid.mtape");
    // A child that lives already, another that is born later; a stranger that is none of the family.
    const family = spawn("sh", ["-c", `exec 3<&0; (read go <&3; ${ping} 3) & read go; ${ping} 4; wait`], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const recorder = spawn(process.execPath, [
      MSGTAPE,
      "record",
      "-q",
      "-o",
      file,
      "--pid",
      String(family.pid),
    ]);
    const gone = new Promise((resolve) => recorder.once("close", resolve));
    while (recorder.exitCode === null && !isRecording(file)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    record(["-q"], [ping, "50"]);
    const ended = new Promise((resolve) => family.once("close", resolve));
    family.stdin.end("go\ngo\n");
    await ended;
    recorder.kill("SIGINT");
    assert.is(await gone, 0);
    const calls = callLines(file);
    assert.is(calls.filter((call) => call.event === "mq_timedsend").length, 7);
    assert.is(calls.length, 2 * 7 + 4);
  },
);

test.run();
