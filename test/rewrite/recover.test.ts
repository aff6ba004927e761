/** What is whole of a damaged capture is taken over, the rest is told of, and nothing becomes more certain. */
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Capture } from "../../src/format/capture.js";
import { CaptureError } from "../../src/format/problem.js";
import { openCaptures } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import { captureInfo } from "../../src/replay/info.js";
import type { CallLine } from "../../src/replay/types.js";
import { RewriteError } from "../../src/rewrite/error.js";
import { faultOfRecovered, recoverCapture } from "../../src/rewrite/recover.js";
import { concat, REAL_START, START, triple } from "../replay/tape.js";
import { captureWith } from "../replay/verify/support.js";
import { FIXTURES } from "../support/paths.js";
import {
  callsIn,
  encoderOf,
  HOST,
  problemsOf,
  Recorder,
  recorderBtf,
  recordsIn,
  recovered,
  sampleParts,
} from "./support.js";

const test = suite("rewrite/recover");
const parts = sampleParts();
const whole = concat(parts);
/** Where each part begins. */
const starts = parts.map((_, i) => concat(parts.slice(0, i)).length);
const FIRST_CHUNK = 5;

function startOf(part: number): number {
  return starts[part] ?? 0;
}

/** The whole file with the byte there changed. */
function flipped(...places: readonly number[]): Uint8Array {
  const bytes = whole.slice();
  for (const at of places) bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return bytes;
}

/** Where index and summary begin, by the trailer. */
const trailerAt = whole.length - 56;
const view = new DataView(whole.buffer);
const indexAt = Number(view.getBigUint64(trailerAt + 16, true));
const summaryAt = Number(view.getBigUint64(trailerAt + 24, true));

const BODY = 60;

const DAMAGED: Readonly<Record<string, Uint8Array>> = Object.fromEntries([
  ...[5, 6, 7, 8, 9, 10, 11].flatMap((part) => [
    [`body of part ${part}`, flipped(startOf(part) + BODY)],
    [`header of part ${part}`, flipped(startOf(part) + 20)],
    [`part ${part} taken out`, concat([...parts.slice(0, part), ...parts.slice(part + 1)])],
    [`part ${part} twice`, concat([...parts.slice(0, part + 1), ...parts.slice(part)])],
    [`cut before part ${part}`, whole.slice(0, startOf(part))],
    [`cut inside part ${part}`, whole.slice(0, startOf(part) + 50)],
    [
      `bytes added before part ${part}`,
      concat([...parts.slice(0, part), Uint8Array.of(1, 2, 3), ...parts.slice(part)]),
    ],
    [
      `bytes lost in part ${part}, and no end`,
      concat([whole.slice(0, startOf(part) + 50), whole.slice(startOf(part) + 53, indexAt)]),
    ],
  ]),
  ["two chunks beside each other", flipped(startOf(5) + BODY, startOf(6) + BODY)],
  ["two chunks around an inventory", flipped(startOf(6) + BODY, startOf(8) + BODY)],
  ["headers of two chunks around an inventory", flipped(startOf(6) + 20, startOf(8) + 20)],
  ["all chunks", flipped(...[5, 6, 8, 10].map((part) => startOf(part) + BODY))],
  ["a chunk and the index", flipped(startOf(6) + BODY, indexAt + BODY)],
  ["a chunk and the summary", flipped(startOf(6) + BODY, summaryAt + BODY)],
  ["a chunk, index and summary", flipped(startOf(6) + BODY, indexAt + BODY, summaryAt + BODY)],
  ["index", flipped(indexAt + BODY)],
  ["index header", flipped(indexAt + 20)],
  ["summary", flipped(summaryAt + BODY)],
  ["trailer", flipped(trailerAt + 20)],
  ["host", flipped(startOf(1) + BODY)],
  ["clocks", flipped(startOf(2) + BODY)],
]);

test("a capture without damage is copied", () => {
  const { bytes, missing, atLeast } = recovered(whole);
  assert.is(Buffer.compare(bytes, whole), 0);
  assert.equal({ missing, atLeast }, { missing: 0n, atLeast: false });
});

for (const [name, damaged] of Object.entries(DAMAGED)) {
  test(`${name}: what is readable is in the output, which verifies and is as careful`, () => {
    assert.ok(problemsOf(damaged).length > 0, "verify called it good");
    const { bytes, missing, atLeast } = recovered(damaged);
    const lacking = name === "host" || name === "clocks" ? ["metadata_missing"] : [];
    assert.equal(problemsOf(bytes), lacking);
    assert.equal(recordsIn(bytes), recordsIn(damaged));
    assertGoodFramesVerbatim(damaged, bytes);
    const calls = callsIn(bytes);
    // Without the first clock readings times are told from others.
    if (name !== "clocks") assertNotMoreCertain(callsIn(whole), calls);
    // Where no record is missing, the numbers of records and frames prove it, which no reader asks.
    if (missing > 0n || atLeast) assertNotMoreCertain(callsIn(damaged), calls);
    else assert.equal(recordsIn(bytes), recordsIn(whole));
  });
}

function opened(bytes: Uint8Array): Capture {
  const [capture] = openCaptures(memorySource(bytes));
  if (capture === undefined) throw new Error("no capture");
  return capture;
}

/** What is certain afterwards must have been so before, and just so. */
function assertNotMoreCertain(before: readonly CallLine[], after: readonly CallLine[]): void {
  const keyOf = ({ task, call, enter_ns, exit_ns }: CallLine) => `${task} ${call} ${enter_ns} ${exit_ns}`;
  const known = new Map(before.map((line) => [keyOf(line), line]));
  for (const line of after) {
    if (line.state === "uncertain") continue;
    const { capture, wall, ...rest } = known.get(keyOf(line)) ?? line;
    assert.ok(known.has(keyOf(line)), `${keyOf(line)} is ${line.state}`);
    assert.equal({ ...line, capture, wall }, { ...rest, capture, wall });
  }
}

function assertGoodFramesVerbatim(damaged: Uint8Array, bytes: Uint8Array): void {
  const [before] = openCaptures(memorySource(damaged));
  const output = Buffer.from(bytes);
  for (const { offset, contextBytes, storedBytes } of before?.frames ?? []) {
    const length = 40 + Math.ceil((contextBytes + storedBytes) / 8) * 8;
    const frame = Buffer.from(damaged.subarray(offset, offset + length));
    if (!Buffer.from(whole).includes(frame)) continue; // it is one of the damaged
    assert.ok(output.includes(frame), `the frame at ${offset} is not in the output`);
  }
}

test("cut at every byte: the whole frames are read, verify says that the rest is missing, and recover keeps them", () => {
  const small = concat(sampleParts({}, true));
  const first = starts.slice(0, FIRST_CHUNK);
  const allCounts = recordsIn(small);
  assert.is(allCounts.length, 15);
  for (let length = 0; length < small.length; length++) {
    const cut = small.slice(0, length);
    if (length < 64) {
      assert.throws(
        () => problemsOf(cut),
        (error: unknown) => error instanceof CaptureError,
      );
      continue;
    }
    const [code, ...more] = problemsOf(cut);
    assert.ok(code === "truncated" || code === "no_trailer", `cut at ${length}: ${code}`);
    assert.equal(more, [], `cut at ${length}`);
    const has = recordsIn(cut);
    assert.equal(has, allCounts.slice(0, has.length));
    let output: Uint8Array;
    try {
      output = recovered(cut).bytes;
    } catch (error) {
      assert.instance(error, RewriteError);
      assert.ok(length < (first[2] ?? 0) && has.length === 0, `cut at ${length}: not recovered`);
      continue;
    }
    assert.equal(problemsOf(output), [], `cut at ${length}`);
    assert.equal(recordsIn(output), has, `cut at ${length}`);
  }
});

test("how many are missing is told exactly where the numbers around say it, else as a least number", () => {
  const told = (name: string) => {
    const { missing, atLeast } = recovered(DAMAGED[name] ?? whole);
    return [Number(missing), atLeast];
  };
  assert.equal(told("body of part 6"), [4, false]);
  assert.equal(told("header of part 6"), [4, false]);
  assert.equal(told("part 6 taken out"), [4, false]);
  assert.equal(told("two chunks beside each other"), [8, false]);
  assert.equal(told("two chunks around an inventory"), [7, false]);
  assert.equal(told("all chunks"), [15, false]);
  assert.equal(told("a chunk and the summary"), [4, true]);
  assert.equal(told("cut before part 10"), [0, true]);
  assert.equal(told("index"), [0, false]);
  assert.equal(told("body of part 7"), [0, false], "an inventory holds no record");
});

test("one gap stands for each missing frame, and what was wrong is in ORIGIN", () => {
  const { bytes } = recovered(DAMAGED["two chunks beside each other"] ?? whole);
  const capture = opened(bytes);
  assert.equal(
    capture.gaps.map(({ lost, cause, atLeast }) => ({ lost, cause, atLeast })),
    [
      { lost: 8n, cause: "damage", atLeast: undefined },
      { lost: 0n, cause: "damage", atLeast: undefined },
      { lost: 3n, cause: "ring_full", atLeast: undefined },
    ],
  );
  assert.equal(
    capture.origins.map(({ madeBy, from, problems }) => ({
      madeBy,
      from,
      problems: problems.map(({ code }) => code),
    })),
    [
      {
        madeBy: "recover",
        from: [capture.captureId],
        problems: ["frame_body_damaged", "frame_body_damaged"],
      },
    ],
  );
});

test("the recorder's own summary stays where it is good; what it does not count any more is lost", () => {
  const { bytes } = recovered(DAMAGED["body of part 6"] ?? whole);
  const { records, lost, ended, lostByEvent, gaps } = opened(bytes).summary ?? {};
  assert.equal(
    { records, lost, ended, lostByEvent, gaps },
    {
      records: 11n,
      lost: 7n,
      ended: "signal",
      lostByEvent: [
        { event: 3, entries: 1n, exits: 1n },
        { event: 4, entries: 1n, exits: 1n },
      ],
      gaps: 2,
    },
  );
});

test("a missing end is never a clean one: what is lost is unknown, and so are the calls of x32", () => {
  const info = captureInfo(opened(recovered(DAMAGED["cut before part 10"] ?? whole).bytes));
  const { lost, lost_at_least, x32_calls, planes_lost, in_flight, ended } = info;
  assert.equal(
    { lost, lost_at_least, x32_calls, planes_lost, in_flight, ended },
    { lost: null, lost_at_least: 3, x32_calls: null, planes_lost: null, in_flight: null, ended: "recovered" },
  );
});

test("where planes were recorded, how many of their records a missing chunk had is unknown", () => {
  const attachPlan = [
    { plane: "kernel", hook: "load_msg", mechanism: "fexit", attached: true, why: null },
  ] as const;
  const own = sampleParts({ ...HOST, attachPlan });
  const bytes = concat(own);
  const at = own.slice(0, 6).reduce((sum, part) => sum + part.length, 0);
  bytes[at + BODY] = (bytes[at + BODY] ?? 0) ^ 1;
  const { missing, atLeast } = recovered(bytes);
  assert.equal({ missing, atLeast }, { missing: 4n, atLeast: true });
});

test("what contradicts itself is no more believed than what is damaged", () => {
  const own = sampleParts();
  const [lying] = own.slice(6, 7);
  if (lying === undefined) throw new Error("no chunk");
  // One more entry in the context of a chunk, its checksums made anew.
  const head = new DataView(lying.buffer, lying.byteOffset, lying.byteLength);
  head.setUint32(40 + 52, head.getUint32(40 + 52, true) + 1, true);
  head.setUint32(32, crc32(lying.subarray(40)), true);
  head.setUint32(36, crc32(lying.subarray(0, 36)), true);
  const bytes = concat(own);
  assert.ok(problemsOf(bytes).includes("context_mismatch"));
  const { bytes: output, missing, atLeast } = recovered(bytes);
  assert.equal(problemsOf(output), []);
  assert.equal(
    { missing, atLeast },
    { missing: 4n, atLeast: true },
    "the summary that agrees with it is not believed",
  );
  assert.is(recordsIn(output).length, 11);
});

for (const name of ["valid/records-of-other-types", "future/record-types-unknown"]) {
  test(`a chunk with numbers that readers pass by stays as it is: ${name}`, () => {
    const bytes = new Uint8Array(readFileSync(`${FIXTURES}${name}.mtape`));
    assert.equal([...new Set(problemsOf(bytes))], ["implausible"]);
    const written: Uint8Array[] = [];
    const options = { version: "t" };
    const recovery = recoverCapture(memorySource(bytes), (part) => written.push(part.slice()), options);
    const output = concat(written);
    assert.equal([recovery.missing, recovery.atLeast], [0n, false]);
    assert.ok(recordsIn(bytes).length > 3);
    assert.equal(recordsIn(output), recordsIn(bytes));
    assert.is(faultOfRecovered(memorySource(output), [recovery]), null);
  });
}

test("other frames than chunks with values that cannot be are distrusted, and a fault of what was written", () => {
  const after = captureWith({
    after: (e) => [e.gap({ cpu: 0, fromNs: START + 9n, toNs: START, lost: 0n, cause: "unknown" })],
    summary: { gaps: 1 },
  });
  const { bytes } = recovered(after);
  assert.equal(problemsOf(bytes), []);
  const recovery = { captureId: "", problems: [], records: 2, missing: 0n, atLeast: false };
  assert.is(faultOfRecovered(memorySource(bytes), [recovery]), null);
  assert.is(faultOfRecovered(memorySource(after), [recovery])?.code, "implausible");
});

test("a first clock reading that lies makes no end before its start", () => {
  const encoder = encoderOf();
  const recorder = new Recorder();
  const { tape } = recorder;
  const bytes = concat([
    encoder.fileHeader(),
    encoder.host(HOST),
    encoder.clocks([triple(START + 1_000_000_000n, REAL_START)]),
    recorderBtf(encoder),
    recorder.chunk(encoder, [tape.entry({ at: 1000, call: 1 }), tape.exit({ at: 2000, call: 1, ret: 0 })]),
    encoder.clocks([{ ...triple(START + 9000n, REAL_START), reason: "end" }]),
    recorder.finish(encoder),
  ]);
  assert.equal(problemsOf(bytes), ["implausible", "summary_mismatch"]);
  const { bytes: output } = recovered(bytes);
  assert.equal(problemsOf(output), []);
  assert.is(recordsIn(output).length, 2);
});

test("without the layouts of its records nothing is recovered", () => {
  assert.throws(() => recovered(flipped(startOf(3) + BODY)), /nothing can be recovered: the layouts/);
});

test("a frame with a number that somebody made up fills no file", () => {
  const far = concat([...parts.slice(0, 6), renumbered(parts[6] ?? whole, 4_000_000), ...parts.slice(7)]);
  const { bytes } = recovered(far);
  assert.ok(bytes.length < 2 * whole.length);
  assert.equal(problemsOf(bytes), []);
});

function renumbered(frame: Uint8Array, sequence: number): Uint8Array {
  const bytes = frame.slice();
  const head = new DataView(bytes.buffer);
  head.setBigUint64(16, BigInt(sequence), true);
  head.setUint32(36, crc32(bytes.subarray(0, 36)), true);
  return bytes;
}

test.run();
