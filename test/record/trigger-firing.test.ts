/** Triggers on the live kernel, in each of the three objects: which record fires them, and what must not. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, eventByName } from "../../src/catalog/events.js";
import { parseDuration } from "../../src/cli/units.js";
import { PROGRAM_OBJECTS } from "../../src/record/attach.js";
import { parseFilters } from "../../src/record/filters.js";
import { whyHeldBack } from "../../src/record/hold-back.js";
import { probe } from "../../src/record/native.js";
import { Tape } from "../../src/record/native-tape.js";
import type { RecordOptions } from "../../src/record/options.js";
import { buildPath } from "../../src/record/paths.js";
import { prepareSetup } from "../../src/record/setup.js";
import type { FiredTrigger } from "../../src/record/tape.js";
import { parseTriggers, type Trigger } from "../../src/record/triggers.js";
import { rest } from "../support/counting.js";
import { expectedFirings, type Moment, momentsOf } from "../support/fired.js";
import { live, missing, scaled } from "../support/live.js";
import { Partner } from "../support/partner.js";
import { workload } from "../support/workload.js";

const test = suite("record: triggers that fire");

interface Ready {
  readonly ready: number;
  readonly names: readonly [string, string];
  readonly key: number;
  readonly msqid: number;
}
interface Answer {
  readonly ret: number;
  readonly before: number;
  readonly after: number;
}

const RING_BYTES = 1 << 20;

interface Scene {
  readonly partner: Partner<Answer>;
  readonly ready: Ready;
  readonly tape: Tape;
  readonly triggers: readonly Trigger[];
}

interface SceneOptions {
  readonly file: string;
  readonly bits?: 32;
  readonly ringBytes?: number;
  readonly triggers: (ready: Ready) => readonly string[];
  readonly queues?: (ready: Ready) => readonly string[];
  /** A call that is under way when the recording begins. */
  readonly early?: string;
}

/** The workload is at rest, and it alone is recorded. */
async function withScene(options: SceneOptions, play: (scene: Scene) => Promise<void>): Promise<void> {
  const partner = new Partner<Answer>(workload("triggers", options.bits));
  const ready = await partner.line<Ready>();
  const triggers = parseTriggers(options.triggers(ready), { events: DEFAULT_EVENTS, parseDuration });
  const filterText = { pid: [String(ready.ready)], queue: options.queues?.(ready) ?? [] };
  const setup = prepareSetup({ ...BASE, triggers, filterText, filters: parseFilters(filterText) });
  const ringBytes = options.ringBytes ?? RING_BYTES;
  const tape = Tape.open(buildPath(options.file), setup.config(ringBytes), ringBytes);
  try {
    tape.track(ready.ready);
    const early = options.early === undefined ? null : partner.say(options.early);
    if (early !== null) await until(() => isReceiving(ready.ready));
    tape.attach();
    await early;
    await play({ partner, ready, tape, triggers });
  } finally {
    tape.close();
    await partner.end();
  }
}

const BASE: Omit<RecordOptions, "triggers" | "filters" | "filterText"> = {
  output: null,
  events: DEFAULT_EVENTS,
  snapBytes: 16,
  bufferBytes: null,
  durationMs: null,
  calls: null,
  command: null,
  user: null,
  kernelPlane: false,
  libcPlane: false,
  rotation: null,
  dropTo: null,
  flight: null,
};

async function say(partner: Partner<Answer>, ...lines: readonly string[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const line of lines) answers.push(await partner.say(line));
  return answers;
}

/** Ends the recording, and gives what it has. */
async function momentsAtEnd(tape: Tape): Promise<readonly Moment[]> {
  tape.start(1 << 20, 1, 5);
  tape.stop();
  const batches = await rest(tape);
  assert.is(tape.totals().lostRingFull, 0n);
  return momentsOf(Buffer.concat(batches.map((batch) => batch.records)));
}

const wasWithin = (fired: FiredTrigger | undefined, answer: Answer | undefined) =>
  fired !== undefined &&
  answer !== undefined &&
  fired.timeNs >= BigInt(answer.before) &&
  fired.timeNs <= BigInt(answer.after);

const SCRIPT = [
  "send 1 9", // another queue is deep
  "send 0 5", // as deep as may be
  "wait 10", // slow, but not too slow
  "receive 0 5",
  "receive 0 3", // as many EAGAIN as may be
  "snd 4",
  "rcv 4",
  "rcv 1", // another errno
  "send 0 6",
  "wait 300",
  "receive 0 10",
  "snd 5",
  "removed",
];

const TRIGGERS = (ready: Ready): readonly string[] => [
  "latency(mq_timedreceive) > 250ms",
  `depth(/${ready.names[0]}) > 5`,
  "errno(EAGAIN, mq_timedreceive) > 3 in 60s",
  "EIDRM",
  `depth(0x${ready.key.toString(16)}) >= 5`,
  `depth(${ready.msqid}) > 3`,
  "latency(*) > 10min",
  "errno(ENOMSG) > 1",
];

for (const { file, needs } of PROGRAM_OBJECTS) {
  if (whyHeldBack(needs) !== null || (needs.includes("cast") && !hasCast())) continue;
  live(test, `${file}: the record that met the condition, and no other`, ["root", "bpf", "gcc"], async () => {
    await withScene({ file, triggers: TRIGGERS }, async ({ partner, ready, tape, triggers }) => {
      const quiet = await say(partner, ...SCRIPT.slice(0, 5));
      assert.equal(
        quiet.map(({ ret }) => ret),
        [0, 0, -110, 8, -11],
      );
      assert.equal(tape.firedTriggers(), []);
      const answers = [...quiet, ...(await say(partner, ...SCRIPT.slice(5)))];
      const fired = tape.firedTriggers();
      assert.equal(tape.firedTriggers(), [], "each is told once");
      const at = (line: string) => answers[SCRIPT.indexOf(line)];
      assert.equal(
        fired.map(({ index, phase, tgid }) => [index, phase, tgid === ready.ready]),
        [0, 1, 2, 3, 4, 5].map((index) => [index, "exit", true]),
      );
      for (const [index, line] of [
        [0, "wait 300"],
        [1, "send 0 6"],
        [2, "receive 0 10"],
        [3, "removed"],
        [4, "snd 5"],
        [5, "snd 4"],
      ] as const) {
        assert.ok(wasWithin(fired[index], at(line)), `trigger ${index} fired in ${line}`);
      }
      const isQueue = (queue: NonNullable<Moment["queue"]>, trigger: Trigger) =>
        trigger.kind === "depth" && trigger.queue?.kind === "sysv"
          ? queue.kind === 2 && queue.id === BigInt(ready.msqid)
          : queue.kind === 1 && queue.id === first;
      const moments = await momentsAtEnd(tape);
      const first = idOfFirst(moments, answers);
      assert.equal(fired, expectedFirings(triggers, moments, isQueue));
    });
  });
}

const ANY = "msgtape-btf.bpf.o";

const summary = (fired: readonly FiredTrigger[]) =>
  fired.map(({ index, phase, value, met }) => ({ index, phase, value: Number(value), met: Number(met) }));

live(test, "what fired is held until it is made ready again", ["root", "bpf", "gcc"], async () => {
  const triggers = ({ names }: Ready) => [`depth(/${names[0]}) >= 2`, "errno(EAGAIN)"];
  await withScene({ file: ANY, triggers }, async ({ partner, tape }) => {
    await say(partner, "send 0 3");
    // At the second's exit; and at the third's entry and exit, which are met and fire nothing.
    assert.equal(summary(tape.firedTriggers()), [{ index: 0, phase: "exit", value: 2, met: 3 }]);
    await say(partner, "send 0 1");
    assert.equal(tape.firedTriggers(), []);
    tape.rearmTrigger(0);
    assert.equal(tape.firedTriggers(), []);
    await say(partner, "receive 0 1", "receive 1 1");
    assert.equal(summary(tape.firedTriggers()), [
      { index: 0, phase: "entry", value: 4, met: 7 },
      { index: 1, phase: "exit", value: 0, met: 1 },
    ]);
    assert.throws(() => tape.rearmTrigger(8), /^there is no trigger 8$/);
  });
});

live(
  test,
  "each of many results at once is counted, also those whose records were lost",
  ["root", "bpf", "gcc"],
  async () => {
    const triggers = () => ["errno(EAGAIN) > 100 in 1h", "errno(EAGAIN, sysv-msg)"];
    await withScene({ file: ANY, triggers, ringBytes: 4096 }, async ({ partner, tape }) => {
      const each = scaled(100_000);
      await say(partner, `storm 4 ${each}`);
      const [fired, ...others] = tape.firedTriggers();
      assert.equal([fired?.index, fired?.met, others.length], [0, BigInt(4 * each - 100), 0]);
      assert.ok(tape.totals().lostRingFull > BigInt(7 * each));
      tape.rearmTrigger(0);
      await say(partner, "send 0 1", "receive 0 1");
      assert.equal(tape.firedTriggers(), []);
      await say(partner, "receive 0 1");
      assert.equal([tape.firedTriggers()[0]?.met, tape.firedTriggers().length], [BigInt(4 * each - 99), 0]);
    });
  },
);

live(test, "a queue is looked at though the call's record is lost", ["root", "bpf", "gcc"], async () => {
  const triggers = ({ names, msqid }: Ready) => [
    `depth(/${names[1]}) > 4`,
    `depth(${msqid}) > 4`,
    "depth(*) > 6",
    `depth(${msqid + 1}) > 4`,
    `depth(key:${msqid}) > 4`,
  ];
  await withScene({ file: ANY, triggers, ringBytes: 4096 }, async ({ partner, tape }) => {
    // Each cpu has a ring of its own, and only this one's is full.
    await say(partner, "stay", "send 1 1", "receive 1 1", "storm 1 1000", "send 1 4", "send 0 6", "snd 4");
    assert.equal(tape.firedTriggers(), []);
    const lost = tape.totals().lostRingFull;
    await say(partner, "send 1 1", "snd 1", "send 0 1");
    assert.is(tape.totals().lostRingFull - lost, 6n);
    assert.equal(summary(tape.firedTriggers()), [
      { index: 0, phase: "exit", value: 5, met: 1 },
      { index: 1, phase: "exit", value: 5, met: 1 },
      { index: 2, phase: "exit", value: 7, met: 1 },
    ]);
  });
});

live(test, "calls that the filters leave out trigger nothing", ["root", "bpf", "gcc"], async () => {
  const triggers = () => ["errno(EAGAIN)", "depth(*) > 0", "latency(*) > 0ns", "errno(EAGAIN) > 2"];
  const queues = ({ names }: Ready) => [`/${names[0]}`];
  await withScene({ file: ANY, triggers, queues }, async ({ partner, tape }) => {
    await say(partner, "receive 1 5", "send 1 3", "snd 2");
    assert.equal(tape.firedTriggers(), []);
    await say(partner, "receive 0 2", "receive 1 1");
    assert.equal(
      tape.firedTriggers().map(({ index, met }) => [index, met]),
      [
        [0, 2n],
        [2, 2n],
      ],
    );
  });
});

live(test, "results too far apart are no burst", ["root", "bpf", "gcc"], async () => {
  const triggers = () => ["errno(EAGAIN) > 2 in 200ms"];
  await withScene({ file: ANY, triggers }, async ({ partner, tape, triggers }) => {
    for (let i = 0; i < 3; i++) await say(partner, "receive 0 2", "wait 250");
    assert.equal(tape.firedTriggers(), []);
    await say(partner, "receive 0 3");
    const fired = tape.firedTriggers();
    assert.is(fired.length, 1);
    assert.equal(
      fired,
      expectedFirings(triggers, await momentsAtEnd(tape), () => false),
    );
  });
});

live(test, "a call that was under way at the start has no duration", ["root", "bpf", "gcc"], async () => {
  const triggers = () => ["latency(*) > 0ns", "errno(ETIMEDOUT)", "depth(*) >= 1"];
  await withScene({ file: ANY, triggers, early: "wait 1000" }, async ({ partner, tape }) => {
    assert.equal(summary(tape.firedTriggers()), [{ index: 1, phase: "exit", value: 0, met: 1 }]);
    await say(partner, "receive 0 1");
    assert.equal(
      tape.firedTriggers().map(({ index }) => index),
      [0],
    );
  });
});

live(test, "32-bit calls", ["root", "bpf", "gcc", "gcc32"], async () => {
  const triggers = () => [
    "errno(EAGAIN, posix-mq) > 2",
    "latency(posix-mq) > 200ms",
    "EIDRM",
    "depth(*) > 4",
  ];
  await withScene({ file: ANY, bits: 32, triggers }, async ({ partner, tape, triggers }) => {
    await say(partner, "receive 0 2", "send 0 4", "wait 10", "rcv 1");
    assert.equal(tape.firedTriggers(), []);
    await say(partner, "receive 1 1", "wait 250", "removed", "snd 5");
    const fired = tape.firedTriggers();
    assert.equal(
      fired.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    assert.equal(
      fired,
      expectedFirings(triggers, await momentsAtEnd(tape), ({ kind }) => kind === 2),
    );
  });
});

/** Its main thread is in the call of `wait`. */
function isReceiving(pid: number): boolean {
  const number = eventByName("mq_timedreceive")?.numbers[process.arch === "arm64" ? "arm64" : "x86_64"];
  return readFileSync(`/proc/${pid}/syscall`, "utf8").startsWith(`${number} `);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Since 6.2. */
function hasCast(): boolean {
  return missing(["bpf"]).length > 0 || probe("bpf_rdonly_cast").available === true;
}

/** The queue of the calls of `send 0 5`. */
function idOfFirst(moments: readonly Moment[], answers: readonly Answer[]): bigint | undefined {
  const its = answers[1];
  return moments.find(({ timeNs }) => its !== undefined && timeNs >= BigInt(its.before))?.queue?.id;
}

test.run();
