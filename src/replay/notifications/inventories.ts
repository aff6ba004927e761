/**
 * Registrations as the mqueue file system showed them at the start and the end of a capture. NOTIFY_PID is a number of
 * the recorder's pid namespace, 0 also for an owner that is not in it: it counts only where it is known to be the
 * initial one.
 */

import type { Inventory, InventoryQueue } from "../../format/types.js";
import { showsEveryQueueOf } from "../inventory-coverage.js";
import type { QueueKey } from "../names.js";
import type { ReplayCapture } from "../source.js";
import { methodOf } from "./acts.js";
import type { Method } from "./types.js";

export interface Look {
  readonly atNs: number;
  /** A queue of this ipc namespace that it does not have is gone. */
  readonly isWholeFor: (namespaceInum: number) => boolean;
  readonly queues: readonly SeenRegistration[];
}

export interface SeenRegistration {
  readonly namespaceInum: number | null;
  readonly id: bigint | null;
  readonly name: string | null;
  /** null: the queue's state could not be read. */
  readonly isRegistered: boolean | null;
  /** null: not known in the numbers that records have. */
  readonly tgid: number | null;
  readonly method: Method | null;
  readonly signo: number | null;
}

/** The look at the start, or at the end; null: the capture has none. */
export function lookAt(
  capture: ReplayCapture,
  reason: Extract<Inventory["reason"], "start" | "end">,
  baseNs: bigint,
): Look | null {
  const found = capture.inventories().find((one) => one.reason === reason);
  if (found === undefined) return null;
  // Holders are looked for in the initial pid namespace alone.
  const isInitial = found.queues.some(({ holders }) => holders.length > 0);
  return {
    atNs: Number(found.atNs - baseNs),
    isWholeFor: (namespaceInum) => showsEveryQueueOf(found, namespaceInum),
    queues: found.queues.flatMap((queue) => (queue.kind === "posix" ? [seenIn(queue, isInitial)] : [])),
  };
}

/** The queue with this key; null: it is not there. A key has a generation, which no inventory has. */
export function queueIn(look: Look, key: Pick<QueueKey, "namespaceInum" | "id">): SeenRegistration | null {
  return look.queues.find((one) => one.id === key.id && one.namespaceInum === key.namespaceInum) ?? null;
}

function seenIn({ namespaceInum, id, name, fields }: InventoryQueue, isInitial: boolean): SeenRegistration {
  const [notify, signo, pid] = [fields.NOTIFY, fields.SIGNO, fields.NOTIFY_PID].map(number);
  const queue = { namespaceInum, id, name };
  if (notify == null || signo == null || pid == null) {
    return { ...queue, isRegistered: null, tgid: null, method: null, signo: null };
  }
  // SIGEV_SIGNAL is 0, as nothing is: by its own process only the pid tells a registration without a signal.
  const isRegistered = pid !== 0 || notify !== 0 || signo !== 0;
  const method = isRegistered ? methodOf(notify) : null;
  return {
    ...queue,
    isRegistered: isRegistered || isInitial ? isRegistered : null,
    tgid: isRegistered && isInitial && pid !== 0 ? pid : null,
    method,
    signo: method === "signal" && signo !== 0 ? signo : null,
  };
}

function number(text: string | undefined): number | null {
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}
