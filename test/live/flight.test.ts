/** The flight recorder on the live kernel: what it keeps, when it writes it, and that nothing is lost by that. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partName } from "../../src/record/part-files.js";
import { live, patience } from "../support/live.js";
import { callLines, msgtape } from "../support/msgtape.js";
import { Partner } from "../support/partner.js";
import { outputFor, type Part, partFiles, partsOf, until, verified } from "../support/parts.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: flight recorder");

const SECOND = 1_000_000_000n;

/** A flight recorder that is told what to do. */
class Recorder {
  readonly output: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  stderr = "";

  constructor(name: string, options: readonly string[]) {
    this.output = outputFor(name);
    const child = spawn(process.execPath, [MSGTAPE, "record", "-o", this.output, ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.on("data", (text) => {
      this.stderr += text;
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** It has no file to be seen by: its programs are at work when their drain thread is there. */
  async started(): Promise<void> {
    const { pid } = this.#child;
    await until(
      () => this.#child.exitCode !== null || threadsOf(pid).includes("msgtape-drain"),
      "the recorder",
    );
    assert.is(this.#child.exitCode, null, this.stderr);
  }

  /** The number of lines about snapshots that it has said. */
  get told(): number {
    return this.stderr.split("\n").filter((line) => / records of the last .*, for /.test(line)).length;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async snapshot(): Promise<Part> {
    const before = this.told;
    this.signal("SIGUSR2");
    await until(() => this.told > before, "a snapshot");
    const part = partsOf(this.output).at(-1);
    if (part === undefined) throw new Error("there is no file");
    return part;
  }

  async end(signal: NodeJS.Signals | null): Promise<number | null> {
    if (signal !== null) this.signal(signal);
    return this.#ended;
  }

  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }
}

function threadsOf(pid: number | undefined): readonly string[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.map((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, "utf8").trim());
  } catch {
    return []; // one of them is gone
  }
}

function numbersOf({ recording, chunks }: Part): readonly bigint[] {
  return chunks.map(({ context }) => context.firstRecord + (recording?.firstRecord ?? 0n));
}

live(
  test,
  "SIGUSR2 writes the last stretch and no more, again and again; the end writes the rest",
  ["root", "bpf", "gcc"],
  async () => {
    const partner = new Partner<Record<string, number>>(workload("in-flight"));
    const { ready = 0 } = await partner.line();
    const recorder = new Recorder("last.mtape", ["--last", "3s", "--pid", String(ready)]);
    await recorder.started();
    const ticksFor = async (ms: number) => {
      for (const until = Date.now() + ms; Date.now() < until; ) {
        await partner.say("tick");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await ticksFor(8000);
    recorder.signal("SIGUSR1"); // opens no debugger and ends nothing
    assert.equal(partFiles(recorder.output), [], "nothing is written before it is asked for");
    await partner.say("second");
    const first = await recorder.snapshot();
    await ticksFor(500);
    const second = await recorder.snapshot();
    await partner.say("first");
    assert.is(await recorder.end("SIGTERM"), 0, recorder.stderr);
    await partner.end();

    const third = partsOf(recorder.output).at(-1) as Part;
    const all = [first, second, third];
    assert.equal(
      all.map(({ recording, summary, complete, problems }) => [
        recording?.id,
        recording?.part,
        summary?.ended,
        summary?.trigger,
        complete,
        problems,
      ]),
      [
        [first.captureId, 1, "snapshot", "signal", true, []],
        [first.captureId, 2, "snapshot", "signal", true, []],
        [first.captureId, 3, "signal", "exit", true, []],
      ],
    );
    for (const part of all) {
      assert.equal(verified(part.file), [], part.file);
      const spanNs = (part.summary?.endNs ?? 0n) - part.startNs;
      // A second is how far apart inventories are; readings of the clocks too; and drains and this machine take their time.
      assert.ok(spanNs >= 3n * SECOND && spanNs < 9n * SECOND, `${spanNs} ns`);
      assert.ok(part.chunks.every(({ context }) => (context.firstTimeNs ?? 0n) >= part.startNs));
      assert.equal(
        [part.summary?.lost, part.inventories.at(-1)?.missing.length],
        [0n, part.inventories[0]?.missing.length],
      );
    }
    assert.ok((first.recording?.firstRecord ?? 0n) > 0n, "what was before the window is not in it");
    // The call that ended just before the signal is in the first, and the one that ended just before the end in the last.
    const received = (part: Part) =>
      callLines(part.file).filter(
        ({ event, ret }) => (event === "msgrcv" || event === "mq_timedreceive") && ret === 2,
      ).length;
    assert.equal([received(first), received(third)], [1, 1 + (received(third) - 1)]);
    // What is in two snapshots has the same numbers in both.
    const [one, two] = [numbersOf(first), numbersOf(second)];
    const shared = one.filter((number) => two.includes(number));
    assert.ok(shared.length > 0);
    assert.equal(shared, one.slice(-shared.length));
  },
);

live(
  test,
  "a trigger writes the call that tripped it, with what came before",
  ["root", "bpf", "gcc"],
  async () => {
    const partner = new Partner<Record<string, number>>(workload("triggers"));
    const { ready = 0 } = await partner.line();
    const trigger = "latency(mq_timedreceive) > 300ms";
    const recorder = new Recorder("trigger.mtape", [
      "--last",
      "5s",
      "--pid",
      String(ready),
      "--trigger",
      trigger,
    ]);
    await recorder.started();
    await partner.say("send 0 3");
    await partner.say("wait 100");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(partFiles(recorder.output), []);
    await partner.say("wait 400");
    await until(() => recorder.told > 0, "the trigger's snapshot");
    await partner.say("receive 0 2");
    await recorder.end("SIGINT");
    await partner.end();

    const [first, last, ...more] = partsOf(recorder.output);
    if (first === undefined || last === undefined) throw new Error(recorder.stderr);
    assert.equal([first.summary?.ended, first.summary?.trigger], ["snapshot", trigger]);
    assert.equal([last.summary?.ended, last.summary?.trigger, more], ["signal", "exit", []]);
    assert.ok(recorder.stderr.includes(`for trigger ${trigger}\n`), recorder.stderr);
    const calls = callLines(first.file).map(({ event, ret, state }) => `${event} ${ret} ${state}`);
    assert.equal(calls, [
      ...Array.from({ length: 3 }, () => "mq_timedsend 0 complete"),
      "mq_timedreceive -110 complete",
      "mq_timedreceive -110 complete",
    ]);
    assert.is(callLines(last.file).filter(({ ret }) => ret === 8).length, 2);
  },
);

live(test, "a command: its end writes, and its status is the answer", ["root", "bpf", "gcc"], () => {
  const output = outputFor("command.mtape");
  const ran = msgtape([
    "record",
    "-o",
    output,
    "--last",
    "60s",
    "--",
    "sh",
    "-c",
    `${workload("mq-ping")} 500; exit 7`,
  ]);
  assert.is(ran.status, 7, ran.stderr);
  const [part, ...more] = partsOf(output);
  assert.equal([more.length, part?.complete, part?.problems, part?.summary?.ended], [0, true, [], "command"]);
  assert.equal(
    [part?.summary?.trigger, part?.summary?.records, part?.recording],
    ["exit", 2004n, { id: part?.captureId, part: 1, firstRecord: 0n }],
  );
  assert.match(ran.stderr, /recorded 2004 records \(1002 calls\) in [^,]+, lost 0, 1 file: /);
});

live(test, "SIGUSR2 without --last is answered, and ends nothing", ["root", "bpf"], async () => {
  const recorder = new Recorder("none.mtape", ["--pid", String(process.pid)]);
  await recorder.started();
  recorder.signal("SIGUSR2");
  await until(() => recorder.stderr.includes("SIGUSR2"), "the answer");
  assert.is(await recorder.end("SIGINT"), 0);
  assert.match(
    recorder.stderr,
    /SIGUSR2: there is nothing to write: [^\n]*\(--last\)\n[^\n]*recorded 0 records/,
  );
});

live(
  test,
  "under load: memory is bounded, snapshots are whole, and nothing is lost by them",
  ["root", "bpf", "gcc"],
  async () => {
    const recorder = new Recorder("load.mtape", [
      "--last",
      "60s",
      "--last-memory",
      "16M",
      "--max-files",
      "2",
    ]);
    await recorder.started();
    const load = spawn("nice", ["-n", "10", workload("mq-ping"), "1000000000"], { stdio: "ignore" });
    const loadEnded = new Promise((resolve) => load.once("close", resolve));
    try {
      await until(
        () => recorder.stderr.includes("--last-memory"),
        "the memory to be used up",
        patience(60_000),
      );
      const [before, ...others] = [
        await recorder.snapshot(),
        await recorder.snapshot(),
        await recorder.snapshot(),
      ];
      for (const part of [before, ...others]) {
        assert.equal([part.complete, part.problems, part.summary?.ended], [true, [], "snapshot"]);
        assert.is(part.summary?.lost, part.lostInGaps);
        if (existsSync(part.file)) assert.equal(verified(part.file), [], part.file);
      }
      assert.ok(recorder.residentBytes() < 220 * 2 ** 20, `${recorder.residentBytes()} bytes resident`);
    } finally {
      load.kill();
      await loadEnded;
    }
    const status = await recorder.end("SIGINT");
    assert.ok(status === 0 || status === 3, recorder.stderr);
    assert.is(recorder.stderr.split("give more").length, 2, "said once");
    assert.match(recorder.stderr, /--last-memory did not last for --last: at worst it held [\d.]+ s\n/);
    assert.equal(partFiles(recorder.output), [partName(recorder.output, 3), partName(recorder.output, 4)]);
    for (const file of partFiles(recorder.output)) assert.equal(verified(file), [], file);
  },
);

test.run();
