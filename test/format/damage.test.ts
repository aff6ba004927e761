/** Whatever is cut off or changed in a capture is noticed, and what is whole is still read. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CaptureError } from "../../src/format/problem.js";
import { digest, join, open, sampleParts } from "./support.js";

const test = suite("format: damage");
const parts = sampleParts();
const whole = join(...parts);
/** Where each part ends. */
const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part.length, 0));

test("the whole file has no problem", () => {
  const capture = open(whole);
  assert.equal(digest(capture), { records: [0, 1, 2, 3, 4], steps: ["chunk", "chunk"], problems: [] });
  assert.is(capture.complete, true);
  assert.is(capture.indexFrom, "index");
});

test("cut at every byte: the whole frames before the cut are read, and what is missing is said", () => {
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length);
    if (length < 64) {
      assert.throws(
        () => open(cut),
        (error: unknown) => error instanceof CaptureError,
        `cut at ${length}`,
      );
      continue;
    }
    const capture = open(cut);
    const chunks = [ends[4], ends[6]].filter((end) => end !== undefined && end <= length).length;
    const read = digest(capture);
    assert.equal(read.records, [[], [0, 1, 2], [0, 1, 2, 3, 4]][chunks], `cut at ${length}`);
    assert.is(capture.complete, false, `cut at ${length}`);
    assert.is(capture.indexFrom, "scan");
    const frameEnds = [...ends.slice(0, -1), ...endFrames()];
    const atFrameEnd = frameEnds.includes(length);
    assert.equal(read.problems, [atFrameEnd ? "no_trailer" : "truncated"], `cut at ${length}`);
    assert.is(
      capture.problems[0]?.offset,
      Math.max(...frameEnds.filter((end) => end <= length)),
      `cut at ${length}`,
    );
    assert.is(capture.gaps.length, (ends[5] ?? 0) <= length ? 1 : 0);
  }
});

/** Ends of the INDEX and SUMMARY frames, which finish() wrote at once; from the trailer's fixed place. */
function endFrames(): number[] {
  const trailerAt = whole.length - 56;
  const summaryAt = Number(new DataView(whole.buffer).getBigUint64(trailerAt + 24, true));
  return [summaryAt, trailerAt];
}

test("every single bit matters: flipped, it is a problem or a refusal, and no wrong record comes out", () => {
  const good = [0, 1, 2, 3, 4];
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const where = `bit ${bit & 7} of byte ${bit >> 3}`;
    try {
      const { records, problems } = digest(open(bytes));
      assert.ok(problems.length > 0, `${where}: not noticed`);
      assert.ok(
        records.every((record) => good.includes(record)),
        where,
      );
      assert.ok(new Set(records).size === records.length, where);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      assert.ok(bit < 64 * 8, `${where}: ${error.message}`);
    }
  }
});

test("a damaged chunk is left out, and the pass says where", () => {
  const bytes = whole.slice();
  const at = (ends[3] ?? 0) + 40 + 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const capture = open(bytes);
  assert.equal(digest(capture), {
    records: [3, 4],
    steps: ["frame_body_damaged", "chunk"],
    problems: ["frame_body_damaged"],
  });
  assert.equal(capture.problems[0], {
    code: "frame_body_damaged",
    offset: ends[3],
    frame: 3,
    message: "frame 3: the checksum of its body does not match",
  });
});

test("a problem is told once, however often the chunks are read", () => {
  const bytes = whole.slice();
  const at = (ends[3] ?? 0) + 40 + 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const capture = open(bytes);
  digest(capture);
  digest(capture);
  assert.is(capture.problems.length, 1);
});

const unfinished = (list: readonly (Uint8Array | undefined)[]): Uint8Array =>
  join(...list.map((part) => part ?? []));

test("bytes lost inside a frame cost that frame only", () => {
  const chunk = parts[4] ?? new Uint8Array();
  const shorter = join(chunk.subarray(0, 60), chunk.subarray(63));
  const capture = open(unfinished([...parts.slice(0, 4), shorter, ...parts.slice(5, 7)]));
  assert.equal(digest(capture), {
    records: [3, 4],
    steps: ["frame_body_damaged", "chunk"],
    problems: ["frame_body_damaged", "no_trailer"],
  });
});

test("bytes added between frames cost nothing but a problem", () => {
  const capture = open(unfinished([...parts.slice(0, 5), Uint8Array.of(1, 2, 3), ...parts.slice(5, 7)]));
  assert.equal(digest(capture), {
    records: [0, 1, 2, 3, 4],
    steps: ["chunk", "frame_header_damaged", "chunk"],
    problems: ["frame_header_damaged", "no_trailer"],
  });
});

test("a frame taken out is missing by its number", () => {
  const capture = open(unfinished([...parts.slice(0, 4), ...parts.slice(5, 7)]));
  assert.equal(digest(capture), {
    records: [3, 4],
    steps: ["frames_missing", "chunk"],
    problems: ["frames_missing", "no_trailer"],
  });
});

test("a frame repeated or moved is not used twice or out of order", () => {
  const repeated = open(unfinished([...parts.slice(0, 5), parts[4], ...parts.slice(5, 7)]));
  assert.equal(digest(repeated).records, [0, 1, 2, 3, 4]);
  assert.equal(digest(repeated).problems, ["frame_out_of_order", "no_trailer"]);
  const swapped = open(unfinished([...parts.slice(0, 4), parts[6], parts[5], parts[4]]));
  assert.equal(digest(swapped).records, [3, 4]);
  assert.equal(digest(swapped).problems, [
    "frames_missing",
    "frame_out_of_order",
    "frame_out_of_order",
    "no_trailer",
  ]);
});

test("bytes after the trailer are told and not read", () => {
  const all = { records: [0, 1, 2, 3, 4], steps: ["chunk", "chunk"] };
  const capture = open(join(whole, [0]));
  assert.equal(digest(capture), { ...all, problems: ["trailing_bytes"] });
  // A capture behind it is no damage: sections.ts opens it as the next one.
  const twice = open(join(whole, whole));
  assert.equal([digest(twice), twice.nextOffset], [{ ...all, problems: [] }, whole.length]);
  assert.is(capture.complete, true);
});

test("a finished file whose middle is gone is read as far as it goes", () => {
  const capture = open(unfinished([...parts.slice(0, 5), parts[7]]));
  const { records, problems } = digest(capture);
  assert.equal(records, [0, 1, 2]);
  assert.ok(problems.includes("trailer_mismatch"), problems.join());
  assert.ok(problems.includes("summary_mismatch"), problems.join());
});

test.run();
