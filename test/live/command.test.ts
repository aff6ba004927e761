/** `record -- COMMAND` towards the command and the shell: statuses, output, descendants, users, and what must fail. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { answer, callLines, msgtape, record, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: record");

function shell(script: string): readonly string[] {
  return ["sh", "-c", script];
}

live(test, "ends with the command's status", ["root", "bpf"], () => {
  const status = (command: readonly string[]) => record(["-q"], command).status;
  assert.is(status(["true"]), 0);
  assert.is(status(["false"]), 1);
  assert.is(status(shell("exit 42")), 42);
  assert.is(status(shell("kill -9 $$")), 137);
  assert.is(status(shell("kill -TERM $$")), 143);
  assert.is(status(["/nowhere/no-such-program"]), 127);
  assert.is(status(["/etc/passwd"]), 126);
});

live(test, "a command that does not start leaves no file", ["root", "bpf"], () => {
  const recording = record([], ["/nowhere/no-such-program"]);
  assert.match(recording.stderr, /^msgtape: [^\n]*no-such-program[^\n]*\n$/);
  assert.not(existsSync(recording.file));
});

live(test, "the command's input and output are its own", ["root", "bpf"], () => {
  const file = temporary("pass.mtape");
  const ran = msgtape(
    ["record", "-q", "-o", file, "--", ...shell("cat; echo err >&2; printf 'no newline'")],
    {
      input: "from outside\n",
    },
  );
  assert.equal([ran.status, ran.stdout, ran.stderr], [0, "from outside\nno newline", "err\n"]);
});

live(test, "says how it went in one line, on stderr", ["root", "bpf", "gcc"], () => {
  const recording = record([], [workload("mq-ping"), "10"]);
  assert.match(recording.stderr, /^msgtape: recorded 44 records \(22 calls\) in [^\n]*, lost 0, [^\n]*\n$/);
  assert.is(recording.stdout.split("\n").length, 2, "the workload's line alone");
  assert.is(statSync(recording.file).mode & 0o777, 0o600);
});

live(test, "waits for descendants, and records them alone", ["root", "bpf", "gcc"], () => {
  // A stranger calls all the while; the command's grandchild calls after the command itself is gone.
  const ping = workload("mq-ping");
  const stranger = spawn(ping, ["1000000000"], { stdio: "ignore" });
  try {
    const recording = record([], shell(`(sleep 0.3; ${ping} 5) & exit 7`));
    assert.is(recording.status, 7, recording.stderr);
    assert.match(recording.stdout, /"calls":10,/, "the grandchild ran to its end before msgtape ended");
    const calls = callLines(recording.file);
    assert.is(calls.length, 12);
    assert.ok(calls.every((call) => call.tgid !== stranger.pid));
  } finally {
    stranger.kill();
  }
});

live(test, "from its first instruction", ["root", "bpf", "gcc"], () => {
  for (let i = 0; i < 5; i++) {
    assert.is(callLines(record([], [workload("mq-ping"), "1"]).file).length, 4);
  }
});

live(test, "--user runs it as somebody else", ["root", "bpf"], () => {
  const recording = record(["-q", "--user", "nobody"], shell("id -un"));
  assert.equal([recording.status, recording.stdout], [0, "nobody\n"]);
});

live(test, "--count ends a recording of everything", ["root", "bpf", "gcc"], () => {
  const file = temporary("count.mtape");
  const caller = spawn(workload("mq-ping"), ["1000000000"], { stdio: "ignore" });
  try {
    const ran = msgtape(["record", "-o", file, "--count", "100"]);
    assert.is(ran.status === 0 || ran.status === 3, true, ran.stderr);
    assert.ok(callLines(file).length >= 100);
  } finally {
    caller.kill();
  }
});

live(test, "record's answer in JSON names the capture as info does", ["root", "bpf"], () => {
  const file = temporary("answer.mtape");
  const answer = JSON.parse(msgtape(["record", "-o", file, "--for", "100ms", "--json"]).stdout);
  const info = JSON.parse(msgtape(["info", file, "--json"]).stdout);
  assert.is(answer.capture_id, info.capture_id);
});

live(test, "a pipe as output", ["root", "bpf", "gcc"], () => {
  const file = temporary("pipe.mtape");
  // The command's own output goes elsewhere: the pipe is the capture's.
  const quiet = `sh -c '${workload("mq-ping")} 3 >/dev/null'`;
  const piped = spawnSync("sh", [
    "-c",
    `"${process.execPath}" "${MSGTAPE}" record -q -o - -- ${quiet} | cat > "${file}"`,
  ]);
  assert.is(piped.status, 0);
  assert.is(callLines(file).length, 8);
});

live(test, "binary never to a terminal", ["root", "bpf", "script"], () => {
  const inner = `"${process.execPath}" "${MSGTAPE}" record -o - -- true; echo status=$?`;
  const ran = spawnSync("script", ["-qec", inner, "/dev/null"], { encoding: "utf8", input: "" });
  assert.match(ran.stdout, /status=2/);
  assert.not.match(ran.stdout, /MSGTAPE\0/);
});

/** One clear line, the right status, nothing half-written left behind. */
function refuses(args: readonly string[], status: number, words: RegExp): void {
  const ran = msgtape(args);
  assert.is(ran.status, status, `${args.join(" ")}: status ${ran.status}: ${ran.stderr}`);
  assert.match(ran.stderr, words);
  assert.is(ran.stderr.trimEnd().split("\n").length, 1, `one line: ${ran.stderr}`);
  assert.not.match(ran.stderr, /^\s+at /m);
  assert.is(ran.stdout, "");
}

live(test, "refuses an output that exists, a link, a directory that is none", ["root", "bpf"], () => {
  const existing = temporary("existing");
  writeFileSync(existing, "mine");
  refuses(["record", "-o", existing, "--for", "1s"], 1, /existing.*exists/);
  assert.is(readFileSync(existing, "utf8"), "mine");
  refuses(["record", "-o", existing, "--", "true"], 125, /exists/);

  const link = temporary("link");
  const target = temporary("target");
  symlinkSync(target, link);
  refuses(["record", "-o", link, "--for", "1s"], 1, /link/);
  assert.not(existsSync(target));

  refuses(["record", "-o", "/nowhere/at/all.mtape", "--for", "1s"], 1, /\/nowhere\/at/);
});

/** Root without capabilities, since nobody else may be able to read this checkout. */
const POWERLESS = ["--bounding-set=-all", "--inh-caps=-all"];
const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];

for (const [who, change] of [
  ["without capabilities", POWERLESS],
  ["without root", NOBODY],
] as const) {
  live(test, `refuses ${who}, and leaves nothing behind`, ["root", "bpf", "setpriv"], () => {
    const readable = spawnSync("setpriv", [...change, "cat", MSGTAPE]).status === 0;
    if (!readable) return; // A checkout under /root: the other case says the same.
    const directory = temporary("open-to-all");
    mkdirSync(directory);
    chmodSync(dirname(directory), 0o777);
    chmodSync(directory, 0o777);
    const recorder = [process.execPath, MSGTAPE, "record", "-o", `${directory}/capture.mtape`, "--for", "1s"];
    const ran = spawnSync("setpriv", [...change, ...recorder], { cwd: "/", encoding: "utf8" });
    assert.is(ran.status, 1);
    assert.match(ran.stderr, /^msgtape: [^\n]*root[^\n]*\n$/);
    assert.equal(readdirSync(directory), []);
  });
}

/** In a mount namespace of its own, where `mount` hides something. */
function where(mount: string, args: readonly string[]) {
  const script = `${mount} || exit 99; shift; exec "$@"`;
  const ran = spawnSync(
    "unshare",
    ["-m", "sh", "-c", script, "sh", "-", process.execPath, MSGTAPE, ...args],
    {
      encoding: "utf8",
    },
  );
  assert.is.not(ran.status, 99, ran.stderr);
  return ran;
}

live(test, "refuses without the kernel's BTF, and leaves nothing behind", ["root", "bpf", "unshare"], () => {
  const file = temporary("no-btf.mtape");
  const ran = where("mount -t tmpfs none /sys/kernel/btf", ["record", "-o", file, "--for", "1s"]);
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /^msgtape: [^\n]*BTF[^\n]*\n$/);
  assert.not(existsSync(file));
});

live(test, "refuses where nothing can be written", ["root", "bpf", "unshare"], () => {
  const ran = where("mount -t tmpfs -o ro none /mnt", ["record", "-o", "/mnt/capture.mtape", "--for", "1s"]);
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /^msgtape: [^\n]*\/mnt\/capture\.mtape[^\n]*\n$/);
});

test("refuses wrong usage before anything else", () => {
  refuses(["record", "--events", "mq_opne", "--", "true"], 2, /mq_opne.*mq_open/);
  refuses(["record", "--snap", "65537"], 2, /--snap/);
  refuses(["record", "--buffer", "lots"], 2, /--buffer/);
  refuses(["record", "--for", "soon"], 2, /--for/);
  refuses(["record", "--count", "0"], 2, /--count/);
  refuses(["record", "--nonsense"], 2, /nonsense/);
  refuses(["nonsense"], 2, /nonsense/);
});

live(test, "an idle recording ends after --for, whole and empty", ["root", "bpf"], () => {
  const file = temporary("idle.mtape");
  const ran = msgtape(["record", "-o", file, "--for", "300ms", "--pid", String(process.pid)]);
  assert.is(ran.status, 0, ran.stderr);
  const info = answer<{ complete: boolean; records: number; lost: number }>(["info", file]);
  assert.equal([info.complete, info.records, info.lost], [true, 0, 0]);
  assert.equal(callLines(file), []);
});

test.run();
