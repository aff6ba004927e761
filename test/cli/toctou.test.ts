import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ToctouResult } from "../../src/replay/toctou/types.js";
import { Tape } from "../replay/tape.js";
import { records, send } from "../replay/toctou/hand.js";
import { captureFile, program } from "./support.js";

const test = suite("cli/toctou");

const calls = [
  send(1000, 2000, "hello", "heLLo"),
  send(3000, 4000, "hello", "hello", { tid: 101 }),
  send(5000, 6000, "hello", "Hello", { tid: 101, ret: -11 }),
];

test("--json gives one object; status 0", async () => {
  const { status, stdout, stderr } = await program([
    "toctou",
    captureFile({ records: records(calls) }),
    "--json",
  ]);
  assert.equal([status, stderr], [0, ""]);
  const result = JSON.parse(stdout) as ToctouResult;
  assert.equal(Object.keys(result), [
    "findings",
    "exposure",
    "lost",
    "lost_at_least",
    "undecided",
    "findings_omitted",
    "overlap_unchecked",
  ]);
  assert.equal(
    result.findings.map(({ tid, first_diff_offset }) => [tid, first_diff_offset]),
    [
      [100, 2],
      [101, 0],
    ],
  );
  assert.equal(
    result.exposure.map(({ arg, calls: count, changed }) => [arg, count, changed]),
    [["msg_ptr", 3, 2]],
  );
});

test("the filters that all reading commands share", async () => {
  const file = captureFile({ records: records(calls) });
  const found = async (...options: string[]) => {
    const { stdout } = await program(["toctou", file, "--json", ...options]);
    return (JSON.parse(stdout) as ToctouResult).findings.map(({ tid, call }) => `${tid}/${call}`);
  };
  assert.equal(await found("--tid", "101"), ["101/2"]);
  assert.equal(await found("--errno", "EAGAIN"), ["101/2"]);
  assert.equal(await found("--event", "mq_timedreceive"), []);
  assert.equal(await found("--to", "3us"), ["100/1"]);
});

test("loss: the answer all the same, and status 3", async () => {
  const tape = new Tape();
  const first = records(calls.slice(0, 1), tape);
  tape.lose(2);
  const gap = { fromNs: null, toNs: null, cause: "ring_full", lost: 2n, cpu: 0 } as const;
  const file = captureFile({
    records: [...first, ...records(calls.slice(1), tape)],
    gaps: [gap],
  });
  const { status, stdout, stderr } = await program(["toctou", file]);
  assert.is(status, 3);
  assert.match(stderr, /2 records lost/);
  assert.match(stdout, /^#1 input changed: mq_timedsend, msg_ptr\n/);
  assert.match(stdout, /2 records were lost while recording/);
});

test("wrong usage names the option", async () => {
  const { status, stderr } = await program(["toctou", captureFile(), "--by", "event"]);
  assert.is(status, 2);
  assert.match(stderr, /--by/);
});

test.run();
