/**
 * Why a recording could not begin or go on, in one line for users: what, where, expected, found, what to do.
 */

/** `exitStatus` is the process's: 1 failed, 2 wrong usage, 126 and 127 for a command that does not start. */
export class RecordError extends Error {
  readonly exitStatus: number;

  constructor(message: string, exitStatus = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecordError";
    this.exitStatus = exitStatus;
  }
}

/** The errno name of a failed system call ("ENOSPC"), or null for any other error. */
export function errorCode(error: unknown): string | null {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return null;
}

/** What Node says of a failed system call, without its "ENOSPC: " and ", write" around it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const match = /^[A-Z0-9]+: ([^,]*)/.exec(error.message);
  return match?.[1] ?? error.message;
}
