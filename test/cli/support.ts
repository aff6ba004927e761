/** Runs the program in this process with another outside, on captures written by hand. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Writable } from "node:stream";
import type { Io } from "../../src/cli/io.js";
import { runProgram } from "../../src/cli/program.js";
import { createEncoder } from "../../src/format/encoder.js";
import type { BtfFrame, ChunkContext, Gap, HostInfo, Origin, Summary } from "../../src/format/types.js";
import {
  concat,
  queueEntry,
  queueItem,
  REAL_START,
  RECORDER_BTF,
  START,
  Tape,
  taskEntry,
  triple,
} from "../replay/tape.js";
import { temporary } from "../support/msgtape.js";

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that keeps what is written. */
export function keeping(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** `msgtape ARGS` in this process, its standard output no terminal unless told otherwise. */
export async function program(args: readonly string[], other: Partial<Io> = {}): Promise<Answer> {
  const stdout = keeping();
  const stderr = keeping();
  const status = await runProgram(args, {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: null,
    env: {},
    ...other,
  });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

export const CAPTURE_ID = "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf";

export const HOST: HostInfo = {
  hostname: "tape",
  sysname: "Linux",
  release: "6.18.0",
  version: "#1",
  machine: "x86_64",
  arch: "x86_64",
  littleEndian: true,
  pageSize: 4096,
  bootId: "b007",
  cpus: 2,
  recorder: { name: "msgtape", version: "0.1.0" },
  synthetic: true,
  config: {
    events: ["mq_timedsend", "mq_timedreceive"],
    snapBytes: 256,
    bufferBytes: 65536,
    filters: { comm: ["worker"] },
    command: ["./a b", "\u001b[31m"],
  },
  attachPlan: [
    { plane: "syscall", hook: "sys_enter", mechanism: "tp_btf", attached: true, why: null },
    { plane: "kernel", hook: "load_msg", mechanism: "fentry", attached: false, why: "EPERM" },
  ],
};

export interface CaptureParts {
  readonly records?: readonly Uint8Array[];
  readonly context?: Partial<ChunkContext>;
  readonly gaps?: readonly Gap[];
  readonly summary?: Partial<Summary>;
  readonly host?: Partial<HostInfo>;
  readonly origins?: readonly Origin[];
  /** None unless given. */
  readonly hostBtf?: Uint8Array;
  /** Of the capture id the first byte: another one makes another capture. */
  readonly id?: number;
  /** Bytes that are missing at its end. */
  readonly cut?: number;
}

/** A capture of one chunk; gives its path. */
export function captureFile(parts: CaptureParts = {}): string {
  const encoder = createEncoder({
    captureId: Uint8Array.from({ length: 16 }, (_, i) => (parts.id ?? 0xa0) + i),
    sync: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  });
  const records = parts.records ?? threeCalls();
  const context = chunkContext(records, parts.context);
  const sha256 = createHash("sha256").update(RECORDER_BTF).digest("hex");
  const frames = [
    encoder.fileHeader(),
    encoder.host({ ...HOST, ...parts.host }),
    encoder.clocks([triple(START, REAL_START)]),
    encoder.btf({ origin: "recorder", sha256, data: RECORDER_BTF }),
    ...(parts.hostBtf === undefined ? [] : [encoder.btf(hostFrame(parts.hostBtf))]),
    encoder.chunk(context, { records: concat(records), tasks: [taskEntry()], queues: [queueEntry()] }),
    ...(parts.gaps ?? []).map((gap) => encoder.gap(gap)),
    ...(parts.origins ?? []).map((origin) => encoder.origin(origin)),
    encoder.finish(summary(parts, context)),
  ];
  const bytes = concat(frames);
  const file = temporary("hand.mtape");
  writeFileSync(file, bytes.subarray(0, bytes.length - (parts.cut ?? 0)));
  return file;
}

function hostFrame(data: Uint8Array): BtfFrame {
  return { origin: "host", sha256: createHash("sha256").update(data).digest("hex"), data };
}

/** By entry 1, 2, 3; by exit 2, 3, 1. The third fails with EAGAIN. */
export function threeCalls(): readonly Uint8Array[] {
  const tape = new Tape();
  return [
    tape.entry({ at: 1000, call: 1, tid: 100, items: [queueItem(9, 3)] }),
    tape.entry({ at: 2000, call: 1, tid: 101, cpu: 1 }),
    tape.exit({ at: 2500, call: 1, tid: 101, cpu: 1, ret: 5 }),
    tape.entry({ at: 3000, call: 2, tid: 101, cpu: 1, event: 3 }),
    tape.exit({ at: 3100, call: 2, tid: 101, cpu: 1, event: 3, ret: -11 }),
    tape.exit({ at: 9000, call: 1, tid: 100, ret: 5, items: [queueItem(9, 2)] }),
  ];
}

function chunkContext(records: readonly Uint8Array[], more: Partial<ChunkContext> = {}): ChunkContext {
  const counts = new Map<number, { event: number; entries: number; exits: number }>();
  const times: bigint[] = [];
  for (const record of records) {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    times.push(view.getBigUint64(8, true));
    const event = view.getUint8(52);
    const count = counts.get(event) ?? { event, entries: 0, exits: 0 };
    if (view.getUint8(4) === 1) count.entries++;
    else count.exits++;
    counts.set(event, count);
  }
  return {
    firstRecord: 0n,
    records: records.length,
    counts: [...counts.values()].sort((one, other) => one.event - other.event),
    firstTimeNs: times[0] ?? null,
    lastTimeNs: times.at(-1) ?? null,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
    ...more,
  };
}

function summary(parts: CaptureParts, context: ChunkContext): Summary {
  return {
    startNs: START,
    endNs: START + 1_500_000_000n,
    records: BigInt(context.records),
    lost: (parts.gaps ?? []).reduce((sum, gap) => sum + gap.lost, 0n),
    lostByEvent: [],
    gaps: parts.gaps?.length ?? 0,
    chunks: 1,
    counts: context.counts,
    x32Calls: 0n,
    ended: "signal",
    ...parts.summary,
  };
}
