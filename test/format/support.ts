/** Spells captures byte by byte, apart from the code under test, and opens them. */
import { crc32 } from "node:zlib";
import { type Capture, openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import type { Limits } from "../../src/format/limits.js";
import { memorySource } from "../../src/format/source.js";
import type { ChunkContext, HostInfo, Summary } from "../../src/format/types.js";

export const CAPTURE_ID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
export const SYNC = Uint8Array.of(0x53, 0x59, 0x4e, 0x43, 0x01, 0x02, 0x03, 0x04);
export const MAGIC = [0x89, 0x4d, 0x54, 0x50, 0x0d, 0x0a, 0x1a, 0x0a];

export function le(value: number | bigint, width: 1 | 2 | 4 | 8): number[] {
  return Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
}

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

export function fileHeader(
  change: { major?: number; minor?: number; length?: number; needs?: bigint; may?: bigint } = {},
): Uint8Array {
  const length = change.length ?? 64;
  const head = join(
    MAGIC,
    le(change.major ?? 1, 2),
    le(change.minor ?? 3, 2),
    le(length, 4),
    le(change.needs ?? 0n, 8),
    le(change.may ?? 0n, 8),
    CAPTURE_ID,
    SYNC,
    new Uint8Array(Math.max(0, length - 60)), // reserved, then fields of later minors
  );
  return join(head, le(crc32(head), 4));
}

export interface FrameSpelling {
  readonly type: number;
  readonly sequence: number;
  readonly flags?: number;
  readonly context?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly storedBytes?: number;
  readonly rawBytes?: number;
  readonly contextBytes?: number;
  readonly bodyCrc?: number;
}

export function frame(spelling: FrameSpelling): Uint8Array {
  const context = spelling.context ?? new Uint8Array(0);
  const payload = spelling.payload ?? new Uint8Array(0);
  const used = context.length + payload.length;
  const body = join(context, payload, new Uint8Array((8 - (used % 8)) % 8));
  const head = join(
    SYNC,
    le(spelling.type, 2),
    le(spelling.flags ?? 0, 2),
    le(spelling.contextBytes ?? context.length, 4),
    le(spelling.sequence, 8),
    le(spelling.storedBytes ?? payload.length, 4),
    le(spelling.rawBytes ?? payload.length, 4),
    le(spelling.bodyCrc ?? crc32(body), 4),
  );
  return join(head, le(crc32(head), 4), body);
}

export function trailer(
  end: { index: number | null; summary: number | null; file: number },
  captureId: Uint8Array = CAPTURE_ID,
): Uint8Array {
  const flags = (end.index === null ? 0 : 1) | (end.summary === null ? 0 : 2);
  const head = join(captureId, le(end.index ?? 0, 8), le(end.summary ?? 0, 8), le(end.file, 8), le(flags, 4));
  return join(head, le(crc32(head), 4), MAGIC.toReversed());
}

/** msgpack, each value in one fixed width. */
export const pack = {
  nil: [0xc0],
  bool: (value: boolean): number[] => [value ? 0xc3 : 0xc2],
  int: (value: number): number[] => [0xce, ...le(value, 4).reverse()],
  long: (value: bigint): number[] => [0xcf, ...le(value, 8).reverse()],
  str: (text: string): number[] => [0xdb, ...le(Buffer.byteLength(text), 4).reverse(), ...Buffer.from(text)],
  bin: (bytes: Uint8Array | readonly number[]): number[] => [
    0xc6,
    ...le(bytes.length, 4).reverse(),
    ...bytes,
  ],
  list: (...values: readonly number[][]): number[] => [
    0xdd,
    ...le(values.length, 4).reverse(),
    ...values.flat(),
  ],
  map: (...pairs: readonly (readonly [string, number[]])[]): number[] => [
    0xdf,
    ...le(pairs.length, 4).reverse(),
    ...pairs.flatMap(([key, value]) => [...pack.str(key), ...value]),
  ],
};

/** `count` records of 16 bytes: length, number, zeros. */
export function recordsOf(first: number, count: number): Uint8Array {
  return join(...Array.from({ length: count }, (_, i) => [...le(16, 4), ...le(first + i, 4), ...le(0, 8)]));
}

export function contextOf(firstRecord: number, records: number): ChunkContext {
  return {
    firstRecord: BigInt(firstRecord),
    records,
    counts: [{ event: 10, entries: records, exits: 0 }],
    firstTimeNs: 1_000_000_000n + BigInt(firstRecord),
    lastTimeNs: 1_000_000_000n + BigInt(firstRecord + records - 1),
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
  };
}

/** A chunk's context as bytes: 48 fixed, 12 a count, 12 a loss. */
export function contextBytes(firstRecord: number, records: number): Uint8Array {
  return join(
    le(firstRecord, 8),
    le(0, 8), // first time: absent
    le(0, 8), // last time: absent
    le(0, 8), // oldest open: absent
    le(records, 4),
    le(0, 4), // open calls
    le(0, 2), // flags
    le(0, 2), // counts
    le(0, 2), // losses
    le(0, 2), // reserved
  );
}

export function chunkPayload(records: Uint8Array): Uint8Array {
  return Uint8Array.from(
    pack.map(["records", pack.bin(records)], ["tasks", pack.list()], ["queues", pack.list()]),
  );
}

export const HOST: HostInfo = {
  hostname: "h",
  sysname: "Linux",
  release: "6.18.0",
  version: "#1",
  machine: "x86_64",
  arch: "x86_64",
  littleEndian: true,
  pageSize: 4096,
  bootId: null,
  cpus: 2,
  recorder: { name: "msgtape", version: "0.1.0" },
  synthetic: true,
  config: { events: ["msgsnd"], snapBytes: 256, bufferBytes: 65536, filters: {}, command: null },
  attachPlan: [],
};

export const CLOCK = {
  boottimeNs: 1_000_000_000n,
  monotonicNs: 900_000_000n,
  realtimeNs: 1_795_000_000_000_000_000n,
  uncertaintyNs: 80n,
  reason: "start",
} as const;

export const BTF = Uint8Array.of(0x9f, 0xeb, 1, 0);
export const BTF_SHA256 = "c13ad64d479581ecb41b2dae7b63254cfdb58973dcece5c54466b82fac1028e3";

export function summaryOf(records: number, chunks: number): Summary {
  return {
    startNs: 1_000_000_000n,
    endNs: 2_000_000_000n,
    records: BigInt(records),
    lost: 0n,
    lostByEvent: [],
    gaps: 0,
    chunks,
    counts: [{ event: 10, entries: records, exits: 0 }],
    x32Calls: 0n,
    ended: "signal",
  };
}

/** The parts of a small whole capture, in the order of the file; the last is index, summary and trailer. */
export function sampleParts(compress = false): Uint8Array[] {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC, compress });
  return [
    encoder.fileHeader(),
    encoder.host(HOST),
    encoder.clocks([CLOCK]),
    encoder.btf({ origin: "recorder", sha256: BTF_SHA256, data: BTF }),
    encoder.chunk(contextOf(0, 3), { records: recordsOf(0, 3), tasks: [], queues: [] }),
    encoder.gap({ cpu: 1, fromNs: 5n, toNs: null, lost: 7n, cause: "ring_full" }),
    encoder.chunk(contextOf(3, 2), { records: recordsOf(3, 2), tasks: [], queues: [] }),
    encoder.finish(summaryOf(5, 2)),
  ];
}

export function open(bytes: Uint8Array, limits?: Limits): Capture {
  return openCapture(memorySource(bytes, "t.tape"), limits);
}

/** Everything in a capture that can be read, in short: the number in every record, and the problem codes. */
export function digest(capture: Capture): { records: number[]; steps: string[]; problems: string[] } {
  const records: number[] = [];
  const steps: string[] = [];
  for (const step of capture.chunks()) {
    steps.push(step.problem ? step.problem.code : "chunk");
    if (!step.body) continue;
    const view = new DataView(
      step.body.records.buffer,
      step.body.records.byteOffset,
      step.body.records.byteLength,
    );
    for (let at = 0; at < view.byteLength; at += 16) records.push(view.getUint32(at + 4, true));
  }
  capture.inventories();
  void capture.recorderBtf;
  return { records, steps, problems: capture.problems.map((one) => one.code) };
}
