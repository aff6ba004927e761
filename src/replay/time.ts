/**
 * Times of a reading command: every number is nanoseconds since the start of the earliest capture given, and
 * `wall` is RFC 3339 in UTC. Also reads what users type: durations, offsets, dates, times of day.
 */
import type { ReplayCapture } from "./source.js";

const SECOND_NS = 1_000_000_000;
const SECOND = 1_000_000_000n;

/** One capture on the common time line. */
export interface CaptureClock {
  /** CLOCK_BOOTTIME that is 0 on the time line; may lie before the capture, even before its host's boot. */
  readonly baseNs: bigint;
  /** UTC of a moment on the time line, nine digits; null when the capture has no clock readings. */
  wall(timeNs: number): string | null;
  /** The moment on the time line of a UTC time in ns since 1970; null as above. */
  fromRealtime(realtimeNs: bigint): number | null;
}

type Timed = Pick<ReplayCapture, "clocks" | "summary" | "index" | "host">;

/**
 * Puts captures on one time line. Captures of one boot are laid by CLOCK_BOOTTIME to each other, and boots by
 * CLOCK_REALTIME at the start of the earliest of each; a capture without clock readings starts with the earliest of its
 * boot, or of all. Numbers are exact within 104 days.
 */
export function timeline(captures: readonly Timed[]): readonly CaptureClock[] {
  const starts = captures.map((capture) => ({ startNs: startNs(capture), realNs: realtimeAtStart(capture) }));
  const boots = new Map<string | number, Start[]>();
  const bootOf = (index: number) => captures[index]?.host?.bootId ?? index;
  for (const [index, start] of starts.entries()) {
    boots.set(bootOf(index), [...(boots.get(bootOf(index)) ?? []), start]);
  }
  const firsts = new Map([...boots].map(([boot, own]) => [boot, firstOf(own)]));
  const earliest = least([...firsts.values()].flatMap(({ realNs }) => realNs ?? []));
  return captures.map((capture, index) => {
    const first = firsts.get(bootOf(index));
    const laterNs = first?.realNs == null || earliest === null ? 0n : first.realNs - earliest;
    return captureClock(capture, (first?.startNs ?? 0n) - laterNs);
  });
}

interface Start {
  readonly startNs: bigint;
  /** null: no clock reading. */
  readonly realNs: bigint | null;
}

/** Where captures of one boot begin; CLOCK_REALTIME is that of the earliest that has it, taken back to there. */
function firstOf(starts: readonly Start[]): Start {
  const startNs = least(starts.map((one) => one.startNs)) ?? 0n;
  const timed = starts.flatMap(({ startNs, realNs }) => (realNs === null ? [] : [{ startNs, realNs }]));
  const first = timed.reduce<(typeof timed)[number] | null>(
    (before, one) => (before !== null && before.startNs <= one.startNs ? before : one),
    null,
  );
  return { startNs, realNs: first === null ? null : first.realNs - (first.startNs - startNs) };
}

function least(values: readonly bigint[]): bigint | null {
  return values.reduce<bigint | null>(
    (before, value) => (before === null || value < before ? value : before),
    null,
  );
}

/** CLOCK_BOOTTIME at the capture's start: the first clock reading, else the summary's, else the first record's. */
export function startNs(capture: Pick<Timed, "clocks" | "summary" | "index">): bigint {
  const first = capture.clocks[0];
  if (first !== undefined) return first.boottimeNs;
  if (capture.summary !== null) return capture.summary.startNs;
  for (const entry of capture.index) {
    if (entry.context.firstTimeNs !== null) return entry.context.firstTimeNs;
  }
  return 0n;
}

/** CLOCK_BOOTTIME up to which the capture tells what happened: its end, or its last record if it has none. */
export function endNs(capture: Pick<Timed, "summary" | "index">): bigint {
  if (capture.summary !== null) return capture.summary.endNs;
  return capture.index.reduce((last, { context }) => {
    const { lastTimeNs } = context;
    return lastTimeNs !== null && lastTimeNs > last ? lastTimeNs : last;
  }, 0n);
}

function realtimeAtStart(capture: Timed): bigint | null {
  return capture.clocks[0]?.realtimeNs ?? null;
}

/** Place of the last of these, in order of time, that is not after `timeNs`; -1: all are. */
function lastNotAfter(ordered: readonly { readonly sinceNs: number }[], timeNs: number): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle]?.sinceNs ?? 0) <= timeNs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function captureClock(capture: Timed, baseNs: bigint): CaptureClock {
  // Per reading: since when it holds on the time line, and UTC at the time line's 0 as whole seconds and a rest.
  const readings = capture.clocks.map((clock) => {
    const realAtBase = clock.realtimeNs - (clock.boottimeNs - baseNs);
    const rest = ((realAtBase % SECOND) + SECOND) % SECOND;
    return {
      sinceNs: Number(clock.boottimeNs - baseNs),
      seconds: Number((realAtBase - rest) / SECOND),
      restNs: Number(rest),
      realAtBase,
    };
  });
  let at = 0;
  let cachedSecond = Number.NaN;
  let cachedText = "";
  return {
    baseNs,
    wall(timeNs) {
      // The nearest earlier reading; calls come almost in order, so the last one used is nearly always right.
      const next = readings[at + 1];
      if ((readings[at]?.sinceNs ?? 0) > timeNs || (next !== undefined && next.sinceNs <= timeNs)) {
        at = Math.max(lastNotAfter(readings, timeNs), 0);
      }
      const reading = readings[at];
      if (reading === undefined) return null;
      const whole = Math.floor(timeNs / SECOND_NS);
      let second = reading.seconds + whole;
      let restNs = reading.restNs + (timeNs - whole * SECOND_NS);
      if (restNs >= SECOND_NS) {
        restNs -= SECOND_NS;
        second++;
      }
      if (second !== cachedSecond) {
        const text = utcSecond(second);
        if (text === null) return null;
        cachedText = text;
        cachedSecond = second;
      }
      return `${cachedText}.${String(restNs).padStart(9, "0")}Z`;
    },
    fromRealtime(realtimeNs) {
      let found = readings[0];
      for (const reading of readings) {
        if (reading.sinceNs <= Number(realtimeNs - reading.realAtBase)) found = reading;
      }
      return found === undefined ? null : Number(realtimeNs - found.realAtBase);
    },
  };
}

/** `0000-01-01T00:00:00` and the end of 9999, in seconds since 1970: RFC 3339 has no other years. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

/** A second since 1970 as RFC 3339 has it, without zone; null for years that it cannot say, and what is no number. */
export function utcSecond(second: number): string | null {
  if (!(second >= FIRST_SECOND && second <= LAST_SECOND)) return null;
  return new Date(second * 1000).toISOString().slice(0, 19);
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: SECOND_NS,
  m: 60 * SECOND_NS,
  min: 60 * SECOND_NS,
  h: 3600 * SECOND_NS,
  d: 86_400 * SECOND_NS,
};

/** `10ms`, `1.5s`, `2m`, `1h30m`, or plain seconds `3`, in ns. null when it is no duration. */
export function parseDuration(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * SECOND_NS);
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|min|s|m|h|d))+$/.test(text)) return null;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|min|s|m|h|d)/g)) {
    total += Number(number) * (UNITS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** A moment as a user gave it: since the start, as UTC, or as a time of day (UTC) on the capture's first day. */
export type TimeSpec =
  | { readonly kind: "offset"; readonly ns: number }
  | { readonly kind: "utc"; readonly ns: bigint }
  | { readonly kind: "day"; readonly ns: number };

/** `1.5s`, `2026-11-21T10:00:00.5Z` (also with an offset, or with a space for T), `10:00:00.5`. null: none of these. */
export function parseTime(text: string): TimeSpec | null {
  const duration = parseDuration(text.replace(/^\+/, ""));
  if (duration !== null) return { kind: "offset", ns: duration };
  const day = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text);
  if (day !== null) {
    const [, hours = "", minutes = "", seconds = "0", fraction = ""] = day;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return null;
    const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    return { kind: "day", ns: whole * SECOND_NS + Number(fraction.padEnd(9, "0")) };
  }
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/i.exec(
    text,
  );
  if (date === null) return null;
  const [, calendar = "", clock = "00:00:00", fraction = "", zone = "Z"] = date;
  const full = clock.length === 5 ? `${clock}:00` : clock;
  const millis = Date.parse(`${calendar}T${full}${zone.toUpperCase()}`);
  if (Number.isNaN(millis)) return null;
  // Date.parse makes 2026-02-31 the 3rd of March.
  const midnight = new Date(`${calendar}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== calendar) return null;
  return { kind: "utc", ns: BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, "0")) };
}

/**
 * A moment on the time line. A time of day is the first such moment not before the start of the time line's
 * first second. null when the captures have no clock readings to place it by.
 */
export function resolveTime(spec: TimeSpec, clocks: readonly CaptureClock[]): number | null {
  if (spec.kind === "offset") return spec.ns;
  for (const clock of clocks) {
    if (spec.kind === "utc") {
      const found = clock.fromRealtime(spec.ns);
      if (found !== null) return found;
      continue;
    }
    const start = clock.wall(0);
    if (start === null) continue;
    const midnight = BigInt(Date.parse(`${start.slice(0, 10)}T00:00:00Z`)) * 1_000_000n;
    const startOfSecond = BigInt(Date.parse(`${start.slice(0, 19)}Z`)) * 1_000_000n;
    const moment = midnight + BigInt(spec.ns);
    return clock.fromRealtime(moment < startOfSecond ? moment + 86_400n * SECOND : moment);
  }
  return null;
}
