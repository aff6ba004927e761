/** One input from a seed and a number: a sound capture, and what was done to it. */
import { readdirSync, readFileSync } from "node:fs";
import { FRAME_HEADER_BYTES, frameBytes, parseFrameHeader } from "../../src/format/frame.js";
import { FrameType } from "../../src/format/types.js";
import { FIXTURES } from "../support/paths.js";
import { BTF_CHANGES } from "./change-btf.js";
import { type Change, FRAME_CHANGES } from "./change-frames.js";
import { RECORD_CHANGES } from "./change-records.js";
import { VALUE_CHANGES } from "./change-values.js";
import { BYTE_DAMAGE } from "./damage-bytes.js";
import { buildModel, copyModel, type Model, parseModel } from "./model.js";
import { type Random, randomOf } from "./random.js";

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly model: Model;
  /** Of its frames, and behind the last. */
  readonly starts: readonly number[];
}

export interface Input {
  readonly bytes: Uint8Array;
  /** The capture it was made from, and what was done, in order. */
  readonly from: string;
  readonly changes: readonly string[];
  /** `bytes`: damage that no checksum was mended for; `content`: the checksums are right. */
  readonly kind: "bytes" | "content" | "both";
  /** `verify` must find something wrong. */
  readonly mustBeFound: boolean;
  /** So must every command that reads all calls. */
  readonly mustBeNoticed: boolean;
}

/** A new seed for each of the recordings in fixtures/; `more`: made by hand. */
export function seedsOf(more: readonly { name: string; bytes: Uint8Array }[] = []): readonly Seed[] {
  const recorded = readdirSync(FIXTURES)
    .filter((file) => file.endsWith(".mtape"))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(`${FIXTURES}${name}`)) }));
  return [...recorded, ...more].map((one) => ({
    ...one,
    model: parseModel(one.bytes),
    starts: frameStarts(one.bytes),
  }));
}

/** Frames and values more often than what lies deepest, since they lead to more code. */
const GROUPS: readonly (readonly Change[])[] = [
  FRAME_CHANGES,
  FRAME_CHANGES,
  VALUE_CHANGES,
  VALUE_CHANGES,
  RECORD_CHANGES,
  RECORD_CHANGES,
  BTF_CHANGES,
];

export function makeInput(seeds: readonly Seed[], seed: number, number: number): Input {
  const random = randomOf(seed, number);
  const from = random.pick(seeds);
  if (random.int(10) < 4) return damaged(from, random);
  const model = copyModel(from.model);
  const changes: Change[] = [];
  const others = seeds.map((one) => one.model);
  for (let left = random.oneIn(2) ? 1 : 2 + random.int(3); left > 0; left--) {
    const change = random.pick(random.pick(GROUPS));
    change.apply(model, random, others);
    changes.push(change);
  }
  const bytes = buildModel(model);
  const names = changes.map(({ name }) => name);
  if (random.oneIn(12)) {
    const more = random.pick(BYTE_DAMAGE);
    const both = bytes.length > 0 ? more.apply(bytes, random, () => random.int(bytes.length)) : bytes;
    return input(from, both, [...names, more.name], "both", false);
  }
  if (random.oneIn(40)) {
    const behind = new Uint8Array(Buffer.concat([bytes, random.pick(seeds).bytes]));
    return input(from, behind, [...names, "another capture behind"], "content", false);
  }
  const isLie = changes.length === 1 && changes[0]?.isLie === true;
  return input(from, bytes, names, "content", isLie);
}

function damaged(from: Seed, random: Random): Input {
  let { bytes } = from;
  const names: string[] = [];
  // BTF is most of a small capture: it would get nearly all of the damage.
  const places = from.model.frames.length + 3;
  const place = () => {
    const at = random.int(places);
    const start = from.starts[at] ?? (random.oneIn(2) ? 0 : Math.max(0, bytes.length - 56));
    const end = from.starts[at + 1] ?? start + 64;
    return Math.min(start + random.int(end - start), Math.max(0, bytes.length - 1));
  };
  do {
    const damage = random.pick(BYTE_DAMAGE);
    bytes = damage.apply(bytes, random, place);
    names.push(damage.name);
  } while (random.oneIn(3) && bytes.length > 0);
  const isChanged = Buffer.compare(bytes, from.bytes) !== 0;
  return {
    ...input(from, bytes, names, "bytes", isChanged),
    mustBeNoticed: isChanged && isInWhatCallsRead(from, bytes),
  };
}

function input(
  from: Seed,
  bytes: Uint8Array,
  changes: readonly string[],
  kind: Input["kind"],
  mustBeFound: boolean,
): Input {
  return { bytes, from: from.name, changes, kind, mustBeFound, mustBeNoticed: false };
}

/** False: only inventories differ, which not every command looks into. */
function isInWhatCallsRead(from: Seed, is: Uint8Array): boolean {
  if (from.bytes.length !== is.length) return true;
  const isFree = new Uint8Array(is.length);
  for (const [i, { type }] of from.model.frames.entries()) {
    if (type === FrameType.INVENTORY) isFree.fill(1, from.starts[i], from.starts[i + 1]);
  }
  return from.bytes.some((byte, i) => byte !== is[i] && isFree[i] === 0);
}

function frameStarts(bytes: Uint8Array): number[] {
  const sync = bytes.subarray(48, 56);
  const starts = [64];
  for (let at = 64; ; ) {
    const header = parseFrameHeader(bytes.subarray(at, at + FRAME_HEADER_BYTES), sync);
    if (header === null) return starts;
    at += frameBytes(header);
    starts.push(at);
  }
}
