/** Changes to whole frames, their headers, the file header and the trailer. */
import { compress } from "../../src/codec/zstd.js";
import { FrameFlag } from "../../src/format/frame.js";
import { FrameType } from "../../src/format/types.js";
import { copyFrame, type Model, type ModelFrame } from "./model.js";
import { oddNumber, type Random } from "./random.js";

export interface Change {
  readonly name: string;
  /** `others`: captures that frames may come from. */
  apply(model: Model, random: Random, others: readonly Model[]): void;
  /** True: whatever it makes, `verify` must find something wrong. */
  readonly isLie?: boolean;
}

/** The payloads of one frame's repetitions together, raw. */
const REPEATED_BYTES = 2 << 20;

const u32 = (random: Random) => Number(BigInt.asUintN(32, oddNumber(random)));
const u16 = (random: Random) => Number(BigInt.asUintN(16, oddNumber(random)));
const some = (model: Model, random: Random) => random.pick(model.frames);

function insert(model: Model, random: Random, frame: ModelFrame): void {
  model.frames.splice(random.int(model.frames.length + 1), 0, frame);
}

export const FRAME_CHANGES: readonly Change[] = [
  { name: "drop a frame", apply: (model, random) => drop(model, random) },
  {
    name: "drop a frame and say nothing",
    isLie: true,
    apply: (model, random) => {
      model.renumber = false;
      model.reindex = false;
      drop(model, random);
    },
  },
  {
    name: "repeat a frame",
    apply: (model, random) => insert(model, random, copyFrame(some(model, random))),
  },
  {
    name: "repeat a frame many times",
    apply: (model, random) => {
      const frame = some(model, random);
      // What takes time is then the number of frames, not that of the records in them.
      const most = Math.max(1, Math.floor(REPEATED_BYTES / (frame.payload.length + 1)));
      const times = Math.min(1 + random.int(random.oneIn(8) ? 1000 : 50), most);
      const at = random.int(model.frames.length + 1);
      model.frames.splice(at, 0, ...Array.from({ length: times }, () => copyFrame(frame)));
    },
  },
  {
    name: "swap frames",
    apply: (model, random) => {
      const one = random.int(model.frames.length);
      const other = random.int(model.frames.length);
      const frame = model.frames[one] as ModelFrame;
      model.frames[one] = model.frames[other] as ModelFrame;
      model.frames[other] = frame;
    },
  },
  {
    name: "a frame of another capture",
    apply: (model, random, others) => {
      const other = random.pick(others);
      const frame = copyFrame(some(other, random));
      if (random.oneIn(4)) frame.sync = other.header.slice(48, 56);
      if (random.oneIn(2)) insert(model, random, frame);
      else model.frames[random.int(model.frames.length)] = frame;
    },
  },
  {
    name: "sequences as they were",
    apply: (model) => {
      model.renumber = false;
    },
  },
  {
    name: "the old index",
    apply: (model) => {
      model.reindex = false;
    },
  },
  {
    name: "an odd sequence",
    apply: (model, random) => {
      for (const [i, frame] of model.frames.entries()) if (model.renumber) frame.sequence = i;
      model.renumber = false;
      some(model, random).sequence = Number(oddNumber(random));
    },
  },
  {
    name: "another type",
    apply: (model, random) => {
      some(model, random).type = random.oneIn(3) ? u16(random) : random.int(11);
    },
  },
  {
    name: "other flags",
    apply: (model, random) => {
      some(model, random).flags ^= 1 << random.int(16);
    },
  },
  {
    name: "a frame of an unknown type",
    apply: (model, random) =>
      insert(model, random, {
        type: random.oneIn(2) ? 0x8000 + random.int(0x8000) : 10 + random.int(100),
        flags: random.oneIn(4) ? FrameFlag.CRITICAL : 0,
        sequence: 0,
        context: new Uint8Array(0),
        payload: random.bytes(random.int(100)),
        lies: {},
      }),
  },
  {
    name: "a lying length",
    isLie: true,
    apply: (model, random) => {
      const frame = some(model, random);
      const key = random.pick(["contextBytes", "storedBytes", "rawBytes"] as const);
      const truth = { contextBytes: frame.context.length, rawBytes: frame.payload.length, storedBytes: -1 };
      const odd = u32(random);
      frame.lies[key] = odd === truth[key] ? odd + 8 : odd;
      // Of what is not compressed all three are one.
      if (key === "storedBytes" && random.oneIn(2)) frame.lies.rawBytes = odd;
    },
  },
  {
    name: "a wrong body checksum",
    isLie: true,
    apply: (model, random) => {
      some(model, random).lies.bodyCrc = u32(random);
    },
  },
  {
    name: "a wrong header checksum",
    isLie: true,
    apply: (model, random) => {
      some(model, random).lies.headerCrc = u32(random);
    },
  },
  {
    name: "another marker",
    isLie: true,
    apply: (model, random) => {
      some(model, random).sync = random.bytes(8);
    },
  },
  {
    name: "an empty payload",
    apply: (model, random) => {
      some(model, random).payload = new Uint8Array(0);
    },
  },
  {
    name: "a payload of zeros",
    apply: (model, random) => {
      const frame = some(model, random);
      frame.payload = new Uint8Array(random.oneIn(20) ? 16 * 1024 * 1024 : random.int(100_000));
      frame.flags |= FrameFlag.ZSTD;
    },
  },
  {
    name: "noise in a payload",
    apply: (model, random) => {
      const { payload } = some(model, random);
      for (let i = random.int(8); i >= 0; i--) {
        if (payload.length > 0) payload[random.int(payload.length)] = random.int(256);
      }
    },
  },
  {
    name: "a payload cut short",
    apply: (model, random) => {
      const frame = some(model, random);
      frame.payload = frame.payload.slice(0, random.int(frame.payload.length));
    },
  },
  {
    name: "noise in zstd",
    apply: (model, random) => {
      const frame = some(model, random);
      const stored = compress(frame.payload).slice();
      frame.flags |= FrameFlag.ZSTD;
      for (let i = random.int(4); i >= 0; i--) stored[random.int(stored.length)] = random.int(256);
      frame.stored = random.oneIn(4) ? new Uint8Array(Buffer.concat([stored, stored])) : stored;
    },
  },
  {
    name: "context bytes",
    apply: (model, random) => {
      const chunks = model.frames.filter(({ type }) => type === FrameType.CHUNK);
      const frame = chunks.length > 0 && !random.oneIn(8) ? random.pick(chunks) : some(model, random);
      changeContext(frame, random);
    },
  },
  {
    name: "the file header",
    apply: (model, random) => {
      const at = 8 + random.int(model.header.length - 12);
      // The marker and the id are any bytes, so that changing them here changes nothing.
      model.header[at] = random.int(256);
      model.headerCrcLie = random.oneIn(8);
    },
  },
  {
    name: "no trailer",
    isLie: true,
    apply: (model) => {
      model.trailer = false;
    },
  },
  {
    name: "a lying trailer",
    apply: (model, random) => {
      const key = random.pick(["index", "summary", "file", "flags"] as const);
      if (key === "flags") model.trailerLies.flags = random.int(8);
      else model.trailerLies[key] = random.oneIn(2) ? BigInt(random.int(60_000)) : oddNumber(random);
      if (random.oneIn(8)) model.trailerLies.crc = u32(random);
    },
  },
];

function drop(model: Model, random: Random): void {
  if (model.frames.length > 1) model.frames.splice(random.int(model.frames.length), 1);
}

function changeContext(frame: ModelFrame, random: Random): void {
  if (frame.context.length < 8 || random.oneIn(6)) {
    const length = random.oneIn(8) ? random.int(70_000) : random.int(120);
    const longer = new Uint8Array(length);
    longer.set(frame.context.subarray(0, length));
    frame.context = longer;
    return;
  }
  const view = new DataView(frame.context.buffer, frame.context.byteOffset, frame.context.byteLength);
  const width = random.pick([2, 4, 8] as const);
  const at = Math.floor(random.int(frame.context.length - width + 1) / width) * width;
  const value = oddNumber(random);
  if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, value), true);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
  else view.setUint16(at, Number(BigInt.asUintN(16, value)), true);
}
