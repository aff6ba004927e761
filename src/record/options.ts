/**
 * What a recording is asked for, as data: the command line read, nothing looked at yet.
 */
import type { EventRow } from "../catalog/types.js";
import type { FilterText, RecordFilters } from "./filters.js";
import type { Trigger } from "./triggers.js";

/** Several files, one after the other; one of the two limits at least is there. */
export interface RotationOptions {
  readonly maxBytes: number | null;
  readonly maxAgeMs: number | null;
  /** The newest so many are kept; null: all. */
  readonly maxFiles: number | null;
}

/** The newest stretch of time in memory, written when it is asked for. */
export interface FlightOptions {
  readonly windowMs: number;
  readonly memoryBytes: number;
  /** How long after it was asked for. */
  readonly afterMs: number;
  readonly maxFiles: number | null;
}

export interface RecordOptions {
  /** A path, "-" for standard output, null: a name from host and time. */
  readonly output: string | null;
  readonly events: readonly EventRow[];
  readonly filters: RecordFilters;
  /** The filters as given, for the capture's metadata. */
  readonly filterText: FilterText;
  /** What a snapshot is made for. */
  readonly triggers: readonly Trigger[];
  readonly snapBytes: number;
  /** Of all cpus together, as asked for; null: what suits their number. */
  readonly bufferBytes: number | null;
  readonly durationMs: number | null;
  readonly calls: number | null;
  readonly command: readonly string[] | null;
  readonly user: string | null;
  /** Whom to become when the probes are in place; null: as drop.ts finds. */
  readonly dropTo: string | null;
  /** The kernel plane, as far as its hooks are to be had. */
  readonly kernelPlane: boolean;
  /** The libc plane, as far as its functions are to be had. */
  readonly libcPlane: boolean;
  /** null: one file. Not together with `flight`. */
  readonly rotation: RotationOptions | null;
  readonly flight: FlightOptions | null;
}

export const DEFAULT_FLIGHT_BYTES = 256 * 2 ** 20;

export const DEFAULT_SNAP_BYTES = 256;
export const SNAP_MAX_BYTES = 65_536;
/** The kernel takes arrays below 4 GiB, and there is more in the rings' than their data. */
export const BUFFER_MAX_BYTES = 2 ** 31;

/** `msgtape-<host>-<YYYYmmdd-HHMMSS>.mtape`, by local time; letters that a file name had better not hold become "_". */
export function defaultOutput(hostname: string, now: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return `msgtape-${hostname.replace(/[^A-Za-z0-9._-]/g, "_")}-${date}-${time}.mtape`;
}
