/**
 * Which program object this kernel takes: the cheapest one is tried first, and the next where it is refused.
 * What was tried and why it failed goes into the capture.
 */
import type { AttachedHook } from "../format/types.js";
import { RecordError } from "./errors.js";
import { heldBack, type Mechanism, whyHeldBack } from "./hold-back.js";

export interface ProgramObject {
  readonly file: string;
  readonly mechanism: string;
  readonly needs: readonly Mechanism[];
}

/** The three objects hold the same programs and maps. */
export const PROGRAM_OBJECTS: readonly ProgramObject[] = [
  { file: "msgtape-cast.bpf.o", mechanism: "tp_btf with bpf_rdonly_cast", needs: ["tp_btf", "cast"] },
  { file: "msgtape-btf.bpf.o", mechanism: "tp_btf", needs: ["tp_btf"] },
  { file: "msgtape-raw.bpf.o", mechanism: "raw_tp", needs: [] },
];

const HOOKS: readonly Pick<AttachedHook, "plane" | "hook">[] = [
  { plane: "syscall", hook: "sys_enter" },
  { plane: "syscall", hook: "sys_exit" },
  { plane: "task", hook: "sched_process_fork" },
  { plane: "task", hook: "sched_process_exit" },
  { plane: "task", hook: "sched_process_exec" },
  { plane: "task", hook: "task_rename" },
  { plane: "task", hook: "signal_deliver" },
];

export interface Attached<T> {
  readonly tape: T;
  readonly plan: readonly AttachedHook[];
}

/**
 * Opens and attaches the first object that this kernel takes. `open` throws with a line for users; an error for
 * which `isFinal` holds would be the same for every object. What needs something of `held` is not tried. Throws
 * RecordError when none is taken.
 */
export function attachFirst<T extends { attach(): void; close(): void }>(
  open: (file: string) => T,
  isFinal: (error: unknown) => boolean,
  held: ReadonlySet<Mechanism> = heldBack(),
): Attached<T> {
  const failed: AttachedHook[] = [];
  for (const { file, mechanism, needs } of PROGRAM_OBJECTS) {
    const why = whyHeldBack(needs, held);
    if (why !== null) {
      failed.push(...planOf(mechanism, why));
      continue;
    }
    try {
      return { tape: openAndAttach(open, file), plan: [...failed, ...planOf(mechanism, null)] };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (isFinal(error)) throw new RecordError(why, 1, { cause: error });
      failed.push(...planOf(mechanism, why));
    }
  }
  const reasons = PROGRAM_OBJECTS.map(
    ({ mechanism }) => `${mechanism}: ${failed.find((hook) => hook.mechanism === mechanism)?.why}`,
  );
  throw new RecordError(
    `this kernel takes none of the programs (${reasons.join("; ")}): msgtape doctor says more`,
  );
}

function openAndAttach<T extends { attach(): void; close(): void }>(
  open: (file: string) => T,
  file: string,
): T {
  const tape = open(file);
  try {
    tape.attach();
    return tape;
  } catch (error) {
    tape.close();
    throw error;
  }
}

function planOf(mechanism: string, why: string | null): readonly AttachedHook[] {
  return HOOKS.map((hook) => ({ ...hook, mechanism, attached: why === null, why }));
}
