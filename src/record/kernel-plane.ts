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
  { programs: "load_msg", hook: "load_msg", at: "return", use: "the kernel's own copy of what is sent" },
  { programs: "store_msg", hook: "store_msg", at: "entry", use: "which message a receive brought" },
  { programs: "free_msg", hook: "free_msg", at: "entry", use: "messages that nobody receives" },
  { programs: "msg_insert", hook: "msg_insert", at: "entry", use: "the true order of POSIX queues" },
  { programs: "do_notify", hook: "__do_notify", at: "entry", use: "the moment of a notification" },
];

/** What of a tape this needs. `addHooks` adds all or none, and throws NativeError when it adds none. */
export interface HookedTape {
  planes(ringBytes: number): void;
  addHooks(objectPath: string, names: readonly string[], config: Uint8Array): void;
}

/**
 * Adds every hook that can be had to a tape that is loaded and not yet attached, and says what came of each way that
 * was tried. Loading takes the longer the more objects there are: so all that are left are tried together first.
 */
export function addKernelPlane(
  tape: HookedTape,
  config: Uint8Array,
  ringBytes: number,
  held: ReadonlySet<Mechanism> = heldBack(),
): readonly AttachedHook[] {
  const noRing = failureOf(() => tape.planes(ringBytes));
  const tried: AttachedHook[] = [];
  let left = KERNEL_HOOKS;
  for (const way of WAYS) {
    const refused = noRing ?? whyHeldBack(way.needs, held);
    const add = (rows: readonly KernelHookRow[]) =>
      refused ?? failureOf(() => tape.addHooks(buildPath(way.file), rows.map(programsOf), config));
    const whys = reasonsOf(left, add);
    for (const row of left) {
      const why = whys.get(row) ?? null;
      tried.push({ plane: "kernel", hook: row.hook, mechanism: way[row.at], attached: why === null, why });
    }
    left = left.filter((row) => whys.has(row));
  }
  return tried;
}

/** Why each of those that cannot be added cannot; the others are added. */
function reasonsOf(
  rows: readonly KernelHookRow[],
  add: (rows: readonly KernelHookRow[]) => string | null,
): ReadonlyMap<KernelHookRow, string> {
  if (rows.length === 0 || add(rows) === null) return new Map();
  return new Map(
    rows.flatMap((row) => {
      const why = add([row]);
      return why === null ? [] : [[row, why] as const];
    }),
  );
}

const programsOf = ({ programs }: KernelHookRow): string => programs;

function failureOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return error.message;
  }
}
