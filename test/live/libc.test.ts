/** `record --libc`: each call of the C library's functions, entered and returned, beside its system calls. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventByName } from "../../src/catalog/events.js";
import { LIBC_FUNCTIONS } from "../../src/catalog/libc.js";
import { HOLD_BACK } from "../../src/record/hold-back.js";
import { findLibcFiles } from "../../src/record/libc-files.js";
import type { LatencyResult } from "../../src/replay/latency.js";
import { libcCallsOf } from "../support/libc-calls.js";
import { live } from "../support/live.js";
import { answer, callLines, isRecording, msgtape, record, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { type Bits, workload } from "../support/workload.js";

const test = suite("live: libc");

/** As the workload prints it; see libc-calls.c. */
interface LibcTruth {
  readonly tid: number;
  readonly function: string;
  readonly ret: number;
  readonly least_ns: number;
  readonly calls: number;
}

const truthOf = (stdout: string): readonly LibcTruth[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LibcTruth);

const brief = (one: { tid: number; ret: number | null }, name: string, calls: number | null) =>
  `${one.tid} ${name} ${one.ret} ${calls}`;

function everyCallIsFound(bits: Bits): void {
  const ran = record(["--libc"], [workload("libc-calls", bits)]);
  assert.equal([ran.status, ran.stderr.includes("libc:")], [0, false], ran.stderr);
  const truth = truthOf(ran.stdout);
  const { records, calls } = libcCallsOf(ran.file);
  const tids = [...new Set(truth.map(({ tid }) => tid))];
  const kernel = callLines(ran.file);
  for (const tid of tids) {
    const own = calls.filter((call) => call.tid === tid);
    const told = truth.filter((one) => one.tid === tid);
    assert.equal(
      own.map((call) => brief(call, call.name, call.calls === null ? null : call.calls[1] - call.calls[0])),
      told.map((one) => brief(one, one.function, one.calls)),
    );
    const sequences = records
      .filter((one) => one.tid === tid && one.phase === "entered")
      .map(({ sequence }) => sequence);
    assert.equal(
      sequences,
      sequences.map((_, index) => index + 1),
    );
    for (const [index, call] of own.entries()) {
      assert.is(call.state, "complete");
      const durationNs = (call.endedNs ?? 0) - (call.enteredNs ?? 0);
      const name = `${call.name} ${call.calls?.join("-")}`;
      assert.ok(durationNs >= (told[index]?.least_ns ?? 0), `${name} took ${durationNs} ns`);
      const [from = 0, to = 0] = call.calls ?? [];
      const inside = kernel.filter(
        (one) => one.tid === tid && (one.call ?? 0) > from && (one.call ?? 0) <= to,
      );
      assert.is(inside.length, to - from, name);
      for (const one of inside) {
        assert.ok(
          (one.enter_ns ?? -1) >= (call.enteredNs ?? 0) &&
            (one.exit_ns ?? Number.POSITIVE_INFINITY) <= (call.endedNs ?? 0),
        );
      }
      const last = inside.at(-1)?.event;
      assert.is(call.event, last === undefined ? 0 : eventByName(last)?.id, name);
    }
  }
  assert.is(calls.length, truth.length);
}

live(
  test,
  "every call, both phases, around its system calls; handlers and threads",
  ["root", "bpf", "gcc"],
  () => everyCallIsFound(64),
);

live(test, "the same of a 32-bit program", ["root", "bpf", "gcc", "gcc32"], () => everyCallIsFound(32));

live(test, "latency shows both layers; the plan says what was probed", ["root", "bpf", "gcc"], () => {
  const ran = record(["--libc"], [workload("libc-calls")]);
  const truth = truthOf(ran.stdout);
  const result = answer<LatencyResult>(["latency", ran.file, "--by", "layer"]);
  const rows = result.groups.filter(({ key }) => key.layer === "libc");
  const expected = new Map<string, number>();
  for (const one of truth) {
    const event = LIBC_FUNCTIONS.find(({ name }) => name === one.function)?.events[0] ?? "";
    expected.set(event, (expected.get(event) ?? 0) + 1);
  }
  assert.equal(new Map(rows.map(({ key, count }) => [key.event ?? "", count])), expected);
  for (const row of rows) {
    assert.equal([row.uncertain, row.in_flight], [0, 0]);
    const kernel = result.groups.find(({ key }) => key.layer === "kernel" && key.event === row.key.event);
    // Whole times: each call's own lie in its function's. mq_open fails once without a system call.
    const sumNs = (one: typeof row | undefined) => (one?.mean_ns ?? 0) * (one?.count ?? 0);
    assert.ok(sumNs(row) > sumNs(kernel), JSON.stringify(row.key));
  }
  assert.ok(result.libc?.[0]?.recorded);
  const names = ["mq_open", "mq_timedsend", "mq_timedreceive", "mq_send", "mq_receive", "mq_notify"];
  for (const name of [...names, "msgsnd", "msgrcv", "recvmmsg", "sendmmsg", "__mq_open_2"]) {
    assert.ok(result.libc?.[0]?.functions.includes(name), name);
  }
  assert.equal(result.libc?.[0]?.missing, []);
});

live(test, "where each probe has a link of its own, the same comes of it", ["root", "bpf", "gcc"], () => {
  process.env[HOLD_BACK] = "uprobe_multi";
  try {
    const ran = record(["--libc", "--events", "mq_timedsend"], [workload("libc-storm"), "10"]);
    assert.is(ran.status, 0, ran.stderr);
    const found = libcCallsOf(ran.file).calls.map(({ name, state, ret }) => `${name} ${state} ${ret}`);
    assert.equal(found, ["mq_send complete 0", ...Array(9).fill("mq_send complete -1")]);
  } finally {
    delete process.env[HOLD_BACK];
  }
});

live(test, "only functions of the events that are recorded are probed", ["root", "bpf", "gcc"], () => {
  const ran = record(["--libc", "--events", "sysv-msg"], [workload("libc-calls")]);
  assert.is(ran.status, 0, ran.stderr);
  const names = libcCallsOf(ran.file).calls.map(({ name }) => name);
  assert.equal(names, ["msgsnd", "msgrcv", "msgrcv", "msgrcv"]);
});

live(
  test,
  "with a tiny ring, recorded and lost are what happened, and what is left is right",
  ["root", "bpf", "gcc"],
  () => {
    const ran = record(["--libc", "--no-kernel", "--buffer", "64K"], [workload("libc-storm"), "20000"]);
    const result = answer<LatencyResult>(["latency", ran.file, "--by", "layer"]);
    const { records, calls } = libcCallsOf(ran.file);
    const lost = result.libc?.[0]?.lost ?? 0;
    assert.ok(lost > 0, "nothing was lost: the test tests nothing");
    // mq_open, and mq_getattr's like are none of ours; each mq_send is carried out by mq_timedsend.
    assert.is(records.length + lost, 2 + 4 * 20_000);
    const complete = calls.filter(({ state }) => state === "complete");
    for (const { function: id } of complete) assert.ok([1, 4].includes(id), `function ${id} alone`);
    const counted = result.groups
      .filter(({ key }) => key.layer === "libc")
      .reduce((sum, { count }) => sum + count, 0);
    assert.is(counted, complete.length);
    assert.ok(counted < 20_001);
  },
);

live(
  test,
  "a program without a C library is told of, and its calls are in the kernel's rows alone",
  ["root", "bpf", "gcc"],
  () => {
    const ran = record(["--libc"], [workload("libc-storm", 64, "static"), "3"]);
    assert.match(ran.stderr, /^msgtape: libc: \S+ is linked statically: it makes its system calls itself/m);
    const result = answer<LatencyResult>(["latency", ran.file, "--by", "layer"]);
    assert.equal(
      result.groups.map(({ key, count }) => `${key.event} ${key.layer} ${count}`),
      ["mq_timedsend kernel 3", "mq_open kernel 1", "mq_unlink kernel 1"],
    );
    assert.is(msgtape(["latency", ran.file, "--by", "layer"]).status, 0);
  },
);

live(
  test,
  "--pid: a C library of another mount namespace, as its process maps it",
  ["root", "bpf", "gcc", "unshare"],
  async () => {
    const { files } = findLibcFiles({ pids: [process.pid], areNamed: false, command: null });
    const inside = `
    mount -t tmpfs none /mnt && cp "$1" /mnt/libc.so.6 || exit 99
    export LD_LIBRARY_PATH=/mnt
    exec sh -c 'echo ready; read go; "$0" 5' "$2"`;
    const args = ["-m", "sh", "-c", inside, "sh", files[0]?.path ?? "", workload("libc-storm")];
    const own = spawn("unshare", args, { stdio: ["pipe", "pipe", "inherit"] });
    const file = temporary("namespace.mtape");
    try {
      await once(own.stdout, "data");
      const recorder = spawn(process.execPath, [
        MSGTAPE,
        "record",
        "-q",
        "--libc",
        "-o",
        file,
        "--pid",
        `${own.pid}`,
      ]);
      const ended = once(recorder, "close");
      while (!isRecording(file) && recorder.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 20));
      own.stdin.write("go\n");
      assert.equal(await ended, [0, null]);
    } finally {
      own.stdin.end();
    }
    const names = libcCallsOf(file).calls.map(({ name, state }) => `${name} ${state}`);
    assert.equal(names, ["mq_open complete", ...Array(5).fill("mq_send complete")]);
    const [layer] = answer<LatencyResult>(["latency", file, "--by", "layer"]).libc ?? [];
    assert.ok(layer?.functions.includes("mq_send"));
  },
);

test.run();
