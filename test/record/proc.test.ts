import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TaskEntry } from "../../src/format/types.js";
import { trackWithDescendants } from "../../src/record/descendants.js";
import { RecordError } from "../../src/record/errors.js";
import { descendantsOf, isGone, processReader, readTaskFacts } from "../../src/record/proc.js";

const test = suite<{ proc: string }>("proc");

test.before.each((context) => {
  context.proc = mkdtempSync(join(tmpdir(), "msgtape-proc-"));
});
test.after.each(({ proc }) => rmSync(proc, { recursive: true }));

interface Fake {
  readonly parent?: number;
  readonly ticks?: number;
  readonly exe?: string;
  readonly cmdline?: string;
}

/** A /proc/PID as far as it is looked at; the name has all that makes stat hard to read. */
function process(proc: string, pid: number, fake: Fake = {}): void {
  const directory = join(proc, String(pid));
  mkdirSync(directory);
  const { parent = 1, ticks = 500, exe = "/usr/bin/dash", cmdline = "sh\0-c\0true\0" } = fake;
  const fields = ["S", parent, ...Array.from({ length: 17 }, () => 0), ticks, 0, 0];
  writeFileSync(join(directory, "stat"), `${pid} (a) b (c) ${fields.join(" ")}\n`);
  writeFileSync(join(directory, "cmdline"), cmdline);
  writeFileSync(join(directory, "cgroup"), "1:cpu:/\n0::/user.slice\n");
  symlinkSync(exe, join(directory, "exe"));
}

function task(change: Partial<TaskEntry> = {}): TaskEntry {
  return {
    tid: 10,
    startNs: 5_004_999_999n,
    tgid: 10,
    sinceNs: 6_000_000_000n,
    comm: Buffer.from("sh"),
    ppid: 1,
    uid: 0,
    gid: 0,
    namespacePid: null,
    namespaceTid: null,
    exe: null,
    exeName: Buffer.from("dash"),
    cmdline: Buffer.from("sh\0-c\0"),
    cgroupId: 1n,
    cgroupPath: null,
    processStartNs: 5_004_999_999n,
    ...change,
  };
}

function factsOf(proc: string, change: Partial<TaskEntry> = {}) {
  const { exe, cmdline, cgroupPath } = readTaskFacts(task(change), processReader(proc));
  return [exe, cmdline === null ? null : Buffer.from(cmdline).toString(), cgroupPath];
}

test("tells of a process that is still the same one", ({ proc }) => {
  process(proc, 10);
  assert.equal(factsOf(proc), ["/usr/bin/dash", "sh\0-c\0true\0", "/user.slice"]);
  assert.not.ok(isGone(task(), proc));
});

test("says nothing of another process under the same number, or of one that is gone", ({ proc }) => {
  process(proc, 10, { ticks: 501 });
  assert.equal(factsOf(proc), [null, "sh\0-c\0", null]);
  assert.ok(isGone(task(), proc));
  assert.equal(factsOf(proc, { tgid: 11 }), [null, "sh\0-c\0", null]);
  assert.ok(isGone(task({ tid: 11 }), proc));
  assert.equal(factsOf(proc, { processStartNs: null }), [null, "sh\0-c\0", null]);
});

test("does not take a later program's path and command line for the one that was seen", ({ proc }) => {
  process(proc, 10, { exe: "/usr/bin/sleep", cmdline: "sleep\x001\0" });
  assert.equal(factsOf(proc), [null, "sh\0-c\0", "/user.slice"]);
});

test("knows a program whose file was replaced, and a name that was cut", ({ proc }) => {
  process(proc, 10, { exe: `/opt/${"x".repeat(80)} (deleted)` });
  assert.equal(
    factsOf(proc, { exeName: Buffer.from("x".repeat(63)) })[0],
    `/opt/${"x".repeat(80)} (deleted)`,
  );
});

test("finds descendants, not siblings", ({ proc }) => {
  process(proc, 10, { parent: 1 });
  process(proc, 11, { parent: 10 });
  process(proc, 12, { parent: 11 });
  process(proc, 20, { parent: 1 });
  assert.equal([...descendantsOf(new Set([10]), proc)].sort(), [10, 11, 12]);
});

test("looks again until nobody new is there: a child born while looking is found", ({ proc }) => {
  process(proc, 10, { parent: 1 });
  process(proc, 11, { parent: 10 });
  const tracked: number[] = [];
  trackWithDescendants(
    [10],
    (tgid) => {
      tracked.push(tgid);
      if (tgid === 11) process(proc, 12, { parent: 11 });
    },
    proc,
  );
  assert.equal(tracked, [10, 11, 12]);
});

test("a process that does not exist is an error before anything is tracked", ({ proc }) => {
  process(proc, 10);
  const tracked: number[] = [];
  assert.throws(
    () => trackWithDescendants([10, 99], (tgid) => tracked.push(tgid), proc),
    (error: unknown) =>
      error instanceof RecordError && error.message === "--pid 99: there is no such process",
  );
  assert.equal(tracked, []);
});

test.run();
