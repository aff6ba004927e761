/** The captures of one recording, read as one. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Capture } from "../../src/format/capture.js";
import { openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import { memorySource } from "../../src/format/source.js";
import type { Gap } from "../../src/format/types.js";
import { captureLoss } from "../../src/replay/losses.js";
import { joinRecordings } from "../../src/replay/recording-parts.js";
import { BTF, BTF_SHA256, CLOCK, contextOf, HOST, join, recordsOf, summaryOf } from "../format/support.js";

const test = suite("replay: parts of a recording");

interface PartSpelling {
  readonly part: number;
  /** Number of its first record in the recording. */
  readonly first: number;
  /** Records in each of its chunks. */
  readonly chunks: readonly number[];
  readonly recording?: string;
  readonly gap?: Gap;
  readonly lost?: bigint;
  readonly isFinished?: boolean;
  /** It is a snapshot of a flight recorder. */
  readonly isSnapshot?: boolean;
}

function part(spelling: PartSpelling): Capture {
  const { first, chunks, gap, lost = 0n } = spelling;
  const encoder = createEncoder({
    captureId: new Uint8Array(16).fill(spelling.part + (spelling.recording === undefined ? 0 : 0x80)),
    sync: new Uint8Array(8).fill(0x50 + spelling.part),
    compress: false,
  });
  const recording = { id: spelling.recording ?? "id", part: spelling.part, firstRecord: BigInt(first) };
  const bytes = [
    encoder.fileHeader(),
    encoder.host({ ...HOST, recording }),
    encoder.clocks([{ ...CLOCK, boottimeNs: CLOCK.boottimeNs + BigInt(first) }]),
    encoder.btf({ origin: "recorder", sha256: BTF_SHA256, data: BTF }),
  ];
  let at = 0;
  for (const count of chunks) {
    const context = {
      ...contextOf(at, count),
      lost: lost === 0n ? [] : [{ cpu: 1, records: lost }],
    };
    bytes.push(encoder.chunk(context, { records: recordsOf(first + at, count), tasks: [], queues: [] }));
    at += count;
  }
  if (gap !== undefined) bytes.push(encoder.gap(gap));
  if (spelling.isFinished !== false) {
    bytes.push(
      encoder.finish({
        ...summaryOf(at, chunks.length),
        lost,
        gaps: gap === undefined ? 0 : 1,
        ...(spelling.isSnapshot === true ? { ended: "snapshot", trigger: "signal" } : { ended: "rotation" }),
      }),
    );
  }
  return openCapture(memorySource(join(...bytes), `part${spelling.part}`));
}

function read(captures: readonly Capture[]) {
  return joinRecordings(captures).map((capture) => {
    const steps: (number[] | string)[] = [];
    for (const step of capture.chunks()) {
      if (step.problem !== undefined) steps.push(step.problem.message);
      else {
        const view = new DataView(step.body.records.buffer, step.body.records.byteOffset);
        steps.push(
          Array.from({ length: step.body.records.length / 16 }, (_, i) => view.getUint32(i * 16 + 4, true)),
        );
      }
    }
    return { id: capture.captureId, steps, problems: capture.problems.map((one) => one.message) };
  });
}

test("parts that follow each other are one, in whatever order they are given", () => {
  const one = part({ part: 1, first: 0, chunks: [2, 1] });
  const two = part({ part: 2, first: 3, chunks: [1, 2] });
  const whole = [{ id: "id", steps: [[0, 1], [2], [3], [4, 5]], problems: [] }];
  assert.equal(read([one, two]), whole);
  assert.equal(read([two, one]), whole);
  assert.equal(read([one, two, one]), whole);
  const [joined] = joinRecordings([one, two]);
  assert.equal(
    joined?.index.map(({ context }) => context.firstRecord),
    [0n, 2n, 3n, 4n],
  );
  const offsets = joined?.index.map(({ offset }) => offset) ?? [];
  assert.equal(
    offsets,
    [...offsets].sort((a, b) => Number(a - b)),
  );
  assert.equal(
    [joined?.summary?.records, joined?.summary?.chunks, joined?.summary?.counts, joined?.complete],
    [6n, 4, [{ event: 10, entries: 6, exits: 0 }], true],
  );
});

test("of two captures of one id the better one counts, whichever is given first", () => {
  const whole = part({ part: 1, first: 0, chunks: [2, 1] });
  const cut = part({ part: 1, first: 0, chunks: [2], isFinished: false });
  const recovered: Capture = Object.create(whole, {
    origins: { value: [{ madeBy: "recover", version: "t", from: [], options: {}, problems: [] }] },
  });
  const two = part({ part: 2, first: 3, chunks: [1] });
  for (const copies of [
    [cut, whole],
    [whole, cut],
    [recovered, whole],
    [whole, recovered],
  ]) {
    const steps = [[0, 1], [2], [3]];
    assert.equal(read([...copies, two]), [{ id: "id", steps, problems: [] }]);
    assert.equal(
      joinRecordings(copies).map((one) => one === whole),
      [true],
    );
  }
});

test("records that two parts have count once", () => {
  const one = part({ part: 1, first: 4, chunks: [2, 2] });
  const two = part({ part: 2, first: 6, chunks: [2, 3] });
  assert.equal(read([one, two]), [
    {
      id: "id",
      steps: [
        [4, 5],
        [6, 7],
        [8, 9, 10],
      ],
      problems: [],
    },
  ]);
});

test("records that no part has are damage at their place", () => {
  const message = "in part3: 3 records of the recording before this part are in none of the files";
  const found = read([part({ part: 1, first: 0, chunks: [2] }), part({ part: 3, first: 5, chunks: [1] })]);
  assert.equal(found, [{ id: "id", steps: [[0, 1], message, [5]], problems: [message] }]);
  // What came before the first part given is like what came before any recording.
  assert.equal(read([part({ part: 2, first: 2, chunks: [2] }), part({ part: 3, first: 4, chunks: [1] })]), [
    { id: "id", steps: [[2, 3], [4]], problems: [] },
  ]);
});

test("records that a recovered part tells of by a gap at its edge are not told twice", () => {
  const damage = { cpu: null, fromNs: null, toNs: null, lost: 3n, cause: "damage" } as const;
  const three = part({ part: 3, first: 5, chunks: [1] });
  const steps = [[0, 1], [5]];
  const first = (gap: Gap) => part({ part: 1, first: 0, chunks: [2], gap });
  assert.equal(read([first(damage), three]), [{ id: "id", steps, problems: [] }]);
  assert.equal(read([first({ ...damage, lost: 0n, atLeast: true }), three])[0]?.problems, []);
  assert.is(read([first({ ...damage, lost: 2n }), three])[0]?.problems.length, 1);
  assert.is(read([first({ ...damage, cause: "ring_full" }), three])[0]?.problems.length, 1);
});

test("records that no snapshot was asked for are no damage, and calls beside them are not sure", () => {
  const one = part({ part: 1, first: 0, chunks: [2], isSnapshot: true });
  const two = part({ part: 2, first: 5, chunks: [1], isSnapshot: true });
  assert.equal(read([one, two]), [{ id: "id", steps: [[0, 1], [5]], problems: [] }]);
  const [joined] = joinRecordings([one, two]);
  if (joined === undefined) throw new Error("not joined");
  const { lost, whole } = captureLoss(joined);
  assert.equal([lost, whole], [0, true]);
  // contextOf() begins each part's times anew.
  assert.equal(joined.gaps, [
    { cpu: null, fromNs: 1_000_000_001n, toNs: 1_000_000_000n, lost: 0n, cause: "output" },
  ]);
});

test("chunks of the planes alone: those of the next file are its own, those of an overlap are the same", () => {
  const count = (captures: readonly Capture[]) => joinRecordings(captures).map(({ index }) => index.length);
  const one = part({ part: 1, first: 0, chunks: [2, 0] });
  assert.equal(count([one, part({ part: 2, first: 2, chunks: [0, 0, 1] })]), [5]);
  assert.equal(count([one, part({ part: 2, first: 0, chunks: [2, 0, 0, 1] })]), [4]);
  assert.equal(count([one, part({ part: 2, first: 1, chunks: [1, 1] })]), [3]);
});

test("what is not wanted is not read, and still marks what is missing before it", () => {
  const [joined] = joinRecordings([
    part({ part: 1, first: 0, chunks: [2, 1] }),
    part({ part: 3, first: 5, chunks: [1, 1] }),
  ]);
  const steps = [...(joined?.chunks((entry) => entry.context.firstRecord !== 5n) ?? [])];
  assert.equal(
    steps.map((step) => step.problem?.code ?? step.entry?.context.firstRecord),
    [0n, 2n, "records_missing", 6n],
  );
});

test("losses of parts add up, and those that overlapping parts both tell of count once", () => {
  const gap = { cpu: 1, fromNs: 5n, toNs: 6n, lost: 7n, cause: "ring_full" } as const;
  const one = part({ part: 1, first: 0, chunks: [2], gap, lost: 7n });
  const two = part({ part: 2, first: 2, chunks: [2], gap: { ...gap, fromNs: 8n, toNs: 9n }, lost: 7n });
  const [apart] = joinRecordings([one, two]);
  assert.equal(apart === undefined ? null : [captureLoss(apart).lost, apart.summary?.lost], [14, 14n]);
  const again = part({ part: 2, first: 0, chunks: [2, 2], gap, lost: 7n });
  const [overlapping] = joinRecordings([one, again]);
  assert.equal(
    overlapping === undefined ? null : [captureLoss(overlapping).lost, overlapping.summary?.lost],
    [7, 7n],
  );
});

test("a part that was not finished leaves the whole unfinished, and says which", () => {
  const [joined] = joinRecordings([
    part({ part: 1, first: 0, chunks: [2] }),
    part({ part: 2, first: 2, chunks: [2], isFinished: false }),
  ]);
  assert.equal([joined?.complete, joined?.summary], [false, null]);
  assert.equal(
    joined?.problems.map((one) => one.message),
    ["in part2: the capture was not finished: there is no trailer after its last frame"],
  );
  const first = joined?.problems[0];
  assert.is(joined?.problems[0], first, "a problem is the same object each time");
});

test("captures of other recordings, and those of none, stay apart", () => {
  const one = part({ part: 1, first: 0, chunks: [1] });
  const other = part({ part: 1, first: 0, chunks: [1], recording: "other" });
  assert.equal(joinRecordings([one, other]), [one, other]);
});

test.run();
