/** The wall clock is set while a recording runs: its readings say so, and wall times are right before and after. */
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { fileSource } from "../../src/replay/open.js";
import { live } from "../support/live.js";
import { killRecorders, Recorder, until } from "../support/recorder.js";
import { workload } from "../support/workload.js";

const test = suite("live: stress, clock");
test.after.each(killRecorders);

/** Little, and undone at once: the clock is the whole machine's. */
const STEP_US = 300_000;

function stepClock(us: number): boolean {
  const ran = spawnSync(workload("step-clock"), [String(us)], { encoding: "utf8" });
  if (ran.status !== 0 && ran.status !== 77) throw new Error(ran.stderr);
  return ran.status === 0;
}

/** Where a reading of the clocks puts the wall's against that of the records, in ms. */
function offsets(file: string): readonly { readonly reason: string; readonly offsetMs: number }[] {
  const source = fileSource(file);
  try {
    return openCapture(source).clocks.map(({ reason, realtimeNs, boottimeNs }) => ({
      reason,
      offsetMs: Number(realtimeNs - boottimeNs) / 1e6,
    }));
  } finally {
    source.close();
  }
}

live(
  test,
  "a step forward and one back are in the capture, at their size",
  ["root", "bpf", "gcc"],
  async () => {
    const recorder = new Recorder(["--pid", String(process.pid)]);
    await recorder.recording();
    const steps = () => offsets(recorder.file).filter(({ reason }) => reason === "step").length;
    // The clocks are looked at once a second, against what they were when the recording was set up.
    if (!stepClock(STEP_US)) {
      console.log("skipped: steps of the wall clock (missing: the right to set it)");
      return;
    }
    try {
      await until(() => steps() === 1);
    } finally {
      stepClock(-STEP_US);
    }
    await until(() => steps() === 2);
    assert.is((await recorder.end("SIGINT")).status, 0);
    const told = offsets(recorder.file);
    assert.equal(
      told.map(({ reason }) => reason),
      ["start", "step", "step", "end"],
    );
    const [start = 0, forward = 0, back = 0, end = 0] = told.map(({ offsetMs }) => offsetMs);
    const stepMs = STEP_US / 1000;
    for (const [found, expected] of [
      [forward - start, stepMs],
      [back - start, 0],
      [end - start, 0],
    ] as const) {
      // What the clocks drift, and what a busy machine blurs a reading by.
      assert.ok(Math.abs(found - expected) < 20, `${found} ms, expected ${expected}`);
    }
  },
);

test.run();
