/** Several captures in one file: found from the end where they are whole, else by their file headers. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEncoder } from "../../src/format/encoder.js";
import { LIMITS, type Limits } from "../../src/format/limits.js";
import { CaptureError } from "../../src/format/problem.js";
import { openCaptures, openSections } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import {
  BTF,
  BTF_SHA256,
  CLOCK,
  contextOf,
  digest,
  fileHeader,
  HOST,
  join,
  recordsOf,
  summaryOf,
} from "./support.js";

const test = suite("format: several captures in a file");

/** A small capture of its own, with `count` records from `first` on. */
function captureParts(number: number, first: number, count: number): Uint8Array[] {
  const encoder = createEncoder({
    captureId: new Uint8Array(16).fill(number),
    sync: new Uint8Array(8).fill(0x50 + number),
    compress: false,
  });
  return [
    encoder.fileHeader(),
    encoder.host(HOST),
    encoder.clocks([CLOCK]),
    encoder.btf({ origin: "recorder", sha256: BTF_SHA256, data: BTF }),
    encoder.chunk(contextOf(0, count), { records: recordsOf(first, count), tasks: [], queues: [] }),
    encoder.finish(summaryOf(count, 1)),
  ];
}

const whole = (number: number, first: number, count: number) => join(...captureParts(number, first, count));
/** Without its end, cut after `bytes` of the chunk. */
const unfinished = (number: number, first: number, count: number, bytes = Number.POSITIVE_INFINITY) => {
  const parts = captureParts(number, first, count);
  return join(...parts.slice(0, 4), (parts[4] ?? new Uint8Array(0)).subarray(0, bytes));
};

function read(bytes: Uint8Array, limits = LIMITS) {
  return openCaptures(memorySource(bytes, "t.tape"), limits).map((capture) => ({
    name: capture.name,
    id: capture.captureId.slice(0, 2),
    ...digest(capture),
    from: capture.indexFrom,
    complete: capture.complete,
  }));
}

const good = (name: string, id: string, records: number[]) => ({
  name,
  id,
  records,
  steps: ["chunk"],
  problems: [],
  from: "index",
  complete: true,
});

test("whole captures are found by their trailers, each with its index", () => {
  assert.equal(read(join(whole(1, 0, 2), whole(2, 10, 1), whole(3, 20, 1))), [
    good("t.tape", "01", [0, 1]),
    good("t.tape#2", "02", [10]),
    good("t.tape#3", "03", [20]),
  ]);
});

test("one that was not finished ends where the next one's file header is", () => {
  const cut = { ...good("t.tape", "01", [0, 1]), problems: ["no_trailer"], from: "scan", complete: false };
  assert.equal(read(join(unfinished(1, 0, 2), whole(2, 10, 1))), [cut, good("t.tape#2", "02", [10])]);
  assert.equal(read(join(unfinished(1, 0, 2), unfinished(2, 10, 1), whole(3, 20, 1))), [
    cut,
    { ...cut, name: "t.tape#2", id: "02", records: [10] },
    good("t.tape#3", "03", [20]),
  ]);
  assert.equal(read(join(whole(1, 0, 2), unfinished(2, 10, 1))), [
    { ...good("t.tape", "01", [0, 1]), from: "scan" },
    { ...cut, name: "t.tape#2", id: "02", records: [10] },
  ]);
});

test("one that was cut inside a frame takes nothing of the next one", () => {
  for (const bytes of [8, 39, 40, 47, 60, 100]) {
    const found = read(join(unfinished(1, 0, 2, bytes), whole(2, 10, 1)));
    assert.equal([found.length, found[1]], [2, good("t.tape#2", "02", [10])], `${bytes} bytes`);
    assert.equal([found[0]?.records, found[0]?.complete], [[], false], `${bytes} bytes`);
    assert.ok((found[0]?.problems.length ?? 0) > 0, `${bytes} bytes`);
  }
});

test("offsets of problems count from the capture's own file header", () => {
  const first = whole(1, 0, 2);
  const broken = whole(2, 10, 1);
  const at = broken.length - 60;
  broken[at] = (broken[at] ?? 0) ^ 1; // in the summary's padding or payload
  const alone = openCaptures(memorySource(broken, "t.tape"));
  const [, second] = openCaptures(memorySource(join(first, broken), "t.tape"));
  assert.ok((second?.problems.length ?? 0) > 0);
  assert.equal(second?.problems, alone[0]?.problems);
});

test("bytes behind the last trailer that begin no capture are told of", () => {
  const found = read(join(whole(1, 0, 2), whole(2, 10, 1), [1, 2, 3]));
  assert.equal(
    found.map((one) => [one.id, one.problems]),
    [
      ["01", []],
      ["02", ["trailing_bytes"]],
    ],
  );
});

test("a capture that is refused is the last: those before it are read, and the one before tells of it", () => {
  const first = whole(1, 0, 2);
  const newer = whole(3, 20, 1);
  newer[8] = 2; // the major
  for (const before of [whole(2, 10, 1), unfinished(2, 10, 1)]) {
    const sections = openSections(memorySource(join(first, before, newer, whole(4, 30, 1)), "t.tape"));
    assert.equal(
      sections.map(({ capture }) => capture.captureId.slice(0, 2)),
      ["01", "02"],
    );
    assert.equal([sections[0]?.behind, sections[0]?.capture.problems], [null, []]);
    const { behind, capture } = sections[1] ?? {};
    assert.equal([behind?.code, behind?.offset, behind?.frame], ["trailing_bytes", before.length, null]);
    assert.match(behind?.message ?? "", /is refused \(newer_major\).*t\.tape#3: written in format 2\.3/);
    assert.is(capture?.problems.at(-1), behind);
  }
  assert.throws(() => read(join(newer, first)), /written in format 2\.3/);
});

test("a file header inside a whole frame begins nothing", () => {
  const inner = fileHeader();
  const encoder = createEncoder({ captureId: new Uint8Array(16).fill(1), compress: false });
  const records = join([...[0, 0, 0, 0]], inner).slice(0, 64);
  new DataView(records.buffer).setUint32(0, 64, true);
  const bytes = join(
    encoder.fileHeader(),
    encoder.host(HOST),
    encoder.clocks([CLOCK]),
    encoder.btf({ origin: "recorder", sha256: BTF_SHA256, data: BTF }),
    encoder.chunk(contextOf(0, 1), { records: join(records, []), tasks: [], queues: [] }),
  );
  const captures = openCaptures(memorySource(bytes, "t.tape"));
  assert.is(captures.length, 1);
});

test("an empty file and one that begins with something else are refused", () => {
  for (const [bytes, code] of [
    [new Uint8Array(0), "empty_file"],
    [join(new Uint8Array(8), whole(1, 0, 1)), "not_a_capture"],
  ] as const) {
    assert.throws(
      () => read(bytes),
      (error: unknown) => error instanceof CaptureError && error.code === code,
    );
  }
});

test("captures and their frames are bounded", () => {
  const three = join(whole(1, 0, 1), whole(2, 0, 1), whole(3, 0, 1));
  assert.equal(
    read(three, { ...LIMITS, captures: 2 }).map((one) => one.problems),
    [[], ["trailing_bytes"]],
  );
  const two = join(unfinished(1, 0, 1), unfinished(2, 0, 1));
  const problems = (limits: Partial<Limits>) =>
    read(two, { ...LIMITS, ...limits }).map((one) => one.problems);
  const [all] = openCaptures(memorySource(two));
  const frames = all?.frames.length ?? 0;
  const contexts = all?.frames.reduce((sum, { contextBytes }) => sum + contextBytes, 0) ?? 0;
  const enough = [["no_trailer"], ["no_trailer"]];
  assert.equal(problems({ frames, fileFrames: 2 * frames }), enough);
  assert.equal(problems({ fileFrames: 2 * frames - 1 }), [["no_trailer"], ["too_many_frames"]]);
  assert.equal(problems({ frames: frames - 1 }), [["too_many_frames"]]);
  assert.equal(problems({ contextsBytes: contexts, fileContextsBytes: 2 * contexts }), enough);
  assert.equal(problems({ fileContextsBytes: 2 * contexts - 1 }), [["no_trailer"], ["too_many_frames"]]);
});

test.run();
