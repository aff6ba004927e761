/**
 * Reads a capture by what the commands read it by, in this process: under emulation a command needs longer to start than
 * to read. The same JSON, as objects.
 */
import { openCapture } from "../../src/format/capture.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import type { FlowLine } from "../../src/replay/flows/line.js";
import { fileSource } from "../../src/replay/open.js";
import type { ReplayCapture } from "../../src/replay/source.js";
import { findReceived } from "../../src/replay/toctou/flow-receivers.js";
import type { ToctouResult } from "../../src/replay/toctou/types.js";
import { toctou } from "../../src/replay/toctou.js";
import type { CallLine } from "../../src/replay/types.js";

interface Hooks {
  readonly host: {
    readonly attachPlan: readonly {
      readonly plane: string;
      readonly hook: string;
      readonly attached: boolean;
    }[];
  } | null;
}

function reading<T>(file: string, read: (capture: ReplayCapture & Hooks) => T): T {
  const source = fileSource(file);
  try {
    return read(openCapture(source));
  } finally {
    source.close();
  }
}

/** In order of exit. */
export const callsIn = (file: string): readonly CallLine[] =>
  reading(file, (capture) => [...calls(capture, EVERYTHING)]);

export const flowsIn = (file: string): readonly FlowLine[] =>
  reading(file, (capture) => [...flows(capture, EVERYTHING)]);

export const toctouIn = (file: string): ToctouResult =>
  reading(file, (capture) => toctou([capture], EVERYTHING, { findReceived }));

/** Do the kernel's hooks tell of messages in this recording? */
export function isKernelPlaneThere(file: string): boolean {
  return reading(file, ({ host }) => {
    const isAttached = (name: string) =>
      host?.attachPlan.some(({ plane, hook, attached }) => plane === "kernel" && hook === name && attached);
    return ["load_msg", "store_msg", "free_msg"].every(isAttached);
  });
}
