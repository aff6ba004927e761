/** Calls in a line each, for tests about pairing. */
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import type { CallLine } from "../../src/replay/types.js";
import { makeCapture } from "./tape.js";

/** A line's outline: `call event state enter..exit ret restart_of`. */
export function outline(line: CallLine): string {
  const span = `${line.enter_ns ?? "?"}..${line.exit_ns ?? "?"}`;
  const restart = line.restart_of === null ? "" : ` restart_of=${line.restart_of}`;
  return `${line.tid}#${line.call ?? "-"} ${line.event} ${line.state} ${span} ret=${line.ret ?? "?"}${restart}`;
}

export function outlines(parts: Parameters<typeof makeCapture>[0]): string[] {
  return [...calls(makeCapture(parts), EVERYTHING, { decode: () => null })].map(outline);
}
