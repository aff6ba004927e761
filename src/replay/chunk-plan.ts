/**
 * Which chunks a pass has to read, told from their contexts alone. Skips only what cannot change the answer: calls
 * are paired across chunks, so a window needs also the chunks back to the entry of the oldest call open at it.
 */
import type { Rows } from "../format/rows.js";
import type { IndexEntry } from "../format/types.js";
import type { CallFilter } from "./filter.js";
import type { ReplayCapture } from "./source.js";

export type ChunkPlan = (entry: IndexEntry, isOpenBefore: (timeNs: number) => boolean) => "read" | "skip";

/** Records of several cpus are in order only nearly; no record is later than this behind its neighbours. */
export const DISORDER_NS = 1_000_000_000;

/** `isLossless`: no record is missing anywhere, so that leaving out events that are not wanted hides no ending. */
export function chunkPlan(
  capture: Pick<ReplayCapture, "index">,
  filter: CallFilter,
  baseNs: bigint,
  isLossless: boolean,
): ChunkPlan {
  const firstOffset = firstNeeded(capture.index, filter, baseNs);
  return (entry, isOpenBefore) => {
    const { firstTimeNs, counts, records } = entry.context;
    if (firstOffset !== null && entry.offset < firstOffset) return "skip";
    if (filter.toNs !== null && firstTimeNs !== null) {
      const isBeyond = Number(firstTimeNs - baseNs) >= filter.toNs + DISORDER_NS;
      if (isBeyond && !isOpenBefore(filter.toNs)) return "skip";
    }
    const { events } = filter;
    if (events === null || !isLossless) return "read";
    const isWanted = counts.some((count) => events.has(count.event));
    // Counts are of first parts: what they leave over goes on with a call of any event, begun in a chunk before.
    const firstParts = counts.reduce((sum, count) => sum + count.entries + count.exits, 0);
    return isWanted || firstParts === 0 || records > firstParts ? "read" : "skip";
  };
}

/** Where the first chunk begins that can hold a record of a call in the window; null: at the first one. */
function firstNeeded(index: Rows<IndexEntry>, filter: CallFilter, baseNs: bigint): bigint | null {
  const { fromNs } = filter;
  if (fromNs === null) return null;
  const reaches = (timeNs: number) => (entry: IndexEntry) =>
    entry.context.lastTimeNs !== null && Number(entry.context.lastTimeNs - baseNs) >= timeNs - DISORDER_NS;
  const inWindow = index.findIndex(reaches(fromNs));
  const behind = inWindow < 0 ? index.length : inWindow;
  const before = behind === 0 ? undefined : index.at(behind - 1);
  const oldestOpenNs = before?.context.oldestOpenNs ?? null;
  if (oldestOpenNs === null) return inWindow < 0 ? null : (index.at(inWindow)?.offset ?? null);
  return index.find(reaches(Number(oldestOpenNs - baseNs)))?.offset ?? null;
}
