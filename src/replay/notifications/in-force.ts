/** Which registration a queue had at a moment, out of the lines of `notifications`. Reads no capture. */
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
