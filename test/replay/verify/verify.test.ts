/** Checksums prove nothing about what was meant: captures with every checksum right, and one thing in them wrong. */
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FIXTURES as LIST } from "../../../fixtures/list.js";
import { memorySource } from "../../../src/format/source.js";
import { fileSource } from "../../../src/replay/open.js";
import { verifyCapture } from "../../../src/replay/verify/verify.js";
import { encoderOf, HOST, metadata, Recorder, recovered, sampleParts } from "../../rewrite/support.js";
import { FIXTURES } from "../../support/paths.js";
import { concat, item, queueItem, REAL_START, RECORDER_BTF, START, triple } from "../tape.js";
import { captureWith, verdict, type Wrong } from "./support.js";

const test = suite("verify");

test("every fixture is good", () => {
  for (const { name } of LIST) {
    const source = fileSource(`${FIXTURES}${name}.mtape`);
    assert.equal(verifyCapture(source).problems, [], name);
    source.close();
  }
});

test("a whole capture is good, losses that it tells of included", () => {
  assert.equal(verifyCapture(memorySource(concat(sampleParts()))), {
    problems: [],
    records: 15,
    unnamed: { tasks: 0, queues: 0 },
  });
});

const ENTRY = { at: 1000, call: 1 };
const EXIT = { at: 2000, call: 1, ret: 0 };

const WRONG: readonly [string, Wrong, RegExp][] = [
  [
    "counts",
    { context: { counts: [{ event: 4, entries: 2, exits: 1 }] } },
    /^context_mismatch: frame 4: the context says 2 entries/,
  ],
  [
    "an event twice",
    {
      context: {
        counts: [
          { event: 4, entries: 1, exits: 1 },
          { event: 4, entries: 0, exits: 0 },
        ],
      },
    },
    /^context_mismatch/,
  ],
  ["times", { context: { lastTimeNs: START + 1500n } }, /^context_mismatch: .* the context says times/],
  [
    "open calls",
    { context: { openCalls: 1, oldestOpenNs: START + 1000n } },
    /^context_mismatch: .* 1 open calls/,
  ],
  [
    "losses in the context",
    { context: { lost: [{ cpu: 0, records: 4n }] } },
    /^losses_mismatch: the summary says 0 records lost, its chunks tell of 4/,
  ],
  [
    "an unknown event",
    {
      records: (t) => [t.entry({ ...ENTRY, event: 99 }), t.exit({ ...EXIT, event: 99 })],
      context: { counts: [{ event: 99, entries: 1, exits: 1 }] },
    },
    /^implausible: .* record 0 of the chunk: event 99 is none/,
  ],
  [
    "an unknown abi",
    { records: (t) => [t.entry({ ...ENTRY, abi: 9 }), t.exit(EXIT)] },
    /^implausible: .* abi 9/,
  ],
  [
    "an unknown multiplexer",
    { records: (t) => [t.entry({ ...ENTRY, mux: 9 }), t.exit(EXIT)] },
    /^implausible: .* multiplexer 9/,
  ],
  [
    "unknown flags",
    { records: (t) => [t.entry({ ...ENTRY, flags: 0x81 }), t.exit(EXIT)] },
    /^implausible: .* flags 0x81/,
  ],
  [
    "a cpu that the host has not",
    { records: (t) => [t.entry({ ...ENTRY, cpu: 7 }), t.exit(EXIT)] },
    /^implausible: .* cpu 7, of 2/,
  ],
  [
    "a type that is none",
    {
      records: (t) => [retyped(t.entry(ENTRY), 9), t.exit(EXIT)],
      context: { counts: [{ event: 4, entries: 0, exits: 1 }], firstTimeNs: START + 2000n },
    },
    /^implausible: .* type 9/,
  ],
  [
    "an item beyond its record",
    {
      records: (t) => [
        t.entry({
          ...ENTRY,
          items: [item({ kind: 1, wanted: 400 }).map((byte, i) => (i === 12 ? 200 : byte))],
        }),
        t.exit(EXIT),
      ],
    },
    /^record_invalid: .* an item claims 200 bytes, 0 are left/,
  ],
  [
    "an item of no kind",
    { records: (t) => [t.entry({ ...ENTRY, items: [item({ kind: 77 })] }), t.exit(EXIT)] },
    /^implausible: .* kind 77/,
  ],
  [
    "an item of no status",
    { records: (t) => [t.entry({ ...ENTRY, items: [item({ kind: 1, status: 9 })] }), t.exit(EXIT)] },
    /^implausible: .* status 9/,
  ],
  [
    "an item with more than was wanted",
    {
      records: (t) => [
        t.entry({ ...ENTRY, items: [item({ kind: 1, status: 1, wanted: 1 }, new Uint8Array(8))] }),
        t.exit(EXIT),
      ],
    },
    /^implausible: .* holds 8 bytes of 1/,
  ],
  [
    "an item said to be whole",
    {
      records: (t) => [
        t.entry({ ...ENTRY, items: [item({ kind: 1, wanted: 9 }, new Uint8Array(8))] }),
        t.exit(EXIT),
      ],
    },
    /^implausible: .* read whole, and holds 8 bytes of 9/,
  ],
  [
    "a queue cut short",
    { records: (t) => [t.entry({ ...ENTRY, items: [item({ kind: 9 }, new Uint8Array(8))] }), t.exit(EXIT)] },
    /^record_invalid: .* a queue of 8 bytes/,
  ],
  [
    "a sequence that stands still",
    { records: (t) => [t.entry({ ...ENTRY, seq: 5n }), t.exit({ ...EXIT, seq: 5n })] },
    /^times_disordered: .* the sequence of cpu 0 does not grow/,
  ],
  [
    "a record much older than one before it",
    {
      records: (t) => [t.entry({ ...ENTRY, at: 5_000_000_000 }), t.exit(EXIT)],
      context: { lastTimeNs: START + 5_000_000_000n, firstTimeNs: START + 2000n },
      summary: { endNs: START + 6_000_000_000n },
    },
    /^times_disordered: .* older than one before it/,
  ],
  [
    "a loss that nothing tells of",
    { records: (t) => [t.entry(ENTRY), t.exit({ ...EXIT, seq: 7n })] },
    /^losses_mismatch: the sequences say 5 records lost, the gaps tell of 0/,
  ],
  [
    "planes that do not fill their bytes",
    { body: { planes: new Uint8Array(24) } },
    /^records_invalid: .* at byte 0 of 24, has length 0/,
  ],
  ["records in the summary", { summary: { records: 3n } }, /^summary_mismatch: the summary says 3 records/],
  ["chunks in the summary", { summary: { chunks: 2 } }, /^summary_mismatch: the summary says 2 chunks/],
  ["gaps in the summary", { summary: { gaps: 1 } }, /^summary_mismatch: the summary says 1 gaps/],
  ["counts in the summary", { summary: { counts: [] } }, /^summary_mismatch: the summary counts 0 entries/],
  [
    "an end before the last record",
    { summary: { endNs: START + 1999n } },
    /^summary_mismatch: .* before the last record/,
  ],
  ["an end before the start", { summary: { endNs: START - 1n } }, /^summary_mismatch: .* before its start/],
  [
    "another start than that of the clocks",
    { summary: { startNs: START + 1n } },
    /^summary_mismatch: .* the first clock reading/,
  ],
  [
    "a gap that the summary does not count",
    {
      after: (e) => [e.gap({ cpu: 0, fromNs: START, toNs: null, lost: 3n, cause: "ring_full" })],
      summary: { gaps: 1 },
    },
    /^losses_mismatch: the summary says 0 records lost, its gaps tell of 3/,
  ],
  [
    "a gap of the planes that it does not",
    {
      after: (e) => [
        e.gap({ cpu: null, fromNs: START, toNs: null, lost: 3n, cause: "ring_full", plane: "planes" }),
      ],
      summary: { gaps: 1 },
    },
    /^losses_mismatch: .* gaps of the planes/,
  ],
  [
    "losses by event that are more than all",
    { summary: { lostByEvent: [{ event: 4, entries: 1n, exits: 0n }] } },
    /^losses_mismatch: .* by event/,
  ],
  [
    "a gap that ends before it begins",
    {
      after: (e) => [e.gap({ cpu: 0, fromNs: START + 9n, toNs: START, lost: 0n, cause: "unknown" })],
      summary: { gaps: 1 },
    },
    /^implausible: .* it ends before it begins/,
  ],
  [
    "clocks that go back",
    { after: (e) => [e.clocks([triple(START - 1n, REAL_START)])] },
    /^implausible: .* clocks go back/,
  ],
  [
    "CLOCK_MONOTONIC ahead of CLOCK_BOOTTIME by more than the readings are apart",
    { after: (e) => [e.clocks([{ ...triple(START + 10n, REAL_START), monotonicNs: START + 111n }])] },
    /^implausible: .* is ahead of CLOCK_BOOTTIME/,
  ],
  ["a second HOST", { before: (e) => [e.host(HOST)] }, /^metadata_misplaced: .* a second host frame/],
  [
    "BTF behind the first chunk",
    { after: (e) => [e.btf({ origin: "host", ...hashed(RECORDER_BTF) })] },
    /^metadata_misplaced: .* behind the first chunk/,
  ],
  [
    "BTF that is none",
    { before: (e) => [e.btf({ origin: "host", ...hashed(new Uint8Array(8)) })] },
    /^btf_invalid: .* the host BTF/,
  ],
  [
    "an ORIGIN of no capture",
    { after: (e) => [e.origin({ madeBy: "slice", version: "", from: ["x"], options: {}, problems: [] })] },
    /^implausible: .* no capture id/,
  ],
];

for (const [name, wrong, expected] of WRONG) {
  test(`wrong under right checksums: ${name}`, () => {
    const problems = verdict(captureWith(wrong));
    assert.ok(
      problems.some((text) => expected.test(text)),
      problems.join("\n") || "called good",
    );
    // At most what follows from it.
    assert.ok(problems.length <= 3, problems.join("\n"));
  });
}

test("clocks that were read one after another may differ by as much as that took", () => {
  const reading = { ...triple(START + 10n, REAL_START), monotonicNs: START + 110n };
  assert.equal(verdict(captureWith({ after: (e) => [e.clocks([reading])] })), []);
});

test("tasks and queues without a name are counted, and no problem", () => {
  const bytes = captureWith({
    records: (t) => [t.entry({ ...ENTRY, items: [queueItem(9, 0)] }), t.exit(EXIT)],
    body: { tasks: [] },
  });
  assert.equal(verifyCapture(memorySource(bytes)), {
    problems: [],
    records: 2,
    unnamed: { tasks: 1, queues: 1 },
  });
});

const LOST_BY_EVENT = { lostByEvent: [{ event: 4, entries: 1n, exits: 0n }] };
const RECORDING = { id: "a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0", part: 2, firstRecord: 0n };

for (const [name, wrong] of Object.entries<Wrong>({
  "a part that ended by rotation": {
    host: { recording: RECORDING },
    summary: { ...LOST_BY_EVENT, ended: "rotation" },
  },
  "the last part": { host: { recording: RECORDING }, summary: LOST_BY_EVENT },
  "a slice of a part": { host: { sliced: {} }, summary: { ...LOST_BY_EVENT, ended: "rotation" } },
  "a slice of a snapshot": { host: { sliced: {} }, summary: { ...LOST_BY_EVENT, ended: "snapshot" } },
  "a slice of a flight recorder's last": {
    host: { sliced: {} },
    summary: { ...LOST_BY_EVENT, trigger: "exit" },
  },
})) {
  test(`losses by event may be told of by the gaps of another part: ${name}`, () => {
    const bytes = captureWith(wrong);
    assert.equal(verdict(bytes), []);
    assert.is(Buffer.compare(recovered(bytes).bytes, bytes), 0);
  });
}

test("losses of a part that its own gaps tell of, and its summary does not, are a mismatch", () => {
  const wrong: Wrong = {
    host: { recording: RECORDING },
    after: (e) => [e.gap({ cpu: 0, fromNs: START, toNs: null, lost: 3n, cause: "ring_full" })],
    summary: { gaps: 1, ended: "rotation" },
  };
  assert.match(
    verdict(captureWith(wrong)).join("\n"),
    /^losses_mismatch: the summary says 0 records lost, its gaps/,
  );
});

function hashed(data: Uint8Array) {
  return { data, sha256: createHash("sha256").update(data).digest("hex") };
}

function retyped(record: Uint8Array, type: number): Uint8Array {
  const bytes = record.slice();
  bytes[4] = type;
  return bytes;
}

test("a thousand numbers that readers pass by hide no other problem", () => {
  const encoder = encoderOf();
  const recorder = new Recorder();
  const parts = metadata(encoder);
  for (let chunk = 0; chunk < 60; chunk++) {
    const entries = Array.from({ length: 20 }, (_, i) =>
      recorder.tape.entry({ at: 1000 + 20 * chunk + i, call: 1, event: 99 }),
    );
    parts.push(recorder.chunk(encoder, entries));
  }
  parts.push(recorder.finish(encoder, { gaps: 7 }));
  const { problems } = verifyCapture(memorySource(concat(parts)));
  assert.equal([problems.length, problems.filter(({ code }) => code === "implausible").length], [1000, 999]);
  assert.match(problems.at(-1)?.message ?? "", /the summary says 7 gaps/);
});

test("odd numbers in a chunk hide nothing else that is wrong with it", () => {
  for (const odd of [0, 1, 25]) {
    const encoder = encoderOf();
    const recorder = new Recorder();
    const { tape } = recorder;
    const records = [
      ...Array.from({ length: odd }, (_, i) => tape.entry({ at: 1000 + i, call: 1, tid: 101, abi: 9 })),
      tape.entry({ at: 1400, call: 1, tid: 103, cpu: 1, seq: 7n }),
      tape.exit({ at: 1500, call: 1, tid: 103, cpu: 1, seq: 7n, ret: 0 }),
    ];
    const planes = new Uint8Array(16);
    planes.set([16, 0, 0, 0, 5]);
    const parts = [...metadata(encoder), recorder.chunk(encoder, records, { planes })];
    const { problems } = verifyCapture(
      memorySource(concat([...parts, recorder.finish(encoder, { endNs: START + 9_000_000_000n })])),
    );
    const codes = problems.map(({ code }) => code).filter((code) => code !== "implausible");
    assert.equal(codes, ["times_disordered", "record_invalid"], `${odd} odd records`);
    assert.is(problems.length - codes.length, Math.min(odd, 20));
  }
});

test.run();
