/** The answer of `toctou`, exactly as `--json` prints it. Times are nanoseconds since the earliest capture's start. */
import type { CallQueue } from "../types.js";
import type { KernelUsed, Range } from "./compare.js";

export type FindingKind = "mutated" | "overlap" | "check_then_act";

/** A call that a finding points to. */
export interface CallRef {
  readonly task: string;
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string | null;
  readonly event: string;
  /** The task's call number, as `calls` has it. */
  readonly call: number | null;
  readonly enter_ns: number | null;
  readonly exit_ns: number | null;
  readonly ret: number | null;
}

/** A call that wrote into memory which another was to read. */
export interface Writer extends CallRef {
  readonly arg: string;
  readonly addr: string;
  readonly len: number;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly event: string;
  /** The argument's name. check_then_act: the one that names the queue, null where the result does. */
  readonly arg: string | null;
  readonly task: string;
  readonly tid: number;
  readonly enter_ns: number | null;
  /** From entry to the kernel's read, else to exit; null: it had not ended. check_then_act: from check to act. */
  readonly window_ns: readonly [number | null, number | null];
  readonly verdict: "changed" | "unknown";
  readonly kernel_used: KernelUsed;
  /** Of the bytes at `addr`; null: none is known to differ. */
  readonly first_diff_offset: number | null;
  readonly entry: string | null;
  readonly kernel: string | null;
  readonly exit: string | null;
  /** Who did it, as far as calls tell: a store by a thread itself is seen by nobody. */
  readonly by: CallRef | Writer | null;
  readonly capture: string;
  readonly tgid: number;
  readonly comm: string | null;
  readonly call: number | null;
  readonly exit_ns: number | null;
  readonly ret: number | null;
  readonly queue: CallQueue | null;
  /** Where in the argument: `msgvec[1].msg_hdr.msg_iov[0].iov_base`. */
  readonly place: string | null;
  readonly addr: string | null;
  /** Bytes that there are; of them the copies may have fewer. */
  readonly len: number | null;
  /** The bytes that are input, `[from, to]`; null: all. */
  readonly compared: readonly Range[] | null;
  /** Whose bytes `kernel` are: the kernel's own copy, or what the matched receiver got. */
  readonly kernel_from: "kernel" | "receiver" | null;
  /** Of `kernel`'s first byte, behind `addr`. */
  readonly kernel_offset: number | null;
  /** check_then_act: the check that was no longer true, and of what. */
  readonly check: (CallRef & { readonly of: string }) | null;
}

export interface Exposure {
  readonly event: string;
  readonly arg: string;
  readonly calls: number;
  readonly changed: number;
  /** No change was seen, but not all of it could be compared. */
  readonly unknown: number;
  readonly p50_ns: number | null;
  readonly p99_ns: number | null;
  readonly max_ns: number | null;
  /** Calls whose window ends at the kernel's read; of the others it ends at the exit. */
  readonly read_known: number;
  /** Calls that had not ended: they have no window. */
  readonly open: number;
}

export interface ToctouResult {
  readonly findings: readonly Finding[];
  readonly exposure: readonly Exposure[];
  readonly lost: number | null;
  readonly lost_at_least: number;
  /** Possible findings that are neither proved nor excluded, by kind; listed with `--unknown`. */
  readonly undecided: { readonly [kind in FindingKind]: number };
  /** Found, but more than are kept. */
  readonly findings_omitted: number;
  /** Calls that were not compared with all others of their process, for want of memory. */
  readonly overlap_unchecked: number;
}
