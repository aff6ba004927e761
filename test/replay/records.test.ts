import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, sliceBtf } from "../../src/btf/index.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { findItem, parseItems } from "../../src/replay/items.js";
import { latency } from "../../src/replay/latency.js";
import {
  emptyHead,
  HeadResult,
  headReader,
  type Item,
  LayoutError,
  readRet,
  recordLayouts,
} from "../../src/replay/records.js";
import { argsItem, item, LAST, makeCapture, queueItem, RECORDER_BTF, START, Tape } from "./tape.js";

const test = suite("records");
const layouts = recordLayouts(parseBtf(RECORDER_BTF));

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test("offsets are those of bpf/records.h", () => {
  assert.equal(layouts.record, {
    sizeBytes: 56,
    size: 0,
    type: 4,
    flags: 5,
    part: 6,
    time_ns: 8,
    task_start_ns: 16,
    tid: 24,
    tgid: 28,
    seq: 32,
    call: 40,
    cpu: 48,
    event: 52,
    abi: 53,
    mux: 54,
  });
  assert.equal(
    [layouts.entry, layouts.exit],
    [
      { sizeBytes: 48, args: 0, argCount: 6 },
      { sizeBytes: 8, ret: 0 },
    ],
  );
});

test("layouts that lack a struct are refused by name", () => {
  const { data } = sliceBtf(parseBtf(RECORDER_BTF), ["mt_record", "mt_entry", "mt_exit", "mt_queue"]);
  try {
    recordLayouts(parseBtf(data));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, LayoutError);
    assert.is((error as Error).message, "the capture's record layouts lack struct mt_item");
  }
  const nothing = { ...makeCapture({ chunks: [{ records: [] }] }), recorderBtf: null };
  assert.throws(() => [...calls(nothing, EVERYTHING)], /hand\.mtape: no layouts of its records/);
  assert.throws(() => latency([nothing], EVERYTHING), /hand\.mtape: no layouts of its records/);
});

test("reads a head exactly, beyond 2^53 too", () => {
  const head = emptyHead();
  const record = new Tape().entry({
    at: 2 ** 33 + 7,
    call: 2 ** 40 + 3,
    tid: 4_000_000,
    tgid: 5,
    start: 2n ** 40n + 9n,
    cpu: 3,
    seq: 2n ** 33n + 2n,
    event: 17,
    abi: 2,
    mux: 1,
    flags: LAST,
    part: 258,
  });
  assert.is(headReader(layouts, START)(viewOf(record), 0, head), HeadResult.RECORD);
  assert.equal(head, {
    sizeBytes: 104,
    type: 1,
    flags: 1,
    part: 258,
    timeNs: 2 ** 33 + 7,
    startLow: 9,
    startHigh: 256,
    tid: 4_000_000,
    tgid: 5,
    seq: 2,
    call: 2 ** 40 + 3,
    cpu: 3,
    event: 17,
    abi: 2,
    mux: 1,
  });
});

test("results keep their sign", () => {
  for (const ret of [0n, 5n, -1n, -512n, -4095n, 2n ** 40n, -(2n ** 40n)]) {
    assert.is(readRet(viewOf(new Tape().exit({ at: 0, call: 1, ret })), 0, layouts), Number(ret));
  }
});

test("no size leads out of the chunk", () => {
  const head = emptyHead();
  const read = headReader(layouts, START);
  for (const size of [0, 4, 55, 57, 60, 112, 0xffffffff]) {
    const record = new Tape().entry({ at: 0, call: 1 });
    viewOf(record).setUint32(0, size, true);
    assert.is(read(viewOf(record), 0, head), HeadResult.STOP, `size ${size}`);
  }
  // No room for struct mt_record; a header, but no room for struct mt_entry.
  for (const size of [8, 48, 56]) {
    const short = new Tape().entry({ at: 0, call: 1 });
    viewOf(short).setUint32(0, size, true);
    assert.is(read(viewOf(short), 0, head), HeadResult.SKIP);
    assert.is(head.sizeBytes, size);
  }
});

test("items are bounded by their record", () => {
  const good = item(
    { kind: 1, arg: 1, wanted: 300, addr: 0x7ffd_0000_1000n, status: 1 },
    Uint8Array.of(1, 2, 3),
  );
  const record = new Tape().entry({ at: 0, call: 1, items: [good, queueItem(9, 4)] });
  const items: Item[] = [];
  assert.is(parseItems(record, layouts, items), null);
  assert.equal(items[0], {
    kind: 1,
    arg: 1,
    status: "truncated",
    iovec: 0,
    message: 0,
    wanted: 300,
    captured: 3,
    addr: 0x7ffd_0000_1000n,
    bytes: Uint8Array.of(1, 2, 3),
  });
  assert.equal([items.length, items[1]?.kind, items[1]?.captured], [2, 9, 64]);
  for (const captured of [67, 0x7fffffff, 0xffffffff]) {
    const lying = record.slice();
    viewOf(lying).setUint32(104 + 32 + 12, captured, true); // the second item's `captured`
    const kept: Item[] = [];
    const expected = `item at byte 136 of its record: claims ${captured} bytes, 64 are left`;
    assert.is(parseItems(lying, layouts, kept), expected);
    assert.is(kept.length, 1);
    assert.is(findItem(viewOf(lying), 0, lying.length, layouts, 9, 64), -1);
  }
  const status = record.slice();
  status[104 + 2] = 5;
  const known: Item[] = [];
  assert.equal([parseItems(status, layouts, known), known.map(({ kind }) => kind)], [null, [9]]);
});

test("an item must be as long as the struct that is looked for", () => {
  const short = item({ kind: 9 }, new Uint8Array(56));
  const record = new Tape().exit({ at: 0, call: 1, ret: 0, items: [short, argsItem([1n])] });
  assert.is(findItem(viewOf(record), 0, record.length, layouts, 9, 64), -1);
  assert.is(findItem(viewOf(record), 0, record.length, layouts, 10, 48), 64 + 80 + 24);
  assert.is(findItem(viewOf(record), 0, record.length, layouts, 7, 0), -1);
});

/** xorshift: the same bytes are broken in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

test("broken bytes never throw, and both passes tell the same", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed * 7919);
    const tape = new Tape();
    const records = Array.from({ length: 12 }, (_, index) => {
      const head = { at: 10 * index, call: index >> 2, tid: 100 + (index & 1), items: [queueItem(9, 1)] };
      return index & 2 ? tape.exit({ ...head, ret: 0 }) : tape.entry(head);
    });
    const whole = records.map((record) => record.slice());
    for (let hits = 0; hits < 1 + (seed % 5); hits++) {
      const victim = whole[next() % whole.length];
      if (victim !== undefined) victim[next() % victim.length] = next() & 255;
    }
    const capture = makeCapture({ chunks: [{ records: records.slice(0, 2) }, { records: whole }] });
    const states: Record<string, number> = { complete: 0, uncertain: 0, in_flight: 0, no_entry: 0 };
    for (const line of calls(capture, EVERYTHING)) states[line.state] = (states[line.state] ?? 0) + 1;
    const counted: Record<string, number> = { complete: 0, uncertain: 0, in_flight: 0, no_entry: 0 };
    for (const group of latency([capture], EVERYTHING, ["event", "comm", "pid", "queue"]).groups) {
      counted.complete = (counted.complete ?? 0) + group.count;
      counted.uncertain = (counted.uncertain ?? 0) + group.uncertain;
      counted.in_flight = (counted.in_flight ?? 0) + group.in_flight;
      counted.no_entry = (counted.no_entry ?? 0) + group.no_entry;
    }
    assert.equal(counted, states, `seed ${seed}`);
  }
});

test.run();
