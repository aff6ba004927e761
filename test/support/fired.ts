/**
 * What triggers must say, out of the records themselves: each condition asked of every entry and exit in the order of
 * their times, with the record's own evidence. For one recording without losses.
 */
import { eventById } from "../../src/catalog/events.js";
import type { FiredTrigger } from "../../src/record/tape.js";
import type { ErrnoTrigger, Trigger } from "../../src/record/triggers.js";

/** An entry or exit, as far as triggers look at it. */
export interface Moment {
  readonly timeNs: bigint;
  readonly startNs: bigint;
  readonly tid: number;
  readonly tgid: number;
  readonly call: bigint;
  readonly event: number;
  /** null: an entry. */
  readonly ret: number | null;
  readonly queue: { readonly kind: number; readonly id: bigint; readonly depth: number } | null;
}

const ENTRY = 1;
const ITEM_QUEUE = 9;
const HEADER_BYTES = 56;
const ITEM_BYTES = 24;

/** Of ENTRY and EXIT records, first parts alone. bpf/records.h has the offsets. */
export function momentsOf(records: Buffer): readonly Moment[] {
  const moments: Moment[] = [];
  for (let at = 0; at < records.length; at += records.readUInt32LE(at)) {
    const record = records.subarray(at, at + records.readUInt32LE(at));
    const isEntry = record.readUInt8(4) === ENTRY;
    if (record.readUInt16LE(6) !== 0) continue;
    moments.push({
      timeNs: record.readBigUInt64LE(8),
      startNs: record.readBigUInt64LE(16),
      tid: record.readUInt32LE(24),
      tgid: record.readUInt32LE(28),
      call: record.readBigUInt64LE(40),
      event: record.readUInt8(52),
      ret: isEntry ? null : Number(record.readBigInt64LE(HEADER_BYTES)),
      queue: queueOf(record, HEADER_BYTES + (isEntry ? 48 : 8)),
    });
  }
  return moments;
}

function queueOf(record: Buffer, items: number): Moment["queue"] {
  for (let at = items; at < record.length; ) {
    const body = at + ITEM_BYTES;
    if (record.readUInt8(at) === ITEM_QUEUE) {
      const id = record.readBigUInt64LE(body + 8);
      return { kind: record.readUInt8(body), id, depth: record.readUInt32LE(body + 40) };
    }
    at = body + Math.ceil(record.readUInt32LE(at + 12) / 8) * 8;
  }
  return null;
}

/** Each moment that meets the condition, with the value. `isQueue`: of a depth trigger's own queue. */
function* meetings(
  trigger: Trigger,
  moments: readonly Moment[],
  isQueue: (queue: NonNullable<Moment["queue"]>) => boolean,
): Iterable<{ readonly moment: Moment; readonly value: bigint }> {
  const entered = new Map<string, bigint>();
  const results: bigint[] = [];
  for (const moment of moments) {
    const call = `${moment.tid} ${moment.startNs} ${moment.call}`;
    const isExit = moment.ret !== null;
    if (!isExit) entered.set(call, moment.timeNs);
    if (trigger.kind === "depth") {
      const depth = moment.queue === null || !isQueue(moment.queue) ? 0 : moment.queue.depth;
      if (depth > trigger.over) yield { moment, value: BigInt(depth) };
    } else if (isExit && trigger.events.includes(eventById(moment.event) as never)) {
      const value =
        trigger.kind === "latency" ? took(moment, entered.get(call)) : counted(trigger, moment, results);
      const met = value !== null && (trigger.kind === "errno" || value > BigInt(trigger.overNs));
      if (met) yield { moment, value };
    }
  }
}

function took(moment: Moment, enterNs: bigint | undefined): bigint | null {
  return enterNs === undefined ? null : moment.timeNs - enterNs;
}

/** How long as many results took as are too many; null: longer than that. */
function counted(trigger: ErrnoTrigger, moment: Moment, results: bigint[]): bigint | null {
  if (moment.ret !== -trigger.errno) return null;
  results.push(moment.timeNs);
  const first = results.at(-1 - trigger.over);
  if (first === undefined || moment.timeNs - first > BigInt(trigger.windowNs)) return null;
  return moment.timeNs - first;
}

/** As `firedTriggers()` tells of triggers that are never made ready again. */
export function expectedFirings(
  triggers: readonly Trigger[],
  moments: readonly Moment[],
  isQueue: (queue: NonNullable<Moment["queue"]>, trigger: Trigger) => boolean,
): readonly FiredTrigger[] {
  const inOrder = [...moments].sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
  return triggers.flatMap((trigger, index) => {
    const met = [...meetings(trigger, inOrder, (queue) => isQueue(queue, trigger))];
    const [first] = met;
    if (first === undefined) return [];
    const { ret, queue: _, ...moment } = first.moment;
    return [
      {
        ...moment,
        index,
        phase: ret === null ? "entry" : "exit",
        value: first.value,
        met: BigInt(met.length),
      },
    ];
  });
}
