/**
 * What a recording says about itself: a line that is redrawn on a terminal, and one line at the end.
 */
import type { Writable } from "node:stream";
import { type LossByCause, sum, total } from "./losses.js";
import type { Progress, SessionResult } from "./session.js";

/** Shows where a recording is; `end` leaves a clean line. */
export interface ProgressLine {
  show(now: Progress): void;
  end(): void;
}

const ERASE_LINE = "\r\x1b[K";

export function terminalProgress(stderr: Writable): ProgressLine {
  let shown = false;
  let before: Progress | null = null;
  return {
    show(now) {
      stderr.write(`${ERASE_LINE}${progressText(now, before)}`);
      shown = true;
      before = now;
    },
    end() {
      if (shown) stderr.write(ERASE_LINE);
    },
  };
}

export const noProgress: ProgressLine = { show() {}, end() {} };

/** `before`: the state shown last, for the rate. */
export function progressText(now: Progress, before: Progress | null): string {
  const records = now.records - (before?.records ?? 0n);
  const ns = now.elapsedNs - (before?.elapsedNs ?? 0n);
  const rate = ns > 0n ? (records * 1_000_000_000n) / ns : 0n;
  return (
    `recording ${durationText(now.elapsedNs)}, ${now.records} records, ${rate} records/s, ` +
    `${sizeText(now.bytes)}, lost ${now.lost}`
  );
}

/** `recorded N records (M calls) in T, lost L, FILE (SIZE)`. */
export function closingText(result: SessionResult, file: string): string {
  const written = result.written;
  return (
    `recorded ${written.records} records (${callsOf(result)} calls) in ${durationText(result.durationNs)}, ` +
    `lost ${lossText(result.lost)}, ${file === "-" ? "standard output" : file} (${sizeText(result.bytes)})`
  );
}

/** Calls in the file: those that ended, and those that are open at the end. */
export function callsOf(result: SessionResult): bigint {
  return sum(result.written.counts.map(({ exits }) => BigInt(exits))) + BigInt(result.openCalls);
}

function lossText(lost: LossByCause): string {
  const causes = [
    { count: lost.ringFull, cause: "the buffer was full: give a larger --buffer" },
    { count: lost.noScratch, cause: "no scratch memory" },
    { count: lost.recursion, cause: "the kernel skipped the program" },
    { count: lost.output, cause: "could not be written" },
  ].filter(({ count }) => count > 0n);
  if (causes.length === 0) return "0";
  return `${total(lost)} (${causes.map(({ count, cause }) => `${count} ${cause}`).join("; ")})`;
}

function durationText(ns: bigint): string {
  const seconds = Number(ns / 1_000_000n) / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min ${whole % 60} s` : `${minutes} min ${whole % 60} s`;
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}
