/** Files made to mislead: right checksums around lying lengths, counts and contents. All bytes by hand. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compress } from "../../src/codec/zstd.js";
import { openCapture } from "../../src/format/capture.js";
import { LIMITS } from "../../src/format/limits.js";
import type { ByteSource } from "../../src/format/source.js";
import {
  chunkPayload,
  contextBytes,
  digest,
  type FrameSpelling,
  fileHeader,
  frame,
  join,
  le,
  open,
  pack,
  recordsOf,
} from "./support.js";

const test = suite("format: hostile files");
const SETUP = ["no_trailer", "metadata_missing"];

/** One chunk with these contents after the file header, then one good chunk. */
function around(spelling: Partial<FrameSpelling>): ReturnType<typeof digest> {
  const odd = frame({
    type: 5,
    sequence: 0,
    context: contextBytes(0, 1),
    payload: chunkPayload(recordsOf(0, 1)),
    ...spelling,
  });
  const good = frame({
    type: 5,
    sequence: 1,
    context: contextBytes(1, 1),
    payload: chunkPayload(recordsOf(1, 1)),
  });
  return digest(open(join(fileHeader(), odd, good)));
}

test("nothing odd: two chunks", () => {
  assert.equal(around({}), { records: [0, 1], steps: ["chunk", "chunk"], problems: SETUP });
});

test("lengths beyond the limits are refused by the header alone, and the next frame is found", () => {
  const beyond: readonly Partial<FrameSpelling>[] = [
    { storedBytes: LIMITS.chunkBytes + 1, rawBytes: LIMITS.chunkBytes + 1 },
    { flags: 2, rawBytes: LIMITS.chunkBytes + 1 },
    { flags: 2, rawBytes: 0xffffffff, storedBytes: 0xffffffff },
    { contextBytes: LIMITS.contextBytes + 1 },
    { contextBytes: 0xffffffff, storedBytes: 0xffffffff },
  ];
  for (const spelling of beyond) {
    assert.equal(around(spelling), {
      records: [1],
      steps: ["frame_too_large", "chunk"],
      problems: ["frame_too_large", ...SETUP],
    });
  }
});

test("a length past the end of the file is a cut, not an allocation, and hides no later frame", () => {
  const past = { storedBytes: 1_000_000, rawBytes: 1_000_000 };
  assert.equal(around(past), {
    records: [1],
    steps: ["truncated", "chunk"],
    problems: ["truncated", ...SETUP],
  });
});

test("no read is longer than the file or the limits, whatever lengths are claimed", () => {
  const bytes = join(
    fileHeader(),
    frame({ type: 5, sequence: 0, storedBytes: 16_000_000, rawBytes: 16_000_000 }),
  );
  for (const sizeBytes of [bytes.length, null]) {
    let most = 0;
    const source: ByteSource = {
      name: "t",
      sizeBytes,
      read: (offset, length) => {
        most = Math.max(most, length);
        return bytes.subarray(offset, offset + length);
      },
    };
    assert.equal(digest(openCapture(source)).steps, ["truncated"]);
    assert.ok(most <= (sizeBytes === null ? LIMITS.chunkBytes + LIMITS.contextBytes : 70_000), `${most}`);
  }
});

test("lengths that are no multiple of 8 are padded", () => {
  const payload = chunkPayload(recordsOf(0, 1));
  assert.is.not(payload.length % 8, 0);
  assert.equal(around({ context: join(contextBytes(0, 1), [1, 2, 3]) }).records, [0, 1]);
});

test("a payload that is not compressed has one length", () => {
  const read = around({ rawBytes: 3 });
  assert.equal(read, {
    records: [1],
    steps: ["frame_invalid", "chunk"],
    problems: ["frame_invalid", ...SETUP],
  });
});

test("a decompression bomb is refused by what it declares", () => {
  const zeros = compress(new Uint8Array(64 * 1024 * 1024));
  for (const rawBytes of [100, LIMITS.chunkBytes]) {
    const read = around({ flags: 2, payload: zeros, rawBytes });
    assert.equal(read, {
      records: [1],
      steps: ["body_invalid", "chunk"],
      problems: [...SETUP, "body_invalid"],
    });
  }
});

test("msgpack that lies is refused inside a right checksum", () => {
  const nested = (depth: number): number[] => (depth === 0 ? [0xc0] : [0x91, ...nested(depth - 1)]);
  const bodies: readonly number[][] = [
    [],
    [0xdd, 2, 0, 0, 0],
    nested(17),
    pack.map(
      ["records", pack.bin([])],
      ["records", pack.bin([])],
      ["tasks", pack.list()],
      ["queues", pack.list()],
    ),
    pack.map(["tasks", pack.list()], ["queues", pack.list()]),
    pack.map(["records", pack.str("x")], ["tasks", pack.list()], ["queues", pack.list()]),
    pack.map(["records", pack.bin([])], ["tasks", pack.map()], ["queues", pack.list()]),
    pack.map(
      ["records", pack.bin([])],
      ["tasks", pack.list(pack.map(["tid", pack.long(1n << 40n)]))],
      ["queues", pack.list()],
    ),
    pack.list(),
  ];
  for (const body of bodies) {
    const read = around({ payload: Uint8Array.from(body) });
    assert.equal(read, {
      records: [1],
      steps: ["body_invalid", "chunk"],
      problems: [...SETUP, "body_invalid"],
    });
  }
});

test("records must tile their bytes and be as many as the context says", () => {
  const lying: readonly Uint8Array[] = [
    Uint8Array.from(le(16, 4)),
    Uint8Array.from([...le(0, 4), ...le(0, 8), ...le(0, 4)]),
    Uint8Array.from([...le(4, 4), ...le(0, 8), ...le(0, 4)]),
    Uint8Array.from([...le(12, 4), ...le(0, 8), ...le(0, 4)]),
    Uint8Array.from([...le(24, 4), ...le(0, 8), ...le(0, 4)]),
    Uint8Array.from([...le(0xfffffff8, 4), ...le(0, 8), ...le(0, 4)]),
    recordsOf(0, 2),
    new Uint8Array(),
  ];
  for (const records of lying) {
    const read = around({ payload: chunkPayload(records) });
    assert.equal(read, {
      records: [1],
      steps: ["records_invalid", "chunk"],
      problems: [...SETUP, "records_invalid"],
    });
  }
});

test("a record's length is a multiple of 8, also when all lengths add up", () => {
  const records = Uint8Array.from([...le(12, 4), ...le(0, 8), ...le(12, 4), ...le(0, 8)]);
  const steps = around({ context: contextBytes(0, 2), payload: chunkPayload(records) }).steps;
  assert.equal(steps, ["records_invalid", "chunk"]);
});

test("counts in a chunk's context that its bytes do not hold are refused", () => {
  const claims = (counts: number, losses: number): Uint8Array =>
    join(contextBytes(0, 1).subarray(0, 42), le(counts, 2), le(losses, 2), le(0, 2));
  for (const context of [
    claims(1, 0),
    claims(0, 1),
    claims(0xffff, 0xffff),
    contextBytes(0, 1).subarray(0, 47),
    new Uint8Array(),
  ]) {
    const read = around({ context });
    assert.equal(read, {
      records: [1],
      steps: ["context_invalid", "chunk"],
      problems: ["no_trailer", "context_invalid", "metadata_missing"],
    });
  }
});

test("record numbers that jump between chunks are a problem", () => {
  assert.equal(around({ context: contextBytes(5, 1) }).problems, [
    "no_trailer",
    "metadata_missing",
    "records_missing",
  ]);
});

test("a frame inside a frame's payload is not taken for one", () => {
  const inner = frame({
    type: 5,
    sequence: 1,
    context: contextBytes(1, 1),
    payload: chunkPayload(recordsOf(66, 1)),
  });
  const outer = frame({ type: 0x8001, sequence: 0, payload: join(inner, inner) });
  const good = frame({
    type: 5,
    sequence: 1,
    context: contextBytes(0, 1),
    payload: chunkPayload(recordsOf(1, 1)),
  });
  assert.equal(digest(open(join(fileHeader(), outer, good))).records, [1]);
});

test("100 000 tiny frames are read, and one more than allowed is not", () => {
  const bytes = join(fileHeader(), new Uint8Array(40 * 100_000));
  for (let i = 0; i < 100_000; i++) bytes.set(frame({ type: 0x8000, sequence: i }), 64 + 40 * i);
  const capture = open(bytes);
  assert.is(capture.frames.length, 100_000);
  assert.equal(digest(capture).problems, ["no_trailer"]);
  const few = open(bytes, { ...LIMITS, frames: 99_999 });
  assert.is(few.frames.length, 99_999);
  assert.equal(digest(few).problems, ["too_many_frames"]);
});

test("headers that all claim the same long body do not make the scan quadratic", () => {
  const count = 20_000;
  const bytes = join(fileHeader(), new Uint8Array(40 * count));
  for (let i = 0; i < count; i++) {
    const left = 40 * (count - i - 1);
    bytes.set(
      frame({ type: 0x8000, sequence: i, storedBytes: left, rawBytes: left, bodyCrc: 1 }).subarray(0, 40),
      64 + 40 * i,
    );
  }
  let read = 0;
  const source: ByteSource = {
    name: "t",
    sizeBytes: bytes.length,
    read: (offset, length) => {
      const got = bytes.subarray(offset, offset + length);
      read += got.length;
      return got;
    },
  };
  openCapture(source, { ...LIMITS, searchBytes: 10 * bytes.length });
  assert.ok(read < 40 * bytes.length, `${read} bytes read of a file of ${bytes.length}`);
});

test.run();
