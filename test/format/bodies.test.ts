/** Payloads key by key: what a later minor added is written when it is there, and read as absent when it is not. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chunkBody, gapBody, summaryBody } from "../../src/format/bodies.js";
import type { Summary } from "../../src/format/types.js";

const test = suite("format: bodies");

const SUMMARY: Summary = {
  startNs: 1n,
  endNs: 2n,
  records: 0n,
  lost: 0n,
  lostByEvent: [],
  gaps: 0,
  chunks: 0,
  counts: [],
  x32Calls: 0n,
  ended: "signal",
};

test("keys of 1.1: written when they are there, read as absent when they are not", () => {
  const records = new Uint8Array(8);
  const with1 = { records, tasks: [], queues: [], planes: Uint8Array.of(1, 2) };
  const without = { records, tasks: [], queues: [] };
  const gap = { cpu: null, fromNs: 1n, toNs: null, lost: 2n, cause: "ring_full", plane: "planes" } as const;
  assert.equal(chunkBody.parse(chunkBody.encode(with1, ""), ""), with1);
  assert.equal(Object.keys(chunkBody.encode(without, "") as object), ["records", "tasks", "queues"]);
  assert.equal(chunkBody.parse(chunkBody.encode(without, ""), ""), without);
  assert.equal(gapBody.parse(gapBody.encode(gap, ""), ""), gap);
  assert.equal(
    gapBody.parse({ ...(gapBody.encode(gap, "") as object), plane: "later" }, "").plane,
    "syscall",
  );
  const summary = { ...SUMMARY, planesLost: 1n << 60n };
  assert.equal(summaryBody.parse(summaryBody.encode(summary, ""), ""), summary);
  assert.equal(summaryBody.parse(summaryBody.encode(SUMMARY, ""), ""), SUMMARY);
});

test.run();
