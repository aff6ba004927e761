/** How long each argument tagged TOCTOU stood open, over all calls: one row an argument, none for null pointers. */
import { addDuration, type Histogram, newHistogram, quantileNs } from "../histogram.js";
import type { Exposure } from "./types.js";

export interface ExposureTable {
  /** `windowNs` null: it had not ended. */
  count(event: string, arg: string, call: ExposedCall): void;
  rows(): Exposure[];
}

export interface ExposedCall {
  readonly verdict: "same" | "changed" | "unknown";
  readonly windowNs: number | null;
  readonly isReadKnown: boolean;
  readonly isOpen: boolean;
}

interface Row {
  readonly event: string;
  readonly arg: string;
  readonly windows: Histogram;
  calls: number;
  changed: number;
  unknown: number;
  readKnown: number;
  open: number;
}

export function exposureTable(): ExposureTable {
  const rows = new Map<string, Row>();
  return {
    count(event, arg, { verdict, windowNs, isReadKnown, isOpen }) {
      const key = `${event} ${arg}`;
      let row = rows.get(key);
      if (row === undefined) {
        row = {
          event,
          arg,
          windows: newHistogram(),
          calls: 0,
          changed: 0,
          unknown: 0,
          readKnown: 0,
          open: 0,
        };
        rows.set(key, row);
      }
      row.calls++;
      if (verdict === "changed") row.changed++;
      if (verdict === "unknown") row.unknown++;
      if (isReadKnown) row.readKnown++;
      if (isOpen) row.open++;
      if (windowNs !== null && windowNs >= 0) addDuration(row.windows, windowNs);
    },
    rows: () =>
      [...rows.values()].map((row) => ({
        event: row.event,
        arg: row.arg,
        calls: row.calls,
        changed: row.changed,
        unknown: row.unknown,
        p50_ns: quantileNs(row.windows, 0.5),
        p99_ns: quantileNs(row.windows, 0.99),
        max_ns: row.windows.count === 0 ? null : row.windows.maxNs,
        read_known: row.readKnown,
        open: row.open,
      })),
  };
}
