/**
 * The command of `record -- COMMAND`: from waiting before its first instruction to its exit status.
 */
import { constants } from "node:os";
import type { StopSignal } from "./stop.js";

/** A command as native.ts starts it; tests have their own. */
export interface CommandHandle {
  readonly pid: number;
  /** Lets it go. 0, or a negative errno when it cannot be executed. */
  release(): void;
  /** Its wait(2) status when it has ended, null while it runs. */
  poll(): number | null;
  /** False: it cannot be sent. One that has ended needs none. */
  signal(signal: number): boolean;
  close(): void;
}

/** Exit statuses as env(1), timeout(1) and shells have them. */
export const ExitStatus = {
  MSGTAPE_FAILED: 125,
  NOT_EXECUTABLE: 126,
  NOT_FOUND: 127,
  SIGNALLED: 128,
} as const;

/** Looks after a running command: whether it has ended, and with what. */
export class CommandWatch {
  readonly #command: CommandHandle;
  #waitStatus: number | null = null;

  constructor(command: CommandHandle) {
    this.#command = command;
  }

  /** The command's own exit status, as a shell would say it; null while it runs. */
  exitStatus(): number | null {
    this.#waitStatus ??= this.#command.poll();
    return this.#waitStatus === null ? null : exitStatusOf(this.#waitStatus);
  }

  /** False: it cannot be sent. */
  signal(signal: StopSignal): boolean {
    return this.exitStatus() !== null || this.#command.signal(constants.signals[signal]);
  }
}

/** From a wait(2) status: the exit code, or 128 and the signal that killed it. */
export function exitStatusOf(waitStatus: number): number {
  const signal = waitStatus & 0x7f;
  return signal === 0 ? (waitStatus >> 8) & 0xff : ExitStatus.SIGNALLED + signal;
}

/** What a shell answers when it cannot execute something. */
export function statusOfFailedExec(errnoName: string | null): number {
  return errnoName === "ENOENT" || errnoName === "ENOTDIR" ? ExitStatus.NOT_FOUND : ExitStatus.NOT_EXECUTABLE;
}
