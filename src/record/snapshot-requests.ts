/**
 * Who asked for a snapshot, and from when on it can be written: everything up to the moment of asking must have come
 * through the rings. What is asked meanwhile is one snapshot.
 */
import type { Moment } from "./output.js";

/** A batch closes half a second after its first record: when none is waiting for longer, none is to come. */
const QUIET_MS = 750;

export interface SnapshotRequest {
  /** A trigger as it was given, or `signal`. */
  readonly reason: string;
  /** The moment, by CLOCK_BOOTTIME. */
  readonly atNs: bigint;
  /** When it was heard of, by performance.now(). */
  readonly atMs: number;
}

export class SnapshotRequests {
  readonly #afterMs: number;
  #requests: SnapshotRequest[] = [];

  /** `afterMs`: how much of what comes after the moment is wanted too. */
  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Of the same reason the first counts, until it is taken. */
  add(request: SnapshotRequest): void {
    if (!this.#requests.some(({ reason }) => reason === request.reason)) this.#requests.push(request);
  }

  isReady(moment: Moment): boolean {
    return this.#requests.some((request) => this.#isThrough(request, moment));
  }

  #isThrough({ atNs, atMs }: SnapshotRequest, { nowMs, lastNs, isIdle }: Moment): boolean {
    if (nowMs < atMs + this.#afterMs) return false;
    const wantedNs = atNs + BigInt(Math.round(this.#afterMs * 1e6));
    if (lastNs !== null && lastNs >= wantedNs) return true;
    return isIdle && nowMs >= atMs + this.#afterMs + QUIET_MS;
  }

  /** The reasons, and none is left. */
  take(): readonly string[] {
    const reasons = this.#requests.map(({ reason }) => reason);
    this.#requests = [];
    return reasons;
  }
}
