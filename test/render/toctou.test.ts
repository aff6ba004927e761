import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatToctou } from "../../src/render/toctou.js";
import type { Finding, ToctouResult } from "../../src/replay/toctou/types.js";

const test = suite("render/toctou");

const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");

const FINDING: Finding = {
  kind: "mutated",
  event: "mq_timedsend",
  arg: "msg_ptr",
  task: "5124:77",
  tid: 5124,
  enter_ns: 53_012_966,
  window_ns: [53_012_966, 53_042_966],
  verdict: "changed",
  kernel_used: "before",
  first_diff_offset: 6,
  entry: base64("order 1\0"),
  kernel: base64("order 1\0"),
  exit: base64("order 2\0"),
  by: null,
  capture: "c",
  tgid: 5120,
  comm: "worker\u001b[2J",
  call: 17,
  exit_ns: 53_112_966,
  ret: 0,
  queue: { kind: "posix", key: "k", name: "/orders", depth_before: 0, depth_after: 1 },
  place: "msg_ptr",
  addr: "0x7f0010",
  len: 8,
  compared: null,
  kernel_from: "kernel",
  kernel_offset: 0,
  check: null,
};

function result(findings: readonly Finding[], more: Partial<ToctouResult> = {}): ToctouResult {
  return {
    findings,
    exposure: [],
    lost: 0,
    lost_at_least: 0,
    undecided: { mutated: 0, overlap: 0, check_then_act: 0 },
    findings_omitted: 0,
    overlap_unchecked: 0,
    ...more,
  };
}

const text = (of: ToctouResult) => formatToctou(of, { colour: false });

test("a changed input, ready for a bug report; names from the capture are escaped", () => {
  assert.equal(text(result([FINDING])).split("\n"), [
    "#1 input changed: mq_timedsend, msg_ptr",
    "    of worker\\033[2J[5124] of process 5120, call 17, on /orders, 0.053012966 .. 0.053112966 = 0",
    "    8 bytes at 0x7f0010, first difference at byte 6",
    "    window 30 µs, until the kernel's read",
    "    the kernel used the value from before the change (its own copy says)",
    "              at entry                            at exit",
    "    00000000  6f 72 64 65 72 20 31 00  order 1.   6f 72 64 65 72 20 32 00  order 2.",
    "                                ^^           ^                      ^^           ^",
    "    by no recorded call: a thread of process 5120 stored it, or whoever shares its memory",
    "",
    "no call had an input that could change",
  ]);
});

test("the kernel's copy has a column of its own where it is neither of the two", () => {
  const mixed = {
    ...FINDING,
    kernel_used: "mixed",
    kernel: base64("Xrder 1\0"),
    kernel_from: "receiver",
  } as const;
  const lines = text(result([mixed])).split("\n");
  assert.equal(lines.slice(4, 8), [
    "    the kernel used neither value as a whole (the receiver's bytes say)",
    "              at entry                            in the kernel                       at exit",
    "    00000000  6f 72 64 65 72 20 31 00  order 1.   58 72 64 65 72 20 31 00  Xrder 1.   6f 72 64 65 72 20 32 00  order 2.",
    "              ^^                ^^     ^     ^    ^^                ^^     ^     ^    ^^                ^^     ^     ^",
  ]);
});

const BY = {
  task: "5125:78",
  tid: 5125,
  tgid: 5120,
  comm: "reader",
  event: "mq_timedreceive",
  call: 3,
  enter_ns: 53_020_000,
  exit_ns: 53_030_000,
  ret: 8,
};

test("who wrote it, and when it is not sure", () => {
  const by = { ...BY, arg: "msg_ptr", addr: "0x7f0010", len: 8 };
  const last = (finding: Finding) =>
    text(result([finding]))
      .split("\n")
      .at(-3);
  const call = "mq_timedreceive of reader[5125] of process 5120, call 3, 0.053020000 .. 0.053030000 = 8";
  assert.is(
    last({ ...FINDING, kind: "overlap", by }),
    `    written by ${call}, 8 bytes to msg_ptr at 0x7f0010`,
  );
  assert.is(
    last({ ...FINDING, kind: "overlap", verdict: "unknown", by }),
    `    perhaps by ${call}, 8 bytes to msg_ptr at 0x7f0010: it may have written before or behind the window`,
  );
});

test("a check that was no longer true", () => {
  const finding: Finding = {
    ...FINDING,
    kind: "check_then_act",
    arg: "mqdes",
    place: null,
    ret: -11,
    check: { ...BY, tid: 5124, comm: "worker", event: "mq_getsetattr", call: 16, ret: 0, of: "room" },
    by: { ...BY, tgid: 5125, event: "mq_timedsend", ret: 0 },
    comm: null,
    queue: null,
    window_ns: [53_000_000, 53_500_000],
  };
  assert.equal(
    text(result([finding]))
      .split("\n")
      .slice(0, 5),
    [
      "#1 check no longer true: mq_timedsend, mqdes",
      "    of ?[5124] of process 5120, call 17, 0.053012966 .. 0.053112966 = -1 EAGAIN",
      "    had asked: mq_getsetattr (room), worker[5124] of process 5120, call 16, 0.053020000 .. 0.053030000 = 0",
      "    in between: mq_timedsend by reader[5125] of process 5125, call 3, 0.053020000 .. 0.053030000 = 0",
      "    500 µs from check to act",
    ],
  );
});

test("windows in a table; what is not known is said in words", () => {
  const row = {
    event: "msgsnd",
    arg: "msgp",
    calls: 12,
    changed: 1,
    unknown: 2,
    p50_ns: 900,
    p99_ns: null,
    max_ns: 1_250_000,
  };
  const lines = text(
    result([], {
      exposure: [{ ...row, read_known: 0, open: 0 }],
      undecided: { mutated: 0, overlap: 2, check_then_act: 0 },
      findings_omitted: 4,
      overlap_unchecked: 5,
      lost: null,
    }),
  ).split("\n");
  assert.equal(lines, [
    "no findings",
    "",
    "event   argument  calls  changed  unknown     p50  p99      max",
    "msgsnd  msgp         12        1        2  900 ns    -  1.25 ms",
    "",
    "neither proved nor excluded: 2 overlap: --unknown lists them",
    "unknown: some of the input was not read at both ends, or lies behind the snap length",
    "4 more findings are not listed",
    "5 calls were not compared with all that they ran beside",
    "losses are not known: a capture was cut short or is damaged, findings may be missing above",
  ]);
});

test.run();
