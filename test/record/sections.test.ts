/** A recording into one file that goes on behind itself, when a capture has as many frames as it may. */
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEncoder } from "../../src/format/encoder.js";
import { captureIdText } from "../../src/format/file-header.js";
import { LIMITS, type Limits } from "../../src/format/limits.js";
import { openCaptures, openSections } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import type { ChunkContext, ClockTriple } from "../../src/format/types.js";
import type { Boundary } from "../../src/record/boundary.js";
import { FileOutput } from "../../src/record/file-output.js";
import { lossByCause } from "../../src/record/losses.js";
import { FileSections, sectionLimits } from "../../src/record/sections.js";
import { SinkError, SinkFullError } from "../../src/record/sink.js";
import type { Totals } from "../../src/record/tape.js";
import { CaptureWriter } from "../../src/record/writer.js";
import { joinRecordings } from "../../src/replay/recording-parts.js";
import { verifySection } from "../../src/replay/verify/verify.js";
import { damagedWithMended, recoverAll } from "../../src/rewrite/recover-file.js";
import { concat, REAL_START, START, Tape, taskEntry, triple } from "../replay/tape.js";
import { BTF, HOST, recordsIn } from "../rewrite/support.js";
import { FakeSink, FINISH_BYTES, NO_COUNTS, NOTHING } from "./fakes.js";

const test = suite("record: sections");

/** A capture is at its limit with eleven frames, four of which are its metadata. */
const FEW: Limits = { ...LIMITS, frames: 1024 + 10 };
const CHUNKS = 7;
const RECORDS = 2;
const METADATA = {
  host: HOST,
  btf: [
    {
      origin: "recorder" as const,
      sha256: createHash("sha256").update(BTF).digest("hex"),
      data: BTF,
    },
  ],
};

function sectionsIn(sink: FakeSink, limits: Limits, leastFrames = 1) {
  const open: ConstructorParameters<typeof FileSections>[1] = (number, section, own) => {
    const captureId = new Uint8Array(16).fill(number);
    const sync = new Uint8Array(8).fill(0xf0 + number);
    const writer = new CaptureWriter(
      section,
      createEncoder({ captureId, sync, limits: own, compress: false }),
    );
    return { captureId: captureIdText(captureId), sink: section, writer };
  };
  return new FileSections(sink, open, limits, leastFrames);
}

function boundary(call: number, reason: "start" | "rotation" | "end", totals: Totals): Boundary {
  const ns = BigInt(1000 * call);
  const now: ClockTriple = { ...triple(START + ns, REAL_START + ns), reason: "interval" };
  return {
    clocks: [now],
    now,
    inventory: { atNs: START + ns, reason, queues: [], limits: {}, missing: [], inFlight: [] },
    firstRecord: BigInt(RECORDS * call),
    lost: new Map(),
    totals,
    lastNs: call === 0 ? null : START + ns - 500n,
  };
}

/** A call in a chunk. */
function callOf(tape: Tape, call: number) {
  const at = 1000 * call + 100;
  const records = [tape.entry({ at, call: call + 1 }), tape.exit({ at: at + 200, call: call + 1, ret: 0 })];
  const context: ChunkContext = {
    firstRecord: BigInt(RECORDS * call),
    records: RECORDS,
    counts: [{ event: 4, entries: 1, exits: 1 }],
    firstTimeNs: START + BigInt(at),
    lastTimeNs: START + BigInt(at) + 200n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
  };
  const body = { records: concat(records), tasks: [taskEntry()], queues: [] };
  return { records, taken: { gaps: [], chunk: { context, body } } };
}

/** Records so many calls, each in a chunk, as a session does. */
async function record(calls: number, sink: FakeSink, sections: FileSections) {
  const output = new FileOutput(sections.first, METADATA, null, sections);
  const tape = new Tape();
  const records: string[] = [];
  /** How large the file was when a capture began. */
  const changes: number[] = [];
  let failure: unknown = null;
  const totalsOf = (call: number): Totals => {
    const counts = NO_COUNTS.map((_, event) => (event === 4 ? BigInt(call) : 0n));
    return { ...NOTHING, recorded: BigInt(RECORDS * call), recordedEntries: counts, recordedExits: counts };
  };
  await output.begin(boundary(0, "start", NOTHING));
  let call = 0;
  try {
    for (; call < calls; ) {
      const { records: own, taken } = callOf(tape, call);
      await output.take(taken);
      call++;
      records.push(...own.map((one) => Buffer.from(one).toString("hex")));
      if (!output.isDue({ nowMs: 0 })) continue;
      changes.push(sink.writtenBytes);
      await output.cross(boundary(call, "rotation", totalsOf(call)));
    }
  } catch (error) {
    failure = error;
  }
  const totals = totalsOf(call);
  const end = await output.end({
    boundary: boundary(call, "end", totals),
    ended: failure === null ? "signal" : "disk_full",
    lost: lossByCause(totals, output.written, 0n),
    unwrittenCounts: new Map(),
    failed: failure !== null,
  });
  return { output, records, changes, failure, end };
}

function faults(bytes: Uint8Array): readonly string[] {
  return openSections(memorySource(bytes)).flatMap((section) =>
    verifySection(section).problems.map(
      ({ code, message }) => `${section.capture.name}: ${code}: ${message}`,
    ),
  );
}

test("captures follow each other in the file, none of the records is lost, and readers join them", async () => {
  const sink = new FakeSink();
  const calls = 3 * CHUNKS + 2;
  const { output, records, failure, end, changes } = await record(calls, sink, sectionsIn(sink, FEW));
  assert.is(failure, null);
  assert.is(changes.length, 3);
  const captures = openCaptures(memorySource(sink.bytes));
  const id = captureIdText(new Uint8Array(16).fill(1));
  assert.equal(
    captures.map(({ host, summary, complete }) => [
      host?.recording,
      summary?.ended,
      summary?.records,
      complete,
    ]),
    [1, 2, 3, 4].map((part) => [
      { id, part, firstRecord: BigInt(RECORDS * CHUNKS * (part - 1)) },
      part < 4 ? "rotation" : "signal",
      BigInt(RECORDS * (part < 4 ? CHUNKS : 2)),
      true,
    ]),
  );
  assert.equal(faults(sink.bytes), []);
  assert.equal(recordsIn(sink.bytes), records);
  const [joined, ...more] = joinRecordings(captures);
  assert.equal(more, []);
  assert.equal(joined?.problems, []);
  assert.equal([joined?.summary?.records, joined?.summary?.lost], [BigInt(RECORDS * calls), 0n]);
  assert.equal(
    joined?.index.map(({ context }) => context.firstRecord),
    Array.from({ length: calls }, (_, i) => BigInt(RECORDS * i)),
  );
  const file = { name: "fake", captureId: id, records: BigInt(RECORDS * calls), bytes: sink.bytes.length };
  assert.equal([end.finished, end.failure, end.files], [true, null, [file]]);
  assert.equal([output.bytes, output.written.records], [sink.bytes.length, BigInt(RECORDS * calls)]);
});

test("the clocks at the change are the end of one and the beginning of the next, which has the inventory", async () => {
  const sink = new FakeSink();
  await record(CHUNKS + 1, sink, sectionsIn(sink, FEW));
  const [one, two] = openCaptures(memorySource(sink.bytes));
  const looks = [one, two].map((capture) => capture?.inventories().map(({ reason }) => reason));
  assert.equal(looks, [["start"], ["rotation", "end"]]);
  assert.equal(
    [one, two].map((capture) => capture?.clocks.map(({ reason }) => reason)),
    [
      ["start", "end"],
      ["start", "end"],
    ],
  );
});

test("cut anywhere behind a change, as a kill does it, the captures before it are whole and the rest is recovered", async () => {
  const sink = new FakeSink();
  const { records, changes } = await record(2 * CHUNKS + 1, sink, sectionsIn(sink, FEW));
  const { bytes } = sink;
  const [first = 0, second = 0] = changes;
  const ends = openSections(memorySource(bytes)).map(({ source }) => source.sizeBytes ?? 0);
  assert.ok(first < (ends[0] ?? 0) && (ends[0] ?? 0) < second);
  const step = 101;
  for (let at = first; at < bytes.length; at += step) {
    const written: Uint8Array[] = [];
    const sections = openSections(memorySource(bytes.subarray(0, at)));
    recoverAll(damagedWithMended(sections), (part) => written.push(part.slice()), "t");
    const whole = concat(written);
    assert.equal(faults(whole), [], `cut at ${at}`);
    const found = recordsIn(whole);
    assert.equal(found, records.slice(0, found.length), `cut at ${at}`);
    const least = RECORDS * CHUNKS * changes.filter((change) => change <= at).length;
    assert.ok(found.length >= least, `cut at ${at}: ${found.length} records of ${least}`);
  }
});

test("a disk that has no room for the next capture leaves the file whole, with all that was written", async () => {
  const unlimited = new FakeSink();
  const { changes } = await record(3 * CHUNKS, unlimited, sectionsIn(unlimited, FEW));
  assert.is(changes.length, 3);
  const refused = new Set<number>();
  // Less, and it does not even begin.
  const least = FINISH_BYTES + 3000;
  for (let room = least; room < unlimited.bytes.length + 2 * FINISH_BYTES; room += 500) {
    const sink = new FakeSink(room);
    const { records, failure, end } = await record(3 * CHUNKS, sink, sectionsIn(sink, FEW));
    assert.ok(failure === null || failure instanceof SinkFullError, String(failure));
    assert.ok(end.finished, `room for ${room}`);
    assert.ok(sink.bytes.length <= room, `room for ${room}`);
    const captures = openCaptures(memorySource(sink.bytes));
    assert.ok(captures.every(({ complete, problems }) => complete && problems.length === 0));
    assert.equal(recordsIn(sink.bytes), records, `room for ${room}`);
    if (failure !== null && records.length % (RECORDS * CHUNKS) === 0) refused.add(captures.length);
  }
  assert.equal([...refused].sort(), [1, 2, 3]);
});

test("room for the next capture and for the end of the one before is looked for at once", async () => {
  const sink = new FakeSink();
  const asked: number[] = [];
  const reserve = sink.reserve.bind(sink);
  sink.reserve = (bytes) => {
    asked.push(bytes);
    return reserve(bytes);
  };
  await record(CHUNKS - 1, sink, sectionsIn(sink, FEW));
  assert.ok(Math.max(...asked) < 2 * FINISH_BYTES);
  await record(CHUNKS, sink, sectionsIn(sink, FEW));
  // All of the next capture's beginning is held in memory by then, and written at once.
  const held = Math.max(...sink.parts.map(({ length }) => length));
  assert.ok(Math.max(...asked) > 2 * FINISH_BYTES + held + 1000);
});

test("a write that fails at the change ends the recording, and what was written before stands", async () => {
  for (let failAt = 1; ; failAt++) {
    const sink = new FakeSink(Number.POSITIVE_INFINITY, failAt);
    const { failure, records } = await record(CHUNKS + 2, sink, sectionsIn(sink, FEW)).catch((error) => {
      if (!(error instanceof SinkError)) throw error;
      return { failure: error, records: null };
    });
    const isAll = sink.parts.length < failAt;
    if (records !== null && sink.bytes.length > 0) {
      const found = recordsIn(sink.bytes);
      assert.equal(found, records.slice(0, found.length), `write ${failAt} fails`);
      assert.ok(records.length - found.length <= RECORDS, `write ${failAt} fails`);
    }
    if (isAll) break;
    assert.ok(failure === null || failure instanceof SinkError);
  }
});

test("it ends, and says why, where readers would not read on: by frames of the file, and by contexts", async () => {
  for (const limits of [
    { ...FEW, fileFrames: 1024 + 124 },
    { ...FEW, fileContextsBytes: 2 * LIMITS.contextBytes + 60 * (CHUNKS + 1) },
    // The second capture may not be as long as the first.
    { ...FEW, frames: 4024, fileFrames: 4269 },
  ]) {
    const sink = new FakeSink();
    const { failure, end, records } = await record(8000, sink, sectionsIn(sink, limits, 1024));
    assert.ok(failure instanceof SinkError && !(failure instanceof SinkFullError));
    assert.match(failure.message, /^fake: holds as many chunks as a file may: record with --max-age/);
    assert.ok(end.finished);
    assert.equal(recordsIn(sink.bytes), records);
    const all = openSections(memorySource(sink.bytes), limits);
    assert.ok(all.length > 1, `${all.length} captures`);
    assert.equal(
      all.flatMap(({ capture }) => [...capture.problems]),
      [],
    );
  }
});

test("what a recorder writes into one file is what a reader takes", () => {
  const { frames, contextsBytes, contextBytes, fileFrames, fileContextsBytes } = sectionLimits();
  assert.ok(frames <= LIMITS.frames && contextsBytes <= LIMITS.contextsBytes);
  assert.equal([fileFrames, fileContextsBytes], [LIMITS.fileFrames, LIMITS.fileContextsBytes]);
  // Several captures by the one limit and the other.
  assert.ok(4 * frames <= fileFrames && 4 * contextsBytes <= fileContextsBytes - 2 * contextBytes);
});

test("what is held of the next capture counts where room for more is asked for", async () => {
  const ROOM = 1 << 20;
  const base = new FakeSink(ROOM);
  const sections = sectionsIn(base, FEW);
  await sections.first.writer.open();
  const aside = sections.first.writer.bytesAtEnd - sections.first.writer.bytes;
  const room = ROOM - base.writtenBytes - aside;
  const { sink } = sections.next(2).part;
  await sink.write(new Uint8Array(100));
  await sink.reserve(room - 100);
  let failure: unknown = null;
  await sink.reserve(room - 99).catch((error: unknown) => {
    failure = error;
  });
  assert.instance(failure, SinkFullError);
});

test("inventories of many queues are no longer wanted when readers would not keep them", async () => {
  const sink = new FakeSink();
  const sections = sectionsIn(sink, LIMITS);
  const output = new FileOutput(sections.first, METADATA, null, sections);
  await output.begin(boundary(0, "start", NOTHING));
  const { inventory } = boundary(1, "start", NOTHING);
  const queue = {
    kind: "sysv",
    namespaceInum: 1,
    id: 1n,
    name: null,
    fields: {},
    holders: [],
  } as const;
  const many = { ...inventory, queues: Array.from({ length: 4000 }, () => queue) };
  const wanted: boolean[] = [];
  for (let i = 0; i < 4; i++) {
    wanted.push(output.inventoryMs !== null);
    await output.inventory({ ...many, reason: "interval" });
  }
  wanted.push(output.inventoryMs !== null);
  assert.equal(wanted, [true, true, true, true, false]);
});

test.run();
