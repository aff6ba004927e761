/**
 * Which hooks of the planes told of a capture, and where records of theirs may be missing. What a hook that was not
 * attached did not say, and what was lost, is unknown, never absent.
 */
import { KERNEL_HOOKS, type KernelHook } from "./planes.js";
import type { ReplayCapture } from "./source.js";
import { spanTable } from "./spans.js";

export interface PlanesState {
  /** The hook was attached from the first record on. */
  readonly inPlace: Readonly<Record<KernelHook, boolean>>;
  /** To be told of each planes record in the file's order. */
  see(record: { readonly timeNs: number; readonly lostBefore: bigint }): void;
  /** Planes may be damaged or left out from here to the next record. */
  damage(): void;
  /** May a planes record of `[fromNs, toNs]` be missing? Asked when the calls up to `toNs` have been read. */
  lostBetween(fromNs: number, toNs: number): boolean;
}

type GrowingSpan = { readonly fromNs: number; toNs: number };

/** Records of several cpus are in order only nearly: a loss may lie this far outside the records around it. */
const DISORDER_NS = 1_000_000;
/** Jumps kept apart; beyond, the last one grows, which stays true. */
const MAX_JUMPS = 4096;

/** `baseNs`: CLOCK_BOOTTIME at 0 of the times given. */
export function planesState(
  capture: Pick<ReplayCapture, "gaps" | "host" | "complete" | "problems">,
  baseNs: bigint,
): PlanesState {
  const told = capture.gaps
    .filter((gap) => gap.plane === "planes" || gap.cause === "damage" || gap.cause === "output")
    .map((gap) => ({
      fromNs: gap.fromNs === null ? Number.NEGATIVE_INFINITY : Number(gap.fromNs - baseNs) - DISORDER_NS,
      toNs: gap.toNs === null ? Number.POSITIVE_INFINITY : Number(gap.toNs - baseNs) + DISORDER_NS,
    }));
  const toldTable = spanTable(told);
  const jumps: GrowingSpan[] = [];
  const isDamagedFile = capture.problems.length > 0;
  let lost = 0n;
  let lastNs = Number.NEGATIVE_INFINITY;
  let isDamaged = false;
  const note = (fromNs: number, toNs: number) => {
    const last = jumps.at(-1);
    if (last !== undefined && jumps.length >= MAX_JUMPS) last.toNs = Math.max(last.toNs, toNs);
    else jumps.push({ fromNs, toNs });
  };
  return {
    inPlace: hooksInPlace(capture),
    see({ timeNs, lostBefore }) {
      if (lostBefore > lost || isDamaged) note(lastNs - DISORDER_NS, timeNs + DISORDER_NS);
      if (lostBefore > lost) lost = lostBefore;
      isDamaged = false;
      if (timeNs > lastNs) lastNs = timeNs;
    },
    damage() {
      isDamaged = true;
    },
    lostBetween(fromNs, toNs) {
      const overlaps = (span: GrowingSpan) => span.fromNs <= toNs && span.toNs >= fromNs;
      return isDamaged || isDamagedFile || toldTable.meets(fromNs, toNs) || jumps.some(overlaps);
    },
  };
}

function hooksInPlace(capture: Pick<ReplayCapture, "host">): Record<KernelHook, boolean> {
  const attached = new Set(
    (capture.host?.attachPlan ?? [])
      .filter((one) => one.plane === "kernel" && one.attached)
      .map((one) => one.hook),
  );
  const names = KERNEL_HOOKS.map((hook) => [hook, attached.has(KERNEL_FUNCTIONS[hook])] as const);
  return Object.fromEntries(names) as Record<KernelHook, boolean>;
}

/** The kernel's function behind each hook, as the attach plan names it. */
export const KERNEL_FUNCTIONS: Readonly<Record<KernelHook, string>> = {
  load_msg: "load_msg",
  store_msg: "store_msg",
  free_msg: "free_msg",
  msg_insert: "msg_insert",
  do_notify: "__do_notify",
};
