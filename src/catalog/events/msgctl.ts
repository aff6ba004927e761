/** msgctl's commands, and the condition on them that steps and accesses have. */
import type { Condition } from "../types.js";

export const IPC_64 = 0x100;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;
export const MSG_STAT = 11;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;

/**
 * `cmd` is one of these. Natively cmd counts in all its bits. In 32-bit calls the kernel takes IPC_64 out of it
 * first (compat_ksys_msgctl), and through `ipc` that bit chooses the struct.
 */
export function cmdIs(commands: readonly number[], ignored: number, version = 0): Condition {
  return { arg: 1, mask: (0xffffffe0 & ~ignored) >>> 0, value: version, low: commands };
}
