/**
 * A call as every reading command sees it. Times are nanoseconds since the capture's start, exact in a number.
 */
import type { Abi } from "../catalog/types.js";

export type CallState = "complete" | "in_flight" | "no_entry" | "uncertain";

/** What the kernel programs kept of one place in user memory. */
export type EvidenceStatus = "read" | "truncated" | "partly" | "not_resident" | "refused";

/** A value in a call's arguments, exactly as `--json` prints it (DESIGN: 64-bit C types are decimal strings). */
export type ArgValue = null | number | string | readonly ArgValue[] | { readonly [field: string]: ArgValue };

export interface CallQueue {
  readonly kind: "posix" | "sysv" | "socket";
  readonly key: string | null;
  readonly name: string | null;
  readonly depth_before: number | null;
  readonly depth_after: number | null;
}

/** One line of `calls --json`. Field order here is the order in which they are printed. */
export interface CallLine {
  readonly capture: string;
  readonly task: string;
  /** The task's call number; what `restart_of` refers to. null when unknown. */
  readonly call: number | null;
  readonly event: string;
  readonly abi: Abi;
  /** ia32: the multiplexer it came through, or null. */
  readonly via: "ipc" | "socketcall" | null;
  readonly cpu: number;
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string | null;
  readonly enter_ns: number | null;
  readonly exit_ns: number | null;
  readonly duration_ns: number | null;
  readonly wall: string | null;
  readonly ret: number | null;
  readonly errno: string | null;
  readonly state: CallState;
  /** Call number of the interrupted call that the kernel began anew with this one. */
  readonly restart_of: number | null;
  readonly args: { readonly [name: string]: ArgValue } | null;
  readonly queue: CallQueue | null;
}
