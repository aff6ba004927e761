/** Calls in flight when a recording begins, and when it ends: shown as what they are, never paired wrong. */
import { spawn } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live, patience } from "../support/live.js";
import { answer, callLines, isRecording, temporary } from "../support/msgtape.js";
import { Partner } from "../support/partner.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: in flight");

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + patience(120_000);
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

live(test, "at the start and at the end", ["root", "bpf", "gcc"], async () => {
  const partner = new Partner<Record<string, number>>(workload("in-flight"));
  const ready = await partner.line();
  const file = temporary("in-flight.mtape");
  const recorder = spawn(process.execPath, [MSGTAPE, "record", "-o", file, "--pid", String(ready.ready)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  recorder.stderr.on("data", (data) => {
    stderr += data;
  });
  const ended = new Promise<number | null>((resolve) => recorder.once("close", resolve));
  // The first frames are written when records are being taken.
  await until(() => recorder.exitCode !== null || isRecording(file), "the recording");
  assert.is(recorder.exitCode, null, stderr);
  await partner.say("tick");
  await partner.say("first");
  await partner.say("second");
  const { fourth } = await partner.say("block");
  await partner.say("tick");
  recorder.kill("SIGINT");
  assert.is(await ended, 0, stderr);
  await partner.end();

  const seen = callLines(file).map((call) => ({
    tid: call.tid,
    event: call.event,
    state: call.state,
    ret: call.ret,
    entered: call.enter_ns !== null,
    left: call.exit_ns !== null,
    took: call.duration_ns !== null,
  }));
  const main = { tid: ready.ready, state: "complete", entered: true, left: true, took: true };
  const lone = { state: "no_entry", entered: false, left: true, took: false };
  const sorted = <T extends { tid?: number | undefined; event: string }>(calls: readonly T[]) =>
    [...calls].sort((a, b) => (a.tid ?? 0) - (b.tid ?? 0) || (a.event < b.event ? -1 : 1));
  assert.equal(
    sorted(seen),
    sorted([
      { ...main, event: "mq_getsetattr", ret: -9 },
      { ...main, event: "mq_timedsend", ret: 0 },
      { ...main, event: "msgsnd", ret: 0 },
      { ...main, event: "mq_getsetattr", ret: -9 },
      { ...lone, tid: ready.first, event: "mq_timedreceive", ret: 2 },
      { ...lone, tid: ready.second, event: "msgrcv", ret: 2 },
      // The third was in flight from before the start until after the end: nothing of it was seen.
      {
        tid: fourth,
        event: "mq_timedreceive",
        state: "in_flight",
        ret: null,
        entered: true,
        left: false,
        took: false,
      },
    ]),
  );
  assert.is(answer<{ complete: boolean }>(["info", file]).complete, true);
});

test.run();
