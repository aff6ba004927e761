/** A slice answers as the filter on the whole does, says what it leaves out, and hides no loss. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FIXTURES as LIST } from "../../fixtures/list.js";
import { EVENTS } from "../../src/catalog/events.js";
import type { Capture } from "../../src/format/capture.js";
import { openCaptures } from "../../src/format/sections.js";
import { type ByteSource, memorySource } from "../../src/format/source.js";
import { calls, callsOfAll } from "../../src/replay/calls.js";
import { type CallFilter, EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import { latency } from "../../src/replay/latency.js";
import { absence } from "../../src/replay/losses.js";
import { fileSource } from "../../src/replay/open.js";
import { timeline } from "../../src/replay/time.js";
import { verifyCapture } from "../../src/replay/verify/verify.js";
import { sliceCapture } from "../../src/rewrite/slice/slice.js";
import { concat, START } from "../replay/tape.js";
import { FIXTURES } from "../support/paths.js";
import { sampleParts } from "./support.js";

const test = suite("rewrite/slice");
const sample = memorySource(concat(sampleParts()), "sample");

function opened(source: ByteSource): Capture {
  const [capture] = openCaptures(source);
  if (capture === undefined) throw new Error("no capture");
  return capture;
}

function sliced(
  source: ByteSource,
  chosen: Partial<CallFilter>,
  options = {},
): { capture: Capture; source: ByteSource } {
  const capture = opened(source);
  const [clock] = timeline([capture]);
  if (clock === undefined) throw new Error("no clock");
  const parts: Uint8Array[] = [];
  const request = { filter: { ...EVERYTHING, ...chosen }, options, clock, version: "t" };
  sliceCapture(capture, request, (part) => parts.push(part.slice()));
  const made = memorySource(concat(parts), "slice");
  return { capture: opened(made), source: made };
}

/** Without the id of the capture, which is new. */
function answers(capture: Capture, filter: CallFilter) {
  const withoutId = <T extends { readonly capture: string }>({ capture: _, ...line }: T) => line;
  return {
    calls: [...calls(capture, filter)].map(withoutId),
    flows: [...flows(capture, filter)].map(withoutId),
    latency: latency([capture], filter, ["event", "comm", "queue"]).groups,
  };
}

function recordsOf(capture: Capture): string[] {
  const bytes = [...capture.chunks()].map(({ body }) =>
    Buffer.from(body?.records ?? new Uint8Array()).toString("hex"),
  );
  return bytes.flatMap((text) => {
    const records: string[] = [];
    for (let at = 0; at < text.length; ) {
      const size = Buffer.from(text.slice(at, at + 8), "hex").readUInt32LE(0) * 2;
      records.push(text.slice(at, at + size));
      at += size;
    }
    return records;
  });
}

for (const { name } of LIST) {
  test(`${name}: a slice of each queue gives the same calls, flows and latencies as the filter on the whole`, () => {
    const source = fileSource(`${FIXTURES}${name}.mtape`);
    try {
      const whole = opened(source);
      const keys = new Set([...callsOfAll([whole], EVERYTHING)].flatMap(({ queue }) => queue?.key ?? []));
      // What a socket receives was sent by another.
      for (const key of [...keys].filter((one) => !one.startsWith("socket"))) {
        const filter = { ...EVERYTHING, queues: new Set([key]) };
        const made = sliced(source, filter, { queue: [key] });
        assert.equal(verifyCapture(made.source).problems, []);
        const expected = answers(whole, filter);
        assert.equal(answers(made.capture, EVERYTHING), expected, key);
        assert.equal(answers(made.capture, filter), expected, key);
        const all = recordsOf(whole);
        assert.equal(
          recordsOf(made.capture),
          all.filter((record) => recordsOf(made.capture).includes(record)),
          "verbatim, in order",
        );
      }
    } finally {
      source.close();
    }
  });
}

test("calls by task, event and time are those of the filter on the whole, whole where they cross an edge", () => {
  const filters: Partial<CallFilter>[] = [
    { tids: new Set([101]) },
    { events: new Set([3]) },
    { fromNs: 3000, toNs: 4150 },
    { fromNs: 5150 },
    { toNs: 2000 },
    { failed: true },
    { comms: new Set(["worker"]), tids: new Set([100]) },
  ];
  for (const chosen of filters) {
    const filter = { ...EVERYTHING, ...chosen };
    const { capture, source } = sliced(sample, chosen);
    assert.equal(verifyCapture(source).problems, []);
    assert.equal(
      answers(capture, EVERYTHING).calls,
      answers(opened(sample), filter).calls,
      JSON.stringify(chosen),
    );
  }
});

test("holes that the slice leaves in the sequences are no losses; what the recorder lost stays told", () => {
  const one = sliced(sample, { tids: new Set([100]) }, { tid: ["100"] }).capture;
  assert.equal(
    one.gaps.map(({ lost, cause, cpu }) => ({ lost, cause, cpu })),
    [{ lost: 3n, cause: "ring_full", cpu: 1 }],
  );
  assert.is(one.summary?.lost, 3n);
  const early = sliced(sample, { toNs: 4000 }, { to: ["4us"] }).capture;
  assert.equal(early.gaps, []);
  assert.is(early.summary?.lost, 0n);
  assert.equal(
    [...calls(early, EVERYTHING)].map(({ state }) => state),
    ["complete", "complete", "complete"],
  );
});

test("where a slice may have left calls out, every moment of a queue is doubtful", () => {
  const nothing = { between: () => false, after: () => false };
  const doubts = (host: Capture["host"], needs: "queues" | "tasks") => {
    const { between, after } = absence({ host }, nothing, START, needs);
    return [between(3500, 3600), between(2999, 3600), between(3500, 4000), after(3500)];
  };
  const { host } = opened(sample);
  assert.equal(doubts(host, "queues"), [false, false, false, false]);
  const by = (chosen: Partial<CallFilter>, options: object) => sliced(sample, chosen, options).capture.host;
  const byQueue = by({ queues: new Set(["/q"]) }, { queue: ["/q"] });
  assert.equal(doubts(byQueue, "queues"), [false, false, false, false]);
  assert.equal(doubts(byQueue, "tasks"), [true, true, true, true]);
  assert.equal(doubts(by({ tids: new Set([100]) }, { tid: ["100"] }), "queues"), [true, true, true, true]);
  const byTime = by({ fromNs: 3000, toNs: 4000 }, { from: ["3us"], to: ["4us"] });
  assert.equal(doubts(byTime, "queues"), [false, true, true, true]);
});

test("flows of a slice that left out receives claim nothing of what became of the messages", () => {
  const source = fileSource(`${FIXTURES}posix.mtape`);
  const whole = [...flows(opened(source), EVERYTHING)];
  assert.ok(whole.some(({ match }) => match === "modelled"));
  const { capture } = sliced(source, { events: new Set([3]) }, { event: ["mq_timedsend"] });
  const matches = [...flows(capture, EVERYTHING)].map(({ match }) => match);
  source.close();
  assert.ok(matches.length > 0);
  assert.equal(new Set(matches), new Set(["ambiguous"]));
});

test("HOST says what was chosen, ORIGIN of what, and a slice of a slice has both filters", () => {
  const first = sliced(
    sample,
    { fromNs: 1000, tids: new Set([100, 101]) },
    { from: ["1us"], tid: ["100,101"] },
  );
  const second = sliced(
    first.source,
    { fromNs: 4000, toNs: 9000, tids: new Set([100]) },
    { from: ["4us"], to: ["9us"], tid: ["100"] },
  );
  assert.equal(second.capture.host?.sliced, {
    from: [String(START + 4000n)],
    to: [String(START + 9000n)],
    tid: ["100,101", "100"],
  });
  assert.equal(
    second.capture.origins.map(({ madeBy, from, options }) => ({ madeBy, from, options })),
    [
      { madeBy: "slice", from: [opened(sample).captureId], options: { from: ["1us"], tid: ["100,101"] } },
      {
        madeBy: "slice",
        from: [first.capture.captureId],
        options: { from: ["4us"], to: ["9us"], tid: ["100"] },
      },
    ],
  );
});

test("what queues held before a slice begins is not in it", () => {
  const { capture } = sliced(sample, { fromNs: 3000 }, { from: ["3us"] });
  assert.equal(
    capture
      .inventories()
      .map(({ atNs, reason, missing }) => ({ atNs: atNs - START, reason, missing: missing.length })),
    [
      { atNs: 3000n, reason: "start", missing: 1 },
      { atNs: 4500n, reason: "interval", missing: 0 },
    ],
  );
});

test("a capture that is damaged, or has no end, is not sliced", () => {
  const bytes = concat(sampleParts());
  assert.throws(() => sliced(memorySource(bytes.slice(0, -300), "cut"), {}), /msgtape recover it first/);
  const flipped = bytes.slice();
  flipped[5000] = (flipped[5000] ?? 0) ^ 1;
  assert.throws(
    () => sliced(memorySource(flipped, "flipped"), {}),
    /damaged at offset .*: msgtape recover it first/,
  );
});

for (const [name, chosen, options] of [
  ["posix-61", "mq_timedsend", { event: ["mq_timedsend"] }],
  ["toctou-612", "mq_timedsend", { event: ["mq_timedsend"] }],
] as const) {
  test(`${name}: what took a message may be left out of a slice of its sends, kernel evidence or not`, () => {
    const source = fileSource(`${FIXTURES}${name}.mtape`);
    try {
      const event = EVENTS.find((one) => one.name === chosen)?.id ?? -1;
      const made = sliced(source, { events: new Set([event]) }, options);
      const left = [...flows(made.capture, EVERYTHING)].filter(({ outcome }) => outcome === "pending");
      assert.ok(left.length > 0);
      assert.equal([...new Set(left.map(({ match }) => match))], ["ambiguous"]);
      const pending = [...flows(opened(source), EVERYTHING)].filter(({ outcome }) => outcome === "pending");
      assert.ok(
        pending.every(({ match }) => match !== "ambiguous"),
        "of the whole it is known",
      );
    } finally {
      source.close();
    }
  });
}

test.run();
