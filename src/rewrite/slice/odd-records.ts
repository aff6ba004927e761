/**
 * Records with numbers that the format does not have, which readers pass by, and the gaps that stand for them where they are
 * left out: whoever reads on is not to take what they told of for something that did not happen.
 */
import { atMostU64, concatBytes } from "../../format/bytes.js";
import type { Capture } from "../../format/capture.js";
import { problem } from "../../format/problem.js";
import type { ChunkBody, Gap, IndexEntry } from "../../format/types.js";
import { emptyHead, HeadResult, headReader, type RecordLayouts } from "../../replay/records.js";
import { oneRecordCheck } from "../../replay/verify/record.js";
import type { MadeGap } from "./holes.js";

export interface OddRecords {
  /** At most one a chunk. */
  readonly made: readonly MadeGap[];
  /** The chunk without its odd records. Its context still counts them. */
  without(entry: IndexEntry, body: ChunkBody): ChunkBody;
}

/** One pass. Holds a line for each chunk that has any. */
export function oddRecords(capture: Capture, layouts: RecordLayouts, baseNs: bigint): OddRecords {
  const records = recordsOf(capture, layouts, baseNs);
  const made: MadeGap[] = [];
  /** Offsets of their chunks. */
  const odd = new Set<bigint>();
  let lastNs: number | null = null;
  let stretch: Stretch | null = null;
  for (const { entry, body } of capture.chunks()) {
    if (body === undefined) continue;
    for (const { isOdd, timeNs } of records(body)) {
      if (isOdd) {
        odd.add(entry.offset);
        stretch ??= newStretch(entry);
        addOdd(stretch, lastNs, timeNs);
        continue;
      }
      if (stretch !== null) addBehind(stretch, timeNs);
      lastNs = timeNs;
    }
    if (stretch === null || stretch.isOpen) continue;
    made.push(madeGap(stretch, baseNs));
    stretch = null;
  }
  if (stretch !== null) made.push(madeGap(stretch, baseNs));
  return {
    made,
    without(entry, body) {
      if (!odd.has(entry.offset)) return body;
      const kept = [...records(body)].filter(({ isOdd }) => !isOdd);
      return { ...body, records: concatBytes(kept.map(({ from, to }) => body.records.subarray(from, to))) };
    },
  };
}

interface Judged {
  /** Bytes of the chunk's records. */
  readonly from: number;
  readonly to: number;
  readonly isOdd: boolean;
  /** null: not known. */
  readonly timeNs: number | null;
}

function recordsOf({ host }: Capture, layouts: RecordLayouts, baseNs: bigint) {
  const readHead = headReader(layouts, baseNs);
  const head = emptyHead();
  // Also numbers of a later minor: what is written has this one's.
  const one = oneRecordCheck({ layouts, cpus: host?.cpus ?? null, isLater: false });
  return function* ({ records }: ChunkBody): Generator<Judged> {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    let number = 0;
    for (let from = 0; from < records.byteLength; number++) {
      const result = readHead(view, from, head);
      const to = result === HeadResult.STOP ? records.byteLength : from + head.sizeBytes;
      const isOdd = one.faults(result, view, from, head, number).length > 0;
      yield { from, to, isOdd, timeNs: result === HeadResult.RECORD ? head.timeNs : null };
      from = to;
    }
    one.takeQueues();
  };
}

/** Odd records of a chunk, and all between them. */
interface Stretch {
  readonly entry: IndexEntry;
  count: number;
  /** Nothing is known before the first one. */
  isFromStart: boolean;
  /** Nothing has come behind the last one yet. */
  isOpen: boolean;
  leastNs: number;
  mostNs: number;
}

function newStretch(entry: IndexEntry): Stretch {
  return {
    entry,
    count: 0,
    isFromStart: false,
    isOpen: true,
    leastNs: Number.POSITIVE_INFINITY,
    mostNs: Number.NEGATIVE_INFINITY,
  };
}

function addOdd(stretch: Stretch, lastNs: number | null, ownNs: number | null): void {
  stretch.count++;
  stretch.isOpen = true;
  if (lastNs === null) stretch.isFromStart = true;
  for (const timeNs of [lastNs, ownNs]) if (timeNs !== null) widen(stretch, timeNs);
}

function addBehind(stretch: Stretch, timeNs: number | null): void {
  if (!stretch.isOpen || timeNs === null) return;
  stretch.isOpen = false;
  widen(stretch, timeNs);
}

function widen(stretch: Stretch, timeNs: number): void {
  stretch.leastNs = Math.min(stretch.leastNs, timeNs);
  stretch.mostNs = Math.max(stretch.mostNs, timeNs);
}

function madeGap({ entry, count, isFromStart, isOpen, leastNs, mostNs }: Stretch, baseNs: bigint): MadeGap {
  const at = (timeNs: number) => {
    const ns = baseNs + BigInt(timeNs);
    return ns < 0n ? 0n : atMostU64(ns);
  };
  const gap: Gap = {
    cpu: null,
    fromNs: isFromStart ? null : at(leastNs),
    toNs: isOpen ? null : at(mostNs),
    lost: BigInt(count),
    cause: "damage",
  };
  const what = count === 1 ? "a record has" : `${count} records have`;
  const message = `${what} numbers that the format does not have`;
  return { gaps: [gap], found: null, told: problem("implausible", Number(entry.offset), null, message) };
}
