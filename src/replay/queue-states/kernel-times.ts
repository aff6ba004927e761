/**
 * When a call's effect came, as the kernel's hooks tell it: msg_insert() is the moment itself; load_msg() comes before
 * it, store_msg() after it. Without a hook, or where records of it were lost, nothing is said.
 */
import type { PairedCall } from "../paired-call.js";
import type { KernelRecord, LibcRecord } from "../planes.js";
import type { PlanesState } from "../planes-state.js";
import type { OpenCall } from "./open-call.js";

/** Messages whose insertion is remembered until their sender has ended. */
const MOST_MESSAGES = 65_536;

export interface KernelTimes {
  see(record: KernelRecord | LibcRecord): void;
  place(open: OpenCall, call: PairedCall): void;
}

export function kernelTimes(planes: PlanesState): KernelTimes {
  const inserted = new Map<bigint, number>();
  return {
    see(record) {
      if (record.plane !== "kernel" || record.hook !== "msg_insert" || record.message === null) return;
      inserted.set(record.message, record.timeNs);
      if (inserted.size <= MOST_MESSAGES) return;
      for (const oldest of inserted.keys()) {
        inserted.delete(oldest);
        break;
      }
    },
    place(open, call) {
      const of = (hook: KernelRecord["hook"]) => call.kernel.findLast((one) => one.hook === hook);
      if (open.does === "send") {
        const loaded = of("load_msg");
        if (loaded === undefined || loaded.message === null) return;
        open.fromNs = Math.max(open.fromNs, loaded.timeNs);
        const insertedNs = inserted.get(loaded.message);
        inserted.delete(loaded.message);
        if (insertedNs === undefined) return;
        // A message is in at that very moment, which isAppliedAt() takes for the first after `fromNs`.
        open.fromNs = Math.max(open.fromNs, insertedNs - 1);
        open.toNs = Math.min(open.toNs, insertedNs);
      } else if (open.does === "receive") {
        const stored = of("store_msg");
        if (stored !== undefined && !planes.lostBetween(call.enterNs ?? stored.timeNs, stored.timeNs)) {
          open.toNs = Math.min(open.toNs, stored.timeNs);
        }
      }
    },
  };
}
