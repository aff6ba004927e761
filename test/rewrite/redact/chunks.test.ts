/** Evidence that spans records, and records that lie in two chunks: one message is one content all the same. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeStruct, parseBtf, structLayout } from "../../../src/btf/index.js";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import type { ChunkContext } from "../../../src/format/types.js";
import { parseItems } from "../../../src/replay/items.js";
import { type Item, ItemKind, recordLayouts } from "../../../src/replay/records.js";
import type { ChunkItem } from "../../../src/replay/source.js";
import { type NewChunk, redactChunks } from "../../../src/rewrite/redact/chunks.js";
import { NO_PLAN } from "../../../src/rewrite/redact/plan.js";
import { newShared, redactionOf } from "../../../src/rewrite/redact/redaction.js";
import { argsItem, concat, item, RECORDER_BTF, Tape } from "../../replay/tape.js";
import { FIXTURES } from "../../support/paths.js";

const test = suite("redacted chunks");

const recorderBtf = parseBtf(RECORDER_BTF);
const layouts = recordLayouts(recorderBtf);
const hostBtf = parseBtf(
  openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf ??
    new Uint8Array(0),
);

const SENDMSG = 13;
const RECVMSG = 14;
const NOT_LAST = 0;
const LAST = 1;

function struct(name: string, values: Parameters<typeof encodeStruct>[1]): Uint8Array {
  const layout = structLayout(hostBtf, name);
  if (layout === null) throw new Error(`no struct ${name}`);
  return encodeStruct(layout, values);
}

const data = (iovec: number, text: string) =>
  item({ kind: ItemKind.DATA, arg: 1, iovec, addr: 0x10_0000n }, Buffer.from(text));

function context(records: number): ChunkContext {
  return {
    firstRecord: 0n,
    records,
    counts: [],
    firstTimeNs: 1n,
    lastTimeNs: 2n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
  };
}

function chunk(records: readonly Uint8Array[], firstRecord = 0n): ChunkItem {
  const entry = {
    offset: 0n,
    storedBytes: 0,
    rawBytes: 0,
    context: { ...context(records.length), firstRecord },
  };
  return { entry, body: { records: concat(records), tasks: [], queues: [] } };
}

function redacted(items: readonly ChunkItem[], records: bigint | null = null): NewChunk[] {
  const to = redactionOf(newShared(new Set(), NO_PLAN, []), hostBtf, recorderBtf);
  return [...redactChunks(items, { to, layouts, recorderBtf, records })];
}

/** All evidence of a chunk's records. */
function evidence(made: NewChunk | undefined): Item[] {
  if (made === undefined || made.damaged !== undefined) throw new Error("no chunk");
  const { records } = made.body;
  const view = new DataView(records.buffer, records.byteOffset);
  const items: Item[] = [];
  for (let at = 0; at < records.length; at += view.getUint32(at, true)) {
    assert.is(parseItems(records.subarray(at, at + view.getUint32(at, true)), layouts, items), null);
  }
  return items.filter(({ kind }) => kind === ItemKind.DATA);
}

test("a message over two parts, in one chunk and in two, is the same content as its receiver's", () => {
  const tape = new Tape();
  const send = { at: 100, call: 1, event: SENDMSG };
  const parts = [
    tape.entry({
      ...send,
      flags: NOT_LAST,
      part: 0,
      args: [3n, 4096n, 0n],
      items: [data(0, "the first half, ")],
    }),
    tape.entry({ ...send, flags: LAST, part: 1, args: [3n, 4096n, 0n], items: [data(1, "and the second")] }),
  ];
  const received = tape.exit({
    at: 300,
    call: 1,
    tid: 101,
    event: RECVMSG,
    ret: 30,
    items: [argsItem([4n, 4096n, 0n]), data(0, "the first half, and the second")],
  });
  const [first, second] = parts as [Uint8Array, Uint8Array];
  const together = redacted([chunk([first, second, received])]).flatMap(evidence);
  const apart = redacted([chunk([first]), chunk([second, received], 1n)]).flatMap(evidence);
  for (const [one, other, whole] of [together, apart]) {
    const joined = concat([one?.bytes ?? new Uint8Array(0), other?.bytes ?? new Uint8Array(0)]);
    assert.is(joined.length, 30);
    assert.equal(joined, whole?.bytes);
    assert.is.not(Buffer.from(joined).toString("latin1"), "the first half, and the second");
  }
});

function summed(made: readonly NewChunk[]): unknown[] {
  return made.map((one) =>
    one.damaged === undefined ? [one.context.firstRecord, one.context.records] : [one.damaged, one.records],
  );
}

test("numbers that no chunk has are records that are missing, between chunks and at the end", () => {
  const tape = new Tape();
  const ours = () => tape.entry({ at: 100, call: 1, event: SENDMSG, args: [3n, 4096n, 0n] });
  const problem = { code: "frame_body_damaged", offset: 5, frame: 1, message: "" };
  const damaged = (records: number): ChunkItem => ({
    entry: { ...chunk([]).entry, context: context(records) } as never,
    problem,
  });
  const unknown: ChunkItem = { entry: null, problem };
  const one = [0n, 1];
  const two = [1n, 1];
  const made = (items: readonly ChunkItem[], records: bigint) => summed(redacted(items, records));
  assert.equal(made([chunk([ours()]), chunk([ours()], 1n)], 2n), [one, two]);
  assert.equal(made([chunk([ours()]), chunk([ours()], 6n)], 7n), [one, ["syscall", 5], two]);
  assert.equal(made([chunk([ours()]), unknown, chunk([ours()], 6n)], 7n), [one, ["syscall", 5], two]);
  assert.equal(made([chunk([ours()]), damaged(4), unknown], 5n), [one, ["syscall", 4]]);
  assert.equal(made([damaged(4), chunk([ours()], 4n)], 5n), [
    ["syscall", 4],
    [4n, 1],
  ]);
  assert.equal(made([unknown, chunk([ours()], 4n)], 5n), [
    ["syscall", null],
    [4n, 1],
  ]);
  assert.equal(made([chunk([ours()])], 9n), [one, ["syscall", 8]]);
  assert.equal(made([chunk([ours()]), unknown], 1n), [one, ["syscall", null]]);
});

test("record numbers go on from chunk to chunk, without the records that are left out", () => {
  const tape = new Tape();
  const ours = () => tape.entry({ at: 100, call: 1, event: SENDMSG, args: [3n, 4096n, 0n] });
  const odd = ours();
  odd[4] = 9; // a type of record that nobody knows
  const made = redacted([chunk([ours(), odd]), chunk([ours()], 2n)]);
  assert.equal(
    made.map((one) =>
      one.damaged === undefined ? [one.context.firstRecord, one.context.records] : [one.damaged, one.records],
    ),
    [
      [0n, 1],
      ["syscall", 1],
      [1n, 1],
    ],
  );
});

test("what the exit's structs are follows from the arguments of its entry", () => {
  const tape = new Tape();
  const call = { call: 1, event: 12, tid: 5 };
  const info = struct("msginfo", { msgpool: 7, msgmax: 8192 });
  const evidenceOf = (items: readonly ChunkItem[]) => {
    const [made] = redacted(items);
    if (made === undefined || made.damaged !== undefined) throw new Error("no chunk");
    return Buffer.from(made.body.records).includes(Buffer.from(info));
  };
  const entry = tape.entry({ ...call, at: 100, args: [0n, 3n, 4096n] });
  const exit = tape.exit({ ...call, at: 200, ret: 0, items: [item({ kind: 1, arg: 2, addr: 4096n }, info)] });
  assert.is(evidenceOf([chunk([entry, exit])]), true, "IPC_INFO gives limits");
  assert.is(evidenceOf([chunk([exit])]), false, "of a lone exit nobody knows what it gave");
});

test.run();
