/** Groups of calls: which group a call belongs to, and what is counted in each. */
import { errnoName } from "../catalog/errno.js";
import { eventName } from "./call-line.js";
import { type Histogram, histogramRows, meanNs, newHistogram, quantileNs } from "./histogram.js";

export const DIMENSIONS = ["event", "comm", "pid", "queue", "layer"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** By what calls are told apart; null: not known, which is a group of its own. Absent: not asked for. */
export interface GroupKey {
  readonly event?: string;
  readonly comm?: string | null;
  readonly pid?: number;
  readonly queue?: string | null;
  readonly layer?: Layer;
}

/** What is timed: the system call, or the C library's function around it, as its caller sees it. */
export type Layer = "libc" | "kernel";

export interface Group {
  readonly key: GroupKey;
  readonly histogram: Histogram;
  /** By positive error number, of the calls counted. */
  readonly errors: Map<number, number>;
  /** Calls counted that failed for a reason that is not known: libc functions return -1 and no number. */
  unnamedErrors: number;
  uncertain: number;
  inFlight: number;
  noEntry: number;
}

/** A group as JSON has it. Counts and times are of complete calls alone; the others are counted beside them. */
export interface LatencyGroup {
  readonly key: GroupKey;
  readonly count: number;
  readonly errors: { readonly [errno: string]: number };
  readonly min_ns: number | null;
  readonly mean_ns: number | null;
  readonly p50_ns: number | null;
  readonly p90_ns: number | null;
  readonly p99_ns: number | null;
  readonly p999_ns: number | null;
  readonly max_ns: number | null;
  readonly histogram: readonly (readonly [low: number, high: number, count: number])[];
  readonly uncertain: number;
  readonly in_flight: number;
  readonly no_entry: number;
}

const NOTHING = { unnamedErrors: 0, uncertain: 0, inFlight: 0, noEntry: 0 };

export function newGroup(key: GroupKey): Group {
  return { key, histogram: newHistogram(), errors: new Map(), ...NOTHING };
}

export function groupResult(group: Group): LatencyGroup {
  const { histogram } = group;
  const isEmpty = histogram.count === 0;
  const errors = [...group.errors].sort(([a], [b]) => a - b);
  return {
    key: group.key,
    count: histogram.count,
    errors: Object.fromEntries([
      ...errors.map(([number, count]) => [errnoName(number) ?? `${number}`, count] as const),
      ...(group.unnamedErrors > 0 ? [["unknown", group.unnamedErrors] as const] : []),
    ]),
    min_ns: isEmpty ? null : histogram.minNs,
    mean_ns: meanNs(histogram),
    p50_ns: quantileNs(histogram, 0.5),
    p90_ns: quantileNs(histogram, 0.9),
    p99_ns: quantileNs(histogram, 0.99),
    p999_ns: quantileNs(histogram, 0.999),
    max_ns: isEmpty ? null : histogram.maxNs,
    histogram: histogramRows(histogram),
    uncertain: group.uncertain,
    in_flight: group.inFlight,
    no_entry: group.noEntry,
  };
}

/** What is known of a call for grouping. */
export interface GroupFacts {
  readonly event: number;
  readonly tgid: number;
  readonly comm: string | null;
  readonly queue: string | null;
  readonly layer: Layer;
}

export interface GroupTable {
  readonly needsComm: boolean;
  find(facts: GroupFacts): Group;
  all(): Group[];
}

export function groupTable(by: readonly Dimension[]): GroupTable {
  const groups = new Map<string, Group>();
  const wanted = DIMENSIONS.filter((dimension) => by.includes(dimension));
  return {
    needsComm: by.includes("comm"),
    find(facts) {
      const values = wanted.map((dimension) => [dimension, dimensionValue(facts, dimension)] as const);
      const id = JSON.stringify(values);
      let group = groups.get(id);
      if (group === undefined) {
        group = newGroup(Object.fromEntries(values));
        groups.set(id, group);
      }
      return group;
    },
    all: () => [...groups.values()],
  };
}

function dimensionValue(facts: GroupFacts, dimension: Dimension): string | number | null {
  switch (dimension) {
    case "event":
      return eventName(facts.event);
    case "pid":
      return facts.tgid;
    case "comm":
      return facts.comm;
    case "queue":
      return facts.queue;
    case "layer":
      return facts.layer;
  }
}
