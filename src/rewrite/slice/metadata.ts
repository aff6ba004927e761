/** What a slice takes over of its capture beside records, so that no more is claimed than the kept calls bear out. */
import type { Capture } from "../../format/capture.js";
import type { Gap, HostInfo, Inventory, Summary } from "../../format/types.js";
import { type CallFilter, isQueueNamed } from "../../replay/filter.js";
import type { CaptureClock } from "../../replay/time.js";
import type { Kept } from "./keep.js";

/** By which filters, as the user gave them; a slice of a slice has all of them. */
export type SliceOptions = Readonly<Record<string, readonly string[]>>;

/** The filter as `sliced` of HOST has it: times as CLOCK_BOOTTIME. */
export function slicedBy(
  options: SliceOptions,
  filter: CallFilter,
  clock: CaptureClock,
  before: HostInfo["sliced"],
): SliceOptions {
  const sliced: Record<string, readonly string[]> = { ...before };
  for (const [name, values] of Object.entries(options)) {
    if (name !== "from" && name !== "to") sliced[name] = [...(before?.[name] ?? []), ...values];
  }
  const window = (
    name: "from" | "to",
    ns: number | null,
    isNarrower: (own: bigint, old: bigint) => boolean,
  ) => {
    if (ns === null) return;
    const own = clock.baseNs + BigInt(Math.round(ns));
    const old = before?.[name]?.[0];
    if (old === undefined || isNarrower(own, BigInt(old))) sliced[name] = [String(own)];
  };
  window("from", filter.fromNs, (own, old) => own > old);
  window("to", filter.toNs, (own, old) => own < old);
  return sliced;
}

/** Of another recording than the parts of the one that it comes from: numbers of records begin anew. */
export function slicedHost(host: HostInfo, sliced: SliceOptions): HostInfo {
  const { recording: _, ...rest } = host;
  return { ...rest, sliced };
}

/** Those inside the window; outside of it nothing is known, also not how queues came to be as they were. */
export function slicedInventories(capture: Capture, filter: CallFilter, clock: CaptureClock): Inventory[] {
  const { fromNs, toNs } = filter;
  const all = capture.inventories();
  const at = (inventory: Inventory) => Number(inventory.atNs - clock.baseNs);
  const inside = all
    .filter((one) => (fromNs === null || at(one) >= fromNs) && (toNs === null || at(one) < toNs))
    .map((one) => withChosenQueues(one, filter));
  const [first] = inside;
  if (first?.reason === "start" || all.length === 0) return inside;
  const before = all.findLast((one) => fromNs === null || at(one) < fromNs) ?? all[0];
  const start: Inventory = {
    atNs: clock.baseNs + BigInt(Math.round(Math.max(fromNs ?? 0, 0))),
    reason: "start",
    queues: [],
    limits: before?.limits ?? {},
    missing: [{ what: "queues", why: "left out: the slice begins later than the recording" }],
    inFlight: [],
  };
  return [start, ...inside];
}

function withChosenQueues(inventory: Inventory, { queues }: CallFilter): Inventory {
  if (queues === null) return inventory;
  const { everyDescriptor: _, namespaces, ...rest } = inventory;
  const chosen = inventory.queues.filter(({ kind, namespaceInum, id, name, generation }) => {
    const key = id === null ? null : `${kind}:${namespaceInum}:${id}:${(generation ?? 0n).toString(16)}`;
    const named = { kind, key, name, depth_before: null, depth_after: null };
    return [...queues].some((text) => isQueueNamed(named, text));
  });
  return {
    ...rest,
    queues: chosen,
    ...(namespaces === undefined
      ? {}
      : { namespaces: namespaces.map(({ namespaceInum, limits }) => ({ namespaceInum, limits })) }),
    missing: [...inventory.missing, { what: "queues", why: "left out: the slice has chosen others" }],
  };
}

/** Losses that may concern what is kept. */
export function slicedGaps(capture: Capture, filter: CallFilter, clock: CaptureClock, kept: Kept): Gap[] {
  const { fromNs, toNs } = filter;
  const from = Math.min(fromNs ?? Number.NEGATIVE_INFINITY, kept.span?.fromNs ?? Number.POSITIVE_INFINITY);
  const to = Math.max(toNs ?? Number.POSITIVE_INFINITY, kept.span?.toNs ?? Number.NEGATIVE_INFINITY);
  const gaps = capture.gaps.filter(
    (gap) =>
      (gap.fromNs === null || Number(gap.fromNs - clock.baseNs) <= to) &&
      (gap.toNs === null || Number(gap.toNs - clock.baseNs) >= from),
  );
  // Losses that no gap tells of may be anywhere.
  const nowhere = (capture.summary?.lost ?? 0n) - lostIn(capture.gaps, "syscall");
  if (nowhere > 0n) gaps.push({ cpu: null, fromNs: null, toNs: null, lost: nowhere, cause: "unknown" });
  const open = kept.openUncertainNs;
  const lastNs = gaps.reduce(
    (last, gap) =>
      Math.max(last, gap.toNs === null ? Number.POSITIVE_INFINITY : Number(gap.toNs - clock.baseNs)),
    Number.NEGATIVE_INFINITY,
  );
  // What proved that it had ended is another call, which may not be kept: it must not be taken for in flight.
  if (open !== null && lastNs < open) {
    const atNs = clock.baseNs + BigInt(open);
    gaps.push({ cpu: null, fromNs: atNs, toNs: atNs, lost: 0n, cause: "unknown", atLeast: true });
  }
  return gaps;
}

export function lostIn(gaps: readonly Gap[], plane: "syscall" | "planes"): bigint {
  return gaps.filter((gap) => (gap.plane ?? "syscall") === plane).reduce((sum, gap) => sum + gap.lost, 0n);
}

export function slicedSummary(
  own: Summary,
  counted: Pick<Summary, "records" | "chunks" | "counts">,
  gaps: readonly Gap[],
  allGaps: number,
): Summary {
  const planes = lostIn(gaps, "planes");
  const { planesLost: _, ...rest } = own;
  const lost = lostIn(gaps, "syscall");
  return {
    ...rest,
    ...counted,
    lost,
    lostByEvent: lost === own.lost && gaps.length >= allGaps ? own.lostByEvent : [],
    gaps: gaps.length,
    ...(planes === 0n ? {} : { planesLost: planes }),
  };
}
