/** Sound captures with what no recording in fixtures/ has: frames of later minors, several clocks, parts of a recording. */
import { createHash } from "node:crypto";
import { createEncoder } from "../../src/format/encoder.js";
import type { ChunkContext } from "../../src/format/types.js";
import { HOST } from "../format/support.js";
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

export function madeByHand(): readonly { name: string; bytes: Uint8Array }[] {
  return [{ name: "by hand", bytes: everyFrame() }];
}

/** Every type of frame, with every key that may be absent. */
function everyFrame(): Uint8Array {
  const encoder = createEncoder({
    captureId: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i),
    sync: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  });
  const tape = new Tape();
  const records = [
    tape.entry({ at: 1000, call: 1, tid: 100, items: [queueItem(9, 3)] }),
    tape.entry({ at: 2000, call: 1, tid: 101, cpu: 1 }),
    tape.exit({ at: 2500, call: 1, tid: 101, cpu: 1, ret: 5 }),
    tape.entry({ at: 3000, call: 2, tid: 101, cpu: 1, event: 3 }),
    tape.exit({ at: 3100, call: 2, tid: 101, cpu: 1, event: 3, ret: -11 }),
    tape.exit({ at: 9000, call: 1, tid: 100, ret: 5, items: [queueItem(9, 2)] }),
  ];
  const context = (firstRecord: bigint): ChunkContext => ({
    firstRecord,
    records: records.length,
    counts: [],
    firstTimeNs: START + 1000n,
    lastTimeNs: START + 9000n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [{ cpu: 1, records: 2n }],
  });
  const body = { records: concat(records), tasks: [taskEntry()], queues: [queueEntry()] };
  const sha256 = createHash("sha256").update(RECORDER_BTF).digest("hex");
  return concat([
    encoder.fileHeader(),
    encoder.host({
      ...HOST,
      recording: { id: "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf", part: 2, firstRecord: 7n },
      redacted: { kept: ["names"] },
    }),
    encoder.clocks([triple(START, REAL_START), triple(START + 5000n, REAL_START + 90_000n)]),
    encoder.btf({ origin: "recorder", sha256, data: RECORDER_BTF }),
    encoder.origin({
      madeBy: "slice",
      version: "0.1.0",
      from: ["a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"],
      options: { from: ["1ms"] },
      problems: [{ code: "truncated", offset: 1, frame: null, message: "cut" }],
    }),
    encoder.chunk(context(0n), body),
    encoder.gap({ cpu: 1, fromNs: START, toNs: START + 2000n, lost: 2n, cause: "ring_full" }),
    encoder.gap({
      cpu: null,
      fromNs: null,
      toNs: null,
      lost: 1n,
      cause: "damage",
      plane: "planes",
      atLeast: true,
    }),
    encoder.chunk(context(6n), body),
    encoder.finish({
      startNs: START,
      endNs: START + 1_500_000n,
      records: 12n,
      lost: 2n,
      lostByEvent: [{ event: 1, entries: 1n, exits: 1n }],
      gaps: 2,
      chunks: 2,
      counts: [],
      x32Calls: 1n,
      planesLost: 1n,
      ended: "signal",
    }),
  ]);
}
