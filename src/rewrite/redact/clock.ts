/**
 * The time of day, moved so that the capture begins on the first day of 2000 at midnight. By whole seconds, since the
 * kernel tells the times of System V queues in seconds. Times since boot stay: they say how long, not when.
 */
import type { Census, Kind } from "./kinds.js";

export interface MovedClock {
  /** Nanoseconds of CLOCK_REALTIME. */
  nanoseconds(value: bigint): bigint;
  /** The same in seconds, as a user may have given them: what is no time of today stays, 0 is never. */
  seconds(value: bigint): bigint;
}

const SECOND = 1_000_000_000n;
/** 2000-01-01T00:00:00Z. */
const START = 946_684_800n;
/** What lies so near to the recording tells when it was. */
const NEAR = 20n * 365n * 86_400n;

/** `startNs`: CLOCK_REALTIME at the start; null: not known. */
export function movedClock(startNs: bigint | null, keeps: ReadonlySet<Kind>, census: Census): MovedClock {
  const start = (startNs ?? START * SECOND) / SECOND;
  const distance = keeps.has("wall-clock") ? 0n : START - start;
  return {
    nanoseconds(value) {
      census.count("wall-clock");
      const moved = value + distance * SECOND;
      return moved < 0n ? 0n : moved;
    },
    seconds(value) {
      if (value < start - NEAR || value > start + NEAR || value === 0n) return value;
      census.count("wall-clock");
      return value + distance;
    },
  };
}
