/** Whether the frames of a capture agree with each other: order of metadata, record numbers, totals. */
import type { FrameEntry } from "./frame.js";
import { problem } from "./problem.js";
import type { Rows } from "./rows.js";
import type { Gap, IndexEntry, Problem, Summary } from "./types.js";

/** A chunk whose context could be read. */
interface FoundChunk {
  readonly frame: FrameEntry;
  readonly index: IndexEntry;
}

export interface Agreeing {
  /** Valid or not. */
  readonly firstChunk: FrameEntry | null;
  readonly chunks: Rows<FoundChunk>;
  /** The first frame that can be used, of each kind that a reader needs before the first chunk. */
  readonly metadata: Readonly<Record<string, FrameEntry | undefined>>;
  readonly summaryFrame: FrameEntry | null;
  readonly summary: Summary | null;
  /** With their frames, in file order. */
  readonly gaps: readonly { readonly entry: FrameEntry; readonly value: Gap }[];
}

/** What contradicts itself between the frames. */
export function* disagreements(of: Agreeing): Generator<Problem> {
  const { firstChunk: first, chunks, metadata, summaryFrame, summary } = of;
  if (first) {
    const absent = Object.entries(metadata)
      .filter(([, entry]) => entry === undefined || entry.offset > first.offset)
      .map(([name]) => name);
    if (absent.length > 0) {
      const what = `no readable ${absent.join(", ")} before the first chunk`;
      yield problem("metadata_missing", first.offset, first.sequence, what);
    }
  }
  let next: bigint | null = null;
  let total = 0n;
  const isTold = tellerOf(of.gaps);
  for (const { frame, index } of chunks) {
    const { firstRecord, records } = index.context;
    const missing: bigint = next === null ? 0n : firstRecord - next;
    const told = isTold(missing, frame.offset);
    if (missing !== 0n && !told) {
      const what = `the chunk starts with record ${firstRecord}, the one before ends at ${next}`;
      yield problem("records_missing", frame.offset, frame.sequence, what);
    }
    next = firstRecord + BigInt(records);
    total += BigInt(records);
  }
  if (summaryFrame && summary && (summary.records !== total || summary.chunks !== chunks.length)) {
    const what = `the summary says ${summary.records} records in ${summary.chunks} chunks, the chunks found have ${total} in ${chunks.length}`;
    yield problem("summary_mismatch", summaryFrame.offset, summaryFrame.sequence, what);
  }
}

/**
 * Makes the function that says whether gaps of damage since it was asked last, up to a chunk's offset, tell of so many
 * records, as `recover` puts them there.
 */
function tellerOf(gaps: Agreeing["gaps"]): (missing: bigint, toOffset: number) => boolean {
  let at = 0;
  return (missing, toOffset) => {
    let told = 0n;
    let atLeast = false;
    for (let gap = gaps[at]; gap !== undefined && gap.entry.offset < toOffset; gap = gaps[++at]) {
      if (gap.value.cause !== "damage" || gap.value.plane === "planes") continue;
      told += gap.value.lost;
      atLeast ||= gap.value.atLeast === true;
    }
    return missing > 0n && (atLeast || told >= missing);
  };
}
