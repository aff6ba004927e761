/** The scan as a state machine: what it asks for, and markers found wherever they lie. */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/format/limits.js";
import { type ScanStep, scanFrames } from "../../src/format/scanner.js";
import { PACKAGE } from "../support/paths.js";
import {
  CAPTURE_ID,
  chunkPayload,
  contextBytes,
  digest,
  fileHeader,
  frame,
  join,
  open,
  recordsOf,
  SYNC,
  sampleParts,
  trailer,
} from "./support.js";

const test = suite("format: scanner");

function chunk(sequence: number, first: number): Uint8Array {
  return frame({
    type: 5,
    sequence,
    context: contextBytes(first, 1),
    payload: chunkPayload(recordsOf(first, 1)),
  });
}

test("it asks for bytes and yields frames and the trailer, and nothing else", () => {
  const one = frame({ type: 0x8000, sequence: 0, payload: Uint8Array.of(7, 8, 9) });
  const end = trailer({ index: null, summary: null, file: 64 + one.length + 56 });
  const bytes = join(fileHeader(), one, end);
  const scan = scanFrames({ offset: 64, sync: SYNC, captureId: CAPTURE_ID, sizeBytes: bytes.length }, LIMITS);
  const steps: ScanStep[] = [];
  let reply: Uint8Array = new Uint8Array();
  for (let step = scan.next(reply); !step.done; step = scan.next(reply)) {
    steps.push(step.value);
    if (step.value.kind === "need")
      reply = bytes.subarray(step.value.offset, step.value.offset + step.value.length);
  }
  const entry = {
    type: 0x8000,
    flags: 0,
    sequence: 0,
    contextBytes: 0,
    storedBytes: 3,
    rawBytes: 3,
    offset: 64,
  };
  assert.equal(steps, [
    { kind: "need", offset: 64, length: 40 },
    { kind: "need", offset: 104, length: 8 },
    { kind: "frame", entry, body: Uint8Array.of(7, 8, 9, 0, 0, 0, 0, 0) },
    { kind: "need", offset: 112, length: 40 },
    { kind: "need", offset: 112, length: 57 },
    { kind: "trailer", trailer: { indexOffset: null, summaryOffset: null, fileBytes: 168 }, offset: 112 },
  ]);
});

test("a marker is found at every place around the end of a search window", () => {
  for (let junk = 65_536 - 48; junk <= 65_536 + 48; junk++) {
    const capture = open(join(fileHeader(), new Uint8Array(junk).fill(0x53), chunk(0, 0)));
    assert.equal(digest(capture).steps, ["frame_header_damaged", "chunk"], `${junk} bytes before it`);
  }
});

test("markers without a right header after them are passed by", () => {
  const header = chunk(0, 9).subarray(0, 39);
  const capture = open(join(fileHeader(), SYNC, SYNC.subarray(0, 5), SYNC, header, chunk(0, 0)));
  assert.equal(digest(capture).records, [0]);
});

test("the trailer is found after damage that no frame follows", () => {
  const head = join(fileHeader(), chunk(0, 0), new Uint8Array(100));
  const capture = open(join(head, trailer({ index: null, summary: null, file: head.length + 56 })));
  assert.equal(digest(capture), {
    records: [0],
    steps: ["chunk", "frame_header_damaged"],
    problems: ["frame_header_damaged", "metadata_missing"],
  });
});

test("another capture's trailer and frames are not this one's", () => {
  const bytes = join(fileHeader(), chunk(0, 0));
  const end = { index: null, summary: null, file: bytes.length + 56 };
  const foreign = trailer(
    end,
    CAPTURE_ID.map((byte) => byte ^ 1),
  );
  assert.equal(digest(open(join(bytes, trailer(end)))).problems, ["metadata_missing"]);
  assert.equal(digest(open(join(bytes, foreign))).problems, ["truncated", "metadata_missing"]);
  const marker = join(
    SYNC.map((byte) => byte ^ 1),
    chunk(0, 0).subarray(8),
  );
  assert.equal(digest(open(join(fileHeader(), marker))).records, []);
});

test("a cut after the summary hides no records", () => {
  const whole = join(...sampleParts());
  const capture = open(whole.subarray(0, whole.length - 1));
  assert.equal(digest(capture), {
    records: [0, 1, 2, 3, 4],
    steps: ["chunk", "chunk"],
    problems: ["truncated"],
  });
});

test("the format does no I/O, and only codec/ imports the libraries", () => {
  const allowed = /^(\.\.?\/|node:crypto$|node:buffer$)/;
  for (const name of readdirSync(`${PACKAGE}src/format`)) {
    const source = readFileSync(`${PACKAGE}src/format/${name}`, "utf8");
    for (const [, from = ""] of source.matchAll(/from "([^"]+)"/g))
      assert.match(from, allowed, `${name} imports ${from}`);
  }
});

test.run();
