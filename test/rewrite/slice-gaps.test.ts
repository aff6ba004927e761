/** What a slice leaves out because it cannot be had, or cannot be, stays unknown in it: gaps, never silence. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Capture } from "../../src/format/capture.js";
import { openCaptures } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import type { HostInfo } from "../../src/format/types.js";
import { calls } from "../../src/replay/calls.js";
import { type CallFilter, EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import { captureInfo } from "../../src/replay/info.js";
import { latency } from "../../src/replay/latency.js";
import { captureLoss } from "../../src/replay/losses.js";
import { joinRecordings } from "../../src/replay/recording-parts.js";
import { timeline } from "../../src/replay/time.js";
import { verifyCapture } from "../../src/replay/verify/verify.js";
import { type Slice, sliceCapture } from "../../src/rewrite/slice/slice.js";
import { concat, type Head, item, LAST, NO_NUMBER, queueItem, START, Tape } from "../replay/tape.js";
import type { Wrong } from "../replay/verify/support.js";
import { encoderOf, metadata, Recorder } from "./support.js";

const test = suite("rewrite/slice: gaps");

function opened(bytes: Uint8Array, name = "file"): Capture {
  const [capture] = openCaptures(memorySource(bytes, name));
  if (capture === undefined) throw new Error("no capture");
  return capture;
}

interface Made extends Slice {
  readonly capture: Capture;
  readonly problems: readonly string[];
}

function sliced(capture: Capture, chosen: Partial<CallFilter>, options = {}, hasOdd = false): Made {
  const [clock] = timeline([capture]);
  if (clock === undefined) throw new Error("no clock");
  const parts: Uint8Array[] = [];
  const request = { filter: { ...EVERYTHING, ...chosen }, options, clock, version: "t", hasOdd };
  const slice = sliceCapture(capture, request, (part) => parts.push(part.slice()));
  const bytes = concat(parts);
  const problems = verifyCapture(memorySource(bytes)).problems.map(
    ({ code, message }) => `${code}: ${message}`,
  );
  return { ...slice, capture: opened(bytes), problems };
}

/** Without the id of the capture, which is new. */
function answers(capture: Capture, filter: CallFilter) {
  const withoutId = <T extends { readonly capture: string }>({ capture: _, ...line }: T) => line;
  return {
    calls: [...calls(capture, filter)].map(withoutId),
    flows: [...flows(capture, filter)].map(withoutId),
    latency: latency([capture], filter, ["event", "queue"]).groups,
  };
}

const UNNUMBERED = { call: 0, flags: LAST | NO_NUMBER };

/**
 * Three files of a recording. Calls of tasks 100 and 101 begin in the first and end in the third; of task 101 only order
 * pairs them.
 */
function threeParts(host: Partial<HostInfo> = {}): readonly Capture[] {
  const tape = new Tape();
  const q = (depth: number) => ({ items: [queueItem(9, depth)] });
  const records = [
    [
      tape.entry({ at: 1000, call: 1, tid: 102, ...q(0) }),
      tape.exit({ at: 1100, call: 1, tid: 102, ret: 0, ...q(1) }),
      tape.entry({ at: 1200, call: 1, tid: 100, ...q(1) }),
      tape.entry({ at: 1300, tid: 101, ...UNNUMBERED, ...q(1) }),
    ],
    [
      tape.entry({ at: 2000, call: 2, tid: 102, ...q(1) }),
      tape.exit({ at: 2100, call: 2, tid: 102, ret: 0, ...q(2) }),
      tape.entry({ at: 2200, call: 3, tid: 102, ...q(2) }),
    ],
    [
      // Two cpus: the record that comes first is not the oldest.
      tape.exit({ at: 3000, call: 3, tid: 102, ret: 0, ...q(3) }),
      tape.entry({ at: 2950, tid: 102, cpu: 1, ...UNNUMBERED, ...q(3) }),
      tape.exit({ at: 3100, call: 1, tid: 100, ret: 0, ...q(4) }),
      tape.exit({ at: 3200, tid: 101, ret: 0, ...UNNUMBERED, ...q(5) }),
      tape.exit({ at: 3250, tid: 102, cpu: 1, ret: 0, ...UNNUMBERED, ...q(5) }),
      tape.entry({ at: 3300, tid: 101, ...UNNUMBERED, ...q(5) }),
      tape.exit({ at: 3400, tid: 101, ret: 5, ...UNNUMBERED, ...q(4) }),
      tape.entry({ at: 3500, call: 4, tid: 102, ...q(4) }),
    ],
  ];
  let firstRecord = 0n;
  return records.map((own, i) => {
    const encoder = encoderOf(0xa0 + i);
    const recorder = new Recorder();
    const recording = { id: "a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0", part: i + 1, firstRecord };
    firstRecord += BigInt(own.length);
    const parts = [
      ...metadata(encoder, { ...host, recording }),
      recorder.chunk(encoder, own),
      recorder.finish(encoder, i === 2 ? {} : { ended: "rotation" }),
    ];
    const bytes = concat(parts);
    assert.equal(verifyCapture(memorySource(bytes)).problems, []);
    return opened(bytes, `part${i + 1}`);
  });
}

function holed(host: Partial<HostInfo> = {}): Capture {
  const [first, , third] = threeParts(host);
  if (first === undefined || third === undefined) throw new Error("no parts");
  const [joined] = joinRecordings([third, first]);
  if (joined === undefined) throw new Error("not joined");
  return joined;
}

const FILTERS: readonly [string, Partial<CallFilter>, object][] = [
  ["a queue", { queues: new Set(["/q"]) }, { queue: ["/q"] }],
  ["a task", { tids: new Set([101]) }, { tid: ["101"] }],
  ["an event", { events: new Set([4]) }, { event: ["mq_timedreceive"] }],
  ["from the hole on", { fromNs: 2950 }, { from: ["2950ns"] }],
  ["up to the hole", { toNs: 2000 }, { to: ["2us"] }],
];

for (const [name, chosen, options] of FILTERS) {
  test(`a file of the recording is missing: a slice by ${name} answers as the filter on the others does`, () => {
    const set = holed();
    const filter = { ...EVERYTHING, ...chosen };
    const made = sliced(set, chosen, options);
    assert.equal(made.problems, []);
    const expected = answers(set, filter);
    const found = answers(made.capture, EVERYTHING);
    assert.equal(found.calls, expected.calls);
    assert.ok(expected.calls.some(({ state }) => state === "uncertain"));
    assert.equal(found.latency, expected.latency);
    if (name === "a queue") assert.equal(found.flows, expected.flows);
    assert.is(captureLoss(made.capture).whole, false);
  });
}

test("the gap has the number of the missing records and reaches as far as the doubt; ORIGIN says what it is", () => {
  const made = sliced(holed(), { tids: new Set([101, 102]) }, { tid: ["101,102"] });
  assert.equal(made.capture.gaps, [
    {
      cpu: null,
      fromNs: START + 1300n,
      // That of the record that comes first behind the hole.
      toNs: START + 3000n,
      lost: 3n,
      cause: "damage",
      atLeast: true,
    },
  ]);
  const { summary, origins } = made.capture;
  assert.equal([summary?.lost, summary?.gaps, summary?.lostByEvent], [3n, 1, []]);
  const [told] = origins.at(-1)?.problems ?? [];
  assert.equal(
    [told?.code, told?.message],
    ["records_missing", "3 records of the recording before its record 7 are in none of the files"],
  );
  assert.equal(
    made.gapped.map(({ found, isInside }) => [found.message, isInside]),
    [["in part3: 3 records of the recording before this part are in none of the files", true]],
  );
  const { lost, lost_at_least, x32_calls } = captureInfo(made.capture);
  assert.equal([lost, lost_at_least, x32_calls], [null, 3, null]);
  assert.is(latency([made.capture], EVERYTHING, []).lost_by_event, null);
});

test("where planes were recorded they have a gap of their own, a second wider on both sides", () => {
  const attachPlan = [
    { plane: "kernel", hook: "load_msg", mechanism: "fentry", attached: true, why: null },
  ] as const;
  const made = sliced(holed({ attachPlan }), { tids: new Set([101]) }, { tid: ["101"] });
  assert.equal(made.problems, []);
  assert.equal(
    made.capture.gaps.map(({ plane, lost, fromNs, toNs, atLeast }) => [plane, lost, fromNs, toNs, atLeast]),
    [
      [undefined, 3n, START + 1300n, START + 3000n, true],
      ["planes", 0n, START + 1300n - 1_000_000_000n, START + 3000n + 1_000_000_000n, true],
    ],
  );
});

test("a slice that does not reach as far as the hole is whole, and says where it comes from", () => {
  const made = sliced(holed(), { fromNs: 3450 }, { from: ["3450ns"] });
  assert.equal(made.problems, []);
  assert.equal(made.capture.gaps, []);
  assert.equal(
    made.gapped.map(({ isInside }) => isInside),
    [false],
  );
  assert.is(made.capture.origins.at(-1)?.problems.length, 1);
});

test("without a hole nothing is made", () => {
  const [joined] = joinRecordings(threeParts());
  if (joined === undefined) throw new Error("not joined");
  const made = sliced(joined, { tids: new Set([101]) }, { tid: ["101"] });
  assert.equal([made.gapped, made.capture.gaps, made.problems], [[], [], []]);
});

test("parts that contradict each other are not made to fit: each is sliced by itself", () => {
  const [, second, third] = threeParts();
  if (second === undefined || third === undefined) throw new Error("no parts");
  const host = third.host;
  const recording = host?.recording;
  if (host === null || recording === undefined) throw new Error("no part");
  const overlapping: Capture = Object.create(third, {
    host: { value: { ...host, recording: { ...recording, firstRecord: recording.firstRecord - 1n } } },
  });
  const [joined] = joinRecordings([second, overlapping]);
  if (joined === undefined) throw new Error("not joined");
  assert.throws(
    () => sliced(joined, { tids: new Set([101]) }),
    /records_missing\): slice its files one by one$/,
  );
  for (const one of [second, third]) assert.equal(sliced(one, { tids: new Set([101]) }).problems, []);
});

const ODD: readonly [string, Wrong, readonly [number | null, number | null]][] = [
  ["event", { records: (t) => around(t, { event: 99 }) }, [1500, 3000]],
  ["abi", { records: (t) => around(t, { abi: 9 }) }, [1500, 3000]],
  ["cpu", { records: (t) => around(t, { cpu: 7 }) }, [1500, 3000]],
  ["flag", { records: (t) => around(t, { flags: 0x81 }) }, [1500, 3000]],
  ["item", { records: (t) => around(t, { items: [item({ kind: 77 })] }) }, [1500, 3000]],
  [
    "record at the start",
    { records: (t) => [t.entry({ at: 900, call: 9, tid: 101, event: 99 }), ...around(t)] },
    [null, 1000],
  ],
  [
    "record at the end",
    { records: (t) => [...around(t), t.entry({ at: 3500, call: 9, tid: 101, event: 99 })] },
    [3000, null],
  ],
];

/** A call, and another one whose entry is odd. */
function around(tape: Tape, odd: Partial<Head> = {}): Uint8Array[] {
  return [
    tape.entry({ at: 1000, call: 1 }),
    tape.exit({ at: 1500, call: 1, ret: 0 }),
    tape.entry({ at: 2000, call: 2, ...odd }),
    tape.exit({ at: 3000, call: 2, ret: 0 }),
  ];
}

/** As a recorder would, from the records. */
function recorded({ records }: Wrong): Capture {
  const encoder = encoderOf();
  const recorder = new Recorder();
  const start = metadata(encoder);
  const chunk = recorder.chunk(encoder, records?.(recorder.tape) ?? []);
  const bytes = concat([...start, chunk, recorder.finish(encoder)]);
  assert.equal(
    [...new Set(verifyCapture(memorySource(bytes)).problems.map(({ code }) => code))],
    ["implausible"],
  );
  return opened(bytes);
}

for (const [name, wrong, [from, to]] of ODD) {
  test(`a number that is none, ${name}: its record is left out, and a gap of damage stands for it`, () => {
    const capture = recorded(wrong);
    const made = sliced(capture, {}, { event: ["all"] }, true);
    assert.equal(made.problems, []);
    const at = (ns: number | null) => (ns === null ? null : START + BigInt(ns));
    assert.equal(made.capture.gaps, [
      { cpu: null, fromNs: at(from), toNs: at(to), lost: 1n, cause: "damage" },
    ]);
    assert.is(made.capture.summary?.lost, 1n);
    assert.is(made.records, (capture.index.at(0)?.context.records ?? 0) - 1);
    const states = [...calls(made.capture, EVERYTHING)].map(({ call, state }) => [call, state]);
    assert.equal(states[0], [1, "complete"]);
    // An exit whose entry is left out is no call without an entry.
    assert.equal(states[1], [2, name.startsWith("record") ? "complete" : "uncertain"]);
  });
}

test("one gap a chunk, however many odd records it has", () => {
  const entries = (t: Tape) =>
    Array.from({ length: 50 }, (_, i) =>
      t.entry({ at: 2000 + i, call: 0, tid: 102, event: i % 2 === 0 ? 99 : 4 }),
    );
  const made = sliced(recorded({ records: entries }), {}, { event: ["all"] }, true);
  assert.equal(made.problems, []);
  assert.equal(
    made.capture.gaps.map(({ lost }) => lost),
    [25n],
  );
  assert.is(made.capture.summary?.records, 25n);
});

test("of which events all losses were is not known any more where a record is left out", () => {
  const encoder = encoderOf();
  const recorder = new Recorder();
  const parts = metadata(encoder);
  parts.push(recorder.chunk(encoder, around(recorder.tape, { event: 99 })));
  parts.push(recorder.gap(encoder, 1, 1600, 1700, 3));
  const lostByEvent = [{ event: 4, entries: 2n, exits: 1n }];
  parts.push(recorder.finish(encoder, { lostByEvent }));
  const capture = opened(concat(parts));
  assert.is(capture.summary?.lostByEvent.length, 1);
  const { summary } = sliced(capture, {}, { event: ["all"] }, true).capture;
  assert.equal([summary?.lost, summary?.lostByEvent], [4n, []]);
});

test.run();
