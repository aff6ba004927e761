/** Recordings that end otherwise than they should: what was taken stays readable, and says how much it is. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live, patience } from "../support/live.js";
import { callLines, eachCall, isRecording, msgtape, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: endings");

interface Info {
  readonly complete: boolean;
  readonly ended: string | null;
  readonly duration_ns: number;
  readonly records: number;
  readonly lost: number;
}

function infoOf(file: string): { status: number | null; info: Info; stderr: string } {
  const ran = msgtape(["info", file, "--json"]);
  return { status: ran.status, info: JSON.parse(ran.stdout) as Info, stderr: ran.stderr };
}

/** How many lie in a file that is still being written, or is not there yet. */
function recordsIn(file: string): number {
  const { stdout } = msgtape(["info", file, "--json"]);
  return stdout === "" ? 0 : (JSON.parse(stdout) as Info).records;
}

live(test, "a recorder that is killed loses its last second at most", ["root", "bpf", "gcc"], async () => {
  const file = temporary("killed.mtape");
  const caller = spawn(workload("in-flight"), { stdio: ["pipe", "pipe", "inherit"] });
  const recorder = spawn(process.execPath, [MSGTAPE, "record", "-o", file, "--pid", String(caller.pid)]);
  const gone = new Promise((resolve) => recorder.once("close", resolve));
  const found = new Set<number>();
  try {
    // Calls all the while, until two chunks lie in the file: what begins it holds no records.
    const deadline = Date.now() + patience(120_000);
    while (found.size < 2 && Date.now() < deadline) {
      caller.stdin.write("tick\n".repeat(10));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const records = recordsIn(file);
      if (records > 0) found.add(records);
    }
    assert.is(found.size, 2, "no two chunks in the file");
  } finally {
    recorder.kill("SIGKILL");
    await gone;
    caller.stdin.end();
  }
  const { status, info, stderr } = infoOf(file);
  assert.equal([status, info.complete], [3, false], stderr);
  assert.ok(info.records >= Math.max(...found), `${info.records} records, after ${[...found].join(", ")}`);
  let calls = 0;
  assert.is(await eachCall(file, () => calls++), 3, "calls says by its status that the end is missing");
  assert.ok(calls >= 1);
  assert.is(msgtape(["latency", file]).status, 3);
});

live(test, "a full disk ends the recording with a whole file", ["root", "bpf", "gcc", "unshare"], () => {
  // A disk of 300 KiB in a mount namespace of its own, and calls whose payload does not compress.
  const keep = temporary("full.mtape");
  const script = `
    mount -t tmpfs -o size=300k none /mnt || exit 99
    "$1" "$2" record -o /mnt/full.mtape --snap 8192 -- "$3" 200000 8000 >/dev/null
    status=$?
    ls /mnt
    cp /mnt/full.mtape "$4"
    exit $status`;
  const ran = spawnSync(
    "unshare",
    ["-m", "sh", "-c", script, "sh", process.execPath, MSGTAPE, workload("mq-ping"), keep],
    { encoding: "utf8" },
  );
  assert.is.not(ran.status, 99, "no tmpfs");
  assert.is.not(ran.status, 0);
  assert.match(ran.stderr, /full\.mtape[^\n]*(no space|full)/i);
  assert.not.match(ran.stderr, /^\s+at /m);
  assert.is(ran.stdout, "full.mtape\n", "nothing else is left there");
  const { status, info } = infoOf(keep);
  assert.equal([status, info.complete, info.ended], [3, true, "disk_full"]);
  assert.ok(info.records > 0);
  assert.ok(callLines(keep).length > 0);
});

live(test, "SIGINT and SIGTERM end a recording as they should", ["root", "bpf"], async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const file = temporary(`${signal}.mtape`);
    const recorder = spawn(process.execPath, [MSGTAPE, "record", "-o", file, "--pid", String(process.pid)]);
    const gone = new Promise((resolve) => recorder.once("close", resolve));
    while (recorder.exitCode === null && !isRecording(file)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    recorder.kill(signal);
    assert.is(await gone, 0);
    const { status, info } = infoOf(file);
    assert.equal([status, info.complete, info.ended], [0, true, "signal"]);
  }
});

live(test, "on a terminal it shows where it is, and leaves a clean line", ["root", "bpf", "script"], () => {
  const file = temporary("terminal.mtape");
  const inner = `"${process.execPath}" "${MSGTAPE}" record -o "${file}" --for 900ms --pid ${process.pid}`;
  const ran = spawnSync("script", ["-qec", inner, "/dev/null"], { encoding: "utf8", input: "" });
  assert.is(ran.status, 0);
  assert.match(ran.stdout, /recording [\d.]+ s, \d+ records, \d+ records\/s, [\d.]+ \w+, lost 0/);
  const last = ran.stdout.trimEnd().split("\n").at(-1) ?? "";
  assert.match(last, /msgtape: recorded \d+ records[^\r]*$/);
});

live(test, "a recording without a name gets one, where it was started", ["root", "bpf"], () => {
  const directory = temporary("here");
  spawnSync("mkdir", [directory]);
  const ran = spawnSync(process.execPath, [MSGTAPE, "record", "-q", "--", "true"], { cwd: directory });
  assert.is(ran.status, 0);
  assert.match(readdirSync(directory).join(" "), /^msgtape-[\w.-]+-\d{8}-\d{6}\.mtape$/);
});

test.run();
