/**
 * The summary of a recovered capture. Where the recorder's own is there, what it counted stays true: what is missing of it
 * is lost. Where it is not, only what was found is counted, and the gaps say that there may have been more.
 */
import { atMostU64 } from "../format/bytes.js";
import type { Gap, Summary } from "../format/types.js";
import type { LeftFrames } from "./recovery-frames.js";

export function recoveredSummary(
  left: LeftFrames,
  gaps: readonly Gap[],
  startNs: bigint,
  lastClockNs: bigint,
): Summary {
  const found = countsOf(left);
  const all = [...left.gaps, ...gaps];
  const chunks = left.frames.flatMap((frame) => frame.chunk ?? []);
  const records = chunks.reduce((sum, { context }) => sum + BigInt(context.records), 0n);
  const counted = { records, gaps: all.length, chunks: chunks.length, counts: found };
  const own = left.summary;
  const inGaps = sum(all.filter((gap) => gap.plane !== "planes").map((gap) => gap.lost));
  const recovered = sum(gaps.map((gap) => gap.lost));
  const byContexts = sum((chunks.at(-1)?.context.lost ?? []).map((one) => one.records));
  if (own !== null) {
    const missing = own.records > records ? own.records - records : 0n;
    const lost = max(own.lost + missing, max(inGaps, byContexts + recovered));
    return { ...own, ...counted, lost: atMostU64(lost), lostByEvent: lostByEvent(own, found) };
  }
  const planes = sum(all.filter((gap) => gap.plane === "planes").map((gap) => gap.lost));
  const times = chunks.flatMap(({ context }) => context.lastTimeNs ?? []);
  return {
    startNs,
    // A first clock reading may lie, and be the only one that is left.
    endNs: times.reduce(max, max(startNs, lastClockNs)),
    ...counted,
    lost: atMostU64(max(inGaps, byContexts + recovered)),
    lostByEvent: [],
    x32Calls: 0n,
    ...(planes === 0n ? {} : { planesLost: atMostU64(planes) }),
    ended: "recovered",
  };
}

function countsOf({ frames }: LeftFrames): Summary["counts"] {
  const sums = new Map<number, { entries: number; exits: number }>();
  for (const { chunk } of frames) {
    for (const { event, entries, exits } of chunk?.context.counts ?? []) {
      const sum = sums.get(event) ?? { entries: 0, exits: 0 };
      sums.set(event, { entries: sum.entries + entries, exits: sum.exits + exits });
    }
  }
  return [...sums].map(([event, sum]) => ({ event, ...sum })).sort((a, b) => a.event - b.event);
}

/** What the recorder lost, and what the missing chunks held of first parts. */
function lostByEvent(own: Summary, found: Summary["counts"]): Summary["lostByEvent"] {
  const events = new Set([...own.counts, ...own.lostByEvent].map((one) => one.event));
  return [...events]
    .sort((a, b) => a - b)
    .map((event) => {
      const lost = own.lostByEvent.find((one) => one.event === event);
      const had = own.counts.find((one) => one.event === event);
      const has = found.find((one) => one.event === event);
      const missing = (key: "entries" | "exits") =>
        (lost?.[key] ?? 0n) + BigInt(Math.max(0, (had?.[key] ?? 0) - (has?.[key] ?? 0)));
      return { event, entries: missing("entries"), exits: missing("exits") };
    })
    .filter(({ entries, exits }) => entries + exits > 0n);
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((all, one) => all + one, 0n);
}

function max(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
