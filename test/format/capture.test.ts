/** What is read when, and an index that does not fit its file. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import type { ByteSource } from "../../src/format/source.js";
import {
  BTF,
  CAPTURE_ID,
  CLOCK,
  contextOf,
  digest,
  frame,
  HOST,
  join,
  open,
  pack,
  recordsOf,
  SYNC,
  sampleParts,
  summaryOf,
  trailer,
} from "./support.js";

const test = suite("format: capture");
const parts = sampleParts();
const whole = join(...parts);
const offsets = parts.map((_, i) => parts.slice(0, i).reduce((sum, part) => sum + part.length, 0));

function counting(
  bytes: Uint8Array,
  sizeBytes: number | null = bytes.length,
): { source: ByteSource; reads: [number, number][] } {
  const reads: [number, number][] = [];
  return {
    reads,
    source: {
      name: "t",
      sizeBytes,
      read: (offset, length) => {
        const got = bytes.subarray(offset, offset + length);
        reads.push([offset, offset + got.length]);
        return got;
      },
    },
  };
}

test("opening a finished capture reads no chunk and no BTF", () => {
  const { source, reads } = counting(whole);
  const capture = openCapture(source);
  assert.is(capture.host?.hostname, "h");
  assert.is(capture.summary?.records, 5n);
  assert.equal(
    capture.index.map((entry) => entry.context.records),
    [3, 2],
  );
  for (const part of [3, 4, 6]) {
    const [from, to] = [offsets[part] ?? 0, offsets[part + 1] ?? 0];
    assert.not(
      reads.some(([start, end]) => start < to && end > from),
      `part ${part} was read`,
    );
  }
  assert.equal(capture.recorderBtf, BTF);
  assert.is(capture.hostBtf, null);
});

test("chunks are read one by one, when they are asked for", () => {
  const { source, reads } = counting(whole);
  const pass = openCapture(source).chunks();
  const before = reads.length;
  pass.next();
  assert.equal(reads.slice(before), [[offsets[4], offsets[5]]]);
});

test("a chunk that is not wanted is neither read nor yielded", () => {
  const { source, reads } = counting(whole);
  const capture = openCapture(source);
  const before = reads.length;
  const steps = [...capture.chunks((entry) => entry.context.firstRecord === 3n)];
  assert.equal(
    steps.map((step) => step.entry?.context.records),
    [2],
  );
  assert.equal(reads.slice(before), [[offsets[6], offsets[7]]]);
});

test("a source that does not know its size is read from its start", () => {
  const { source } = counting(whole, null);
  const capture = openCapture(source);
  assert.equal(digest(capture), { records: [0, 1, 2, 3, 4], steps: ["chunk", "chunk"], problems: [] });
  assert.equal([capture.indexFrom, capture.complete], ["scan", true]);
});

interface Line {
  type: number;
  offset: number;
  stored: number;
  raw: number;
  context: Uint8Array;
  flags: number;
}

/** The sample with another index, its checksums right. */
function withIndex(change: (lines: Line[]) => void): Uint8Array {
  const head = join(...parts.slice(0, 7));
  const view = new DataView(head.buffer);
  const lines = offsets.slice(1, 7).map((offset): Line => {
    const u32 = (at: number): number => view.getUint32(offset + at, true);
    const context = head.slice(offset + 40, offset + 40 + u32(12));
    return {
      type: view.getUint16(offset + 8, true),
      flags: view.getUint16(offset + 10, true),
      offset,
      stored: u32(24),
      raw: u32(28),
      context,
    };
  });
  change(lines);
  const entries = lines.map((line) =>
    pack.map(
      ["type", pack.int(line.type)],
      ["flags", pack.int(line.flags)],
      ["offset", pack.long(BigInt(line.offset))],
      ["stored_bytes", pack.int(line.stored)],
      ["raw_bytes", pack.int(line.raw)],
      ["context", pack.bin(line.context)],
    ),
  );
  const index = frame({
    type: 7,
    sequence: 6,
    payload: Uint8Array.from(pack.map(["frames", pack.list(...entries)])),
  });
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC, compress: false });
  for (let i = 0; i < 7; i++)
    encoder.gap({ cpu: null, fromNs: null, toNs: null, lost: 0n, cause: "unknown" });
  const end = encoder.finish(summaryOf(5, 2)); // its INDEX is frame 7, its SUMMARY frame 8
  const summaryAt = 40 + Math.ceil(new DataView(end.buffer).getUint32(24, true) / 8) * 8;
  const payload = end.slice(summaryAt + 40, end.length - 56);
  const used = new DataView(end.buffer).getUint32(summaryAt + 24, true);
  const summary = frame({ type: 8, sequence: 7, payload: payload.subarray(0, used) });
  const at = head.length;
  return join(
    head,
    index,
    summary,
    trailer({ index: at, summary: at + index.length, file: at + index.length + summary.length + 56 }),
  );
}

test("the same index, spelled by hand, is used", () => {
  const capture = open(withIndex(() => {}));
  assert.equal(digest(capture), { records: [0, 1, 2, 3, 4], steps: ["chunk", "chunk"], problems: [] });
  assert.is(capture.indexFrom, "index");
});

test("an index that leaves a hole, overlaps, or ends early is told and not used", () => {
  const wrong: readonly ((lines: Line[]) => void)[] = [
    (lines) => lines.splice(3, 1),
    (lines) => lines.splice(5, 1),
    (lines) => lines.splice(0),
    (lines) => lines.reverse(),
    (lines) => lines.push(...lines.slice(-1)),
    (lines) => Object.assign(lines[2] ?? {}, { offset: 8 }),
    (lines) => Object.assign(lines[2] ?? {}, { stored: 0xffffffff, raw: 0xffffffff }),
    (lines) => Object.assign(lines[2] ?? {}, { raw: 1 }),
  ];
  for (const change of wrong) {
    const capture = open(withIndex(change));
    assert.equal(digest(capture), {
      records: [0, 1, 2, 3, 4],
      steps: ["chunk", "chunk"],
      problems: ["index_mismatch"],
    });
    assert.is(capture.indexFrom, "scan");
    assert.is(capture.complete, true);
  }
});

test("an index that says of a chunk what the chunk does not is told when the chunk is read", () => {
  const other = (at: number) => (lines: Line[]) => {
    const line = lines[3];
    if (line) line.context = line.context.map((byte, i) => (i === at ? byte ^ 1 : byte));
  };
  const read = digest(open(withIndex(other(8))));
  assert.equal(read, { records: [3, 4], steps: ["index_mismatch", "chunk"], problems: ["index_mismatch"] });
});

test("an index that hides a frame under a type nobody knows is told and not used", () => {
  for (const flags of [0, 1]) {
    const capture = open(withIndex((lines) => Object.assign(lines[4] ?? {}, { type: 0x8000, flags })));
    assert.equal(digest(capture).problems, ["index_mismatch"]);
    assert.is(capture.gaps.length, 1);
  }
});

test("a trailer that says there is no index: the frames are found without it, and nothing is wrong", () => {
  const head = join(...parts.slice(0, 7));
  const summary = frame({ type: 8, sequence: 6, payload: new Uint8Array(0) });
  const bytes = join(
    head,
    summary,
    trailer({ index: null, summary: head.length, file: head.length + summary.length + 56 }),
  );
  const capture = open(bytes);
  assert.equal(digest(capture), {
    records: [0, 1, 2, 3, 4],
    steps: ["chunk", "chunk"],
    problems: ["body_invalid"],
  });
  assert.equal([capture.indexFrom, capture.complete, capture.summary], ["scan", false, null]);
});

test("a finished capture of nothing has an index that is empty", () => {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC });
  const capture = open(
    join(encoder.fileHeader(), encoder.host(HOST), encoder.clocks([CLOCK]), encoder.finish(summaryOf(0, 0))),
  );
  assert.equal([capture.indexFrom, capture.index.length, capture.complete], ["index", 0, true]);
  assert.equal(digest(capture), { records: [], steps: [], problems: [] });
});

test("BTF that is not what its hash says is not used", () => {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC });
  const sha256 = "0".repeat(64);
  const capture = open(
    join(
      encoder.fileHeader(),
      encoder.btf({ origin: "host", sha256, data: BTF }),
      encoder.finish(summaryOf(0, 0)),
    ),
  );
  assert.is(capture.hostBtf, null);
  assert.equal(
    capture.problems.map((one) => one.code),
    ["btf_hash"],
  );
});

test("a summary that counts otherwise than the chunks is a problem", () => {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC });
  const head = join(encoder.fileHeader(), encoder.host(HOST), encoder.clocks([CLOCK]));
  const btf = encoder.btf({ origin: "recorder", sha256: "", data: BTF });
  const chunk = encoder.chunk(contextOf(0, 1), { records: recordsOf(0, 1), tasks: [], queues: [] });
  const right = join(head, btf, chunk);
  assert.equal(
    open(join(right, encoder.finish(summaryOf(2, 1)))).problems.map((one) => one.code),
    ["summary_mismatch"],
  );
});

test("a summary that counts more chunks than there are is a problem", () => {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC });
  const capture = open(join(encoder.fileHeader(), encoder.finish(summaryOf(0, 1))));
  assert.equal(
    capture.problems.map((one) => one.code),
    ["summary_mismatch"],
  );
});

test.run();
