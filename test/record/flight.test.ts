import { randomFillSync } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BlockStore } from "../../src/record/block-store.js";
import { FlightOutput } from "../../src/record/flight-output.js";
import { lossByCause } from "../../src/record/losses.js";
import type { Moment } from "../../src/record/output.js";
import { SinkError, SinkFullError } from "../../src/record/sink.js";
import type { Snapshot } from "../../src/record/snapshot.js";
import { SnapshotRequests } from "../../src/record/snapshot-requests.js";
import type { Batch } from "../../src/record/tape.js";
import {
  BTF,
  batch,
  boundaryAt,
  FakeFiles,
  FakeSink,
  FINISH_BYTES,
  HOST,
  NOTHING,
  taken,
  triple,
} from "./fakes.js";

const test = suite("record: flight recorder");

const ID = "01010101-0101-0101-0101-010101010101";
const SECOND = 1_000_000_000n;

interface Flight {
  readonly output: FlightOutput;
  readonly files: FakeFiles;
  readonly requests: SnapshotRequests;
  readonly store: BlockStore;
  readonly log: string[];
}

function flight(options: { memoryBytes?: number; windowNs?: bigint; files?: FakeFiles } = {}): Flight {
  const { memoryBytes: limitBytes = 1 << 24, windowNs = 9n * SECOND, files = new FakeFiles() } = options;
  const log: string[] = [];
  const requests = new SnapshotRequests(0);
  const store = new BlockStore(limitBytes);
  const output = new FlightOutput({
    windowNs,
    limitBytes,
    store,
    metadata: { host: HOST, btf: BTF },
    recordingId: ID,
    source: files,
    requests,
    done: (outcome, reasons) => log.push(`${wordOf(outcome)} for ${reasons.join(", ")}`),
    short: (heldNs) => log.push(`short: ${heldNs}`),
    chunkWritten() {},
  });
  return { output, files, requests, store, log };
}

function wordOf(outcome: Snapshot | SinkError): string {
  if (outcome instanceof SinkError) return outcome.message;
  return `${outcome.records} records${outcome.cut === null ? "" : ", cut"}`;
}

/** Everything asked for until now is through. */
const NOW: Moment = { nowMs: 1e12, lastNs: 1n << 62n, isIdle: true };

function ask({ requests }: Flight, reason: string): void {
  requests.add({ reason, atNs: 0n, atMs: 0 });
}

/** A batch at a time, of records so large. */
function batchAt(timeNs: bigint, firstRecord: number, records: number, recordBytes = 64): Batch {
  const one = batch(firstRecord, records);
  const bytes = new Uint8Array(records * recordBytes);
  randomFillSync(bytes); // does not compress
  for (let i = 0; i < records; i++) new DataView(bytes.buffer).setUint32(i * recordBytes, recordBytes, true);
  const context = { ...one.context, firstTimeNs: timeNs, lastTimeNs: timeNs + 1n };
  return { ...one, records: bytes, context };
}

async function finishWriting({ log }: Flight, count: number): Promise<void> {
  for (let turns = 0; log.length < count && turns < 1000; turns++) await new Promise(setImmediate);
  assert.is(log.length, count, log.join("; "));
}

function endAt(timeNs: bigint, { output }: Flight, recorded: bigint) {
  const now = { ...NOTHING, recorded };
  return output.end({
    boundary: boundaryAt(timeNs, recorded, { totals: now }),
    ended: "signal",
    lost: lossByCause(now, output.written, 0n),
    unwrittenCounts: new Map(),
    failed: false,
  });
}

test("nothing is written until it is asked for; two snapshots overlap, and number their records alike", async () => {
  const one = flight();
  const { output, files, log } = one;
  await output.begin(boundaryAt(SECOND, 0n));
  // A segment every second; the window is 9 s, and a second in which it is asked for.
  for (let second = 1; second <= 15; second++) {
    const at = BigInt(second) * SECOND;
    await output.take(taken(batchAt(at + 1n, (second - 1) * 4, 4)));
    if (second === 12) ask(one, "latency(x) > 50ms");
    await output.cross(boundaryAt(at + SECOND, BigInt(second * 4)), NOW);
    if (second < 12) assert.equal([files.log, output.written.records], [[], BigInt(second * 4)]);
    if (second === 12) await finishWriting(one, 1);
  }
  const end = await endAt(17n * SECOND, one, 60n);
  assert.equal([end.finished, end.failure, end.files.length], [true, null, 2]);
  const [first, last] = [files.capture(0), files.capture(1)];
  // From the newest boundary that the window does not reach past: 13 s - 10 s, begun with a reading just before it.
  assert.equal(first.capture.host?.recording, { id: ID, part: 1, firstRecord: 8n });
  assert.equal(
    first.chunks.map((context) => [context?.firstRecord, context?.firstTimeNs]),
    Array.from({ length: 10 }, (_, i) => [BigInt(4 * i), BigInt(i + 3) * SECOND + 1n]),
  );
  assert.equal(first.capture.clocks[0], triple(3n * SECOND - 10n, "start"));
  assert.equal(first.capture.clocks.at(-1), triple(13n * SECOND, "end"));
  const looks = first.capture.inventories().map(({ atNs }) => Number(atNs / SECOND));
  assert.equal(looks, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  assert.equal(first.capture.summary, {
    startNs: 3n * SECOND - 10n,
    endNs: 13n * SECOND,
    ended: "snapshot",
    trigger: "latency(x) > 50ms",
    records: 40n,
    lost: 0n,
    lostByEvent: [],
    gaps: 0,
    chunks: 10,
    counts: [{ event: 3, entries: 20, exits: 20 }],
    x32Calls: 0n,
  });
  assert.equal(last.capture.host?.recording, { id: ID, part: 2, firstRecord: 24n });
  assert.equal([last.capture.summary?.ended, last.capture.summary?.trigger], ["signal", "exit"]);
  // The same records have the same numbers and bytes.
  const numbered = (of: typeof first) =>
    [...of.capture.chunks()].map(({ entry, body }) => [
      (entry?.context.firstRecord ?? 0n) + (of.capture.host?.recording?.firstRecord ?? 0n),
      body?.records,
    ]);
  assert.equal(numbered(first).slice(4), numbered(last).slice(0, 6));
  for (const { capture } of [first, last]) assert.equal([capture.complete, capture.problems], [true, []]);
  assert.equal(log, ["40 records for latency(x) > 50ms", "36 records for exit"]);
});

test("a reading of the clocks that two segments begin with is in a snapshot once, in order of time", async () => {
  const one = flight();
  const { output, files } = one;
  const [first, second, third] = [900n, 1900n, 2900n].map((ns) => triple(ns * 1_000_000n, "interval"));
  if (first === undefined || second === undefined || third === undefined) throw new Error("no readings");
  await output.begin({ ...boundaryAt(SECOND, 0n), clocks: [first] });
  await output.clocks([second]);
  await output.cross({ ...boundaryAt(2n * SECOND, 0n), clocks: [first, second] }, NOW);
  await output.cross({ ...boundaryAt(3n * SECOND, 0n), clocks: [second, third] }, NOW);
  await endAt(4n * SECOND, one, 0n);
  assert.equal(files.capture(0).capture.clocks, [
    { ...first, reason: "start" },
    second,
    third,
    triple(4n * SECOND, "end"),
  ]);
});

test("the memory bounds what is kept: the oldest go, and it is said once", async () => {
  const memoryBytes = 1 << 20;
  const one = flight({ memoryBytes, windowNs: 1000n * SECOND });
  const { output, store, files, log } = one;
  await output.begin(boundaryAt(SECOND, 0n));
  for (let i = 0; i < 200; i++) {
    const at = BigInt(i + 2) * SECOND;
    await output.take(taken(batchAt(at, i * 100, 100, 256)));
    assert.ok(store.usedBytes <= memoryBytes, `${store.usedBytes} bytes`);
    if (output.isDue({ ...NOW, nowMs: performance.now() + 500 }))
      await output.cross(boundaryAt(at + 10n, BigInt(i + 1) * 100n), NOW);
  }
  assert.equal([log.length, log[0]?.slice(0, 6)], [1, "short:"]);
  const { heldNs } = await endAt(300n * SECOND, one, 20_000n);
  assert.ok(heldNs !== null && heldNs > 0n && heldNs <= BigInt(log[0]?.slice(7) ?? 0), `${heldNs}`);
  const { capture, chunks } = files.capture(0);
  const kept = chunks.length;
  assert.ok(kept >= 20 && kept <= 41, `${kept} chunks of 25 kB in 1 MiB`);
  assert.equal(chunks[0]?.firstRecord, 0n);
  assert.is(capture.host?.recording?.firstRecord, BigInt(200 - kept) * 100n);
  assert.equal([capture.summary?.lost, capture.gaps, capture.problems], [0n, [], []]);
});

test("while a snapshot is written the recording goes on, keeps to its memory, and asking again gives one more", async () => {
  const memoryBytes = 1 << 20;
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  class SlowSink extends FakeSink {
    override async write(bytes: Uint8Array): Promise<void> {
      await opened;
      await super.write(bytes);
    }
  }
  const files = new FakeFiles((number) => (number === 1 ? new SlowSink() : new FakeSink()));
  const one = flight({ memoryBytes, windowNs: 1000n * SECOND, files });
  const { output, store, log } = one;
  await output.begin(boundaryAt(SECOND, 0n));
  let taking = 0;
  const take = async () => {
    const at = BigInt(++taking + 1) * SECOND;
    await output.take(taken(batchAt(at, (taking - 1) * 100, 100, 256)));
    await output.cross(boundaryAt(at + 10n, BigInt(taking) * 100n), NOW);
  };
  while (taking < 20) await take();
  ask(one, "signal");
  await take();
  ask(one, "signal");
  ask(one, "EIDRM");
  const before = store.usedBytes;
  // There is room for some, and then the disk is waited for.
  const more = (async () => {
    for (let i = 0; i < 30; i++) await take();
  })();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(taking > 21 && taking < 51, `${taking} batches with the disk standing still`);
  assert.ok(store.usedBytes > before && store.usedBytes <= memoryBytes);
  open();
  await more;
  await finishWriting(one, 3); // and that the memory does not last
  assert.equal(
    log.filter((line) => !line.startsWith("short")).map((line) => line.replace(/\d+/, "N")),
    ["N records for signal", "N records for signal, EIDRM"],
  );
  assert.equal(files.capture(0).capture.summary?.records, 2100n);
  assert.equal(files.capture(1).capture.summary?.trigger, "signal; EIDRM");
  await endAt(300n * SECOND, one, BigInt(taking) * 100n);
  for (const place of [0, 1, 2]) {
    const { capture } = files.capture(place);
    assert.equal([capture.complete, capture.problems, capture.summary?.lost], [true, [], 0n]);
  }
});

test("a snapshot that cannot be made is told of, and the next one is; a full disk leaves the oldest records", async () => {
  const failing = new FakeFiles((number) =>
    number === 1 && failing.parts.length === 0
      ? new FakeSink(undefined, 3)
      : new FakeSink(FINISH_BYTES + 8000),
  );
  const one = flight({ files: failing });
  const { output, log } = one;
  await output.begin(boundaryAt(SECOND, 0n));
  for (let i = 0; i < 10; i++) {
    await output.take(taken(batchAt(BigInt(i + 2) * SECOND, i * 10, 10, 256)));
    if (i === 3) ask(one, "signal");
    await output.cross(boundaryAt(BigInt(i + 3) * SECOND, BigInt(i + 1) * 10n), NOW);
    if (i === 3) await finishWriting(one, 1);
  }
  const end = await endAt(15n * SECOND, one, 100n);
  assert.equal(failing.log, ["begin 1", "take back 1", "begin 1", "written 2"]);
  assert.equal([end.finished, end.files.length], [true, 1]);
  assert.instance(end.failure, SinkError);
  assert.is(log[0], "fake: cannot be written: i/o error for signal");
  assert.match(log[1] ?? "", /^\d+ records, cut for exit$/);
  const { capture, chunks } = failing.capture(1);
  const records = chunks.reduce((sum, context) => sum + (context?.records ?? 0), 0);
  const first = Number(capture.host?.recording?.firstRecord);
  assert.ok(records > 0 && records < 100 - first, `${records} records`);
  assert.is(capture.host?.recording?.part, 1);
  assert.is(capture.summary?.ended, "disk_full");
  assert.is(capture.summary?.lost, BigInt(100 - first - records));
  assert.equal(
    capture.gaps.map(({ lost, cause }) => [lost, cause]),
    [[BigInt(100 - first - records), "output"]],
  );
  assert.equal([capture.complete, capture.problems], [true, []]);
});

test("asked for once its moment is through the rings, and later by --after", () => {
  const requests = new SnapshotRequests(2000);
  const request = { reason: "t", atNs: 100n, atMs: 1000 };
  requests.add(request);
  const ready = (nowMs: number, lastNs: bigint | null, isIdle = false) =>
    requests.isReady({ nowMs, lastNs, isIdle });
  const after = 100n + 2n * SECOND;
  assert.equal(
    [
      ready(2999, after),
      ready(3000, after - 1n),
      ready(3000, after),
      ready(3000, null, true),
      ready(3750, null, true),
    ],
    [false, false, true, false, true],
  );
  requests.add({ ...request, atNs: 5000n });
  assert.equal([requests.take(), requests.take()], [["t"], []]);
});

test("blocks: what is put comes back, what is freed is used again, and no more than the limit", () => {
  const store = new BlockStore(64 << 10);
  const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);
  const [small, large] = [store.put(bytes(1, 1)), store.put(bytes(40_000, 2))];
  if (small === null || large === null) throw new Error("no room");
  assert.is(store.put(bytes(20_000, 3)), null);
  assert.equal([store.get(small), store.get(large)], [bytes(1, 1), bytes(40_000, 2)]);
  const used = store.usedBytes;
  store.free(large);
  const again = store.put(bytes(39_000, 4));
  if (again === null) throw new Error("no room");
  assert.ok(again.blocks.every((block) => large.blocks.includes(block)));
  assert.equal([store.get(again), store.get(small)], [bytes(39_000, 4), bytes(1, 1)]);
  assert.is(store.usedBytes, used);
  assert.is(store.put(new Uint8Array(0))?.lengthBytes, 0);
});

test("a chunk that not even an empty memory would hold is a gap", async () => {
  const one = flight({ memoryBytes: 64 << 10 });
  const { output, files } = one;
  await output.begin(boundaryAt(SECOND, 0n));
  await output.take(taken(batchAt(2n * SECOND, 0, 10)));
  await output.take(taken(batchAt(3n * SECOND, 10, 400, 1024)));
  await output.take(taken(batchAt(4n * SECOND, 410, 10)));
  assert.is(output.written.records, 20n);
  await endAt(5n * SECOND, one, 420n);
  const { capture, chunks } = files.capture(0);
  assert.equal(
    chunks.map((context) => context?.firstRecord),
    [0n, 410n],
  );
  const gap = { cpu: null, fromNs: 2n * SECOND + 1n, toNs: 3n * SECOND + 1n, cause: "output" };
  assert.equal(capture.gaps, [{ ...gap, lost: 400n }]);
  assert.is(capture.summary?.lost, 400n);
  assert.instance(new SinkFullError("x"), SinkError);
});

test.run();
