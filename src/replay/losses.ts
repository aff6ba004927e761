/**
 * What a capture lost, and whether that can matter between two moments. Three sources: gaps in the file, jumps of
 * the per-cpu sequence inside the records (they tell even when a gap's frame is damaged), and damage in the file.
 */
import { HELD_LIMITS } from "../format/limits.js";
import type { Gap } from "../format/types.js";
import type { RecordHead } from "./records.js";
import type { ReplayCapture } from "./source.js";
import { spanTable } from "./spans.js";

export interface CaptureLoss {
  /** Lost records, as far as the file tells. */
  readonly lost: number;
  /** The file ends as it should and nothing in it is damaged. */
  readonly whole: boolean;
  /** By event name's id; null when the capture has no summary. */
  readonly byEvent:
    | readonly { readonly event: number; readonly entries: number; readonly exits: number }[]
    | null;
}

/** Losses of a capture, from its summary, its gaps and its chunks' contexts: whichever tells of most. */
export function captureLoss(
  capture: Pick<ReplayCapture, "gaps" | "summary" | "index" | "complete" | "problems">,
): CaptureLoss {
  const told = [lostInGaps(capture), capture.summary?.lost ?? 0n, lostByContexts(capture)];
  return {
    lost: Number(told.reduce((most, one) => (one > most ? one : most), 0n)),
    whole:
      capture.complete && capture.problems.length === 0 && !capture.gaps.some((gap) => gap.atLeast === true),
    byEvent:
      capture.summary?.lostByEvent.map((one) => ({
        event: one.event,
        entries: Number(one.entries),
        exits: Number(one.exits),
      })) ?? null,
  };
}

function lostInGaps(capture: Pick<ReplayCapture, "gaps">): bigint {
  return callGaps(capture).reduce((sum, gap) => sum + gap.lost, 0n);
}

/** Gaps in which entries and exits were lost; the others concern planes-state.ts. */
export function callGaps(capture: Pick<ReplayCapture, "gaps">): readonly Gap[] {
  return capture.gaps.filter((gap) => gap.plane !== "planes");
}

/** Each chunk's context counts from the start, so the last one says it all. */
function lostByContexts(capture: Pick<ReplayCapture, "index">): bigint {
  const last = capture.index.at(-1);
  return (last?.context.lost ?? []).reduce((sum, cpu) => sum + cpu.records, 0n);
}

/** Follows one pass over a capture's records and answers whether a loss may lie in a stretch of time. */
export interface LossLedger {
  /** To be told of each record, in file order. */
  see(head: RecordHead): void;
  /** Records may be missing between the record before and the next one. */
  damage(): void;
  /** The next chunk is not the one that followed: sequences begin anew, without a loss. */
  skip(): void;
  /** May a record have been lost in `[fromNs, toNs]`? `toNs` is at most the time of the last record seen. */
  between(fromNs: number, toNs: number): boolean;
  /** May a record have been lost after `fromNs`, up to the end of the capture? */
  after(fromNs: number): boolean;
}

/** Beyond any machine; bounds what a hostile cpu number can allocate. */
const MAX_CPUS = HELD_LIMITS.cpus;

/** `baseNs`: CLOCK_BOOTTIME at 0 of the times given. */
export function lossLedger(
  capture: Pick<ReplayCapture, "gaps" | "summary" | "index" | "complete" | "problems" | "host">,
  baseNs: bigint,
): LossLedger {
  const gaps = callGaps(capture)
    .filter(
      (gap) => gap.lost > 0n || gap.atLeast === true || gap.cause === "damage" || gap.cause === "output",
    )
    .map((gap) => ({
      fromNs: gap.fromNs === null ? Number.NEGATIVE_INFINITY : Number(gap.fromNs - baseNs),
      toNs: gap.toNs === null ? Number.POSITIVE_INFINITY : Number(gap.toNs - baseNs),
    }));
  const gapTable = spanTable(gaps);
  // Losses that no gap accounts for can be anywhere; so can those of a file that was cut or damaged.
  const isOpenEnded = !capture.complete || captureLoss(capture).lost > Number(lostInGaps(capture));
  // The sequences of a slice have holes where it left out records: a gap's end is the record that showed the jump.
  const isSliced = capture.host?.sliced !== undefined;
  const jumps = isSliced ? gaps.map((gap) => gap.toNs).filter(Number.isFinite) : [];
  jumps.sort((a, b) => a - b);
  let nextJump = 0;
  const lastSeq = new Int32Array(MAX_CPUS);
  const isSeqKnown = new Uint8Array(MAX_CPUS);
  let jumpNs = Number.NEGATIVE_INFINITY;
  let isDamaged = false;
  return {
    see(head) {
      const { cpu, seq } = head;
      if (isDamaged) {
        isDamaged = false;
        if (head.timeNs > jumpNs) jumpNs = head.timeNs;
      }
      for (let atNs = jumps[nextJump]; atNs !== undefined && atNs <= head.timeNs; atNs = jumps[++nextJump]) {
        jumpNs = Math.max(jumpNs, atNs);
      }
      if (isSliced || cpu < 0 || cpu >= MAX_CPUS) return;
      if (isSeqKnown[cpu] === 0) isSeqKnown[cpu] = 1;
      else if (((seq - (lastSeq[cpu] ?? 0)) | 0) > 1 && head.timeNs > jumpNs) jumpNs = head.timeNs;
      lastSeq[cpu] = seq;
    },
    damage() {
      isDamaged = true;
    },
    skip() {
      isSeqKnown.fill(0);
    },
    between(fromNs, toNs) {
      return isDamaged || jumpNs >= fromNs || gapTable.meets(fromNs, toNs);
    },
    after(fromNs) {
      return isDamaged || isOpenEnded || jumpNs >= fromNs || gapTable.lastNs >= fromNs;
    },
  };
}

/**
 * May a call be missing from a stretch of time, lost or left out by a slice? What pairs calls asks the ledger itself:
 * slices leave out whole calls. `needs`: a slice of queues has all calls of theirs, but of no task.
 */
export function absence(
  capture: Pick<ReplayCapture, "host">,
  losses: Pick<LossLedger, "between" | "after">,
  baseNs: bigint,
  needs: "queues" | "tasks",
): Pick<LossLedger, "between" | "after"> {
  const sliced = capture.host?.sliced;
  if (sliced === undefined) return losses;
  const harmless = needs === "queues" ? ["queue", "from", "to"] : ["from", "to"];
  if (Object.keys(sliced).some((filter) => !harmless.includes(filter))) {
    return { between: () => true, after: () => true };
  }
  const edge = (text: string | undefined, none: number) =>
    text !== undefined && /^\d{1,20}$/.test(text) ? Number(BigInt(text) - baseNs) : none;
  const fromNs = edge(sliced.from?.[0], Number.NEGATIVE_INFINITY);
  const toNs = edge(sliced.to?.[0], Number.POSITIVE_INFINITY);
  return {
    between: (from, to) => from < fromNs || to >= toNs || losses.between(from, to),
    after: (from) => Number.isFinite(toNs) || losses.after(from),
  };
}
