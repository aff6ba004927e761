/** A tape, a sink and what a recording begins with, for tests of sessions without a kernel. */
import { createHash } from "node:crypto";
import { openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import { captureIdText } from "../../src/format/file-header.js";
import { memorySource } from "../../src/format/source.js";
import type {
  BtfFrame,
  ChunkContext,
  ClockTriple,
  Gap,
  HostInfo,
  Inventory,
} from "../../src/format/types.js";
import type { Boundary } from "../../src/record/boundary.js";
import type { OpenPart, PartSource, TakenBatch } from "../../src/record/output.js";
import { type Sink, SinkError, SinkFullError } from "../../src/record/sink.js";
import type { Batch, FiredTrigger, OpenCall, TapeHandle, Totals } from "../../src/record/tape.js";
import { CaptureWriter } from "../../src/record/writer.js";

export const NO_COUNTS: readonly bigint[] = Array.from({ length: 32 }, () => 0n);
export const NOTHING: Totals = {
  recorded: 0n,
  lostRingFull: 0n,
  lostNoScratch: 0n,
  lostRecursion: 0n,
  x32: 0n,
  announceFailed: 0n,
  noTaskState: 0n,
  ringUsed: 0n,
  planesLost: 0n,
  planesSkipped: 0n,
  recordedEntries: NO_COUNTS,
  recordedExits: NO_COUNTS,
  lostEntries: NO_COUNTS,
  lostExits: NO_COUNTS,
};

/** The call that is open at the end of each batch. */
export const OF_BATCH: OpenCall = { tid: 8, startNs: 80n, event: 4, enterNs: 440n };

/** Hands out its batches one by one; the ones in `afterStop` only when stopped. */
export class FakeTape implements TapeHandle {
  readonly log: string[] = [];
  readonly #batches: (Batch | null)[];
  readonly #afterStop: Batch[];
  readonly #totals: Totals;
  #stopped = false;

  constructor(batches: readonly (Batch | null)[], afterStop: readonly Batch[], totals: Partial<Totals>) {
    this.#batches = [...batches];
    this.#afterStop = [...afterStop];
    this.#totals = { ...NOTHING, ...totals };
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }
  track(): void {}
  tracked(): bigint {
    return 0n;
  }
  start(): void {
    this.log.push("start");
  }
  async nextBatch(): Promise<Batch | null | "end"> {
    const batch = this.#batches.shift();
    if (batch !== undefined) return batch;
    if (!this.#stopped) return null;
    return this.#afterStop.shift() ?? "end";
  }
  openCalls(): readonly OpenCall[] {
    return this.#stopped ? [{ tid: 7, startNs: 70n, event: 4, enterNs: 450n }] : [];
  }
  openCallsOfBatch(): readonly OpenCall[] {
    return [OF_BATCH];
  }
  totals(): Totals {
    return this.#totals;
  }
  firedTriggers(): readonly FiredTrigger[] {
    return [];
  }
  rearmTrigger(): void {}
  stop(): void {
    this.log.push("stop");
    this.#stopped = true;
  }
  close(): void {}
}

/** Memory with a size; `failAt`: the write that fails for another reason than room. */
export class FakeSink implements Sink {
  readonly name = "fake";
  readonly parts: Uint8Array[] = [];
  readonly #roomBytes: number;
  readonly #failAt: number;
  writtenBytes = 0;
  syncs = 0;

  constructor(roomBytes = Number.POSITIVE_INFINITY, failAt = Number.POSITIVE_INFINITY) {
    this.#roomBytes = roomBytes;
    this.#failAt = failAt;
  }

  async reserve(bytes: number): Promise<void> {
    if (this.writtenBytes + bytes > this.#roomBytes) throw new SinkFullError("fake: no space left");
  }
  async write(bytes: Uint8Array): Promise<void> {
    if (this.parts.length >= this.#failAt) throw new SinkError("fake: cannot be written: i/o error");
    this.parts.push(bytes);
    this.writtenBytes += bytes.length;
  }
  async sync(): Promise<void> {
    this.syncs++;
  }
  async close(): Promise<void> {}
  discard(): void {}

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.parts));
  }
}

export function batch(firstRecord: number, records: number, extra: Partial<Batch> = {}): Batch {
  const firstTimeNs = BigInt(100 + firstRecord);
  const context: ChunkContext = {
    firstRecord: BigInt(firstRecord),
    records,
    counts: [{ event: 3, entries: records / 2, exits: records / 2 }],
    firstTimeNs,
    lastTimeNs: firstTimeNs + BigInt(records) - 1n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
  };
  // A record begins with its size; nothing else of it matters here.
  const bytes = Uint8Array.from({ length: records * 64 }, (_, i) => (i % 64 === 0 ? 64 : 0));
  const none = new Uint8Array(0);
  const kept = { records: bytes, names: none, planes: none, planesRecords: 0, context };
  return { ...kept, tasks: [], queues: [], gaps: [], ...extra };
}

export const HOST: HostInfo = {
  hostname: "tape",
  sysname: "Linux",
  release: "6.18",
  version: "#1",
  machine: "x86_64",
  arch: "x86_64",
  littleEndian: true,
  pageSize: 4096,
  bootId: null,
  cpus: 2,
  recorder: { name: "msgtape", version: "0" },
  synthetic: true,
  config: { events: [], snapBytes: 256, bufferBytes: 4096, filters: {}, command: null },
  attachPlan: [],
};

/** What the encoder wants to have kept for a capture's end. */
export const FINISH_BYTES = createEncoder({ captureId: new Uint8Array(16) }).finishBytesAtMost();

export const BTF: readonly BtfFrame[] = (["recorder", "host"] as const).map((origin) => {
  const data = Uint8Array.of(1, 2, 3);
  return { origin, sha256: createHash("sha256").update(data).digest("hex"), data };
});

export function triple(boottimeNs: bigint, reason: ClockTriple["reason"]): ClockTriple {
  return { boottimeNs, monotonicNs: boottimeNs, realtimeNs: boottimeNs, uncertaintyNs: 1n, reason };
}

export function inventory(reason: Inventory["reason"], inFlight: readonly OpenCall[]): Inventory {
  return { atNs: 99n, reason, queues: [], limits: {}, missing: [], inFlight };
}

/** Files in memory, with what became of each; `failAt`: the number of the one that cannot be begun. */
export class FakeFiles implements PartSource {
  readonly parts: OpenPart[] = [];
  readonly log: string[] = [];
  readonly #sinkOf: (number: number) => FakeSink;
  keep: number | null = null;

  constructor(sinkOf: (number: number) => FakeSink = () => new FakeSink()) {
    this.#sinkOf = sinkOf;
  }

  next(number: number): OpenPart {
    this.log.push(`begin ${number}`);
    const sink = this.#sinkOf(number);
    const captureId = new Uint8Array(16).fill(number);
    const writer = new CaptureWriter(sink, createEncoder({ captureId, compress: false }));
    const part = { captureId: captureIdText(captureId), sink, writer };
    this.parts.push(part);
    return part;
  }
  takeBack(part: OpenPart): void {
    this.log.push(`take back ${this.parts.indexOf(part) + 1}`);
  }
  written(part: OpenPart): number | null {
    this.log.push(`written ${this.parts.indexOf(part) + 1}`);
    return this.keep;
  }

  /** The capture in the file of this place, from 0. */
  capture(place: number) {
    const sink = this.parts[place]?.sink;
    if (!(sink instanceof FakeSink)) throw new Error(`there is no file ${place}`);
    const capture = openCapture(memorySource(sink.bytes));
    const chunks = [...capture.chunks()].map((chunk) => chunk.entry?.context ?? null);
    return { capture, chunks };
  }
}

/** A boundary at a time, before a record. */
export function boundaryAt(
  timeNs: bigint,
  firstRecord: bigint,
  extra: Partial<Boundary> & { readonly totals?: Totals } = {},
): Boundary {
  return {
    clocks: [triple(timeNs - 10n, "interval")],
    now: triple(timeNs, "interval"),
    inventory: { ...inventory("rotation", [OF_BATCH]), atNs: timeNs },
    firstRecord,
    lost: new Map(),
    totals: NOTHING,
    lastNs: null,
    ...extra,
  };
}

/** A batch as the session hands it to its output. */
export function taken(of: Batch, gaps: readonly Gap[] = []): TakenBatch {
  const { context, records } = of;
  return { gaps, chunk: { context, body: { records, tasks: [], queues: [] } } };
}
