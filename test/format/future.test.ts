/** What later versions may add is skipped, what they may not is refused by name. All bytes by hand. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CaptureError } from "../../src/format/problem.js";
import {
  chunkPayload,
  contextBytes,
  digest,
  fileHeader,
  frame,
  join,
  le,
  open,
  pack,
  recordsOf,
  sampleParts,
} from "./support.js";

const test = suite("format: versions and unknown frames");

const chunk = (sequence: number, first: number, context = contextBytes(first, 1)): Uint8Array =>
  frame({ type: 5, flags: 1, sequence, context, payload: chunkPayload(recordsOf(first, 1)) });

function refusal(bytes: Uint8Array): { code: string; message: string } {
  try {
    open(bytes);
  } catch (error) {
    if (error instanceof CaptureError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("not refused");
}

test("a hand-spelled capture is read", () => {
  const read = digest(open(join(fileHeader(), chunk(0, 0), chunk(1, 1))));
  assert.equal(read, {
    records: [0, 1],
    steps: ["chunk", "chunk"],
    problems: ["no_trailer", "metadata_missing"],
  });
});

test("a higher minor, a longer header and compatible feature bits change nothing", () => {
  const capture = open(join(fileHeader({ minor: 9, length: 96, may: 1n << 63n }), chunk(0, 0)));
  assert.equal(digest(capture).records, [0]);
  assert.equal(capture.format, { major: 1, minor: 9 });
});

test("a higher major and an unknown incompatible bit are refused by name", () => {
  assert.equal(refusal(fileHeader({ major: 2, minor: 0 })), {
    code: "newer_major",
    message: "t.tape: written in format 2.0, this msgtape reads up to 1.x: use a newer msgtape",
  });
  assert.equal(refusal(fileHeader({ needs: 0x10n })), {
    code: "unknown_feature",
    message: "t.tape: needs feature bits 0x10 that this msgtape does not know: use a newer msgtape",
  });
});

test("what is no capture is refused, each in its way", () => {
  assert.is(refusal(new Uint8Array()).code, "empty_file");
  assert.is(refusal(Buffer.from("#!/bin/sh\n")).code, "not_a_capture");
  assert.is(refusal(fileHeader().subarray(0, 63)).code, "file_header_damaged");
  assert.is(refusal(fileHeader({ length: 56 })).code, "file_header_damaged");
  assert.is(refusal(fileHeader({ length: 4104 })).code, "file_header_damaged");
  assert.is(refusal(fileHeader({ length: 68 })).code, "file_header_damaged");
  assert.is(refusal(fileHeader({ major: 0 })).code, "not_a_capture");
  assert.is(refusal(fileHeader({ length: 96 }).subarray(0, 90)).code, "file_header_damaged");
});

test("an unknown frame is skipped, also a private one, also one of a known type with a flag not known", () => {
  for (const unknown of [
    { type: 10 },
    { type: 0x8000 },
    { type: 0 },
    { type: 5, flags: 0x80 },
    { type: 0xffff, flags: 0x7f00 },
  ]) {
    const between = frame({
      ...unknown,
      sequence: 1,
      context: Uint8Array.of(1),
      payload: Uint8Array.of(2, 3),
    });
    const read = digest(open(join(fileHeader(), chunk(0, 0), between, chunk(2, 1))));
    assert.equal(read.records, [0, 1]);
    assert.equal(read.problems, ["no_trailer", "metadata_missing"]);
  }
});

test("an unknown frame that is critical is refused by name", () => {
  const bytes = join(fileHeader(), chunk(0, 0), frame({ type: 10, flags: 1, sequence: 1 }));
  const place = 64 + chunk(0, 0).length;
  assert.equal(refusal(bytes), {
    code: "unknown_critical_frame",
    message: `t.tape: frame 1 at offset ${place} has type 10 and flags 0x1, which this msgtape does not know, and it may not be skipped: use a newer msgtape`,
  });
  assert.is(
    refusal(join(fileHeader(), frame({ type: 5, flags: 0x11, sequence: 0 }))).code,
    "unknown_critical_frame",
  );
  assert.equal(digest(open(join(fileHeader(), frame({ type: 5, flags: 0x1001, sequence: 0 })))).steps, [
    "context_invalid",
  ]);
});

test("fields added to a chunk's context and keys added to a payload are ignored", () => {
  const longer = join(contextBytes(0, 1), le(77, 8));
  assert.equal(digest(open(join(fileHeader(), chunk(0, 0, longer)))).records, [0]);
  const payload = pack.map(
    ["later", pack.map(["a", pack.list(pack.nil)])],
    ["records", pack.bin(recordsOf(0, 1))],
    ["tasks", pack.list()],
    ["queues", pack.list()],
  );
  const added = frame({
    type: 5,
    sequence: 0,
    context: contextBytes(0, 1),
    payload: Uint8Array.from(payload),
  });
  assert.equal(digest(open(join(fileHeader(), added))).records, [0]);
});

test("a word that a later minor added to a list of reasons is read as the general one", () => {
  const gap = pack.map(["cpu", pack.nil], ["lost", pack.int(4)], ["cause", pack.str("cosmic_ray")]);
  const capture = open(join(fileHeader(), frame({ type: 6, sequence: 0, payload: Uint8Array.from(gap) })));
  assert.equal(capture.gaps, [{ cpu: null, fromNs: null, toNs: null, lost: 4n, cause: "unknown" }]);
});

test("no index and an empty index are two things", () => {
  const empty = sampleParts().slice(0, 1);
  const capture = open(join(...empty));
  assert.equal([capture.indexFrom, capture.index.length, capture.complete], ["scan", 0, false]);
});

test.run();
