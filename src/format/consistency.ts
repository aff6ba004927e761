/** Whether the frames of a capture agree with each other: order of metadata, record numbers, totals. */
import type { FrameEntry } from "./frame.js";
import { problem } from "./problem.js";
import {
  type ClockTriple,
  FrameType,
  type HostInfo,
  type IndexEntry,
  type Problem,
  type Summary,
} from "./types.js";

/** What contradicts itself between the frames. */
export function* disagreements(
  frames: readonly FrameEntry[],
  index: readonly IndexEntry[],
  host: HostInfo | null,
  clocks: readonly ClockTriple[],
  summary: Summary | null,
): Generator<Problem> {
  const first = frames.find((entry) => entry.type === FrameType.CHUNK);
  if (first) {
    const before = new Set(
      frames.filter((entry) => entry.sequence < first.sequence).map((entry) => entry.type),
    );
    const absent = [
      ...(host && before.has(FrameType.HOST) ? [] : ["HOST"]),
      ...(before.has(FrameType.BTF) ? [] : ["BTF"]),
      ...(clocks.length > 0 && before.has(FrameType.CLOCKS) ? [] : ["CLOCKS"]),
    ];
    if (absent.length > 0) {
      yield problem(
        "metadata_missing",
        first.offset,
        first.sequence,
        `no readable ${absent.join(", ")} before the first chunk`,
      );
    }
  }
  let next: bigint | null = null;
  for (const { offset, context } of index) {
    if (next !== null && context.firstRecord !== next) {
      const what = `the chunk starts with record ${context.firstRecord}, the one before ends at ${next}`;
      yield problem("records_missing", Number(offset), null, what);
    }
    next = context.firstRecord + BigInt(context.records);
  }
  const total = index.reduce((sum, { context }) => sum + BigInt(context.records), 0n);
  if (summary && (summary.records !== total || summary.chunks !== index.length)) {
    const what = `the summary says ${summary.records} records in ${summary.chunks} chunks, the chunks found have ${total} in ${index.length}`;
    yield problem("summary_mismatch", 0, null, what);
  }
}
