/**
 * Which registration a queue had at a moment, and what became of the last one by then, out of the lines of
 * `notifications`. Reads no capture.
 */
import type { NotificationLine } from "./line.js";

/**
 * `none`: no registration is known to have been there. That is as much as the capture tells: of a queue that none of
 * its calls used it tells nothing.
 */
export type InForce =
  | { readonly state: "registered"; readonly line: NotificationLine }
  | { readonly state: "none" }
  /** One of these may have been in force, and none is known to have been. */
  | { readonly state: "unknown"; readonly lines: readonly NotificationLine[] };

/**
 * The registration in force on the queue with this key at `atNs`. `lines`: of one capture, without filters. An end that is
 * not known leaves it open from when the registration was last seen.
 */
export function registrationAt(lines: readonly NotificationLine[], key: string, atNs: number): InForce {
  const maybe: NotificationLine[] = [];
  for (const line of lines) {
    if (line.queue.key !== key || atNs < beganNs(line) || atNs > goneNs(line)) continue;
    if (atNs >= sureFromNs(line) && atNs <= sureToNs(line)) return { state: "registered", line };
    maybe.push(line);
  }
  return maybe.length === 0 ? { state: "none" } : { state: "unknown", lines: maybe };
}

function beganNs(line: NotificationLine): number {
  return line.since_ns ?? Number.NEGATIVE_INFINITY;
}

function goneNs(line: NotificationLine): number {
  return line.end === "still" ? Number.POSITIVE_INFINITY : (line.ended_ns ?? Number.POSITIVE_INFINITY);
}

function sureFromNs(line: NotificationLine): number {
  return line.registered_ns ?? line.last_seen_ns ?? Number.POSITIVE_INFINITY;
}

/** Sure to be in force until its end where that is the end of it, else until it was last seen. */
function sureToNs(line: NotificationLine): number {
  if (line.end === "still") return Number.POSITIVE_INFINITY;
  if (line.end === "fired" && line.match === "exact" && line.ended_ns !== null) return line.ended_ns;
  const endsByCall = (line.end === "fired" || line.end === "cancelled") && line.match !== "ambiguous";
  const atLeastNs = line.last_seen_ns ?? Number.NEGATIVE_INFINITY;
  return endsByCall ? Math.max(atLeastNs, line.by?.enter_ns ?? line.ended_ns ?? atLeastNs) : atLeastNs;
}

/** What became of a queue's newest registration by a moment, as `queues --json` prints it. */
export interface LastRegistration {
  readonly pid: number | null;
  readonly method: NotificationLine["method"];
  readonly signo: number | null;
  readonly registered_ns: number | null;
  /** `in_force`, or what ended it by then; `unknown`: one of the two. */
  readonly state: "in_force" | NotificationLine["end"];
  /** null: it has not ended, or when is not known. */
  readonly ended_ns: number | null;
  readonly match: NotificationLine["match"];
}

/** The registration that was the last to begin on this queue by `atNs`; null: none is known. `lines`: as above. */
export function lastRegistration(
  lines: readonly NotificationLine[],
  key: string,
  atNs: number,
): LastRegistration | null {
  let last: NotificationLine | null = null;
  for (const line of lines) {
    const isBegun = beginningNs(line) <= atNs;
    if (line.queue.key !== key || !isBegun) continue;
    if (last === null || beginningNs(line) >= beginningNs(last)) last = line;
  }
  if (last === null) return null;
  const now = registrationAt([last], key, atNs).state;
  const isOver = now === "none";
  return {
    pid: last.owner.tgid,
    method: last.method,
    signo: last.signo,
    registered_ns: last.registered_ns,
    state: isOver ? last.end : now === "registered" ? "in_force" : "unknown",
    ended_ns: isOver ? last.ended_ns : null,
    match: isOver ? last.match : null,
  };
}

function beginningNs(line: NotificationLine): number {
  return line.registered_ns ?? line.since_ns ?? line.last_seen_ns ?? Number.NEGATIVE_INFINITY;
}
