/**
 * The time of day, moved so that the first capture begins somewhen in January 2000, nobody knows when: by a random whole
 * number of seconds, since the kernel tells the times of System V queues in seconds. All captures of one file are moved
 * alike. Times since boot stay: they say how long, not when.
 */
import { randomInt } from "node:crypto";
import type { Census, Kind } from "./kinds.js";

export interface MovedClock {
  /** Nanoseconds of CLOCK_REALTIME. */
  nanoseconds(value: bigint): bigint;
  /**
   * The same in seconds, as a user may have given them. 0 and what programs write for "never" stay, since moved they
   * would tell by how much; what is no time of the recording becomes one of these.
   */
  seconds(value: bigint): bigint;
}

const SECOND = 1_000_000_000n;
/** 2000-01-01T00:00:00Z. */
const START = 946_684_800n;
const MOST_RANDOM = 28 * 86_400;
/** What lies so near to the recording is moved with it. */
const NEAR = 366n * 86_400n;
const MOST_NS = (1n << 64n) - 1n;

const ZERO = 0n;
const INVALID = -1n;
const NEVER = 0x7fff_ffffn;
/** The ends of the types that programs keep times in: they tell nothing of when. */
const FIXED: ReadonlySet<bigint> = new Set([
  ZERO,
  INVALID,
  NEVER,
  -(1n << 31n),
  (1n << 32n) - 1n,
  (1n << 63n) - 1n,
  -(1n << 63n),
]);

/** `realtimesNs`: every CLOCK_REALTIME that the captures tell; none: nobody knows when it was. */
export function movedClock(
  realtimesNs: readonly bigint[],
  keeps: ReadonlySet<Kind>,
  census: Census,
): MovedClock {
  const isKept = keeps.has("wall-clock");
  const times = realtimesNs.map((time) => time / SECOND).sort((one, other) => (one < other ? -1 : 1));
  const distance = isKept ? 0n : distanceOf(times[0] ?? START);
  const spans = nearSpans(times);
  return {
    nanoseconds(value) {
      census.count("wall-clock");
      const moved = value + distance * SECOND;
      return moved < 0n ? 0n : moved > MOST_NS ? MOST_NS : moved;
    },
    seconds(value) {
      if (FIXED.has(value)) return value;
      census.count("wall-clock");
      if (isKept) return value;
      if (spans.some(({ from, to }) => value >= from && value <= to)) return value + distance;
      if (value < 0n) return INVALID;
      return spans[0] === undefined || value < spans[0].from ? ZERO : NEVER;
    },
  };
}

interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** A long recording has many clocks, most of them near to each other. */
function nearSpans(sorted: readonly bigint[]): Span[] {
  const spans: Span[] = [];
  for (const time of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && time - NEAR <= last.to) spans[spans.length - 1] = { ...last, to: time + NEAR };
    else spans.push({ from: time - NEAR, to: time + NEAR });
  }
  return spans;
}

/** Never none: a capture may begin in 2000 already. */
function distanceOf(first: bigint): bigint {
  for (;;) {
    const distance = START + BigInt(randomInt(1, MOST_RANDOM)) - first;
    if (distance !== 0n) return distance;
  }
}
