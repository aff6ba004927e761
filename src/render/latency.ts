/** The answer of `latency` for people: a table, what is not in its times, histograms on request. */

import type { LatencyResult } from "../replay/latency.js";
import type { LatencyGroup } from "../replay/latency-groups.js";
import type { LibcLayer } from "../replay/latency-libc.js";
import { escapeText } from "./text.js";
import { formatDuration } from "./units.js";

export interface LatencyTextOptions {
  readonly colour: boolean;
  readonly histogram: boolean;
}

const TIMES = [
  ["min", "min_ns"],
  ["mean", "mean_ns"],
  ["p50", "p50_ns"],
  ["p90", "p90_ns"],
  ["p99", "p99_ns"],
  ["p99.9", "p999_ns"],
  ["max", "max_ns"],
] as const;

const BAR_WIDTH = 40;

/** Lines without the last newline. What is not known prints as `-`, never as 0. */
export function formatLatency(result: LatencyResult, options: LatencyTextOptions): string {
  const lines = result.groups.length === 0 ? ["no calls"] : table(result.groups, options);
  for (const group of result.groups) lines.push(...remarks(group));
  if (options.histogram) for (const group of result.groups) lines.push(...histogram(group, options));
  if (result.lost !== 0) lines.push("", lossText(result));
  const libc = (result.libc ?? []).flatMap((layer) => libcTexts(layer, (result.libc ?? []).length > 1));
  if (libc.length > 0) lines.push("", ...libc);
  return lines.join("\n");
}

/** A row: the key's values to the left, numbers to the right. */
function table(groups: readonly LatencyGroup[], options: LatencyTextOptions): string[] {
  const names = Object.keys(groups[0]?.key ?? {});
  const head = [...names, "calls", "errors", ...TIMES.map(([name]) => name)];
  const rows = groups.map((group) => [
    ...keyTexts(group),
    `${group.count}`,
    `${errorCount(group)}`,
    ...TIMES.map(([, field]) => durationText(group[field])),
  ]);
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < names.length ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return [bold(line(head), options), ...rows.map(line)];
}

function keyTexts(group: LatencyGroup): string[] {
  return Object.values(group.key).map((value) =>
    value === null ? "-" : typeof value === "number" ? `${value}` : escapeText(value),
  );
}

function durationText(ns: number | null): string {
  return ns === null ? "-" : formatDuration(Math.round(ns));
}

function errorCount(group: LatencyGroup): number {
  return Object.values(group.errors).reduce((sum, count) => sum + count, 0);
}

/** Which errors, and which calls have no time: they are in none of the numbers above. */
function remarks(group: LatencyGroup): string[] {
  const parts = Object.entries(group.errors).map(([name, count]) => `${name} ${count}`);
  if (group.uncertain > 0) parts.push(`${group.uncertain} uncertain, not timed`);
  if (group.in_flight > 0) parts.push(`${group.in_flight} still in flight, not timed`);
  if (group.no_entry > 0) parts.push(`${group.no_entry} without entry, not timed`);
  return parts.length === 0 ? [] : [`  ${title(group)}: ${parts.join("; ")}`];
}

function title(group: LatencyGroup): string {
  return keyTexts(group).join(" ") || "all";
}

function histogram(group: LatencyGroup, options: LatencyTextOptions): string[] {
  const most = Math.max(...group.histogram.map(([, , count]) => count));
  const rows = group.histogram.map(([low, high, count]) => {
    const span = `${formatDuration(low).padStart(9)} .. ${formatDuration(high).padEnd(9)}`;
    const bar = "#".repeat(Math.max(1, Math.round((count / most) * BAR_WIDTH)));
    return `${span} |${bar.padEnd(BAR_WIDTH)}| ${count}`;
  });
  return rows.length === 0 ? [] : ["", bold(title(group), options), ...rows];
}

function lossText(result: LatencyResult): string {
  const byEvent = Object.entries(result.lost_by_event ?? {})
    .filter(([, { entries, exits }]) => entries + exits > 0)
    .map(([event, { entries, exits }]) => `${event} ${entries + exits}`);
  const detail = byEvent.length === 0 ? "" : ` (${byEvent.join(", ")})`;
  if (result.lost !== null) {
    return `${result.lost} records were lost while recording${detail}: calls are missing above`;
  }
  const atLeast = result.lost_at_least > 0 ? `, at least ${result.lost_at_least}${detail}` : "";
  return `losses are not known${atLeast}: a capture was cut short or is damaged, calls may be missing above`;
}

/** What the rows of layer libc do not have in them. */
function libcTexts({ capture, recorded, missing, lost }: LibcLayer, isOneOfMany: boolean): string[] {
  const where = isOneOfMany ? ` in ${escapeText(capture)}` : "";
  const lines = missing.map(
    (one) =>
      `libc: ${escapeText(one.function)} was not hooked${where}: ${escapeText(one.why ?? "not known why")}`,
  );
  if (!recorded) {
    lines.unshift(`libc: not recorded${where}, so what callers waited is not known: record with --libc`);
  } else if (lost !== 0) {
    const count = lost === null ? "an unknown number of" : `${lost}`;
    lines.push(`libc: ${count} records were lost${where}: calls near them are uncertain or missing`);
  }
  return lines;
}

function bold(text: string, options: LatencyTextOptions): string {
  return options.colour ? `\u001b[1m${text}\u001b[0m` : text;
}
