/**
 * Turns registrations whose queue has told all into lines that the filter lets through. Holds those that no call ended
 * until their owner's process shows what became of it.
 */
import type { ChunkBody } from "../../format/types.js";
import { type CallFilter, passesQueue, passesWindow } from "../filter.js";
import type { FlowQueue } from "../flows/types.js";
import type { PairedCall } from "../paired-call.js";
import { type NotificationLine, notificationLine } from "./line.js";
import { processes } from "./processes.js";
import type { Registration } from "./types.js";

export interface LineSink {
  load(body: Pick<ChunkBody, "tasks">): void;
  begun(reg: Registration): void;
  /** It was found to be over after the last record. */
  endedUnseen(reg: Registration): void;
  settled(reg: Registration, queue: FlowQueue): void;
  /** To be told of every call. */
  see(call: PairedCall): void;
  finish(): void;
}

export interface SinkParts {
  readonly captureId: string;
  readonly filter: CallFilter;
  readonly baseNs: bigint;
  /** Why the recording ended. */
  readonly endedBy: string | undefined;
}

/** Held until something is heard of their owner. */
const MOST_LOST = 65_536;

export function lineSink(
  { captureId, filter, baseNs, endedBy }: SinkParts,
  out: NotificationLine[],
): LineSink {
  const owners = processes(baseNs);
  const lost = new Map<Registration, FlowQueue>();
  const unseen = new Set<Registration>();

  const tell = (reg: Registration, queue: FlowQueue) => {
    lost.delete(reg);
    unseen.delete(reg);
    if (reg.end === "lost") {
      reg.couldBe = owners.couldBe(reg);
      if (reg.couldBe.length === 1) reg.end = "closed";
    }
    owners.unwatch(reg);
    if (isWanted(reg, queue, filter)) out.push(notificationLine(reg, queue, captureId));
  };

  return {
    load: owners.load,
    begun: owners.watch,
    endedUnseen(reg) {
      unseen.add(reg);
    },
    settled(reg, queue) {
      if (reg.end === "lost" && unseen.has(reg) && endedBy !== "command") {
        // After the last record anybody may have sent.
        Object.assign(reg, { end: "unknown", match: null, candidates: null });
      }
      if (reg.end !== "lost" || owners.couldBe(reg).length === 1) {
        tell(reg, queue);
        return;
      }
      lost.set(reg, queue);
      const [oldest] = lost;
      if (lost.size > MOST_LOST && oldest !== undefined) tell(...oldest);
    },
    see(call) {
      if (!owners.see(call)) return;
      for (const [reg, queue] of lost) {
        if (reg.tgid === call.tgid && owners.couldBe(reg).length === 1) tell(reg, queue);
      }
    },
    finish() {
      for (const [reg, queue] of [...lost]) tell(reg, queue);
    },
  };
}

/** By any call that had a part in it; without any, by its process and its queue. */
function isWanted(reg: Registration, queue: FlowQueue, filter: CallFilter): boolean {
  const { call, by, receive, refused, ignored } = reg;
  const known = [call, by, receive?.act ?? null, ...refused, ...ignored].filter((one) => one !== null);
  if (known.some((one) => one.isWanted)) return true;
  if (call !== null) return false;
  const { events, tids, comms, errnos, failed, minDurationNs, pids } = filter;
  const asksForCalls = [events, tids, comms, errnos, minDurationNs].some((one) => one !== null) || failed;
  if (asksForCalls || (pids !== null && (reg.tgid === null || !pids.has(reg.tgid)))) return false;
  const isNamed = passesQueue(filter, { ...queue, depth_before: null, depth_after: null });
  const fromNs = Number.isFinite(reg.sinceNs) ? reg.sinceNs : 0;
  return isNamed && passesWindow(filter, fromNs, reg.endedNs ?? Number.POSITIVE_INFINITY);
}
