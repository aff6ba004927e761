/** What a hostile program puts into names and payloads reaches no terminal. */
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { callLines, record } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: hostile text");

/** Raw bytes: a decoder would have replaced some. */
function rawOutput(args: readonly string[]): Buffer {
  return spawnSync(process.execPath, [MSGTAPE, ...args]).stdout;
}

/** What no text output may hold: C0 (but newline), DEL, C1, bidi controls, bytes that are not UTF-8. */
function forbidden(bytes: Buffer): readonly string[] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g) ?? [];
}

live(test, "in calls, latency and info", ["root", "bpf", "gcc"], () => {
  const recording = record(["--events", "all"], [workload("escapes")]);
  assert.is(recording.status, 0, recording.stderr);
  const { file } = recording;
  assert.is(parseTruth(recording.stdout).length, 4);
  for (const args of [
    ["calls", file],
    ["calls", file, "--json"],
    ["latency", file, "--by", "event,comm,queue"],
    ["latency", file, "--by", "comm,queue", "--json"],
    ["info", file],
    ["info", file, "--json"],
  ]) {
    const output = rawOutput(args);
    assert.ok(output.length > 0, args.join(" "));
    assert.equal(forbidden(output), [], args.join(" "));
  }
  const lines = rawOutput(["calls", file]).toString().trimEnd().split("\n");
  assert.is(lines.length, 4, "a newline in a name or payload begins no line");
});

live(test, "while the JSON keeps every byte", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("escapes")]);
  const [, sent] = parseTruth(recording.stdout);
  const call = callLines(recording.file).find((line) => line.event === "mq_timedsend");
  const told = sent?.args?.msg_ptr as { bytes: string };
  const kept = call?.args?.msg_ptr as { bytes: string };
  assert.is(kept.bytes, told.bytes);
  assert.match(call?.queue?.name ?? "", /^\/msgtape-/);
});

test.run();
