/**
 * The exit status of `record`: 0 done, 1 failed, 3 done with losses; with a command its own, 125 when msgtape
 * failed, 3 when the command ended 0 and records were lost.
 */
import { constants } from "node:os";
import { ExitStatus } from "./command.js";
import { total } from "./losses.js";
import type { SessionResult } from "./session.js";
import type { StopSignal } from "./stop.js";

/** `command`: null without one, else its status, or the signal by which the recording ended before it. */
export function exitStatusAfter(
  result: SessionResult,
  command: { readonly status: number } | { readonly leftBy: StopSignal } | null,
): number {
  const failed = !result.finished || result.ended === "error";
  const lossy = total(result.lost) > 0n || result.lost.planes > 0n || result.failure !== null;
  if (command === null) return failed ? 1 : lossy ? 3 : 0;
  if ("leftBy" in command) return ExitStatus.SIGNALLED + constants.signals[command.leftBy];
  if (command.status !== 0) return command.status;
  return failed ? ExitStatus.MSGTAPE_FAILED : lossy ? 3 : 0;
}
