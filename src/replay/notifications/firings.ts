/** What the hook on __do_notify() told, by queue. Bounded: the oldest that no registration has claimed are forgotten. */
import { eventName } from "../call-line.js";
import { type NameTable, taskKeyText } from "../names.js";
import type { KernelRecord, LibcRecord } from "../planes.js";
import type { Firing } from "./types.js";

export interface FiringTable {
  see(record: KernelRecord | LibcRecord): void;
  /** Those of the queue with this generation; the same list each time, from which claimed ones are taken out. */
  of(generation: bigint): Firing[];
}

const MOST_OF_A_QUEUE = 4096;
const MOST_QUEUES = 16_384;

export function firingTable(names: NameTable): FiringTable {
  const lists = new Map<bigint, Firing[]>();
  const listOf = (generation: bigint): Firing[] => {
    let list = lists.get(generation);
    if (list === undefined) {
      list = [];
      lists.set(generation, list);
      const [oldest] = lists.keys();
      if (lists.size > MOST_QUEUES && oldest !== undefined) lists.delete(oldest);
    }
    return list;
  };
  return {
    see(record) {
      if (record.plane !== "kernel" || record.hook !== "do_notify" || record.queueGeneration === null) return;
      const { tid, tgid, startLow, startHigh, timeNs, call } = record;
      const list = listOf(record.queueGeneration);
      list.push({
        atNs: timeNs,
        tid,
        call,
        ownerPid: record.ownerPid,
        caller: {
          task: taskKeyText(record),
          tid,
          tgid,
          comm: names.comm(tid, startLow, startHigh, timeNs),
          event: call === null ? null : eventName(record.event),
          call,
          enterNs: null,
          exitNs: null,
        },
      });
      if (list.length > MOST_OF_A_QUEUE) list.splice(0, MOST_OF_A_QUEUE / 2);
    },
    of: listOf,
  };
}
