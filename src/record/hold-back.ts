/**
 * What a run is told to do without, by MSGTAPE_HOLD_BACK=WORD,WORD: so that a kernel which has everything takes the
 * way of one which has not. For tests. What is held back counts as refused, with this as the reason.
 */
import { RecordError } from "./errors.js";

export const HOLD_BACK = "MSGTAPE_HOLD_BACK";

/** `cast`: bpf_rdonly_cast. `fentry`: fexit too; `kprobe`: kretprobe too. `uprobe_multi`: one link for many uprobes.
 * `iter`: the kernel's list of descriptors, for inventories. */
export const MECHANISMS = ["cast", "tp_btf", "fentry", "kprobe", "uprobe_multi", "iter"] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Throws RecordError for a word that names no mechanism: a run must not silently have what it was to go without. */
export function heldBack(value = process.env[HOLD_BACK]): ReadonlySet<Mechanism> {
  const words = (value ?? "").split(",").filter((word) => word !== "");
  return new Set(words.map(parseMechanism));
}

function parseMechanism(word: string): Mechanism {
  const found = MECHANISMS.find((mechanism) => mechanism === word);
  if (found === undefined) {
    throw new RecordError(
      `${HOLD_BACK} names "${word}": expected words of ${MECHANISMS.join(", ")}, with commas between them`,
    );
  }
  return found;
}

/** Why `needs` cannot be had in this run, in a line for users; null: nothing of them is held back. */
export function whyHeldBack(needs: readonly Mechanism[], held = heldBack()): string | null {
  const lacks = needs.filter((need) => held.has(need));
  return lacks.length === 0 ? null : `held back: ${HOLD_BACK} names ${lacks.join(" and ")}`;
}
