/**
 * Captures made to use up time and memory: right checksums around counts, sizes and repetitions that no recorder
 * comes near. Each a few megabytes at most in the file.
 */
import { FrameFlag } from "../../src/format/frame.js";
import { FrameType } from "../../src/format/types.js";
import { Tape } from "../replay/tape.js";
import { madeByHand } from "./hand-made.js";
import { buildModel, copyModel, type Model, type ModelFrame, parseModel } from "./model.js";
import { encodeTree, leafOf, parseTree, type Tree, valueUnder } from "./msgpack-tree.js";

export interface Bomb {
  readonly name: string;
  make(): Uint8Array;
}

const base = () => copyModel(parseModel(madeByHand()[0]?.bytes ?? new Uint8Array(0)));
const { text, unsigned, bytes: binary } = leafOf;
const list = (children: Tree[]): Tree => ({ kind: "array", children });
const map = (entries: readonly (readonly [string, Tree])[]): Tree => ({
  kind: "map",
  children: entries.flatMap(([key, value]) => [text(key), value]),
});
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

function frameOf(type: number, payload: Uint8Array, more: Partial<ModelFrame> = {}): ModelFrame {
  const flags = payload.length > 256 ? FrameFlag.ZSTD : 0;
  return { type, flags, sequence: 0, context: new Uint8Array(0), payload, lies: {}, ...more };
}

/** `frames` before the first chunk of a sound capture. */
function withFrames(frames: readonly ModelFrame[], change: (model: Model) => void = () => {}): Uint8Array {
  const model = base();
  const at = model.frames.findIndex(({ type }) => type === FrameType.CHUNK);
  model.frames = [...model.frames.slice(0, at), ...frames, ...model.frames.slice(at)];
  change(model);
  return buildModel(model);
}

/** A frame of a sound capture with another value under a key. */
function withValue(type: number, key: string, value: Tree): Uint8Array {
  const model = base();
  const frame = model.frames.find((one) => one.type === type);
  if (frame === undefined) throw new RangeError(`no frame of type ${type}`);
  const tree = parseTree(frame.payload);
  const place = valueUnder(tree, key);
  if (place === null) throw new RangeError(`no key ${key}`);
  place.parent.children[place.at] = value;
  frame.payload = encodeTree(tree);
  frame.flags |= FrameFlag.ZSTD;
  return buildModel(model);
}

function withoutIndex(model: Model): void {
  model.frames = model.frames.filter(({ type }) => type !== FrameType.INDEX);
}

interface ChunkParts {
  readonly records?: readonly Uint8Array[];
  readonly tasks?: Tree[];
  readonly queues?: Tree[];
}

/** A chunk of these parts; the context says how many records, and nothing of their times. */
function chunkFrame(parts: ChunkParts, firstRecord = 0): ModelFrame {
  const records = new Uint8Array(Buffer.concat([...(parts.records ?? [])]));
  const context = new Uint8Array(48);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, BigInt(firstRecord), true);
  view.setUint32(32, parts.records?.length ?? 0, true);
  const payload = encodeTree(
    map([
      ["records", binary(records)],
      ["tasks", list(parts.tasks ?? [])],
      ["queues", list(parts.queues ?? [])],
    ]),
  );
  return frameOf(FrameType.CHUNK, payload, { context, flags: FrameFlag.CRITICAL | FrameFlag.ZSTD });
}

/** A sound capture with these chunks in place of its own. */
function withChunks(chunks: readonly ModelFrame[]): Uint8Array {
  const model = base();
  const at = model.frames.findIndex(({ type }) => type === FrameType.CHUNK);
  const behind = model.frames.slice(at).filter(({ type }) => type !== FrameType.CHUNK);
  model.frames = [...model.frames.slice(0, at), ...chunks, ...behind];
  return buildModel(model);
}

function task(tid: number, more: readonly (readonly [string, Tree])[] = []): Tree {
  return map([
    ["tid", unsigned(BigInt(tid))],
    ["start_ns", unsigned(7n)],
    ["tgid", unsigned(1n)],
    ["since_ns", unsigned(5n)],
    ["comm", binary(Buffer.from("x"))],
    ...more,
  ]);
}

const CLOCK_KEYS = ["boottime_ns", "monotonic_ns", "realtime_ns", "uncertainty_ns"] as const;

const triples = (count: number) =>
  map([
    [
      "clocks",
      list(
        times(count, (i) =>
          map([
            ...CLOCK_KEYS.map((key) => [key, unsigned(BigInt(i))] as const),
            ["reason", text("interval")],
          ]),
        ),
      ),
    ],
  ]);

const gapBody = (i: number) =>
  encodeTree(
    map([
      ["cpu", unsigned(1n)],
      ["from_ns", unsigned(BigInt(i))],
      ["to_ns", unsigned(BigInt(i))],
      ["lost", unsigned(1n)],
      ["cause", text("ring_full")],
    ]),
  );

function inventory(queues: Tree[], limits: Tree = map([])): Uint8Array {
  return encodeTree(
    map([
      ["at_ns", unsigned(5n)],
      ["reason", text("interval")],
      ["queues", list(queues)],
      ["limits", limits],
      ["missing", list([])],
      ["in_flight", list([])],
    ]),
  );
}

const inventoryQueue = (i: number): Tree =>
  map([
    ["kind", text("posix")],
    ["namespace_inum", unsigned(1n)],
    ["id", unsigned(BigInt(i))],
    ["name", text(`/q${i}`)],
    ["fields", map([["QSIZE", text("0")]])],
    ["holders", list([])],
  ]);

/** Entries of as many tasks, none of which leaves. */
function entries(count: number, first: number): Uint8Array[] {
  const tape = new Tape();
  return times(count, (i) => tape.entry({ at: 1000 + i, call: 1, tid: first + i }));
}

/** Made once each: they are put in many times over. */
const MANY_QUEUES = once(() => inventory(times(20_000, inventoryQueue)));
const MANY_CLOCKS = once(() => encodeTree(triples(90_000)));
const MANY_CAPTURES = once(() => origin());
const MANY_EVENTS = once(() => hostWith(100_000));

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export const BOMBS: readonly Bomb[] = [
  {
    name: "frames without content",
    make: () =>
      withFrames(
        times(500_000, () => frameOf(0x9000, new Uint8Array(0))),
        withoutIndex,
      ),
  },
  {
    name: "frames without content, in the index",
    make: () => withFrames(times(190_000, () => frameOf(0x9000, new Uint8Array(0)))),
  },
  {
    name: "an index of all that it may hold",
    make: () => withFrames(times(640_000, () => frameOf(0x9000, new Uint8Array(0)))),
  },
  {
    name: "headers of frames that are damaged",
    make: () =>
      withFrames(
        times(500_000, () => frameOf(0x9000, new Uint8Array(0), { lies: { bodyCrc: 1 } })),
        withoutIndex,
      ),
  },
  {
    name: "sound and damaged frames in turn",
    make: () =>
      withFrames(
        times(200_000, (i) =>
          frameOf(0x9000, new Uint8Array(0), { lies: i % 2 === 0 ? { bodyCrc: 1 } : {} }),
        ),
        withoutIndex,
      ),
  },
  {
    name: "headers that all claim the same bytes",
    make: () =>
      withFrames(
        times(20_000, () =>
          frameOf(FrameType.CHUNK, new Uint8Array(0), {
            lies: { storedBytes: 16 << 20, rawBytes: 16 << 20 },
          }),
        ),
        (model) => {
          withoutIndex(model);
          model.frames.push(frameOf(0x9000, new Uint8Array(32 << 20), { flags: 0 }));
        },
      ),
  },
  { name: "markers", make: () => behindHeader((sync) => Buffer.concat(times(1 << 20, () => sync))) },
  {
    name: "contexts",
    make: () => withChunks(times(1000, () => ({ ...chunkFrame({}), context: countsContext() }))),
  },
  { name: "file headers", make: () => behindHeader(() => lyingHeaders(1 << 20)) },
  { name: "captures", make: () => new Uint8Array(Buffer.concat(times(5000, () => base().header))) },
  {
    name: "captures of some frames",
    make: () => new Uint8Array(Buffer.concat(times(1500, () => madeByHand()[0]?.bytes ?? new Uint8Array(0)))),
  },
  { name: "zeros", make: () => withFrames([frameOf(FrameType.INVENTORY, new Uint8Array(64 << 20))]) },
  {
    name: "values in HOST",
    make: () => withValue(FrameType.HOST, "attach_plan", list(times(2_000_000, () => map([])))),
  },
  {
    name: "keys in an inventory",
    make: () =>
      withFrames([
        frameOf(
          FrameType.INVENTORY,
          inventory([], map(times(600_000, (i) => [String(i), text("")] as const))),
        ),
      ]),
  },
  {
    name: "queues in an inventory",
    make: () => withFrames([frameOf(FrameType.INVENTORY, inventory(times(100_000, inventoryQueue)))]),
  },
  {
    name: "inventories",
    make: () => withFrames(times(200, () => frameOf(FrameType.INVENTORY, MANY_QUEUES()))),
  },
  {
    name: "clock readings",
    make: () => withFrames(times(15, () => frameOf(FrameType.CLOCKS, MANY_CLOCKS()))),
  },
  { name: "gaps", make: () => withFrames(times(200_000, (i) => frameOf(FrameType.GAP, gapBody(i)))) },
  { name: "origins", make: () => withFrames(times(100, () => frameOf(FrameType.ORIGIN, MANY_CAPTURES()))) },
  { name: "hosts", make: () => withFrames(times(50, () => frameOf(FrameType.HOST, MANY_EVENTS()))) },
  {
    name: "a long host name",
    make: () => withValue(FrameType.HOST, "hostname", text("\u0001".repeat(60 << 20))),
  },
  {
    name: "a long task name",
    make: () =>
      withChunks([
        chunkFrame({
          records: entries(5000, 1),
          tasks: times(5000, (i) => task(i + 1, [["comm", binary(Buffer.alloc(3000, 1))]])),
        }),
      ]),
  },
  {
    name: "one task with many names",
    make: () =>
      withChunks([
        chunkFrame({
          records: times(60_000, () => new Tape().entry({ at: 5, call: 1, tid: 9 })),
          tasks: times(60_000, () => task(9)),
        }),
      ]),
  },
  {
    name: "calls that never end",
    make: () =>
      withChunks(times(6, (i) => chunkFrame({ records: entries(100_000, i * 100_000) }, i * 100_000))),
  },
  {
    name: "groups",
    make: () =>
      withChunks(times(6, (i) => chunkFrame({ records: pairsOf(50_000, i * 50_000) }, i * 100_000))),
  },
  {
    name: "a record as large as a chunk",
    make: () => withChunks([chunkFrame({ records: [largeRecord()] })]),
  },
  { name: "items without bytes", make: () => withChunks([chunkFrame({ records: [manyItems()] })]) },
];

/** A capture that was cut behind its file header, and these bytes. */
function behindHeader(make: (sync: Uint8Array) => Uint8Array): Uint8Array {
  const { header } = base();
  return new Uint8Array(Buffer.concat([header, make(header.subarray(48, 56))]));
}

/** A context full of counts. */
function countsContext(): Uint8Array {
  const context = new Uint8Array(48 + 12 * 5000);
  new DataView(context.buffer).setUint16(42, 5000, true);
  return context;
}

/** Beginnings of file headers, each with a length for which a checksum has to be made. */
function lyingHeaders(count: number): Uint8Array {
  const one = new Uint8Array(16);
  one.set(base().header.subarray(0, 12));
  new DataView(one.buffer).setUint32(12, 4096, true);
  return new Uint8Array(Buffer.concat(times(count, () => one)));
}

function origin(): Uint8Array {
  return encodeTree(
    map([
      ["made_by", text("merge")],
      ["version", text("0")],
      ["from", list(times(50_000, (i) => text(`capture ${i}`)))],
      ["options", map([])],
      ["problems", list([])],
    ]),
  );
}

function hostWith(events: number): Uint8Array {
  const frame = base().frames.find(({ type }) => type === FrameType.HOST);
  const tree = parseTree(frame?.payload ?? new Uint8Array(0));
  const place = valueUnder(tree, "config");
  if (place !== null) {
    place.parent.children[place.at] = map([
      ["events", list(times(events, (i) => text(`event ${i}`)))],
      ["snap_bytes", unsigned(1n)],
      ["buffer_bytes", unsigned(1n)],
      ["filters", map([])],
    ]);
  }
  return encodeTree(tree);
}

function pairsOf(count: number, first: number): Uint8Array[] {
  const tape = new Tape();
  return times(count, (i) => [
    tape.entry({ at: 1000 + i, call: 1, tid: first + i, tgid: first + i }),
    tape.exit({ at: 2000 + i, call: 1, tid: first + i, tgid: first + i, ret: 0 }),
  ]).flat();
}

/** An entry with one item that fills it. */
function largeRecord(): Uint8Array {
  const size = 15 << 20;
  const record = new Uint8Array(size);
  record.set(new Tape().entry({ at: 1, call: 1, tid: 1 }));
  const view = new DataView(record.buffer);
  const itemAt = new Tape().entry({ at: 1, call: 1, tid: 1 }).length;
  view.setUint32(0, size, true);
  record.fill(1, itemAt + 24);
  view.setUint32(itemAt + 12, size - itemAt - 24, true);
  return record;
}

/** An entry with as many items as there is room for. */
function manyItems(): Uint8Array {
  const size = 15 << 20;
  const record = new Uint8Array(size);
  record.set(new Tape().entry({ at: 1, call: 1, tid: 1 }));
  new DataView(record.buffer).setUint32(0, size, true);
  return record;
}
