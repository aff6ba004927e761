/** Whether the frames of a capture agree with each other: order of metadata, record numbers, totals. */
import { type FrameEntry, isKnown } from "./frame.js";
import { problem } from "./problem.js";
import { FrameType, type IndexEntry, type Problem, type Summary } from "./types.js";

/** A chunk whose context could be read. */
interface FoundChunk {
  readonly frame: FrameEntry;
  readonly index: IndexEntry;
}

/**
 * What contradicts itself between the frames. `metadata`: the first frame that can be used, of each kind that a reader
 * needs before the first chunk.
 */
export function* disagreements(
  frames: readonly FrameEntry[],
  chunks: readonly FoundChunk[],
  metadata: Readonly<Record<string, FrameEntry | undefined>>,
  summaryFrame: FrameEntry | null,
  summary: Summary | null,
): Generator<Problem> {
  const first = frames.find((entry) => entry.type === FrameType.CHUNK && isKnown(entry));
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
  for (const { frame, index } of chunks) {
    const { firstRecord, records } = index.context;
    if (next !== null && firstRecord !== next) {
      const what = `the chunk starts with record ${firstRecord}, the one before ends at ${next}`;
      yield problem("records_missing", frame.offset, frame.sequence, what);
    }
    next = firstRecord + BigInt(records);
  }
  const total = chunks.reduce((sum, { index }) => sum + BigInt(index.context.records), 0n);
  if (summaryFrame && summary && (summary.records !== total || summary.chunks !== chunks.length)) {
    const what = `the summary says ${summary.records} records in ${summary.chunks} chunks, the chunks found have ${total} in ${chunks.length}`;
    yield problem("summary_mismatch", summaryFrame.offset, summaryFrame.sequence, what);
  }
}
