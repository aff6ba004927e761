import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BatchLayouts, batchSizes, parseBatch } from "../../src/record/batch.js";
import type { FieldPlace, StructLayout } from "../../src/record/struct-view.js";

const test = suite("record: batch");

/** A layout by hand: [name, bytes, elements, struct of an element]. Fields follow each other without holes. */
function layout(
  ...fields: readonly (readonly [string, number, number?, StructLayout?])[]
): StructLayout & { readonly offset: (name: string) => number } {
  const places: Record<string, FieldPlace> = {};
  let offsetBytes = 0;
  for (const [name, bytes, length, struct] of fields) {
    const sizeBytes = bytes * (length ?? 1);
    places[name] = { offsetBytes, sizeBytes, length: length ?? null, struct: struct ?? null };
    offsetBytes += sizeBytes;
  }
  return { sizeBytes: offsetBytes, fields: places, offset: (name) => places[name]?.offsetBytes ?? -1 };
}

const COUNT = layout(["entries", 4], ["exits", 4]);
// Not the C side's order: offsets must come from the layout.
const GAP = layout(["lost", 8], ["from_ns", 8], ["to_ns", 8], ["cpu", 4], ["plane", 4]);
const LOSS = layout(["cpu", 4], ["pad", 4], ["lost", 8]);
const BATCH = layout(
  ["names_len", 8],
  ["records_len", 8],
  ["planes_len", 8],
  ["first_record", 8],
  ["first_time_ns", 8],
  ["last_time_ns", 8],
  ["oldest_open_ns", 8],
  ["records", 4],
  ["planes", 4],
  ["tasks", 4],
  ["queues", 4],
  ["gaps", 4],
  ["cpu_losses", 4],
  ["open_calls", 4],
  ["counts", COUNT.sizeBytes, 4, COUNT],
  ["gap", GAP.sizeBytes, 4, GAP],
  ["cpu_loss", LOSS.sizeBytes, 2, LOSS],
);
const LAYOUTS: BatchLayouts = {
  batch: BATCH,
  taskKey: layout(["start_ns", 8], ["tid", 4], ["pad", 4]),
  queueKey: layout(["id", 8], ["generation", 8], ["namespace_inum", 4], ["kind", 4]),
};

function buffers() {
  const batch = Buffer.alloc(BATCH.sizeBytes);
  const tasks = Buffer.alloc(64, 0xee);
  const queues = Buffer.alloc(96, 0xee);
  const [records, names] = [Buffer.from("recordsjunk"), Buffer.from("namesjunk")];
  return { batch, records, names, planes: Buffer.from("planesjunk"), tasks, queues };
}

test("an empty batch knows no times", () => {
  assert.equal(parseBatch(buffers(), LAYOUTS), {
    records: new Uint8Array(0),
    names: new Uint8Array(0),
    planes: new Uint8Array(0),
    planesRecords: 0,
    context: {
      firstRecord: 0n,
      records: 0,
      counts: [],
      firstTimeNs: null,
      lastTimeNs: null,
      oldestOpenNs: null,
      openCalls: 0,
      lost: [],
    },
    tasks: [],
    queues: [],
    gaps: [],
  });
});

test("everything a batch says, copied out of the buffers", () => {
  const given = buffers();
  const { batch, tasks, queues } = given;
  const u64 = (name: string, value: bigint) => batch.writeBigUInt64LE(value, BATCH.offset(name));
  const u32 = (name: string, value: number) => batch.writeUInt32LE(value, BATCH.offset(name));
  u64("records_len", 7n);
  u64("names_len", 5n);
  u64("planes_len", 6n);
  u64("first_record", 2n ** 60n + 1n);
  u64("first_time_ns", 2n ** 53n + 1n);
  u64("last_time_ns", 2n ** 53n + 3n);
  u64("oldest_open_ns", 9n);
  u32("records", 12);
  u32("planes", 2);
  u32("tasks", 1);
  u32("queues", 2);
  u32("gaps", 4);
  u32("cpu_losses", 1);
  u32("open_calls", 3);
  batch.writeUInt32LE(4, BATCH.offset("counts") + 2 * 8);
  batch.writeUInt32LE(8, BATCH.offset("counts") + 3 * 8 + 4);
  const gap = BATCH.offset("gap");
  batch.writeBigUInt64LE(5n, gap);
  batch.writeBigUInt64LE(20n, gap + 16);
  batch.writeUInt32LE(1, gap + 24);
  batch.writeBigUInt64LE(6n, gap + 32);
  batch.writeBigUInt64LE(10n, gap + 40);
  batch.writeBigUInt64LE(7n, gap + 64);
  batch.writeUInt32LE(1, gap + 92);
  batch.writeBigUInt64LE(8n, gap + 96);
  batch.writeUInt32LE(2, gap + 124);
  batch.writeUInt32LE(63, BATCH.offset("cpu_loss"));
  batch.writeBigUInt64LE(11n, BATCH.offset("cpu_loss") + 8);
  tasks.writeBigUInt64LE(77n, 0);
  tasks.writeUInt32LE(41, 8);
  queues.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 24);
  queues.writeBigUInt64LE(0xabcn, 32);
  queues.writeUInt32LE(4026531839, 40);
  queues.writeUInt32LE(3, 44);
  queues.writeUInt32LE(1, 20);
  const parsed = parseBatch(given, LAYOUTS);
  given.records.fill(0);
  given.names.fill(0);
  given.planes.fill(0);
  assert.equal(Buffer.from(parsed.records).toString(), "records");
  assert.equal(Buffer.from(parsed.names).toString(), "names");
  assert.equal(Buffer.from(parsed.planes).toString(), "planes");
  assert.is(parsed.planesRecords, 2);
  assert.equal(parsed.context, {
    firstRecord: 2n ** 60n + 1n,
    records: 12,
    counts: [
      { event: 2, entries: 4, exits: 0 },
      { event: 3, entries: 0, exits: 8 },
    ],
    firstTimeNs: 2n ** 53n + 1n,
    lastTimeNs: 2n ** 53n + 3n,
    oldestOpenNs: 9n,
    openCalls: 3,
    lost: [{ cpu: 63, records: 11n }],
  });
  assert.equal(parsed.tasks, [{ tid: 41, startNs: 77n }]);
  assert.equal(parsed.queues[1], {
    kind: "socket",
    namespaceInum: 4026531839,
    id: 0xffff_ffff_ffff_ffffn,
    generation: 0xabcn,
  });
  assert.is(parsed.queues[0]?.kind, "posix");
  // 0 is the C side's "none": the losses began with the recording, or go on
  assert.equal(parsed.gaps, [
    { plane: "syscall", cause: null, cpu: 1, fromNs: null, toNs: 20n, lost: 5n },
    { plane: "syscall", cause: null, cpu: 0, fromNs: 10n, toNs: null, lost: 6n },
    { plane: "planes", cause: "ring_full", cpu: null, fromNs: null, toNs: null, lost: 7n },
    { plane: "planes", cause: "recursion", cpu: null, fromNs: null, toNs: null, lost: 8n },
  ]);
  assert.equal(batchSizes(batch, LAYOUTS), { records: 7, names: 5, planes: 6, tasks: 16, queues: 48 });

  queues.writeUInt32LE(4, 20);
  assert.throws(() => parseBatch(given, LAYOUTS), /a queue of kind 4: expected 1 to 3/);
});

test.run();
