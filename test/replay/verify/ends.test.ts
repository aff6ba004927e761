/** Index and trailer against the frames that they tell of. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeMsgpack, encodeMsgpack } from "../../../src/codec/msgpack.js";
import { openCapture } from "../../../src/format/capture.js";
import { encodeFrame, parseFrameHeader } from "../../../src/format/frame.js";
import { LIMITS } from "../../../src/format/limits.js";
import { memorySource } from "../../../src/format/source.js";
import { encodeTrailer } from "../../../src/format/trailer.js";
import { verifyCapture } from "../../../src/replay/verify/verify.js";
import { FIXTURES } from "../../support/paths.js";
import { concat } from "../tape.js";
import { captureWith, verdict } from "./support.js";

const test = suite("verify: index and trailer");

test("a line of the index that says otherwise than its frame, in a file that is read without it", () => {
  const bytes = captureWith({});
  const changed = withIndex(bytes, (frames) => {
    const [first] = frames;
    if (first !== undefined) first.raw_bytes = Number(first.raw_bytes) + 1;
  });
  const problems = verdict(changed);
  assert.match(problems[0] ?? "", /^index_mismatch: the index says otherwise of frame 0/);
});

test("an index that lists more than there is", () => {
  const bytes = withIndex(captureWith({}), (frames) => {
    frames.push({ ...frames.at(-1) });
  });
  assert.match(verdict(bytes)[0] ?? "", /^index_mismatch: the index has 6 frames, it is frame 5/);
});

test("a trailer that points elsewhere", () => {
  const bytes = captureWith({});
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 56);
  const trailer = encodeTrailer(bytes.slice(32, 48), {
    indexOffset: Number(view.getBigUint64(16, true)),
    summaryOffset: null,
    fileBytes: bytes.length,
  });
  const changed = concat([bytes.slice(0, -56), trailer]);
  assert.ok(
    verdict(changed).some((text) => /^trailer_mismatch: the trailer says the summary is at null/.test(text)),
  );
});

test("a trailer that says that there is no summary: readers go on, verify calls it no good end", () => {
  for (const name of ["no-summary", "no-index-no-summary"]) {
    const source = memorySource(new Uint8Array(readFileSync(`${FIXTURES}valid/${name}.mtape`)));
    const messages = verifyCapture(source).problems.map(({ message }) => message);
    assert.equal(messages, ["the capture ends without a summary"], name);
    assert.equal(openCapture(source).problems, []);
    assert.not(openCapture(source).complete);
  }
});

/** The capture with its index changed, and all behind it where it then is. */
function withIndex(bytes: Uint8Array, change: (frames: Record<string, unknown>[]) => void): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 56);
  const indexAt = Number(view.getBigUint64(16, true));
  const summaryAt = Number(view.getBigUint64(24, true));
  const sync = bytes.slice(48, 56);
  const header = parseFrameHeader(bytes.subarray(indexAt), sync);
  if (header === null) throw new Error("no index");
  const payload = bytes.subarray(indexAt + 40, indexAt + 40 + header.storedBytes);
  const index = decodeMsgpack(payload, LIMITS) as { frames: Record<string, unknown>[] };
  change(index.frames);
  const stored = encodeMsgpack(index);
  const { type, flags, sequence } = header;
  const frame = encodeFrame(sync, {
    type,
    flags,
    sequence,
    context: new Uint8Array(),
    stored,
    rawBytes: stored.length,
  });
  const summary = bytes.slice(summaryAt, bytes.length - 56);
  const trailer = encodeTrailer(bytes.slice(32, 48), {
    indexOffset: indexAt,
    summaryOffset: indexAt + frame.length,
    fileBytes: indexAt + frame.length + summary.length + 56,
  });
  return concat([bytes.slice(0, indexAt), frame, summary, trailer]);
}

test.run();
