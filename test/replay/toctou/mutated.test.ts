/** Inputs that changed, over captures spelled by hand. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../../src/replay/filter.js";
import { toctou } from "../../../src/replay/toctou.js";
import { item, Tape } from "../tape.js";
import {
  at,
  base64,
  brief,
  bytes,
  capture,
  found,
  type HandCall,
  kernelItem,
  records,
  send,
} from "./hand.js";

const test = suite("replay/toctou/mutated");

test("a changed payload, whole: what, where, when, whose", () => {
  const result = found([send(1000, 5000, "hello", "heLLo")]);
  assert.equal(result.findings, [
    {
      kind: "mutated",
      event: "mq_timedsend",
      arg: "msg_ptr",
      task: "100:77",
      tid: 100,
      enter_ns: 1000,
      window_ns: [1000, 5000],
      verdict: "changed",
      kernel_used: "unknown",
      first_diff_offset: 2,
      entry: base64("hello"),
      kernel: null,
      exit: base64("heLLo"),
      by: null,
      capture: "c1",
      tgid: 100,
      comm: "worker",
      call: 1,
      exit_ns: 5000,
      ret: 0,
      queue: {
        kind: "posix",
        key: "posix:4026531839:9:abc",
        name: "/q",
        depth_before: 3,
        depth_after: 3,
      },
      place: "msg_ptr",
      addr: "0x1000",
      len: 5,
      compared: null,
      kernel_from: null,
      kernel_offset: null,
      check: null,
    },
  ]);
  assert.equal(result.exposure, [
    {
      event: "mq_timedsend",
      arg: "msg_ptr",
      calls: 1,
      changed: 1,
      unknown: 0,
      p50_ns: 4000,
      p99_ns: 4000,
      max_ns: 4000,
      read_known: 0,
      open: 0,
    },
  ]);
  assert.equal(
    [result.lost, result.undecided, result.findings_omitted, result.overlap_unchecked],
    [0, { mutated: 0, overlap: 0, check_then_act: 0 }, 0, 0],
  );
});

/** Verdicts by argument: `msg_ptr 1 call, 0 changed, 1 unknown`. */
function verdicts(calls: readonly HandCall[]): string[] {
  return found(calls).exposure.map(
    ({ arg, calls: count, changed, unknown }) => `${arg} ${count} ${changed} ${unknown}`,
  );
}

test("the same at both ends is no finding; what was not read, or lies behind the snap length, is unknown", () => {
  assert.equal(verdicts([send(1, 2, "hello", "hello")]), ["msg_ptr 1 0 0"]);
  const cut = at(1, 0x1000, "hel", { status: 1, wanted: 5 });
  assert.equal(verdicts([send(1, 2, "hello", "", { entry: [cut], exit: [cut] })]), ["msg_ptr 1 0 1"]);
  const absent = at(1, 0x1000, "", { status: 3, wanted: 5 });
  assert.equal(verdicts([send(1, 2, "hello", "hello", { entry: [absent] })]), ["msg_ptr 1 0 1"]);
  assert.equal(verdicts([send(1, 2, "hello", "hello", { exit: [absent] })]), ["msg_ptr 1 0 1"]);
  assert.equal(verdicts([send(1, 2, "hello", "hello", { exit: [] })]), ["msg_ptr 1 0 1"]);
});

test("a change before the missing page is found all the same", () => {
  const cut = at(1, 0x1000, "hal", { status: 2, wanted: 5 });
  assert.equal(verdicts([send(1, 2, "hello", "", { exit: [cut] })]), ["msg_ptr 1 1 0"]);
});

test("a call that is still in flight is open and unknown, and has no window", () => {
  const result = found([send(1, null, "hello", "")]);
  assert.equal(result.findings, []);
  assert.equal(
    result.exposure.map((row) => [row.calls, row.unknown, row.open, row.max_ns]),
    [[1, 1, 1, null]],
  );
});

test("null pointers are not exposed; each pointer is judged by itself", () => {
  const timeout = (text: string) => at(4, 0x2000, text);
  const call = send(1, 2, "hello", "hello", {
    args: [3, 0x1000, 5, 0, 0x2000],
    entry: [at(1, 0x1000, "hello"), timeout("seconds.nanosecs")],
    exit: [at(1, 0x1000, "hello"), timeout("Seconds.nanosecs")],
  });
  const result = found([call, send(3, 4, "hello", "hello")]);
  assert.equal(brief(result), ["mutated mq_timedsend abs_timeout 100/1 changed unknown"]);
  assert.equal(
    result.exposure.map(({ arg, calls, changed }) => [arg, calls, changed]),
    [
      ["msg_ptr", 2, 0],
      ["abs_timeout", 1, 1],
    ],
  );
});

/** A send with the kernel's copy, made at 3000. */
function withKernel(call: HandCall, text: string, addr = 0x1000) {
  const tape = new Tape();
  const values = { hook: 1, message: 7n, m_ts: BigInt(text.length) };
  const record = tape.kernel({ at: 3000, call: 1, event: 3, items: [kernelItem(addr, text)] }, values);
  const chunk = { records: records([call]), planes: [record] };
  return toctou([capture([], { chunks: [chunk], kernelHooks: ["load_msg"] })], EVERYTHING);
}

test("the kernel's copy tells what it used, and its time ends the window", () => {
  const uses = (kernel: string, before: string, after: string) => {
    const [finding] = withKernel(send(1000, 9000, before, after), kernel).findings;
    return [finding?.kernel_used, finding?.kernel, finding?.kernel_from, finding?.window_ns];
  };
  assert.equal(uses("hello", "hello", "heLLo"), ["before", base64("hello"), "kernel", [1000, 3000]]);
  assert.equal(uses("heLLo", "hello", "heLLo"), ["after", base64("heLLo"), "kernel", [1000, 3000]]);
  assert.equal(uses("Hello", "hello", "HeLLo"), ["mixed", base64("Hello"), "kernel", [1000, 3000]]);
  assert.equal(uses("hallo", "hello", "hello"), ["mixed", base64("hallo"), "kernel", [1000, 3000]]);
  const result = withKernel(send(1000, 9000, "hello", "hello"), "hello");
  assert.equal(result.findings, []);
  assert.equal(
    result.exposure.map((row) => [row.max_ns, row.read_known, row.unknown]),
    [[2000, 1, 0]],
  );
});

test("a kernel's copy of other memory tells nothing of this", () => {
  const [finding] = withKernel(send(1000, 9000, "hello", "heLLo"), "hello", 0x8000).findings;
  assert.equal([finding?.kernel_used, finding?.kernel], ["unknown", null]);
});

test("System V: mtype is judged with the text, and the kernel's copy begins behind it", () => {
  const before = "\x01\0\0\0\0\0\0\0text";
  const call = (after: string): HandCall => ({
    event: "msgsnd",
    from: 1000,
    to: 9000,
    args: [5, 0x1000, 4, 0],
    entry: [at(1, 0x1000, before)],
    exit: [at(1, 0x1000, after)],
    queue: { kind: 2 },
  });
  const of = (after: string) => {
    const [finding] = withKernel(call(after), "text", 0x1008).findings;
    return [finding?.arg, finding?.first_diff_offset, finding?.kernel_used, finding?.kernel_offset];
  };
  assert.equal(of("\x01\0\0\0\0\0\0\0teXt"), ["msgp", 10, "before", 8]);
  assert.equal(of("\x02\0\0\0\0\0\0\0text"), ["msgp", 0, "unknown", 8]);
});

test("of a struct only the fields count that the kernel takes", () => {
  const attr = (flags: string, maxmsg: string, curmsgs: string) =>
    at(
      1,
      0x3000,
      `${flags.padEnd(8)}${maxmsg.padEnd(8)}${"size".padEnd(8)}${curmsgs.padEnd(8)}${"".padEnd(32)}`,
    );
  const set = (after: Uint8Array): HandCall => ({
    event: "mq_getsetattr",
    from: 1,
    to: 2,
    args: [3, 0x3000, 0],
    entry: [attr("f", "m", "c")],
    exit: [after],
  });
  assert.equal(found([set(attr("f", "M", "C"))]).findings, []);
  const [finding] = found([set(attr("F", "M", "C"))]).findings;
  assert.equal([finding?.arg, finding?.first_diff_offset, finding?.compared], ["new", 0, [[0, 8]]]);
});

test("names: up to the NUL, and one that ends elsewhere has changed", () => {
  const unlink = (before: string, after: string): HandCall => ({
    event: "mq_unlink",
    from: 1,
    to: 2,
    args: [0x1000],
    queue: null,
    entry: [at(0, 0x1000, before)],
    exit: [at(0, 0x1000, after)],
  });
  assert.equal(found([unlink("name\0", "name\0")]).findings, []);
  assert.is(found([unlink("name\0", "nam\0")]).findings[0]?.first_diff_offset, 3);
});

test("msgctl: buf is an input only of IPC_SET", () => {
  const control = (cmd: number): HandCall => ({
    event: "msgctl",
    from: 1,
    to: 2,
    args: [5, cmd, 0x1000],
    queue: { kind: 2 },
    entry: cmd === 1 ? [at(2, 0x1000, "a".repeat(120))] : [],
    exit: [at(2, 0x1000, "b".repeat(120))],
  });
  const result = found([control(1), { ...control(2), from: 3, to: 4 }]);
  assert.equal(brief(result), ["mutated msgctl buf 100/1 changed unknown"]);
  assert.is(result.findings[0]?.first_diff_offset, 4); // uid; the key is no input
  assert.equal(
    result.exposure.map(({ calls }) => calls),
    [1],
  );
});

test("uncertain calls and lone exits give no finding and count as unknown", () => {
  const tape = new Tape();
  const head = { call: 1, event: 3 };
  const lone = [
    tape.entry({ ...head, at: 1, args: [3n, 0x1000n, 5n], items: [at(1, 0x1000, "hello")] }),
    tape.entry({ ...head, at: 5, call: 3, args: [3n, 0x1000n, 5n], items: [at(1, 0x1000, "hello")] }),
    tape.exit({ ...head, at: 6, call: 4, ret: 0, items: [at(1, 0x1000, "heLLo")] }),
    tape.exit({ ...head, at: 7, call: 5, flags: 3, ret: -38, items: [at(1, 0x1000, "heLLo")] }),
  ];
  const result = toctou([capture([], { chunks: [{ records: lone }] })], EVERYTHING, { withUndecided: true });
  assert.equal(result.findings, []);
  const [payload] = result.exposure;
  assert.equal([payload?.arg, payload?.calls, payload?.unknown], ["msg_ptr", 4, 4]);
});

test("an entry or exit of which a part was lost is not judged the same", () => {
  const tape = new Tape();
  const head = { call: 1, event: 3, args: [3n, 0x1000n, 5n] };
  const records = [
    tape.entry({ ...head, at: 1, items: [at(1, 0x1000, "hello")] }),
    // Not its last part, and no other came.
    tape.exit({ ...head, at: 6, flags: 0, ret: 0, items: [at(1, 0x1000, "hello")] }),
    tape.entry({ ...head, call: 2, at: 8, items: [at(1, 0x1000, "hello")] }),
    tape.exit({ ...head, call: 2, at: 9, ret: 0, items: [at(1, 0x1000, "hello")] }),
  ];
  const result = toctou([capture([], { chunks: [{ records }] })], EVERYTHING);
  assert.equal(
    result.exposure.map(({ calls, unknown }) => [calls, unknown]),
    [[2, 1]],
  );
});

test("the filters choose the calls that findings and windows are about", () => {
  const calls = [
    send(1, 2, "hello", "Hello", { tid: 100 }),
    send(3, 4, "hello", "Hello", { tid: 101 }),
    send(5, 6, "hello", "Hello", { tid: 101, ret: -11 }),
  ];
  const of = (filter: Partial<typeof EVERYTHING>) => {
    const result = toctou([capture(calls)], { ...EVERYTHING, ...filter });
    return [result.findings.map(({ tid, call }) => `${tid}/${call}`), result.exposure[0]?.calls ?? 0];
  };
  assert.equal(of({}), [["100/1", "101/1", "101/2"], 3]);
  assert.equal(of({ tids: new Set([101]) }), [["101/1", "101/2"], 2]);
  assert.equal(of({ errnos: new Set([11]) }), [["101/2"], 1]);
  assert.equal(of({ events: new Set([4]) }), [[], 0]);
  assert.equal(of({ toNs: 3 }), [["100/1"], 1]);
  assert.equal(of({ queues: new Set(["/other"]) }), [[], 0]);
});

test("findings are bounded: beyond, they are counted", () => {
  const one = send(1, 2, "hello", "Hello");
  const many = Array.from({ length: 10_003 }, (_, i) => ({ ...one, from: 10 * i + 1, to: 10 * i + 2 }));
  const result = found(many);
  assert.equal([result.findings.length, result.findings_omitted], [10_000, 3]);
  assert.is(result.exposure[0]?.changed, 10_003);
});

test("operands of socketcall are kept at entry alone: unknown, in a row of their own", () => {
  const tape = new Tape();
  const operands = item({ kind: 8, addr: 0x900n }, bytes("0123456789abcdef"));
  const head = { call: 1, event: 15, abi: 2, mux: 2, args: [4n, 0n, 1n, 0n] };
  const records = [
    tape.entry({ ...head, at: 1, items: [operands] }),
    tape.exit({ ...head, at: 2, ret: -14 }),
  ];
  const result = toctou([capture([], { chunks: [{ records }] })], EVERYTHING);
  assert.equal(
    result.exposure.map(({ arg, calls, unknown }) => [arg, calls, unknown]),
    [["operands", 1, 1]],
  );
});

test.run();
