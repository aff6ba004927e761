/**
 * Every record of a capture by its number: each cpu counts those that it wrote and those that it lost, so that nothing can
 * be missing, doubled or out of order unnoticed.
 */
import { openCapture } from "../../src/format/capture.js";
import type { Problem } from "../../src/format/types.js";
import { fileSource } from "../../src/replay/open.js";

export interface Counted {
  readonly records: number;
  /** Numbers that no record has, before the last of each cpu. */
  readonly missing: number;
  /** Records whose number is not beyond that of the one before on their cpu. */
  readonly repeated: number;
  /** CLOCK_BOOTTIME of the newest; null: there is none. */
  readonly newestNs: bigint | null;
  /** When the inventory was taken with which a recording begins; null: it had not begun. */
  readonly startNs: bigint | null;
  readonly chunks: number;
  readonly problems: readonly Problem[];
  readonly isComplete: boolean;
  /** Of its gaps' losses, those of the calls. */
  readonly lostInGaps: bigint;
}

/** struct mt_record in bpf/records.h. */
const HEAD_BYTES = 56;
const [TIME, SEQ, CPU] = [8, 32, 48] as const;

/** Throws CaptureError when the file is no capture at all. */
export function countRecords(file: string): Counted {
  const source = fileSource(file);
  try {
    const capture = openCapture(source);
    const last = new Map<number, number>();
    const count = { records: 0, missing: 0, repeated: 0, chunks: 0 };
    let newestNs: bigint | null = null;
    const problems = [...capture.problems];
    for (const step of capture.chunks()) {
      if (step.body === undefined) {
        problems.push(step.problem);
        continue;
      }
      count.chunks++;
      const { buffer, byteOffset, byteLength } = step.body.records;
      const view = new DataView(buffer, byteOffset, byteLength);
      for (let at = 0; at + HEAD_BYTES <= byteLength; at += view.getUint32(at, true)) {
        const [cpu, seq] = [view.getUint32(at + CPU, true), Number(view.getBigUint64(at + SEQ, true))];
        const before = last.get(cpu) ?? 0;
        if (seq <= before) count.repeated++;
        else count.missing += seq - before - 1;
        last.set(cpu, Math.max(seq, before));
        count.records++;
        const timeNs = view.getBigUint64(at + TIME, true);
        if (newestNs === null || timeNs > newestNs) newestNs = timeNs;
      }
    }
    const lostInGaps = capture.gaps.reduce(
      (sum, gap) => (gap.plane === undefined ? sum + gap.lost : sum),
      0n,
    );
    return {
      ...count,
      newestNs,
      startNs: capture.inventories()[0]?.atNs ?? null,
      problems,
      isComplete: capture.complete,
      lostInGaps,
    };
  } finally {
    source.close();
  }
}
