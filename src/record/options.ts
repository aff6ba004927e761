/**
 * What a recording is asked for, as data: the command line read, nothing looked at yet.
 */
import type { EventRow } from "../catalog/types.js";
import type { FilterText, RecordFilters } from "./filters.js";

export interface RecordOptions {
  /** A path, "-" for standard output, null: a name from host and time. */
  readonly output: string | null;
  readonly events: readonly EventRow[];
  readonly filters: RecordFilters;
  /** The filters as given, for the capture's metadata. */
  readonly filterText: FilterText;
  readonly snapBytes: number;
  /** A power of two. */
  readonly bufferBytes: number;
  readonly durationMs: number | null;
  readonly calls: number | null;
  readonly command: readonly string[] | null;
  readonly user: string | null;
}

/**
 * 300 000 records/s of some 250 bytes from one core fill 75 MB/s: the ring alone bridges a pause of 0.2 s, the
 * batches behind it another 0.1 s. Each ring page counts twice in the recorder's resident memory (it is mapped
 * twice), so a larger one would pass 150 MiB.
 */
export const DEFAULT_BUFFER_BYTES = 16 << 20;
export const DEFAULT_SNAP_BYTES = 256;
export const SNAP_MAX_BYTES = 65_536;
export const BUFFER_MIN_BYTES = 4096;
/** The kernel takes rings below 4 GiB. */
export const BUFFER_MAX_BYTES = 2 ** 31;

/** `msgtape-<host>-<YYYYmmdd-HHMMSS>.mtape`, by local time; letters that a file name had better not hold become "_". */
export function defaultOutput(hostname: string, now: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return `msgtape-${hostname.replace(/[^A-Za-z0-9._-]/g, "_")}-${date}-${time}.mtape`;
}
