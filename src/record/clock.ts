/**
 * Readings of the three clocks, taken together: BOOTTIME is the records', REALTIME the wall's, MONOTONIC that of
 * other tools. Between two of them a reader may say what the wall clock showed at any record.
 */
import type { ClockTriple } from "../format/types.js";

/** Ids of clock_gettime(2). */
export const ClockId = { REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7 } as const;

export interface Clock {
  /** A triple, with the least uncertainty of some tries. */
  read(reason: ClockTriple["reason"]): ClockTriple;
  /** True when the wall clock was set since the last call, or since the clock was made. */
  stepped(): boolean;
}

/** Most tries for one triple; being scheduled away between two readings spoils a try. */
const TRIES = 8;
/** What two calls into libc take: no try will be better by much. */
const GOOD_NS = 2_000n;

/** `readClock`: clock_gettime(2), in nanoseconds. Throws what it throws. */
export function createClock(readClock: (id: number) => bigint): Clock {
  let known = readTriple(readClock, "start");
  return {
    read: (reason) => readTriple(readClock, reason),
    stepped() {
      const now = readTriple(readClock, "step");
      // Slewing (adjtime, NTP) moves both clocks alike, and so does a suspend; only setting REALTIME moves them
      // apart (offs_real in the kernel's timekeeping.c). So what exceeds the readings' own blur is a step.
      const moved = wallOffset(now) - wallOffset(known);
      const blur = now.uncertaintyNs + known.uncertaintyNs;
      const stepped = moved > blur || -moved > blur;
      if (stepped || now.uncertaintyNs < known.uncertaintyNs) known = now;
      return stepped;
    },
  };
}

function wallOffset(triple: ClockTriple): bigint {
  return triple.realtimeNs - triple.boottimeNs;
}

function readTriple(readClock: (id: number) => bigint, reason: ClockTriple["reason"]): ClockTriple {
  let best = readOnce(readClock, reason);
  for (let tries = 1; tries < TRIES && best.uncertaintyNs > GOOD_NS; tries++) {
    const next = readOnce(readClock, reason);
    if (next.uncertaintyNs < best.uncertaintyNs) best = next;
  }
  return best;
}

/** BOOTTIME before and after the others: they were read somewhere between. */
function readOnce(readClock: (id: number) => bigint, reason: ClockTriple["reason"]): ClockTriple {
  const before = readClock(ClockId.BOOTTIME);
  const monotonicNs = readClock(ClockId.MONOTONIC);
  const realtimeNs = readClock(ClockId.REALTIME);
  const after = readClock(ClockId.BOOTTIME);
  return {
    boottimeNs: (before + after) / 2n,
    monotonicNs,
    realtimeNs,
    uncertaintyNs: after - before,
    reason,
  };
}
