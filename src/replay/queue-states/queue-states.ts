/** The state of every POSIX and System V queue of a capture at moments of it. One bounded pass over its calls. */
import { EVENTS } from "../../catalog/events.js";
import type { Inventory } from "../../format/types.js";
import { type CallOptions, hasNothingToRead, lineMaker } from "../calls.js";
import { absence, lossLedger } from "../losses.js";
import { endNs } from "../time.js";
import { lastReadingNs } from "./inventory.js";
import { model } from "./model.js";
import { type Moment, momentsOf } from "./moments.js";
import { type QueueState, queueRow } from "./row.js";
import { type StateCapture, timelineSteps } from "./timeline.js";

export type { Moment } from "./moments.js";
export type { Existence, QueueState } from "./row.js";
export type { StateCapture } from "./timeline.js";

export interface QueueStatesOptions extends Pick<CallOptions, "clock" | "onProblem"> {
  /** What the calls alone come to: without it the inventory at the end counts as evidence too. */
  readonly withoutEnd?: boolean;
}

export interface QueuesAt {
  readonly atNs: number;
  /** Every queue that was there by then, removed ones too. */
  readonly queues: readonly QueueState[];
  /** By their names under /proc/sys; null: not a number. */
  readonly limits: Readonly<Record<string, number | null>>;
  /** Queues beyond the limit of what is held. */
  readonly omitted: number;
}

/**
 * One answer a moment, in order. `moments` in order of time; a call stands alone, and has no answer when it is not in
 * the capture. Throws as `calls` does.
 */
export function queueStates(
  capture: StateCapture,
  moments: readonly Moment[],
  options: QueueStatesOptions = {},
): readonly QueuesAt[] {
  if (hasNothingToRead(capture)) return [];
  const lines = lineMaker(capture, options);
  const { clock } = lines;
  const losses = lossLedger(capture, clock.baseNs);
  const all = capture.inventories();
  const used = options.withoutEnd === true ? all.filter(({ reason }) => reason !== "end") : all;
  const come = momentsOf(moments, endOf(capture, all, clock.baseNs));
  const missing = absence(capture, losses, clock.baseNs, "queues");
  const queues = model(missing.between, come, all);
  for (const step of timelineSteps(capture, lines, losses, used)) queues.take(step);
  queues.finish();
  // A loss that no gap accounts for may be anywhere.
  const isLossAnywhere = losses.after(Number.POSITIVE_INFINITY);
  const isFiltered = isPartial(capture);
  return come.come.map(({ atNs, isJustAfter }, index) => ({
    atNs,
    queues: queues.registry.tracks.flatMap((track) => {
      const snapshot = track.snapshots[index];
      if (snapshot === undefined) return [];
      const mayHaveLost = (fromNs: number, toNs: number) => isLossAnywhere || missing.between(fromNs, toNs);
      return queueRow(track, snapshot, { atNs, isJustAfter, clock, isFiltered, mayHaveLost }) ?? [];
    }),
    limits: limitsAt(all, atNs, clock.baseNs),
    omitted: queues.registry.omitted,
  }));
}

/** Up to where the capture tells of queues: its end, or the last reading of the inventory that was taken after it. */
export function endOf(capture: StateCapture, inventories: readonly Inventory[], baseNs: bigint): number {
  const last = inventories.map((inventory) => lastReadingNs(inventory, baseNs));
  return Math.max(Number(endNs(capture) - baseNs), ...last);
}

/** Were there tasks, or calls that change queues, that the recording left out by what it was asked for? */
function isPartial(capture: StateCapture): boolean {
  const config = capture.host?.config;
  if (config === undefined || capture.host?.sliced !== undefined) return true;
  const changing = EVENTS.filter((event) => event.family !== "socket-msg" && isChanging(event));
  const isWithout = changing.some((event) => !config.events.includes(event.name));
  const hasUncounted = (capture.summary?.x32Calls ?? 0n) > 0n;
  return isWithout || hasUncounted || config.command !== null || Object.keys(config.filters).length > 0;
}

function isChanging({ message, lifecycle }: (typeof EVENTS)[number]): boolean {
  return message !== undefined || lifecycle !== undefined;
}

/** Of the last inventory before the moment, else of the first. */
function limitsAt(
  inventories: readonly Inventory[],
  atNs: number,
  baseNs: bigint,
): Readonly<Record<string, number | null>> {
  const before = inventories.findLast((one) => Number(one.atNs - baseNs) <= atNs);
  const { limits = {} } = before ?? inventories[0] ?? {};
  const numbers = Object.entries(limits).map(([name, text]) => [
    name,
    /^\d+$/.test(text) ? Number(text) : null,
  ]);
  return Object.fromEntries(numbers);
}
