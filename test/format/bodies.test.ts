/** Payloads key by key: what a later minor added is written when it is there, and read as absent when it is not. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chunkBody, gapBody, inventoryBody, summaryBody } from "../../src/format/bodies.js";
import type { Inventory, Summary } from "../../src/format/types.js";

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

test("keys of 1.2: of an inventory", () => {
  const queue = { kind: "posix", namespaceInum: 9, id: 1n, name: "/q", fields: {} } as const;
  const plain: Inventory = {
    atNs: 1n,
    reason: "start",
    queues: [{ ...queue, holders: [{ tgid: 1, fd: 2 }] }],
    limits: {},
    missing: [],
    inFlight: [],
  };
  const full: Inventory = {
    ...plain,
    queues: [
      { ...queue, holders: [{ tgid: 1, fd: 2, tid: 3 }], generation: (1n << 64n) - 1n, atNs: 1n << 62n },
    ],
    namespaces: [{ namespaceInum: 9, limits: { "kernel.msgmax": "8192" } }],
  };
  for (const one of [plain, full]) {
    assert.equal(inventoryBody.parse(inventoryBody.encode(one, ""), ""), one);
  }
  const [wire] = (inventoryBody.encode(plain, "") as { queues: object[] }).queues;
  assert.equal(Object.keys(wire ?? {}), ["kind", "namespace_inum", "id", "name", "fields", "holders"]);
});

test.run();
