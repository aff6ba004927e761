import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallLine } from "../../src/replay/types.js";
import { differencesFromStrace, differencesFromTruth, partialDifferences } from "./compare.js";
import { parseStrace } from "./strace.js";

const test = suite("support: strace");

const OUTPUT = `\
41 100.000001 mq_open(0x7ffe0010, 0x42, 0x180, 0x7ffe0020) = 0x3 <0.000010>
42 100.000002 mq_timedreceive(0x3, 0x7ffe0040, 0x40, 0, 0 <unfinished ...>
41 100.000003 mq_timedsend(0x3, 0x7ffe0080, 0x12, 0x1, 0) = 0 <0.000036>
42 100.000004 <... mq_timedreceive resumed>) = 0x12 <0.000539>
42 100.000005 mq_timedreceive(0x3, 0x7ffe0040, 0x40, 0, 0) = -1 ERESTARTSYS (Unknown error 512) <0.000563>
42 100.000006 --- SIGUSR2 {si_signo=12, si_code=0xfffffffa, si_pid=41, si_uid=0} ---
42 100.000007 msgrcv(0xffffffff, 0x7ffe0040, 0x40, 0, 0) = -1 (errno 514)
42 100.000008 msgget(0, 0x180 <detached ...>
43 100.000010 mq_timedreceive(0x3, 0x7ffe0340, 0x40, 0, 0 <unfinished ...>
43 100.000011 <... mq_timedreceive resumed>) = ?
43 100.000012 +++ exited with 0 +++
`;

test("puts torn calls together, by thread", () => {
  const receive = { event: "mq_timedreceive", args: [3n, 0x7ffe0040n, 0x40n, 0n, 0n] };
  const messages = { event: "msgrcv", args: [0xffffffffn, 0x7ffe0040n, 0x40n, 0n, 0n] };
  assert.equal(
    [...parseStrace(OUTPUT)].map(([tid, { calls, exited }]) => [tid, exited, calls]),
    [
      [
        41,
        false,
        [
          {
            tid: 41,
            event: "mq_open",
            args: [0x7ffe0010n, 0x42n, 0x180n, 0x7ffe0020n],
            ret: 3n,
            errno: null,
          },
          { tid: 41, event: "mq_timedsend", args: [3n, 0x7ffe0080n, 0x12n, 1n, 0n], ret: 0n, errno: null },
        ],
      ],
      [
        42,
        false,
        [
          { tid: 42, ...receive, ret: 18n, errno: null },
          { tid: 42, ...receive, ret: -1n, errno: "ERESTARTSYS" },
          { tid: 42, ...messages, ret: -1n, errno: "ERESTARTNOHAND" },
          { tid: 42, event: "msgget", args: [0n, 0x180n], ret: null, errno: null },
        ],
      ],
      [43, true, [{ tid: 43, ...receive, args: [3n, 0x7ffe0340n, 0x40n, 0n, 0n], ret: null, errno: null }]],
    ],
  );
});

test("skips no line that it cannot read", () => {
  assert.throws(() => parseStrace('41 100.000001 mq_unlink("/q") = 0 <0.000010>\n'), /not a raw argument/);
  assert.throws(() => parseStrace("41 100.000001 <... mq_unlink resumed>) = 0\n"), /never began/);
  assert.throws(() => parseStrace("mq_unlink(0x1) = 0\n"), /not a line of strace/);
  assert.throws(() => parseStrace("41 1.1 mq_unlink(0x1) = never\n"), /no result/);
});

const CALL: CallLine = {
  capture: "c",
  task: "41:1",
  call: 2,
  event: "mq_timedsend",
  abi: "x86_64",
  via: null,
  cpu: 0,
  tid: 41,
  tgid: 41,
  comm: "x",
  enter_ns: 1,
  exit_ns: 2,
  duration_ns: 1,
  wall: null,
  ret: 0,
  errno: null,
  state: "complete",
  restart_of: null,
  args: {
    mqdes: 3,
    msg_ptr: { addr: "0x7ffe0080", len: 18, captured: 0, bytes: "", status: "not_resident" },
    msg_len: "18",
    msg_prio: 1,
    abs_timeout: null,
  },
  queue: null,
};
const SEND = parseStrace("41 100.000003 mq_timedsend(0x3, 0x7ffe0080, 0x12, 0x1, 0) = 0 <0.000036>\n");

test("finds what a capture has otherwise than strace", () => {
  const found = (change: Partial<CallLine>) => differencesFromStrace(SEND, [{ ...CALL, ...change }]);
  assert.equal(found({}), []);
  assert.equal(found({ ret: -11, errno: "EAGAIN" }), [
    "thread 41, call 0 (mq_timedsend): result -11 EAGAIN, strace 0 null",
  ]);
  assert.equal(found({ args: { ...CALL.args, msg_len: "19", msg_ptr: null } }), [
    "thread 41, call 0 (mq_timedsend): msg_ptr is 0, in strace 2147352704",
    "thread 41, call 0 (mq_timedsend): msg_len is 19, in strace 18",
  ]);
  assert.equal(found({ state: "uncertain" }), [
    "thread 41, call 0 (mq_timedsend): state uncertain, but strace saw it whole",
  ]);
  assert.equal(found({ event: "mq_unlink" }), [
    "thread 41, call 0 (mq_timedsend): the capture has mq_unlink",
  ]);
  assert.equal(differencesFromStrace(SEND, []), [
    "thread 41: 0 calls in the capture, 1 in strace; the last:  / mq_timedsend = 0 null",
  ]);
  assert.equal(found({ tid: 42 }).length, 2);
});

test("a dying thread's last call may have lost its name, any other may not", () => {
  const dying = "41 100.000004 syscall_0xfffffffffffffff7(0x3, 0x7ffe0080, 0x12, 0x1, 0, 0) = ?\n";
  assert.equal(differencesFromStrace(parseStrace(dying), [CALL]), []);
  assert.equal(differencesFromStrace(parseStrace(dying + dying), [CALL, CALL]), [
    "thread 41, call 0 (syscall_0xfffffffffffffff7): the capture has mq_timedsend",
  ]);
  const ended = dying.replace("?", "0");
  assert.equal(differencesFromStrace(parseStrace(ended), [CALL]), [
    "thread 41, call 0 (syscall_0xfffffffffffffff7): the capture has mq_timedsend",
  ]);
});

test("a thread killed at the entry of its last call may show a lone exit, any other may not", () => {
  const send = "41 100.000003 mq_timedsend(0x3, 0x7ffe0080, 0x12, 0x1, 0) = 0 <0.000036>\n";
  const lone = { ...CALL, ret: -38, errno: "ENOSYS", state: "no_entry" } as const;
  const count = (text: string, ...calls: CallLine[]) =>
    differencesFromStrace(parseStrace(send + text), calls).length;
  const unreadable = [
    "???( <detached ...>",
    "????( <detached ...>",
    "???()           = ?",
    "???( <unfinished ...>",
  ];
  for (const nothing of ["", ...unreadable.map((what) => `41 100.000004 ${what}\n`)]) {
    assert.is(count(nothing, CALL), 0);
    assert.is(count(nothing, CALL, lone), 0);
    assert.is(count(nothing, CALL, CALL), 1);
    assert.is(count(nothing, CALL, lone, lone), 1);
  }
  assert.is(count("41 100.000004 +++ exited with 0 +++\n", CALL, lone), 1);
});

test("finds what a capture has otherwise than the truth", () => {
  const truth = { tid: 41, event: "mq_timedsend", ret: 0, errno: null, args: { msg_len: "18" } };
  assert.equal(differencesFromTruth([truth], [CALL]), []);
  assert.equal(differencesFromTruth([{ ...truth, restart: true }], [CALL]), [
    "thread 41, call 0: restart_of is null, the call 1 before is undefined",
  ]);
  assert.equal(differencesFromTruth([truth], [{ ...CALL, args: { msg_len: 18 } }]), [
    'thread 41, call 0 (mq_timedsend).args.msg_len: 18, not "18"',
  ]);
  assert.equal(differencesFromTruth([], [CALL]), ["thread 41: in the capture, but not in the truth"]);
  assert.equal(partialDifferences("x", { a: [1, { b: null }] }, { a: [1, { b: null, c: 3 }, 5] }), []);
  assert.equal(partialDifferences("x", { a: { b: null } }, { a: {} }), ["x.a.b: absent, not null"]);
});

test.run();
