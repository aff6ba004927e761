import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CommandWatch, exitStatusOf, statusOfFailedExec } from "../../src/record/command.js";
import { exitStatusAfter } from "../../src/record/exit-status.js";
import type { SessionResult } from "../../src/record/session.js";
import { SinkError, SinkFullError } from "../../src/record/sink.js";
import { type StopSignal, StopSwitch, signalPolicy } from "../../src/record/stop.js";

const test = suite("stop");

test("the first reason stays, and a signal after it means hurry", () => {
  const stop = new StopSwitch();
  stop.request("duration");
  stop.request("command");
  assert.equal([stop.reason, stop.hurry, stop.lastSignal], ["duration", false, null]);
  stop.request("signal", "SIGTERM");
  assert.equal([stop.reason, stop.hurry, stop.lastSignal], ["duration", true, "SIGTERM"]);
});

test("without a command the first signal ends the recording, the second does not wait", () => {
  const stop = new StopSwitch();
  const onSignal = signalPolicy(stop, null);
  onSignal("SIGINT");
  assert.equal([stop.reason, stop.hurry], ["signal", false]);
  onSignal("SIGINT");
  assert.equal([stop.reason, stop.hurry], ["signal", true]);
});

test("with a command the first signal is the command's, the second ends the recording", () => {
  const [stop, sent] = [new StopSwitch(), [] as StopSignal[]];
  const onSignal = signalPolicy(stop, { signal: (signal) => sent.push(signal) }, () => false);
  onSignal("SIGTERM");
  assert.equal([sent, stop.reason], [["SIGTERM"], null]);
  onSignal("SIGINT");
  assert.equal([sent, stop.reason, stop.lastSignal], [["SIGTERM"], "signal", "SIGINT"]);
});

test("a signal that cannot be passed on to the command ends the recording", () => {
  const stop = new StopSwitch();
  signalPolicy(stop, { signal: () => false }, () => false)("SIGTERM");
  assert.equal([stop.reason, stop.lastSignal], ["signal", "SIGTERM"]);
});

test("what the terminal sent to the command is not sent again", () => {
  const [stop, sent] = [new StopSwitch(), [] as StopSignal[]];
  const onSignal = signalPolicy(
    stop,
    { signal: (signal) => sent.push(signal) },
    (signal) => signal === "SIGINT",
  );
  onSignal("SIGINT");
  assert.equal([sent, stop.reason], [[], null]);
});

test("a command's exit status is as a shell says it, and it is asked for once", () => {
  assert.equal([0, 7 << 8, 9, 15 | 0x80].map(exitStatusOf), [0, 7, 137, 143]);
  assert.equal(
    ["ENOENT", "ENOTDIR", "EACCES", "ENOEXEC", null].map(statusOfFailedExec),
    [127, 127, 126, 126, 126],
  );
  let polls = 0;
  const sent: number[] = [];
  const watch = new CommandWatch({
    pid: 1,
    release() {},
    poll: () => (++polls < 2 ? null : 3 << 8),
    signal: (signal) => sent.push(signal) > 0,
    close() {},
  });
  watch.signal("SIGTERM");
  assert.equal([watch.exitStatus(), watch.exitStatus(), polls], [3, 3, 2]);
  watch.signal("SIGTERM");
  assert.equal(sent, [15]);
});

const NO_LOSS = { ringFull: 0n, noScratch: 0n, recursion: 0n, output: 0n, planes: 0n, planesOutput: 0n };
const DONE = { ended: "duration", finished: true, failure: null, lost: NO_LOSS } as unknown as SessionResult;

test("the exit status of a recording", () => {
  const lossy = { ...DONE, lost: { ...NO_LOSS, ringFull: 1n } };
  const full = { ...DONE, ended: "disk_full" as const, failure: new SinkFullError("full") };
  const planes = { ...DONE, lost: { ...NO_LOSS, planes: 1n } };
  const broken = { ...DONE, ended: "error" as const, failure: new SinkError("broken"), finished: false };
  const rows = [DONE, lossy, planes, full, broken].map((result) => [
    exitStatusAfter(result, null),
    exitStatusAfter(result, { status: 0 }),
    exitStatusAfter(result, { status: 42 }),
    exitStatusAfter(result, { leftBy: "SIGINT" }),
  ]);
  assert.equal(rows, [
    [0, 0, 42, 130],
    [3, 3, 42, 130],
    [3, 3, 42, 130],
    [3, 3, 42, 130],
    [1, 125, 42, 130],
  ]);
});

test.run();
