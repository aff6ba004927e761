/** Frames in columns: what goes in comes out, and an index is read into them as its description has it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CodecError } from "../../src/codec/error.js";
import { decodeMsgpack, encodeMsgpack } from "../../src/codec/msgpack.js";
import { indexBody } from "../../src/format/bodies.js";
import type { FrameEntry } from "../../src/format/frame.js";
import { type FrameTable, frameTable } from "../../src/format/frame-table.js";
import { parseIndex } from "../../src/format/index-lines.js";
import { LIMITS } from "../../src/format/limits.js";
import { joinedRows, lazyRows } from "../../src/format/rows.js";
import { SchemaError } from "../../src/format/schema.js";

const test = suite("format: frames in columns");

const entryOf = (i: number): FrameEntry => ({
  type: i % 9,
  flags: 0xffff - i,
  sequence: 3 * i,
  contextBytes: i % 70,
  storedBytes: 0xffff_ffff - i,
  rawBytes: i,
  offset: 2 ** 40 + 8 * i,
});
const contextOf = (i: number) => new Uint8Array(i % 70).fill(i);

function linesOf(table: FrameTable) {
  return Array.from({ length: table.length }, (_, i) => ({
    ...table.entry(i),
    context: [...table.context(i)],
  }));
}

test("what goes in comes out, also where the columns had to grow", () => {
  for (const count of [0, 1, 16, 17, 1000]) {
    const table = frameTable();
    for (let i = 0; i < count; i++) table.add(entryOf(i), contextOf(i));
    const expected = Array.from({ length: count }, (_, i) => ({ ...entryOf(i), context: [...contextOf(i)] }));
    assert.equal(linesOf(table), expected);
    assert.equal(linesOf(table.end()), expected);
    assert.is(
      table.contextsBytes,
      expected.reduce((sum, { context }) => sum + context.length, 0),
    );
  }
});

test("rows are what an array of their values is", () => {
  const values = [4, 7, 7, 9];
  const rows = lazyRows(values.length, (i) => values[i] as number);
  const joined = joinedRows([lazyRows(0, () => 0), [4], lazyRows(2, () => 7), [], [9], []]);
  for (const one of [rows, joined]) {
    assert.equal([...one], values);
    assert.is(one.length, 4);
    for (const i of [-5, -4, -1, 0, 3, 4]) assert.is(one.at(i), values.at(i));
    const is = (value: number) => value > 4;
    const never = () => false;
    const [asked, expected] = [one, values].map((all) => [
      [all.map((value, i) => value * i), all.flatMap((value) => [value, -value]), all.filter(is)],
      [all.find(is), all.find(never), all.findLast(is), all.findLast(never)],
      [all.findIndex(is), all.findIndex(never), all.reduce((sum, value) => sum + value, 1)],
    ]);
    assert.equal(asked, expected);
  }
});

const line = (i: number, extra: Record<string, unknown> = {}) => ({
  type: [1, 200, 70_000][i % 3],
  flags: i,
  offset: [5n, 300n, 2n ** 40n][i % 3],
  stored_bytes: [7, 255, 65_536, 0xffff_ffff][i % 4],
  raw_bytes: 0x80 + i,
  context: new Uint8Array([0, 3, 300, 70_000][i % 4] as number).fill(i),
  ...extra,
});
const reversed = (value: object) => Object.fromEntries(Object.entries(value).reverse());
const plain = Array.from({ length: 12 }, (_, i) => line(i));

const INDEXES: Readonly<Record<string, unknown>> = {
  none: { frames: [] },
  plain: { frames: plain },
  "numbers as small as they can be": { frames: plain.map((one) => ({ ...one, offset: 9 })) },
  "keys in another order": { frames: plain.map(reversed) },
  "keys of a later version": { frames: plain.map((one) => ({ ...one, later: { deep: [1, "x"] } })) },
  "and before the others": { frames: plain.map((one) => ({ later: null, ...one })) },
  "a value of a later version before the lines": { later: [1, { x: 2 }], frames: plain, more: "y" },
  "beyond 2^53": { frames: [line(0, { offset: 2n ** 63n })] },
  "no map": [1, 2],
  "a number": 7,
  "no lines": {},
  "lines that are a map": { frames: { a: 1 } },
  "lines that are nothing": { frames: null },
  "lines that are a word": { frames: "x" },
  "a line that is no map": { frames: [line(0), 5] },
  "a key too few": { frames: [line(0), { ...line(1), flags: undefined }] },
  "a context that is a word": { frames: [line(0, { context: "x" })] },
  "a number below 0": { frames: [line(0), line(1, { flags: -1 })] },
  "a type beyond 32 bits": { frames: [line(0, { type: 2n ** 32n })] },
  "lengths beyond 32 bits": { frames: [line(0), line(2, { raw_bytes: 2n ** 40n })] },
};

/** As the description of an index has it. */
function described(raw: Uint8Array) {
  try {
    return indexBody
      .parse(decodeMsgpack(raw, LIMITS), "")
      .frames.map(({ type, flags, offset, storedBytes, rawBytes, context }, sequence) => {
        const numbers = { type, flags, contextBytes: context.length, storedBytes, rawBytes, sequence };
        return { ...numbers, offset: Number(offset), context: [...context] };
      });
  } catch (error) {
    if (!(error instanceof SchemaError || error instanceof CodecError)) throw error;
    return `frame 3: ${error.message}`;
  }
}

function read(raw: Uint8Array) {
  const entry = { type: 7, flags: 0, sequence: 3, contextBytes: 0, offset: 64 };
  const lengths = { storedBytes: raw.length, rawBytes: raw.length };
  const { value, problem } = parseIndex({ ...entry, ...lengths }, raw, LIMITS);
  return problem === null ? linesOf(value) : problem.message;
}

test("an index is read as its description has it, however it is spelled", () => {
  for (const [name, value] of Object.entries(INDEXES)) {
    const raw = encodeMsgpack(value);
    assert.equal(read(raw), described(raw), name);
  }
});

test("and whatever is changed in it", () => {
  const raw = encodeMsgpack({ frames: [line(0), line(1)] });
  for (let at = 0; at < raw.length; at++) {
    for (const byte of [0x00, 0x81, 0x86, 0x90, 0xa4, 0xc0, 0xc4, 0xcc, 0xcd, 0xd3, 0xff]) {
      const changed = raw.slice();
      changed[at] = byte;
      assert.equal(read(changed), described(changed), `byte ${at} is ${byte}`);
    }
  }
  for (let at = 0; at < raw.length; at++)
    assert.equal(read(raw.subarray(0, at)), described(raw.subarray(0, at)));
});

test.run();
