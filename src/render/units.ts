/** Numbers for people: bytes and durations, with three or four digits that count. */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** `850 ns`, `1.25 ms`, `3.2 s`, `2 min 5 s`, `26 h 3 min`. */
export function formatDuration(durationNs: number): string {
  if (durationNs < 1_000) return `${durationNs} ns`;
  if (durationNs < 1_000_000) return `${precise(durationNs / 1_000)} µs`;
  if (durationNs < 1_000_000_000) return `${precise(durationNs / 1_000_000)} ms`;
  if (durationNs < 60_000_000_000) return `${precise(durationNs / 1_000_000_000)} s`;
  const seconds = Math.floor(durationNs / 1_000_000_000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** A time as seconds with nine digits; `?`: not known. */
export function formatSeconds(ns: number | null): string {
  if (ns === null) return "?";
  const sign = ns < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(ns) / 1e9);
  return `${sign}${whole}.${String(Math.round(Math.abs(ns) - whole * 1e9)).padStart(9, "0")}`;
}

/** Three digits that count, without zeros behind the point. Never rounds up to the next unit. */
function precise(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const scale = 10 ** digits;
  return String(Math.floor(value * scale) / scale);
}
