/** How deep each queue was over a whole capture, at moments that lie as far apart as a drawing needs. */
import { type CaptureClock, startNs } from "../time.js";
import { endOf, type Moment, type QueueState, type QueueStatesOptions, queueStates } from "./queue-states.js";
import type { StateCapture } from "./timeline.js";

export interface DepthHistory {
  readonly from_ns: number;
  readonly to_ns: number;
  readonly queues: readonly {
    readonly last: QueueState;
    /** One a moment; null: it was not there, or that is not known. */
    readonly depths: readonly ({ readonly depth: number | null; readonly certain: boolean } | null)[];
  }[];
}

/** `columns` moments, the last one at the end. */
export function depthHistory(
  capture: StateCapture,
  columns: number,
  options: QueueStatesOptions & { readonly clock: CaptureClock },
): DepthHistory {
  const { baseNs } = options.clock;
  const fromNs = Number(startNs(capture) - baseNs);
  const toNs = endOf(capture, capture.inventories(), baseNs);
  const count = Math.max(columns, 1);
  const moments: Moment[] = Array.from({ length: count }, (_, i) =>
    i === count - 1
      ? { kind: "end" }
      : { kind: "time", atNs: fromNs + Math.floor(((toNs - fromNs) * (i + 1)) / count) },
  );
  const rows = new Map<
    string,
    { last: QueueState; depths: DepthHistory["queues"][number]["depths"][number][] }
  >();
  for (const [i, { queues }] of queueStates(capture, moments, options).entries()) {
    for (const queue of queues) {
      const key = `${queue.key} ${queue.created_ns}`;
      const row = rows.get(key) ?? { last: queue, depths: new Array(count).fill(null) };
      rows.set(key, row);
      row.last = queue;
      if (queue.exists !== "removed")
        row.depths[i] = { depth: queue.depth, certain: !queue.unsure.includes("depth") };
    }
  }
  return { from_ns: fromNs, to_ns: toNs, queues: [...rows.values()] };
}
