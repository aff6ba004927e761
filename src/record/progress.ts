/**
 * Where a recording is: one line that is redrawn on a terminal.
 */
import type { Writable } from "node:stream";
import type { Progress } from "./session.js";

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

export function durationText(ns: bigint): string {
  const seconds = Number(ns / 1_000_000n) / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min ${whole % 60} s` : `${minutes} min ${whole % 60} s`;
}

export function sizeText(bytes: number): string {
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
