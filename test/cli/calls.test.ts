import { suite } from "uvu";
import * as assert from "uvu/assert";
import { START } from "../replay/tape.js";
import { CAPTURE_ID, captureFile, program } from "./support.js";

const test = suite("cli: calls");

interface Line {
  readonly tid: number;
  readonly call: number;
  readonly event: string;
  readonly enter_ns: number;
  readonly errno: string | null;
}

/** `tid#call` of each line. */
async function found(args: readonly string[]): Promise<string[]> {
  const answer = await program(["calls", "--json", ...args]);
  assert.equal([answer.status, answer.stderr], [0, ""], args.join(" "));
  return linesOf(answer.stdout).map((line) => `${line.tid}#${line.call}`);
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

test("--json: a line a call, in order of exit", async () => {
  const answer = await program(["calls", captureFile(), "--json"]);
  assert.equal([answer.status, answer.stderr], [0, ""]);
  const lines = linesOf(answer.stdout);
  assert.is(lines.length, 3);
  const { args, ...last } = JSON.parse(answer.stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.ok(args === null || typeof args === "object");
  assert.equal(last, {
    capture: CAPTURE_ID,
    task: "100:77",
    call: 1,
    event: "mq_timedreceive",
    abi: "x86_64",
    via: null,
    cpu: 0,
    tid: 100,
    tgid: 100,
    comm: "worker",
    enter_ns: 1000,
    exit_ns: 9000,
    duration_ns: 8000,
    wall: "2026-11-21T10:00:00.000001001Z",
    ret: 5,
    errno: null,
    state: "complete",
    restart_of: null,
    queue: { kind: "posix", key: "posix:4026531839:9:abc", name: "/q", depth_before: 3, depth_after: 2 },
  });
});

test("text: a line a call, coloured only on a terminal", async () => {
  const file = captureFile();
  const plain = await program(["calls", file]);
  assert.is(plain.stdout.split("\n").length, 4);
  assert.match(plain.stdout, / mq_timedsend\(.*\) = -1 EAGAIN /);
  assert.not.match(plain.stdout, "\u001b");
  const colourful = await program(["calls", file], { stdoutIsTerminal: true });
  assert.match(colourful.stdout, "\u001b[1mmq_timedsend");
});

test("order: by exit, or by entry", async () => {
  const file = captureFile();
  assert.equal(await found([file]), ["101#1", "101#2", "100#1"]);
  assert.equal(await found([file, "--sort", "exit"]), ["101#1", "101#2", "100#1"]);
  assert.equal(await found([file, "--sort", "enter"]), ["100#1", "101#1", "101#2"]);
});

test("each filter takes away what it says", async () => {
  const file = captureFile();
  const all = ["101#1", "101#2", "100#1"];
  assert.equal(await found([file, "--event", "posix-mq"]), all);
  assert.equal(await found([file, "--event", "mq_timedsend"]), ["101#2"]);
  assert.equal(await found([file, "--event", "msgsnd,msgrcv"]), []);
  assert.equal(await found([file, "--pid", "100"]), all);
  assert.equal(await found([file, "--pid", "5,6"]), []);
  assert.equal(await found([file, "--tid", "7,101"]), ["101#1", "101#2"]);
  assert.equal(await found([file, "--comm", "worker", "--comm", "other"]), ["100#1"]);
  assert.equal(await found([file, "--queue", "/q"]), ["100#1"]);
  assert.equal(await found([file, "--errno", "eagain,5"]), ["101#2"]);
  assert.equal(await found([file, "--errno", "11"]), ["101#2"]);
  assert.equal(await found([file, "--failed"]), ["101#2"]);
  assert.equal(await found([file, "--min-duration", "8us"]), ["100#1"]);
  assert.equal(await found([file, "--min-duration", "8.001us"]), []);
  assert.equal(await found([file, "--from", "3us"]), ["101#2", "100#1"]);
  assert.equal(await found([file, "--to", "2us"]), ["100#1"]);
  assert.equal(await found([file, "--from", "2026-11-21T10:00:00.000009Z"]), ["100#1"]);
  assert.equal(await found([file, "--from", "2030-01-01"]), []);
});

test("loss and cuts make the status 3, and the answer still comes", async () => {
  const gap = { cpu: 1, fromNs: START, toNs: START + 9n, lost: 1n, cause: "ring_full" } as const;
  const lossy = captureFile({ gaps: [gap] });
  const answer = await program(["calls", lossy, "--json"]);
  assert.equal([answer.status, linesOf(answer.stdout).length], [3, 3]);
  assert.is(answer.stderr, `msgtape: ${lossy}: 1 record lost: answers near them are marked uncertain\n`);
  const cut = await program(["calls", captureFile({ cut: 30 }), "--json"]);
  assert.equal([cut.status, linesOf(cut.stdout).length], [3, 3]);
});

test("a reader that goes away ends it quietly", async () => {
  const { Writable } = await import("node:stream");
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("EPIPE"), { code: "EPIPE" })),
  });
  for (const sort of ["exit", "enter"]) {
    const answer = await program(["calls", captureFile(), "--sort", sort], { stdout });
    assert.equal([answer.status, answer.stderr], [0, ""]);
  }
});

test.run();
