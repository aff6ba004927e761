/** Changes to the records inside chunks: their heads, their items, their order. Lengths are mended or not. */
import { readFileSync } from "node:fs";
import { parseBtf } from "../../src/btf/index.js";
import { FrameType } from "../../src/format/types.js";
import { recordLayouts } from "../../src/replay/records.js";
import { PACKAGE } from "../support/paths.js";
import type { Change } from "./change-frames.js";
import { treeOf } from "./change-values.js";
import type { Model, ModelFrame } from "./model.js";
import { contentOf, encodeTree, leafOf, valueUnder } from "./msgpack-tree.js";
import { oddNumber, type Random } from "./random.js";

const layouts = recordLayouts(
  parseBtf(new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/records.btf`))),
);

/** Of numbers in a record's head: where they are and how wide. `size` is not among them. */
const HEAD: readonly (readonly [number, number])[] = [
  [layouts.record.type, 1],
  [layouts.record.flags, 1],
  [layouts.record.part, 2],
  [layouts.record.time_ns, 8],
  [layouts.record.task_start_ns, 8],
  [layouts.record.tid, 4],
  [layouts.record.tgid, 4],
  [layouts.record.seq, 8],
  [layouts.record.call, 8],
  [layouts.record.cpu, 4],
  [layouts.record.event, 1],
  [layouts.record.abi, 1],
  [layouts.record.mux, 1],
];

/** Gives the change the records of a random chunk, and puts back what it made of them. */
function inRecords(
  name: string,
  change: (records: Uint8Array[], random: Random) => Uint8Array[] | undefined,
): Change {
  return {
    name,
    apply(model: Model, random: Random) {
      const chunks = model.frames.filter(({ type }) => type === FrameType.CHUNK);
      if (chunks.length === 0) return;
      const frame = random.pick(chunks);
      const tree = treeOf(frame);
      const place = tree && valueUnder(tree, random.oneIn(4) ? "planes" : "records");
      const bytes = place ? contentOf(place.parent.children[place.at]) : null;
      if (!tree || !place || bytes === null) return;
      const records = split(bytes);
      if (records.length === 0) return;
      const changed = change(records, random) ?? records;
      place.parent.children[place.at] = leafOf.bytes(new Uint8Array(Buffer.concat(changed)));
      frame.payload = encodeTree(tree);
      if (!random.oneIn(10)) mendContext(frame);
    },
  };
}

function split(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at, true);
    if (size < 8 || size > bytes.length - at) break;
    records.push(bytes.slice(at, at + size));
    at += size;
  }
  return records;
}

/** How many records, their times and counts: as they are now. */
function mendContext(frame: ModelFrame): void {
  const tree = treeOf(frame);
  const place = tree && valueUnder(tree, "records");
  const bytes = place ? contentOf(place.parent.children[place.at]) : null;
  if (bytes === null || frame.context.length < 48) return;
  const view = new DataView(frame.context.buffer, frame.context.byteOffset, frame.context.byteLength);
  view.setUint32(32, split(bytes).length, true);
}

function viewOf(record: Uint8Array): DataView {
  return new DataView(record.buffer, record.byteOffset, record.byteLength);
}

function put(record: Uint8Array, at: number, width: number, value: bigint): void {
  if (at + width > record.length) return;
  const view = viewOf(record);
  if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, value), true);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
  else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), true);
  else view.setUint8(at, Number(BigInt.asUintN(8, value)));
}

/** Where the items of a record begin. */
function itemsAt(record: Uint8Array): number {
  const type = record[layouts.record.type];
  const fixed = type === 1 ? layouts.entry.sizeBytes : layouts.exit.sizeBytes;
  return layouts.record.sizeBytes + fixed;
}

const ITEM: readonly (readonly [number, number])[] = [
  [layouts.item.kind, 1],
  [layouts.item.arg, 1],
  [layouts.item.status, 1],
  [layouts.item.iovec, 1],
  [layouts.item.message, 2],
  [layouts.item.wanted, 4],
  [layouts.item.captured, 4],
  [layouts.item.addr, 8],
];

export const RECORD_CHANGES: readonly Change[] = [
  inRecords("a number in a record's head", (records, random) => {
    for (let i = random.int(3); i >= 0; i--) {
      const [at, width] = random.pick(HEAD);
      put(random.pick(records), at, width, oddNumber(random));
    }
    return undefined;
  }),
  inRecords("the same number in all heads", (records, random) => {
    const [at, width] = random.pick(HEAD);
    const value = oddNumber(random);
    for (const record of records) put(record, at, width, value);
    return undefined;
  }),
  inRecords("another event", (records, random) => {
    for (let i = random.int(4); i >= 0; i--)
      put(random.pick(records), layouts.record.event, 1, BigInt(random.int(40)));
    return undefined;
  }),
  inRecords("a lying size", (records, random) => {
    const size = random.oneIn(2) ? oddNumber(random) : BigInt(8 * random.int(64));
    put(random.pick(records), 0, 4, size);
    return undefined;
  }),
  inRecords("a record cut short", (records, random) => {
    const at = random.int(records.length);
    const record = records[at] as Uint8Array;
    const kept = record.slice(0, 8 * (1 + random.int(Math.floor(record.length / 8))));
    put(kept, 0, 4, BigInt(kept.length));
    records[at] = kept;
    return undefined;
  }),
  inRecords("a record longer", (records, random) => {
    const at = random.int(records.length);
    const more = random.oneIn(2) ? random.bytes(8 * random.int(32)) : new Uint8Array(8 * random.int(2000));
    const grown = new Uint8Array(Buffer.concat([records[at] as Uint8Array, more]));
    put(grown, 0, 4, BigInt(grown.length));
    records[at] = grown;
    return undefined;
  }),
  inRecords("an item's number", (records, random) => {
    const record = random.pick(records);
    let at = itemsAt(record);
    // Somewhere along the items; which one is chance.
    for (let steps = random.int(6); steps > 0 && at + layouts.item.sizeBytes < record.length; steps--) {
      const captured = viewOf(record).getUint32(at + layouts.item.captured, true);
      const next = at + layouts.item.sizeBytes + Math.ceil(captured / 8) * 8;
      if (next + layouts.item.sizeBytes > record.length) break;
      at = next;
    }
    const [offset, width] = random.pick(ITEM);
    put(record, at + offset, width, oddNumber(random));
    return undefined;
  }),
  inRecords("noise in records", (records, random) => {
    for (let i = random.int(16); i >= 0; i--) {
      const record = random.pick(records);
      const width = random.pick([1, 2, 4, 8]);
      put(record, 4 + random.int(record.length - 4), width, oddNumber(random));
    }
    return undefined;
  }),
  inRecords("records left out", (records, random) => {
    records.splice(random.int(records.length), 1 + random.int(3));
    return undefined;
  }),
  inRecords("records again", (records, random) => {
    const from = random.int(records.length);
    const again = records.slice(from, from + 1 + random.int(20));
    const times = random.oneIn(10) ? 500 : 1 + random.int(4);
    return [...records, ...Array.from({ length: times }, () => again.map((one) => one.slice())).flat()];
  }),
  inRecords("records in another order", (records, random) =>
    random.oneIn(2)
      ? records.toReversed()
      : records
          .map((one, i) => ({ one, key: i + random.int(6) }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one),
  ),
  inRecords("a crowd of tasks", (records, random) => {
    const crowd = random.oneIn(10) ? 3000 : 100;
    const some = random.pick(records);
    return [
      ...records,
      ...Array.from({ length: crowd }, (_, i) => {
        const one = some.slice();
        put(one, layouts.record.tid, 4, BigInt(100_000 + i));
        put(one, layouts.record.task_start_ns, 8, BigInt(i));
        return one;
      }),
    ];
  }),
];
