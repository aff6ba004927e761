/** Lines of `calls` spelled by hand, and their text behind the columns. */
import * as assert from "uvu/assert";
import { formatCall } from "../../src/render/calls.js";
import type { CallLine, CallQueue } from "../../src/replay/types.js";

export const QUEUE: CallQueue = {
  kind: "posix",
  key: "posix:1:2:3",
  name: "/q",
  depth_before: 3,
  depth_after: 4,
};

/** A call of 12.3 µs at 1.000000042 s that returned 0. */
export function call(event: string, args: CallLine["args"], other: Partial<CallLine> = {}): CallLine {
  return {
    capture: "c",
    task: "4711:1",
    call: 1,
    event,
    abi: "x86_64",
    via: null,
    cpu: 0,
    tid: 4711,
    tgid: 4711,
    comm: "server",
    enter_ns: 1_000_000_042,
    exit_ns: 1_000_012_342,
    duration_ns: 12_300,
    wall: null,
    ret: 0,
    errno: null,
    state: "complete",
    restart_of: null,
    args,
    queue: null,
    ...other,
  };
}

export const PREFIX = "   1.000000042    4711 server          ";

/** The line behind its columns. */
export function format(
  line: CallLine,
  options: { colour?: boolean; width?: number; stringBytes?: number } = {},
): string {
  const text = formatCall(line, { colour: false, width: null, ...options });
  assert.is(text.slice(0, PREFIX.length), PREFIX);
  return text.slice(PREFIX.length);
}

export const OPEN = { exit_ns: null, duration_ns: null, ret: null, state: "in_flight" } as const;
