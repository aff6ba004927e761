import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import { memorySource } from "../../src/format/source.js";
import { FileOutput } from "../../src/record/file-output.js";
import { runSession, type SessionParts, type SessionResult } from "../../src/record/session.js";
import { SinkFullError } from "../../src/record/sink.js";
import { StopSwitch } from "../../src/record/stop.js";
import { CaptureWriter } from "../../src/record/writer.js";
import { BTF, batch, FakeSink, FakeTape, FINISH_BYTES, HOST, inventory, NO_COUNTS, triple } from "./fakes.js";

const test = suite("session");

interface Run {
  readonly result: SessionResult;
  readonly sink: FakeSink;
  readonly tape: FakeTape;
}

async function runWith(
  tape: FakeTape,
  sink: FakeSink,
  change: (stop: StopSwitch) => Partial<SessionParts>,
): Promise<Run> {
  const stop = new StopSwitch();
  const result = await runSession({
    tape,
    output: new FileOutput(
      {
        captureId: "",
        sink,
        writer: new CaptureWriter(sink, createEncoder({ captureId: new Uint8Array(16), compress: false })),
      },
      { host: HOST, btf: BTF },
      null,
    ),
    names: { add() {}, entries: () => ({ tasks: [], queues: [] }) },
    stop,
    clock: { read: (reason) => triple(reason === "end" ? 900n : 500n, reason), stepped: () => false },
    start: triple(50n, "start"),
    inventory,
    started() {
      tape.log.push("started");
    },
    progress() {},
    chunkWritten() {},
    look() {},
    limits: { durationMs: null, calls: null },
    exhausted: () => "command",
    ...change(stop),
  });
  return { result, sink, tape };
}

function captureOf(sink: FakeSink) {
  const capture = openCapture(memorySource(sink.bytes));
  const chunks = [...capture.chunks()].map((chunk) => chunk.entry?.context ?? null);
  return { capture, chunks };
}

test("writes metadata, then batches as chunks with their gaps, then the end", async () => {
  const gap = { cpu: 1, fromNs: 110n, toNs: 120n, lost: 5n };
  const gaps = [{ plane: "syscall", cause: null, ...gap }] as const;
  const tape = new FakeTape([batch(0, 4), null, batch(4, 2, { gaps })], [batch(6, 2)], {
    recorded: 8n,
    lostRingFull: 5n,
    x32: 3n,
    lostEntries: NO_COUNTS.map((_, event) => (event === 3 ? 5n : 0n)),
  });
  const { result, sink } = await runWith(tape, new FakeSink(), () => ({
    exhausted: () => (tape.isEmpty ? "command" : null),
  }));
  const { capture, chunks } = captureOf(sink);
  assert.equal(tape.log, ["start", "started", "stop"]);
  assert.equal(chunks, [batch(0, 4).context, batch(4, 2).context, batch(6, 2).context]);
  assert.equal(capture.gaps, [{ ...gap, cause: "ring_full" }]);
  assert.equal(capture.clocks, [triple(50n, "start"), triple(900n, "end")]);
  assert.equal(
    capture.inventories().map((one) => [one.reason, one.inFlight]),
    [
      ["start", []],
      ["end", [{ tid: 7, startNs: 70n, event: 4, enterNs: 450n }]],
    ],
  );
  assert.equal(capture.summary, {
    startNs: 50n,
    endNs: 900n,
    ended: "command",
    records: 8n,
    lost: 5n,
    lostByEvent: [{ event: 3, entries: 5n, exits: 0n }],
    gaps: 1,
    chunks: 3,
    counts: [{ event: 3, entries: 4, exits: 4 }],
    x32Calls: 3n,
  });
  assert.ok(capture.complete);
  assert.equal(capture.problems, []);
  assert.equal(result.lost, {
    ringFull: 5n,
    noScratch: 0n,
    recursion: 0n,
    output: 0n,
    planes: 0n,
    planesOutput: 0n,
  });
  assert.is(result.bytes, sink.bytes.length);
});

test("what the planes tell: with its batch's records or alone, its losses apart from those of calls", async () => {
  // A record begins with its size, a u32.
  const bytes = (tid: number) => Uint8Array.from({ length: 104 }, (_, i) => [104, 0, 0, 0][i] ?? tid);
  const lone = { ...batch(4, 0).context, counts: [], firstTimeNs: null, lastTimeNs: null };
  const gaps = [
    { plane: "planes", cause: "ring_full", cpu: null, fromNs: 1n, toNs: 2n, lost: 5n },
    { plane: "planes", cause: "recursion", cpu: null, fromNs: null, toNs: 3n, lost: 2n },
  ] as const;
  const tape = new FakeTape(
    [
      batch(0, 4, { planes: bytes(1), planesRecords: 1 }),
      batch(4, 0, { context: lone, planes: bytes(2), planesRecords: 1, gaps }),
    ],
    [batch(4, 2)],
    { recorded: 6n, planesLost: 5n, planesSkipped: 2n },
  );
  const { result, sink } = await runWith(tape, new FakeSink(), () => ({
    exhausted: () => (tape.isEmpty ? "command" : null),
  }));
  const { capture } = captureOf(sink);
  const chunks = [...capture.chunks()].map(({ body }) => [body?.records.length, body?.planes]);
  assert.equal(chunks, [
    [256, bytes(1)],
    [0, bytes(2)],
    [128, undefined],
  ]);
  assert.equal(capture.gaps, gaps);
  assert.equal([capture.summary?.lost, capture.summary?.planesLost], [0n, 7n]);
  assert.is(result.lost.planes, 7n);
  assert.equal(capture.problems, []);
});

test("a full disk: what the planes told is lost with its batch, and said to be", async () => {
  const planes = new Uint8Array(8000).fill(7);
  const tape = new FakeTape([batch(0, 4), batch(4, 1000, { planes, planesRecords: 70 })], [], {
    recorded: 1004n,
  });
  const { result, sink } = await runWith(tape, new FakeSink(FINISH_BYTES + 4096), () => ({
    exhausted: () => null,
  }));
  const { capture } = captureOf(sink);
  const gap = { cpu: null, fromNs: 103n, toNs: null, cause: "output" };
  assert.equal(capture.gaps, [
    { ...gap, lost: 1000n },
    { ...gap, lost: 70n, plane: "planes" },
  ]);
  assert.equal([capture.summary?.lost, capture.summary?.planesLost], [1000n, 70n]);
  assert.is(result.lost.planesOutput, 70n);
});

test("a full disk: back to the last whole frame, a gap, a summary, and what came later is counted", async () => {
  const tape = new FakeTape([batch(0, 4), batch(4, 1000), batch(1004, 6)], [batch(1010, 10)], {
    recorded: 1020n,
  });
  const { result, sink } = await runWith(tape, new FakeSink(FINISH_BYTES + 4096), () => ({
    exhausted: () => null,
  }));
  const { capture, chunks } = captureOf(sink);
  assert.is(result.ended, "disk_full");
  assert.ok(result.finished);
  assert.instance(result.failure, SinkFullError);
  assert.equal(chunks, [batch(0, 4).context]);
  assert.equal(capture.gaps, [{ cpu: null, fromNs: 103n, toNs: null, lost: 1016n, cause: "output" }]);
  assert.is(capture.summary?.lost, 1016n);
  assert.equal(capture.summary?.lostByEvent, [{ event: 3, entries: 508n, exits: 508n }]);
  assert.is(capture.summary?.ended, "disk_full");
  assert.equal(capture.problems, []);
});

test("an output that fails ends the recording, and the file has no end", async () => {
  // File header, host, clocks, two of BTF, inventory and one chunk are written before.
  const tape = new FakeTape([batch(0, 4), batch(4, 4)], [], { recorded: 8n });
  const { result, sink } = await runWith(tape, new FakeSink(undefined, 7), () => ({ exhausted: () => null }));
  assert.is(result.ended, "error");
  assert.not.ok(result.finished);
  assert.is(result.failure?.message, "fake: cannot be written: i/o error");
  assert.is(result.lost.output, 4n);
  const { capture, chunks } = captureOf(sink);
  assert.not.ok(capture.complete);
  assert.equal(chunks, [batch(0, 4).context]);
});

test("the second signal does not wait for the ring, and says what is missing", async () => {
  const tape = new FakeTape([batch(0, 4)], [batch(4, 4), batch(8, 4)], { recorded: 12n });
  const { result, sink } = await runWith(tape, new FakeSink(), (stop) => ({
    exhausted() {
      stop.request("signal", "SIGINT");
      stop.request("signal", "SIGINT");
      return null;
    },
  }));
  const { capture, chunks } = captureOf(sink);
  assert.is(result.ended, "signal");
  assert.equal(chunks, [batch(0, 4).context, batch(4, 4).context]);
  assert.equal(capture.gaps, [{ cpu: null, fromNs: 107n, toNs: null, lost: 4n, cause: "output" }]);
  assert.ok(capture.complete);
});

test("ends after the time, and after the calls, that it was given", async () => {
  const time = await runWith(new FakeTape([], [], {}), new FakeSink(), () => ({
    exhausted: () => null,
    limits: { durationMs: 1, calls: null },
  }));
  assert.is(time.result.ended, "duration");
  const exits = NO_COUNTS.map((_, event) => (event === 3 || event === 4 ? 2n : 0n));
  const count = await runWith(new FakeTape([], [], { recordedExits: exits }), new FakeSink(), () => ({
    exhausted: () => null,
    limits: { durationMs: null, calls: 4 },
  }));
  assert.is(count.result.ended, "count");
});

test("a start that fails is thrown, and nothing is let go", async () => {
  const tape = new FakeTape([], [], {});
  try {
    await runWith(tape, new FakeSink(100), () => ({}));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SinkFullError);
  }
  assert.equal(tape.log, ["start"]);
});

test.run();
