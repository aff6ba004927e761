/** What a file can make its reader hold and do is bounded, whatever it holds itself. */
import { crc32 } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { heldBudget, LIMITS } from "../../src/format/limits.js";
import { openCaptures } from "../../src/format/sections.js";
import { type ByteSource, memorySource } from "../../src/format/source.js";
import { verifyCapture } from "../../src/replay/verify/verify.js";
import { fileHeader, frame, join, le, MAGIC, open, pack, sampleParts } from "./support.js";

const test = suite("format: limits");

const inventory = (queues: number) =>
  Uint8Array.from(
    pack.map(
      ["at_ns", pack.int(1)],
      ["reason", pack.str("start")],
      ["queues", pack.list()],
      ["limits", pack.map(...Array.from({ length: queues }, (_, i) => [`k${i}`, pack.str("v")] as const))],
      ["missing", pack.list()],
      ["in_flight", pack.list()],
    ),
  );

const inventories = (count: number) =>
  join(
    fileHeader(),
    ...Array.from({ length: count }, (_, i) => frame({ type: 4, sequence: i, payload: inventory(10) })),
  );

test("problems are told up to a number, and then that there are more", () => {
  const bad = Array.from({ length: 50 }, (_, i) => frame({ type: 6, sequence: i, bodyCrc: 1 }));
  const limits = { ...LIMITS, problems: 10 };
  const { problems } = open(join(fileHeader(), ...bad), limits);
  assert.equal(
    problems.map(({ code }) => code),
    [...Array.from({ length: 10 }, () => "frame_body_damaged"), "more_problems"],
  );
});

test("damage beside damage is one stretch beyond them", () => {
  const bad = Array.from({ length: 50 }, (_, i) => frame({ type: 5, sequence: i, bodyCrc: 1 }));
  const steps = [...open(join(fileHeader(), ...bad), { ...LIMITS, problems: 10 }).chunks()];
  assert.is(steps.length, 11);
});

test("contexts are kept up to a number of bytes, with an index and without", () => {
  const whole = join(...sampleParts());
  const limits = { ...LIMITS, contextsBytes: 100 };
  assert.is(open(whole, { ...LIMITS, contextsBytes: 120 }).indexFrom, "index");
  const capture = open(whole, limits);
  assert.is(capture.index.length, 1);
  const codes = capture.problems.map(({ code }) => code);
  assert.is(codes[0], "too_many_frames");
  assert.is(capture.complete, false);
});

test("metadata is kept up to a budget of values and of bytes; what is beyond is said and not used", () => {
  // A map of 6 keys, one of them with 10 entries: 1 + 12 + 20 values.
  const byItems = open(inventories(3), { ...LIMITS, heldItems: 70 });
  assert.is(byItems.inventories().length, 2);
  assert.equal(
    byItems.problems.map(({ code, frame: number }) => [code, number]),
    [
      ["no_trailer", null],
      ["frame_too_large", 2],
    ],
  );
  const byBytes = open(inventories(3), { ...LIMITS, heldBytes: 2 * inventory(10).length });
  assert.is(byBytes.inventories().length, 2);
  assert.is(open(inventories(3)).inventories().length, 3);
});

test("captures of one file share the budget", () => {
  const limits = { ...LIMITS, heldItems: 70 };
  const captures = openCaptures(memorySource(join(inventories(1), inventories(2))), limits);
  assert.equal(
    captures.map((capture) => capture.inventories().length),
    [1, 1],
  );
  assert.is(heldBudget(limits).items, 70);
});

test("layouts do not go short because of what comes before them", () => {
  const bytes = join(...sampleParts());
  const capture = open(bytes, { ...LIMITS, heldItems: 200, heldBytes: 100_000 });
  assert.ok(capture.recorderBtf);
});

test("places that look like file headers are looked at a bounded number of times", () => {
  const one = [...MAGIC, ...le(1, 2), ...le(3, 2), ...le(4096, 4)];
  const many = join(fileHeader(), ...Array.from({ length: 20_000 }, () => one));
  let read = 0;
  const memory = memorySource(many, "t.tape");
  const counting: ByteSource = {
    ...memory,
    read: (offset, length) => {
      read += length;
      return memory.read(offset, length);
    },
  };
  const limits = { ...LIMITS, searchBytes: 1024 * 1024 };
  const [capture, ...more] = openCaptures(counting, limits);
  assert.equal(more, []);
  assert.equal(
    capture?.problems.map(({ code }) => code),
    ["truncated"],
  );
  assert.ok(read < 4 * many.length, `${read} bytes read of ${many.length}`);
});

test("a trailer without a summary ends no capture as it should", () => {
  const parts = sampleParts();
  const head = join(...parts.slice(0, -1));
  const end = [...le(0, 8), ...le(0, 8), ...le(head.length + 56, 8), ...le(0, 4)];
  const trailer = join(head.subarray(32, 48), end);
  const whole = join(head, trailer, le(crc32(trailer), 4), MAGIC.toReversed());
  const capture = open(whole);
  assert.is(capture.complete, false);
  const problems = verifyCapture(memorySource(whole)).problems.map(({ message }) => message);
  assert.ok(problems.includes("the capture ends without a summary"), problems.join("\n"));
});

test.run();
