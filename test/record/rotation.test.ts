import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEncoder } from "../../src/format/encoder.js";
import { LIMITS } from "../../src/format/limits.js";
import type { ClockTriple } from "../../src/format/types.js";
import { ClockReadings } from "../../src/record/boundary.js";
import { RecordError } from "../../src/record/errors.js";
import { FileOutput } from "../../src/record/file-output.js";
import { lossByCause } from "../../src/record/losses.js";
import { openRow, PartFiles, partName } from "../../src/record/part-files.js";
import { runSession } from "../../src/record/session.js";
import { FileSink, SinkError, SinkFullError } from "../../src/record/sink.js";
import { StopSwitch } from "../../src/record/stop.js";
import type { Totals } from "../../src/record/tape.js";
import { CaptureWriter } from "../../src/record/writer.js";
import {
  BTF,
  batch,
  boundaryAt,
  FakeFiles,
  FakeSink,
  FakeTape,
  FINISH_BYTES,
  HOST,
  inventory,
  NO_COUNTS,
  NOTHING,
  OF_BATCH,
  taken,
  triple,
} from "./fakes.js";

const test = suite<{ directory: string }>("record: rotation");

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), "msgtape-rotation-"));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

const METADATA = { host: HOST, btf: BTF };

function totals(change: Partial<Totals>): Totals {
  return { ...NOTHING, ...change };
}

function lostEntries(count: bigint): Partial<Totals> {
  return { lostEntries: NO_COUNTS.map((_, event) => (event === 3 ? count : 0n)) };
}

test("two parts: each counts from its own beginning, and together they are the recording", async () => {
  const files = new FakeFiles();
  const output = new FileOutput(files.next(1), METADATA, { maxBytes: null, maxAgeMs: null, source: files });
  const first = { ...boundaryAt(50n, 0n), clocks: [triple(50n, "start")], inventory: inventory("start", []) };
  await output.begin(first);
  const losing = (number: number, lost: bigint) => {
    const one = batch(number, 4);
    return { ...one, context: { ...one.context, lost: [{ cpu: 1, records: lost }] } };
  };
  const gap = { cpu: 1, fromNs: 101n, toNs: 102n, cause: "ring_full" } as const;
  await output.take(taken(losing(0, 5n), [{ ...gap, lost: 5n }]));
  const between = boundaryAt(300n, 4n, {
    clocks: [triple(90n, "interval"), triple(200n, "step")],
    lost: new Map([[1, 5n]]),
    totals: totals({ recorded: 4n, lostRingFull: 5n, lostRecursion: 2n, x32: 1n, ...lostEntries(5n) }),
  });
  await output.cross(between);
  await output.take(taken(losing(4, 8n), [{ ...gap, lost: 3n }]));
  const now = totals({ recorded: 8n, lostRingFull: 8n, lostRecursion: 3n, x32: 4n, ...lostEntries(8n) });
  const end = await output.end({
    boundary: { ...boundaryAt(900n, 8n, { totals: now }), inventory: inventory("end", []) },
    ended: "signal",
    lost: lossByCause(now, output.written, 0n),
    unwrittenCounts: new Map(),
    failed: false,
  });

  const [one, two] = [files.capture(0), files.capture(1)];
  const id = "01010101-0101-0101-0101-010101010101";
  assert.equal(one.capture.host?.recording, { id, part: 1, firstRecord: 0n });
  assert.equal(two.capture.host?.recording, { id, part: 2, firstRecord: 4n });
  assert.equal(one.chunks, [losing(0, 5n).context]);
  const rebased = { ...batch(4, 4).context, firstRecord: 0n, lost: [{ cpu: 1, records: 3n }] };
  assert.equal(two.chunks, [rebased]);
  assert.equal(one.capture.clocks, [triple(50n, "start"), triple(300n, "end")]);
  assert.equal(two.capture.clocks, [triple(90n, "start"), triple(200n, "step"), triple(900n, "end")]);
  const looks = [one, two].map(({ capture }) => capture.inventories().map((look) => look.reason));
  assert.equal(looks, [
    ["start", "rotation"],
    ["rotation", "end"],
  ]);
  assert.equal(one.capture.inventories()[1], between.inventory);
  assert.equal(two.capture.inventories()[0], between.inventory);
  const recursion = { cpu: null, fromNs: null, toNs: null, cause: "recursion" };
  assert.equal(one.capture.gaps, [
    { ...gap, lost: 5n },
    { ...recursion, lost: 2n },
  ]);
  assert.equal(two.capture.gaps, [
    { ...gap, lost: 3n },
    { ...recursion, lost: 1n },
  ]);
  const counted = { records: 4n, gaps: 2, chunks: 1, counts: [{ event: 3, entries: 2, exits: 2 }] };
  assert.equal(one.capture.summary, {
    startNs: 50n,
    endNs: 300n,
    ended: "rotation",
    ...counted,
    lost: 7n,
    lostByEvent: [{ event: 3, entries: 5n, exits: 0n }],
    x32Calls: 1n,
  });
  assert.equal(two.capture.summary, {
    startNs: 90n,
    endNs: 900n,
    ended: "signal",
    ...counted,
    lost: 4n,
    lostByEvent: [{ event: 3, entries: 3n, exits: 0n }],
    x32Calls: 3n,
  });
  for (const { capture } of [one, two]) assert.equal([capture.complete, capture.problems], [true, []]);
  assert.equal([end.finished, end.failure], [true, null]);
  assert.equal(
    end.files.map(({ captureId, records }) => [captureId, records]),
    [
      [id, 4n],
      ["02020202-0202-0202-0202-020202020202", 4n],
    ],
  );
  assert.equal(files.log, ["begin 1", "begin 2", "written 1"]);
});

test("a file ends when one more chunk would not fit, with its end; and by its age", async () => {
  const moment = { nowMs: 0, lastNs: null, isIdle: false };
  const sizeOf = async (maxBytes: number) => {
    const files = new FakeFiles();
    const output = new FileOutput(files.next(1), METADATA, { maxBytes, maxAgeMs: null, source: files });
    await output.begin(boundaryAt(50n, 0n));
    assert.not.ok(output.isDue(moment), "no chunk yet");
    for (let number = 0; !output.isDue(moment); number += 4) await output.take(taken(batch(number, 4)));
    return { records: output.written.records, bytes: files.parts[0]?.writer.bytesAtEnd ?? 0 };
  };
  assert.is((await sizeOf(1000)).records, 4n, "one chunk at least");
  const { records, bytes } = await sizeOf(FINISH_BYTES + 8000);
  assert.ok(records > 4n && bytes <= FINISH_BYTES + 8000, `${records} records, ${bytes} bytes`);
  const files = new FakeFiles();
  const output = new FileOutput(files.next(1), METADATA, { maxBytes: null, maxAgeMs: 1000, source: files });
  await output.begin(boundaryAt(50n, 0n));
  const now = performance.now();
  assert.equal(
    [now, now + 2000].map((nowMs) => output.isDue({ ...moment, nowMs })),
    [false, true],
  );
});

test("a disk that is full when the next file begins leaves the one before whole", async () => {
  const files = new FakeFiles((number) => new FakeSink(number === 1 ? undefined : 100));
  const output = new FileOutput(files.next(1), METADATA, { maxBytes: null, maxAgeMs: 1, source: files });
  await output.begin(boundaryAt(50n, 0n));
  await output.take(taken(batch(0, 4)));
  try {
    await output.cross(boundaryAt(300n, 4n));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SinkFullError);
  }
  assert.equal(files.log, ["begin 1", "begin 2", "take back 2"]);
  const end = await output.end({
    boundary: boundaryAt(900n, 4n, { totals: totals({ recorded: 4n }) }),
    ended: "disk_full",
    lost: lossByCause(totals({ recorded: 4n }), output.written, 0n),
    unwrittenCounts: new Map(),
    failed: true,
  });
  const { capture, chunks } = files.capture(0);
  assert.equal([end.finished, end.files.length], [true, 1]);
  assert.equal(chunks, [batch(0, 4).context]);
  assert.equal([capture.complete, capture.summary?.ended, capture.problems], [true, "disk_full", []]);
});

test("in a session: between two batches, with the calls that were open there", async () => {
  const files = new FakeFiles();
  const source = { maxBytes: 1, maxAgeMs: null, source: files };
  const tape = new FakeTape([batch(0, 4), batch(4, 2)], [batch(6, 2)], { recorded: 8n });
  const result = await runSession({
    tape,
    output: new FileOutput(files.next(1), METADATA, source),
    names: { add() {}, entries: () => ({ tasks: [], queues: [] }) },
    stop: new StopSwitch(),
    clock: { read: (reason) => triple(500n, reason), stepped: () => false },
    start: triple(50n, "start"),
    inventory,
    started() {},
    progress() {},
    chunkWritten() {},
    look() {},
    limits: { durationMs: null, calls: null },
    exhausted: () => (tape.isEmpty ? "command" : null),
  });
  // A chunk is more than the size: one a file, and the last file is empty.
  const parts = [0, 1, 2, 3].map((place) => files.capture(place));
  assert.equal(
    parts.map(({ capture, chunks }) => [capture.host?.recording?.firstRecord, chunks.length]),
    [
      [0n, 1],
      [4n, 1],
      [6n, 1],
      [8n, 0],
    ],
  );
  const inFlight = parts.map(({ capture }) => capture.inventories().map((look) => look.inFlight));
  const atEnd = [{ tid: 7, startNs: 70n, event: 4, enterNs: 450n }];
  assert.equal(inFlight, [
    [[], [OF_BATCH]],
    [[OF_BATCH], [OF_BATCH]],
    [[OF_BATCH], [OF_BATCH]],
    [[OF_BATCH], atEnd],
  ]);
  for (const { capture } of parts) assert.equal([capture.complete, capture.problems], [true, []]);
  assert.equal([result.written.records, result.lost.output, result.files.length], [8n, 0n, 4]);
});

test("a capture begins with a reading from before its first record", () => {
  const at = (timeNs: bigint): ClockTriple => triple(timeNs, "interval");
  const readings = new ClockReadings(triple(10n, "start"));
  for (const timeNs of [20n, 30n, 40n]) readings.add(at(timeNs));
  const times = (lastNs: bigint | null, nowNs: bigint, isIdle: boolean) =>
    readings.before(lastNs, at(nowNs), isIdle).map(({ boottimeNs }) => boottimeNs);
  assert.equal(times(35n, 50n, false), [30n, 40n]);
  assert.equal(times(35n, 3_000_000_000n, true), [40n], "what is to come is younger than two seconds");
  assert.equal(times(5n, 50n, false), [10n, 20n, 30n, 40n], "none is early enough: all there are");
  assert.equal(times(null, 50n, false), [10n, 20n, 30n, 40n]);
});

test("names sort by time, and the oldest are deleted: only those that were made here", async ({
  directory,
}) => {
  assert.equal(
    ["a.mtape", "a", "b/a.b.mtape"].map((output) => partName(output, 12)),
    ["a.000012.mtape", "a.000012.mtape", "b/a.b.000012.mtape"],
  );
  const output = join(directory, "r.mtape");
  const said: string[] = [];
  const row = openRow(output, null);
  const files = new PartFiles({
    output,
    directory: row,
    open: (path) => FileSink.create(path, null, () => row.again()),
    keep: 2,
    say: (line) => said.push(line),
  });
  for (let number = 1; number <= 5; number++) {
    const sink = files.begin();
    await sink.close();
    if (number === 3) {
      renameSync(sink.name, join(directory, "moved.mtape"));
      writeFileSync(sink.name, "another's");
    }
    assert.is(files.written(sink), 2);
  }
  const later = ["r.000004.mtape", "r.000005.mtape"];
  assert.equal(readdirSync(directory).sort(), ["moved.mtape", "r.000003.mtape", ...later]);
  // What is still on its way to the disk is not deleted, however old; what came to nothing is, and its number is free.
  const [sixth, seventh, eighth] = [files.begin(), files.begin(), files.begin()];
  files.takeBack(eighth);
  assert.is(files.begin().name, eighth.name);
  assert.is(files.written(seventh), 2);
  assert.equal(
    readdirSync(directory).filter((name) => later.includes(name)),
    [],
  );
  assert.ok(existsSync(sixth.name) && existsSync(seventh.name));
  await sixth.close();
  files.written(sixth);
  assert.not.ok(existsSync(sixth.name));
  row.close();
  assert.equal(said, []);
});

test("where the files are is told when their directory is moved", ({ directory }) => {
  const [path, moved] = [join(directory, "d"), join(directory, "moved")];
  mkdirSync(path);
  const output = join(path, "r.mtape");
  const row = openRow(output, null);
  const said: string[] = [];
  const open = (name: string) => FileSink.create(name, null, () => row.again());
  const files = new PartFiles({ output, directory: row, open, keep: null, say: (line) => said.push(line) });
  const sinks = [files.begin()];
  renameSync(path, moved);
  sinks.push(files.begin());
  mkdirSync(path); // another's
  sinks.push(files.begin());
  assert.equal(readdirSync(moved), ["r.000001.mtape", "r.000002.mtape", "r.000003.mtape"]);
  rmSync(path, { recursive: true });
  renameSync(moved, path);
  sinks.push(files.begin());
  assert.equal(said, [`${path}: was moved: the files go on in ${moved}`, `${path}: is where it was again`]);
  for (const sink of sinks) sink.discard();
  row.close();
});

test("a name that somebody takes meanwhile is passed over, and their file left alone", ({ directory }) => {
  const output = join(directory, "r.mtape");
  const row = openRow(output, null);
  const open = (path: string) => FileSink.create(path, null, () => row.again());
  const files = new PartFiles({ output, directory: row, open, keep: null, say: () => {} });
  const taken = ["r.000001.mtape", "r.000003.mtape", "r.000004.mtape"].map((name) => join(directory, name));
  for (const path of taken) writeFileSync(path, "another's");
  const sinks = [files.begin(), files.begin()];
  assert.equal(
    sinks.map(({ name }) => name),
    [join(directory, "r.000002.mtape"), join(directory, "r.000005.mtape")],
  );
  for (const path of taken) assert.is(readFileSync(path, "utf8"), "another's");
  for (const sink of sinks) sink.discard();
  row.close();
});

test("a start is refused when a file of that row is there, or none can be made", ({ directory }) => {
  const refusal = (output: string) => {
    try {
      openRow(output, null).close();
      return null;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return `${error.exitStatus} ${error.message}`;
    }
  };
  const output = join(directory, "r.mtape");
  for (const other of ["r.mtape", "r.0001.mtape", "r.000001.mtape.gz", "or.000001.mtape"])
    writeFileSync(join(directory, other), "");
  assert.is(refusal(output), null);
  const later = join(directory, "r.000007.mtape");
  writeFileSync(later, "");
  assert.is(
    refusal(output),
    `1 ${later}: exists already, and a recording never writes over a file: choose another name with -o`,
  );
  for (const name of ["", ".", ".."].map((end) => `${directory}/${end}`)) {
    assert.is(refusal(name), `1 ${name}: is a directory: name a file with -o`);
  }
  assert.match(refusal(join(directory, "l".repeat(245))) ?? "", /names have 258 bytes, at most 255 can be/);
  const nowhere = join(directory, "no", "r.mtape");
  assert.is(
    refusal(nowhere),
    `1 ${join(directory, "no", "r.000001.mtape")}: there is no directory ${join(directory, "no")}: make it first, or choose another with -o`,
  );
  assert.ok(existsSync(later));
});

test("a capture that is as long as readers read ends: in the next file with rotation, else the recording does", async () => {
  const files = new FakeFiles();
  const limits = { ...LIMITS, frames: 1030 };
  const part = (number: number) => {
    const captureId = new Uint8Array(16).fill(number);
    const sink = new FakeSink();
    return { captureId: "id", sink, writer: new CaptureWriter(sink, createEncoder({ captureId, limits })) };
  };
  const first = { ...boundaryAt(50n, 0n), clocks: [triple(50n, "start")], inventory: inventory("start", []) };
  const rotating = new FileOutput(part(1), METADATA, { maxBytes: null, maxAgeMs: null, source: files });
  const alone = new FileOutput(part(2), METADATA, null);
  for (const output of [rotating, alone]) await output.begin(first);
  for (let chunk = 0; chunk < 2; chunk++) {
    assert.is(rotating.isDue({ nowMs: 0 }), false);
    for (const output of [rotating, alone]) await output.take(taken(batch(4 * chunk, 4)));
  }
  assert.is(rotating.isDue({ nowMs: 0 }), true);
  await rotating.take(taken(batch(8, 4)));
  try {
    await alone.take(taken(batch(8, 4)));
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof SinkError && /holds as many chunks as a file may/.test(error.message));
  }
});

test.run();
