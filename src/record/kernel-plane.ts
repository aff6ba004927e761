/**
 * The kernel plane: which hooks there are, how each may be had, and what came of trying. Every hook is tried and
 * dropped on its own; a recording without any is a recording of calls alone.
 */
import type { AttachedHook } from "../format/types.js";
import { heldBack, type Mechanism, whyHeldBack } from "./hold-back.js";
import { NativeError } from "./native.js";
import { buildPath } from "./paths.js";

interface Way {
  /** The object's file. */
  readonly file: string;
  readonly needs: readonly Mechanism[];
  /** Where the hook is at the function's entry, and where at its return. */
  readonly entry: string;
  readonly return: string;
}

/** The cheaper one first. Both objects hold the same hooks. */
const WAYS: readonly Way[] = [
  { file: "msgtape-fentry.bpf.o", needs: ["fentry"], entry: "fentry", return: "fexit" },
  { file: "msgtape-kprobe.bpf.o", needs: ["kprobe"], entry: "kprobe", return: "kretprobe" },
];

export interface KernelHookRow {
  /** What its programs' names begin with. */
  readonly programs: string;
  /** The kernel's function, and the hook's name in the attach plan. */
  readonly hook: string;
  readonly at: "entry" | "return";
  /** For users: what it is good for. */
  readonly use: string;
}

export const KERNEL_HOOKS: readonly KernelHookRow[] = [
  // What a message was must be forgotten before another is loaded to the same place.
  { programs: "free_msg", hook: "free_msg", at: "entry", use: "messages that nobody receives" },
  { programs: "store_msg", hook: "store_msg", at: "entry", use: "which message a receive brought" },
  { programs: "load_msg", hook: "load_msg", at: "return", use: "the kernel's own copy of what is sent" },
  { programs: "msg_insert", hook: "msg_insert", at: "entry", use: "the true order of POSIX queues" },
  { programs: "do_notify", hook: "__do_notify", at: "entry", use: "the moment of a notification" },
];

/** What of a tape this needs. `addHook` throws with a line for users, and then nothing has changed. */
export interface HookedTape {
  planes(ringBytes: number): void;
  addHook(objectPath: string, name: string, config: Uint8Array): void;
}

/**
 * Adds every hook that can be had to a tape that is loaded and not yet attached, and says what came of each way that
 * was tried.
 */
export function addKernelPlane(
  tape: HookedTape,
  config: Uint8Array,
  ringBytes: number,
  held: ReadonlySet<Mechanism> = heldBack(),
): readonly AttachedHook[] {
  const noRing = failureOf(() => tape.planes(ringBytes));
  return KERNEL_HOOKS.flatMap((row) => addHook(tape, config, row, held, noRing));
}

function addHook(
  tape: HookedTape,
  config: Uint8Array,
  { programs, hook, at }: KernelHookRow,
  held: ReadonlySet<Mechanism>,
  noRing: string | null,
): readonly AttachedHook[] {
  const tried: AttachedHook[] = [];
  for (const way of WAYS) {
    const why =
      noRing ??
      whyHeldBack(way.needs, held) ??
      failureOf(() => tape.addHook(buildPath(way.file), programs, config));
    tried.push({ plane: "kernel", hook, mechanism: way[at], attached: why === null, why });
    if (why === null) break;
  }
  return tried;
}

function failureOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return error.message;
  }
}
