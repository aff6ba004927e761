/** More than a recorder can take: nothing is lost uncounted, and what is there is whole. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { ClockId } from "../../src/record/clock.js";
import { clockGettime } from "../../src/record/native.js";
import { fileSource } from "../../src/replay/open.js";
import { live, scaled } from "../support/live.js";
import { answer, eachCall } from "../support/msgtape.js";
import { type Ended, killRecorders, Recorder } from "../support/recorder.js";
import { type Counted, countRecords } from "../support/records.js";
import { workload } from "../support/workload.js";

const test = suite("live: stress, load");
test.after.each(killRecorders);

interface Info {
  readonly complete: boolean;
  readonly records: number;
  readonly lost: number;
}

/** Two records a call that was made: those in the file and those that are told to be lost. */
function isExact(recorder: Recorder, { status, stderr }: Ended, calls: number): Counted & { lost: number } {
  const { complete, records, lost } = answer<Info>(["info", recorder.file]);
  assert.is(complete, true);
  assert.is(status, lost > 0 ? 3 : 0, stderr);
  assert.is(records + lost, 2 * calls, `${records} recorded, ${lost} lost, ${calls} calls`);
  const counted = countRecords(recorder.file);
  assert.equal([counted.problems, counted.repeated, counted.records], [[], 0, records]);
  // A gap tells between which records: all losses are in gaps.
  assert.is(counted.lostInGaps, BigInt(lost));
  return { ...counted, lost };
}

function callsOf(stdout: string): number {
  return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { calls: number }).calls;
}

function highWaterMiB(pid: number): number {
  // One that has ended has none.
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) / 1024;
}

live(test, "all cpus at full rate: what is lost is counted exactly", ["root", "bpf", "gcc"], async () => {
  const cpus = availableParallelism();
  const command = [workload("storm"), String(cpus), String(scaled(600_000))];
  const recorder = new Recorder(["--buffer", "4M"], { command });
  const ended = await recorder.ended;
  const calls = callsOf(recorder.stdout);
  const { lost, records } = isExact(recorder, ended, calls);
  console.log(`measured: ${cpus} cpus at full rate: ${records} records, ${lost} lost`);
});

live(
  test,
  "a recorder that stands still for seconds loses what it says, and goes on",
  ["root", "bpf", "gcc"],
  async () => {
    const command = [workload("storm"), "1", "0"];
    // The workload goes on until its input ends, and that is the recorder's.
    const recorder = new Recorder(["--buffer", "2M"], { command, input: true });
    await recorder.commandSays("ready");
    await delay(300);
    recorder.child.kill("SIGSTOP");
    const stoppedNs = boottimeNs();
    await delay(2000);
    const goesOnNs = boottimeNs();
    recorder.child.kill("SIGCONT");
    await delay(1000);
    recorder.child.stdin?.end();
    const ended = await recorder.ended;
    const { lost, records, newestNs } = isExact(recorder, ended, callsOf(recorder.stdout));
    assert.ok(lost > 0, "a ring of 1 MiB is full long before");
    // By the middle of it everything was full, whatever the machine had to do besides.
    const gaps = gapsAt(recorder.file, (stoppedNs + goesOnNs) / 2n);
    assert.ok(gaps > 0, "no gap where it stood still");
    assert.ok((newestNs ?? 0n) > goesOnNs, "it goes on afterwards");
    console.log(`measured: stopped for 2000 ms under full rate: ${records} records, ${lost} lost`);
  },
);

/** How many gaps lie over a moment. */
function gapsAt(file: string, atNs: bigint): number {
  const source = fileSource(file);
  try {
    const { gaps } = openCapture(source);
    return gaps.filter(({ fromNs, toNs }) => (fromNs ?? 0n) <= atNs && (toNs === null || toNs >= atNs))
      .length;
  } finally {
    source.close();
  }
}

function boottimeNs(): bigint {
  return clockGettime(ClockId.BOOTTIME);
}

live(
  test,
  "a thousand short-lived processes a second: each has its name or none, and memory is bounded",
  ["root", "bpf", "gcc"],
  async () => {
    const count = scaled(4000);
    const command = ["sh", "-c", `${workload("brood")} ${count} 1000; sleep 0.5`];
    const recorder = new Recorder(["--buffer", "4M"], { command });
    let highest = 0;
    const watch = setInterval(() => {
      try {
        highest = Math.max(highest, highWaterMiB(recorder.pid));
      } catch {
        // It has ended.
      }
    }, 50);
    const ended = await recorder.ended;
    clearInterval(watch);
    const { calls, ns } = JSON.parse(recorder.stdout) as { calls: number; ns: number };
    const { lost } = isExact(recorder, ended, calls);
    const named = { right: 0, unknown: 0 };
    const wrong: unknown[] = [];
    await eachCall(recorder.file, (call) => {
      const name = call.comm;
      // Before its prctl() a child has its parent's name, and by then it has made no call.
      if (name === null) named.unknown++;
      else if (/^brood(-\d+)?$/.test(name)) named.right++;
      else wrong.push(call);
    });
    assert.equal(wrong, []);
    const rate = Math.round(count / (ns / 1e9));
    console.log(
      `measured: ${count} processes, ${rate} a second: ${lost} lost, ${named.unknown} of ${calls} calls without a name, ${highest.toFixed(0)} MiB at most`,
    );
    assert.ok(highest > 0 && highest < 256, `${highest} MiB`);
    assert.ok(named.right > 0);
  },
);

test.run();
