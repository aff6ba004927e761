/**
 * The answer of `toctou` for people: each finding with the two versions side by side and who did it, ready for a bug
 * report; then how long each argument stood open. Works on what `--json` prints. What is not known prints as `-` or in
 * words, never as 0.
 */
import { errnoName, isRestart } from "../catalog/errno.js";
import type {
  CallRef,
  Exposure,
  Finding,
  FindingKind,
  ToctouResult,
  Writer,
} from "../replay/toctou/types.js";
import { type Column, sideBySide } from "./side-by-side.js";
import { escapeText } from "./text.js";
import { formatDuration } from "./units.js";

export interface ToctouTextOptions {
  readonly colour: boolean;
}

const TITLES: Readonly<Record<FindingKind, string>> = {
  mutated: "input changed",
  overlap: "input overwritten",
  check_then_act: "check no longer true",
};

const MAX_ROWS = 12;

/** Lines without the last newline. */
export function formatToctou(result: ToctouResult, options: ToctouTextOptions): string {
  const lines = result.findings.flatMap((finding, at) => [...findingLines(finding, at + 1, options), ""]);
  if (result.findings.length === 0) lines.push("no findings", "");
  lines.push(...exposureTable(result.exposure, options));
  const notes = remarks(result);
  if (notes.length > 0) lines.push("", ...notes);
  return lines.join("\n");
}

function findingLines(finding: Finding, number: number, options: ToctouTextOptions): string[] {
  const place = finding.place ?? finding.arg;
  const what = `${TITLES[finding.kind]}${finding.verdict === "unknown" ? ", perhaps" : ""}`;
  const head = `#${number} ${what}: ${escapeText(finding.event)}${place === null ? "" : `, ${escapeText(place)}`}`;
  const details = finding.kind === "check_then_act" ? checkLines(finding) : memoryLines(finding);
  return [
    bold(head, options),
    ...[`of ${callText(finding)}`, ...details].map((text) => `    ${text}`.trimEnd()),
  ];
}

/** `worker[5124] of process 5120, call 17 on /orders, 1.5 .. 1.6 s = 0`. */
function callText(call: CallRef & { readonly queue?: Finding["queue"] }): string {
  const comm = call.comm === null ? "?" : escapeText(call.comm);
  const name = call.queue?.name ?? null;
  const parts = [`${comm}[${call.tid}] of process ${call.tgid}`];
  if (call.call !== null) parts.push(`call ${call.call}`);
  if (name !== null) parts.push(`on ${escapeText(name)}`);
  return `${parts.join(", ")}, ${seconds(call.enter_ns)} .. ${seconds(call.exit_ns)} = ${resultText(call.ret)}`;
}

function resultText(ret: number | null): string {
  if (ret === null) return "?";
  if (ret >= 0 || ret < -4095) return `${ret}`;
  return isRestart(-ret) ? "? (interrupted)" : `-1 ${escapeText(errnoName(-ret) ?? `${-ret}`)}`;
}

function seconds(ns: number | null): string {
  return ns === null ? "?" : (ns / 1e9).toFixed(9);
}

function checkLines(finding: Finding): string[] {
  const { check, by } = finding;
  const [from, to] = finding.window_ns;
  const lines = [];
  if (check !== null) {
    lines.push(`had asked: ${escapeText(check.event)} (${escapeText(check.of)}), ${callText(check)}`);
  }
  if (by !== null) lines.push(`in between: ${escapeText(by.event)} by ${callText(by)}`);
  if (from !== null && to !== null) lines.push(`${formatDuration(to - from)} from check to act`);
  if (finding.verdict === "unknown") {
    lines.push(
      "not sure: it may have been before the check or behind the act, on another queue, or a record is missing",
    );
  }
  return lines;
}

function memoryLines(finding: Finding): string[] {
  return [
    ...windowLines(finding),
    usedText(finding),
    ...copyLines(finding),
    finding.kind === "overlap" && finding.verdict === "unknown"
      ? `perhaps by ${writerText(finding.by)}: it may have written before or behind the window`
      : finding.by === null
        ? `by no recorded call: a thread of process ${finding.tgid} stored it, or whoever shares its memory`
        : `written by ${writerText(finding.by)}`,
  ];
}

function windowLines({ window_ns: [from, to], exit_ns, addr, len, first_diff_offset }: Finding): string[] {
  const place = addr === null ? "" : `${len ?? "?"} bytes at ${escapeText(addr)}`;
  const diff =
    first_diff_offset === null ? "no difference seen" : `first difference at byte ${first_diff_offset}`;
  const end = to === exit_ns ? "until the call's end" : "until the kernel's read";
  const window =
    from === null || to === null ? "the call had not ended" : `window ${formatDuration(to - from)}, ${end}`;
  return [`${place}, ${diff}`, window];
}

const USED: Readonly<Record<Finding["kernel_used"], string>> = {
  before: "the kernel used the value from before the change",
  after: "the kernel used the value from after the change",
  mixed: "the kernel used neither value as a whole",
  unknown: "which value the kernel used is not known",
};

function usedText({ kernel_used, kernel_from }: Finding): string {
  if (kernel_used === "unknown") return USED.unknown;
  const how = kernel_from === "kernel" ? "its own copy says" : "the receiver's bytes say";
  return `${USED[kernel_used]} (${how})`;
}

/** The kernel's copy only where it is none of the other two: a report should fit into 80 columns. */
function copyLines(finding: Finding): string[] {
  const column = (title: string, text: string | null, atBytes = 0): Column => ({
    title: text === null ? `${title} (not known)` : title,
    bytes: text === null ? null : Buffer.from(text, "base64"),
    atBytes,
  });
  const columns = [column("at entry", finding.entry), column("at exit", finding.exit)];
  const isKernelNeeded = finding.kernel_used === "mixed" || finding.entry === null || finding.exit === null;
  if (isKernelNeeded && finding.kernel !== null) {
    columns.splice(1, 0, column("in the kernel", finding.kernel, finding.kernel_offset ?? 0));
  }
  return sideBySide({ columns, compared: finding.compared, maxRows: MAX_ROWS });
}

function writerText(by: CallRef | Writer | null): string {
  if (by === null) return "?";
  const to = "arg" in by ? `, ${by.len} bytes to ${escapeText(by.arg)} at ${escapeText(by.addr)}` : "";
  return `${escapeText(by.event)} of ${callText(by)}${to}`;
}

const HEADS = ["event", "argument", "calls", "changed", "unknown", "p50", "p99", "max"];
const TEXT_COLUMNS = 2;

function exposureTable(rows: readonly Exposure[], options: ToctouTextOptions): string[] {
  if (rows.length === 0) return ["no call had an input that could change"];
  const cells = rows.map((row) => [
    escapeText(row.event),
    escapeText(row.arg),
    `${row.calls}`,
    `${row.changed}`,
    `${row.unknown}`,
    ...[row.p50_ns, row.p99_ns, row.max_ns].map((ns) => (ns === null ? "-" : formatDuration(Math.round(ns)))),
  ]);
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return column < TEXT_COLUMNS ? text.padEnd(width) : text.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return [bold(line(HEADS), options), ...cells.map(line)];
}

function remarks(result: ToctouResult): string[] {
  const lines: string[] = [];
  const undecided = Object.entries(result.undecided).filter(([, count]) => count > 0);
  const listed = result.findings.some(({ verdict }) => verdict === "unknown") ? "" : ": --unknown lists them";
  if (undecided.length > 0) {
    const counts = undecided.map(([kind, count]) => `${count} ${kind}`).join(", ");
    lines.push(`neither proved nor excluded: ${counts}${listed}`);
  }
  const unknown = result.exposure.some((row) => row.unknown > 0);
  if (unknown)
    lines.push("unknown: some of the input was not read at both ends, or lies behind the snap length");
  if (result.findings_omitted > 0) lines.push(`${result.findings_omitted} more findings are not listed`);
  if (result.overlap_unchecked > 0) {
    lines.push(`${result.overlap_unchecked} calls were not compared with all that they ran beside`);
  }
  if (result.lost === null) {
    lines.push("losses are not known: a capture was cut short or is damaged, findings may be missing above");
  } else if (result.lost > 0) {
    lines.push(`${result.lost} records were lost while recording: findings may be missing above`);
  }
  return lines;
}

function bold(text: string, options: ToctouTextOptions): string {
  return options.colour ? `\u001b[1m${text}\u001b[0m` : text;
}
