/** A small capture as a recorder would have written it, part by part, and what can be read of what is made of it. */
import { createHash } from "node:crypto";
import { parseBtf, sliceBtf } from "../../src/btf/index.js";
import { createEncoder, type Encoder } from "../../src/format/encoder.js";
import { openCaptures } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import type { ChunkContext, Gap, HostInfo, Summary } from "../../src/format/types.js";
import { callsOfAll } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import type { CallLine } from "../../src/replay/types.js";
import { verifyCapture } from "../../src/replay/verify/verify.js";
import { recoverCapture } from "../../src/rewrite/recover.js";
import { HOST as PLAIN_HOST } from "../cli/support.js";
import {
  concat,
  NO_NUMBER,
  queueEntry,
  queueItem,
  REAL_START,
  RECORDER_BTF,
  START,
  Tape,
  taskEntry,
  triple,
} from "../replay/tape.js";

/** No more than records need, since tests read it thousands of times. */
export const BTF = sliceBtf(parseBtf(RECORDER_BTF), [
  "mt_record",
  "mt_entry",
  "mt_exit",
  "mt_item",
  "mt_queue",
]).data;

export const HOST: HostInfo = {
  ...PLAIN_HOST,
  config: { ...PLAIN_HOST.config, filters: {}, command: null },
  attachPlan: [],
};

const LAST = 1;

/** Spells chunks with contexts as the recorder counts them. */
export class Recorder {
  readonly tape = new Tape();
  readonly #open = new Map<number, bigint>();
  readonly #counts = new Map<number, { event: number; entries: number; exits: number }>();
  readonly #lost = new Map<number, bigint>();
  #records = 0n;
  #chunks = 0;
  #gaps: Gap[] = [];

  chunk(encoder: Encoder, records: readonly Uint8Array[], more: { planes?: Uint8Array } = {}): Uint8Array {
    const counts = new Map<number, { event: number; entries: number; exits: number }>();
    const times: bigint[] = [];
    for (const record of records) this.#count(record, counts, times);
    const open = [...this.#open.values()].sort((a, b) => Number(a - b));
    const context: ChunkContext = {
      firstRecord: this.#records,
      records: records.length,
      counts: [...counts.values()].sort((a, b) => a.event - b.event),
      firstTimeNs: times.sort((a, b) => Number(a - b))[0] ?? null,
      lastTimeNs: times.at(-1) ?? null,
      oldestOpenNs: open[0] ?? null,
      openCalls: open.length,
      lost: [...this.#lost].map(([cpu, lost]) => ({ cpu, records: lost })),
    };
    this.#records += BigInt(records.length);
    this.#chunks++;
    const tasks = [100, 101, 102].map((tid) => taskEntry({ tid, tgid: tid }));
    const queues = [queueEntry(), queueEntry({ id: 8n, name: new TextEncoder().encode("other") })];
    return encoder.chunk(context, { records: concat(records), tasks, queues, ...more });
  }

  gap(encoder: Encoder, cpu: number, from: number, to: number, lost: number): Uint8Array {
    const gap: Gap = {
      cpu,
      fromNs: START + BigInt(from),
      toNs: START + BigInt(to),
      lost: BigInt(lost),
      cause: "ring_full",
    };
    this.tape.lose(lost, cpu);
    this.#gaps.push(gap);
    this.#lost.set(cpu, (this.#lost.get(cpu) ?? 0n) + BigInt(lost));
    return encoder.gap(gap);
  }

  finish(encoder: Encoder, more: Partial<Summary> = {}): Uint8Array {
    return encoder.finish({
      startNs: START,
      endNs: START + 1_000_000n,
      records: this.#records,
      lost: this.#gaps.reduce((sum, { lost }) => sum + lost, 0n),
      lostByEvent: [],
      gaps: this.#gaps.length,
      chunks: this.#chunks,
      counts: [...this.#counts.values()].sort((a, b) => a.event - b.event),
      x32Calls: 0n,
      ended: "signal",
      ...more,
    });
  }

  #count(
    record: Uint8Array,
    counts: Map<number, { event: number; entries: number; exits: number }>,
    times: bigint[],
  ) {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    times.push(view.getBigUint64(8, true));
    if (view.getUint16(6, true) !== 0) return;
    const [event, tid] = [view.getUint8(52), view.getUint32(24, true)];
    const isEntry = view.getUint8(4) === 1;
    for (const sums of [counts, this.#counts]) {
      const sum = sums.get(event) ?? { event, entries: 0, exits: 0 };
      sums.set(event, { event, entries: sum.entries + Number(isEntry), exits: sum.exits + Number(!isEntry) });
    }
    if (isEntry) this.#open.set(tid, view.getBigUint64(8, true));
    else this.#open.delete(tid);
  }
}

export function encoderOf(number = 0xa0, compress = false): Encoder {
  return createEncoder({
    captureId: new Uint8Array(16).fill(number),
    sync: Uint8Array.from({ length: 8 }, (_, i) => number + i),
    compress,
  });
}

export function metadata(
  encoder: Encoder,
  host: Partial<HostInfo> = {},
  realtimeNs = REAL_START,
): Uint8Array[] {
  return [
    encoder.fileHeader(),
    encoder.host({ ...HOST, ...host }),
    encoder.clocks([triple(START, realtimeNs)]),
    recorderBtf(encoder),
    inventory(encoder, 0, "start"),
  ];
}

export function recorderBtf(encoder: Encoder): Uint8Array {
  const sha256 = createHash("sha256").update(BTF).digest("hex");
  return encoder.btf({ origin: "recorder", sha256, data: BTF });
}

function inventory(encoder: Encoder, at: number, reason: "start" | "interval"): Uint8Array {
  const atNs = START + BigInt(at);
  return encoder.inventory({ atNs, reason, queues: [], limits: {}, missing: [], inFlight: [] });
}

/**
 * Calls with and without numbers, short ones in one chunk, long ones over two and more, one that never ends; a loss that is
 * told of; the file header first, index, summary and trailer last.
 */
export function sampleParts(host: Partial<HostInfo> = {}, compress = false): Uint8Array[] {
  const encoder = encoderOf(0xa0, compress);
  const recorder = new Recorder();
  const { tape } = recorder;
  const unnumbered = LAST | NO_NUMBER;
  const parts = metadata(encoder, host);
  parts.push(
    recorder.chunk(encoder, [
      tape.entry({ at: 1000, call: 1, tid: 100, items: [queueItem(9, 3)] }),
      tape.entry({ at: 2000, call: 0, tid: 101, cpu: 1, flags: unnumbered, items: [queueItem(9, 3)] }),
      tape.exit({ at: 2500, call: 0, tid: 101, cpu: 1, flags: unnumbered, ret: 5 }),
      tape.entry({ at: 2600, call: 0, tid: 101, cpu: 1, flags: unnumbered, event: 3 }),
    ]),
  );
  parts.push(
    recorder.chunk(encoder, [
      tape.exit({ at: 3100, call: 0, tid: 101, cpu: 1, flags: unnumbered, event: 3, ret: -11 }),
      tape.exit({ at: 4000, call: 1, tid: 100, ret: 5, items: [queueItem(9, 2)] }),
      tape.entry({ at: 4100, call: 2, tid: 100, items: [queueItem(8, 0)] }),
      tape.entry({ at: 4200, call: 0, tid: 101, cpu: 1, flags: unnumbered, event: 3 }),
    ]),
  );
  parts.push(inventory(encoder, 4500, "interval"));
  parts.push(
    recorder.chunk(encoder, [
      tape.exit({ at: 5000, call: 2, tid: 100, ret: 5, items: [queueItem(8, 1)] }),
      tape.exit({ at: 5100, call: 0, tid: 101, cpu: 1, flags: unnumbered, event: 3, ret: 0 }),
      tape.entry({ at: 5200, call: 0, tid: 101, cpu: 1, flags: unnumbered }),
    ]),
  );
  parts.push(recorder.gap(encoder, 1, 5200, 6000, 3));
  parts.push(
    recorder.chunk(encoder, [
      tape.entry({ at: 6000, call: 9, tid: 101, cpu: 1 }),
      tape.entry({ at: 6100, call: 3, tid: 100, event: 3 }),
      tape.exit({ at: 6200, call: 3, tid: 100, event: 3, ret: 0 }),
      tape.entry({ at: 6300, call: 1, tid: 102 }),
    ]),
  );
  parts.push(encoder.clocks([{ ...triple(START + 1_000_000n, REAL_START + 1_000_000n), reason: "end" }]));
  parts.push(recorder.finish(encoder));
  return parts;
}

export interface Recovered {
  readonly bytes: Uint8Array;
  readonly missing: bigint;
  readonly atLeast: boolean;
}

export function recovered(bytes: Uint8Array): Recovered {
  const parts: Uint8Array[] = [];
  const { missing, atLeast } = recoverCapture(memorySource(bytes), (part) => parts.push(part.slice()), {
    version: "t",
  });
  return { bytes: concat(parts), missing, atLeast };
}

export function problemsOf(bytes: Uint8Array): string[] {
  return verifyCapture(memorySource(bytes)).problems.map(({ code }) => code);
}

/** Every record that can be read, in order. */
export function recordsIn(bytes: Uint8Array): string[] {
  const records: string[] = [];
  for (const capture of openCaptures(memorySource(bytes))) {
    for (const { body } of capture.chunks()) {
      for (let at = 0; body !== undefined && at < body.records.length; ) {
        const size = new DataView(body.records.buffer, body.records.byteOffset + at).getUint32(0, true);
        records.push(Buffer.from(body.records.subarray(at, at + size)).toString("hex"));
        at += size;
      }
    }
  }
  return records;
}

export function callsIn(bytes: Uint8Array): CallLine[] {
  return [...callsOfAll(openCaptures(memorySource(bytes)), EVERYTHING)];
}
