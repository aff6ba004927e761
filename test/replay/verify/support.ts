/** A small capture with something in it that is wrong, every checksum right. */
import type { Encoder } from "../../../src/format/encoder.js";
import { memorySource } from "../../../src/format/source.js";
import type { ChunkBody, ChunkContext, HostInfo, Summary } from "../../../src/format/types.js";
import { verifyCapture } from "../../../src/replay/verify/verify.js";
import { encoderOf, metadata } from "../../rewrite/support.js";
import { concat, START, Tape, taskEntry } from "../tape.js";

export function verdict(bytes: Uint8Array): string[] {
  return verifyCapture(memorySource(bytes)).problems.map(({ code, message }) => `${code}: ${message}`);
}

/** One chunk of two records, with something wrong in it. */
export interface Wrong {
  readonly host?: Partial<HostInfo>;
  readonly records?: (tape: Tape) => readonly Uint8Array[];
  readonly context?: Partial<ChunkContext>;
  readonly body?: Partial<ChunkBody>;
  readonly summary?: Partial<Summary>;
  /** Frames before the chunk, and behind it. */
  readonly before?: (encoder: Encoder) => readonly Uint8Array[];
  readonly after?: (encoder: Encoder) => readonly Uint8Array[];
}

export function captureWith(wrong: Wrong): Uint8Array {
  const encoder = encoderOf();
  const tape = new Tape();
  const records = wrong.records?.(tape) ?? [
    tape.entry({ at: 1000, call: 1 }),
    tape.exit({ at: 2000, call: 1, ret: 0 }),
  ];
  const context: ChunkContext = {
    firstRecord: 0n,
    records: records.length,
    counts: [{ event: 4, entries: 1, exits: 1 }],
    firstTimeNs: START + 1000n,
    lastTimeNs: START + 2000n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
    ...wrong.context,
  };
  const body = { records: concat(records), tasks: [taskEntry()], queues: [], ...wrong.body };
  const summary: Summary = {
    startNs: START,
    endNs: START + 9000n,
    records: BigInt(records.length),
    lost: 0n,
    lostByEvent: [],
    gaps: 0,
    chunks: 1,
    counts: context.counts,
    x32Calls: 0n,
    ended: "signal",
    ...wrong.summary,
  };
  return concat([
    ...metadata(encoder, wrong.host),
    ...(wrong.before?.(encoder) ?? []),
    encoder.chunk(context, body),
    ...(wrong.after?.(encoder) ?? []),
    encoder.finish(summary),
  ]);
}
